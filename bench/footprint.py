"""Rows about what a server needs by itself: time to start, memory, disk after installation."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench import environments
from bench.environments import ROOT, size_bytes
from bench.load import quantile
from bench.servers import Server
from bench.suite import Suite, settle

_MIB = 1 << 20


def starts(suite: Suite, first_s: dict[str, float]) -> None:
    """From the command to the first 200 on /health, on an empty data folder; `first_s` holds the first start of each."""
    for server in suite.servers:
        seen = [first_s[server.name]]
        for _ in range(suite.scale.extra_starts if server.database is None else 0):
            seen.append(_fresh_start(suite, type(server)))
        suite.record("start", server.name, seconds=quantile(seen, 0.5), units=float(len(seen)))


def _fresh_start(suite: Suite, kind: type[Server]) -> float:
    server = kind(suite.scratch)
    try:
        return server.start()
    finally:
        server.remove()


def idle(suite: Suite) -> None:
    """Memory (PSS of all processes) and CPU share before any load."""
    for server in suite.servers:
        settle(server, 90)
        server.measure_idle()
        suite.record("memory_idle", server.name, mib=server.tree.pss_bytes() / _MIB)
        suite.record("idle_cpu", server.name, percent_of_core=server.idle_cpu_share * 100)


def loaded(suite: Suite, when: str) -> None:
    """Memory after load: PSS now, and the sum of the processes' highest resident sets."""
    for server in suite.servers:
        suite.record(
            f"memory_{when}",
            server.name,
            mib=server.tree.pss_bytes() / _MIB,
            peak_mib=server.tree.high_water_bytes() / _MIB,
        )


def installed(suite: Suite) -> None:
    """Size of a fresh environment with the server in it, without the interpreter and without bytecode."""
    for server in suite.servers:
        size = _installed_bytes(server.name)
        suite.record("installed", server.name, mb=size / 1e6)


def _installed_bytes(name: str) -> int:
    if name == "fasttrackml":
        return _sources_bytes(environments.fasttrackml() / "lib")
    if name == "mlflow":
        return _sources_bytes(environments.mlflow() / "lib")
    home = environments.CACHE / "size"
    python = environments.create(home)
    empty = _sources_bytes(home / "lib")
    environments.install(python, str(ROOT))
    size = _sources_bytes(home / "lib") - empty
    shutil.rmtree(home)
    return size


def _sources_bytes(folder: Path) -> int:
    """Bytecode depends on the installer, and on what has run since."""
    return size_bytes(folder) - sum(size_bytes(cache) for cache in folder.rglob("__pycache__"))

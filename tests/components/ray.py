"""A real Ray cluster of two nodes on loopback: a head on 127.0.0.2 and a worker on 127.0.0.3, with a CPU each.

Ray is installed on first use, below `.cache/envs`. About 1.5 GB of memory; up in 20 to 60 seconds, and each job takes some
more to begin.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.compat.building import built, environment
from tests.components.processes import ComponentFailed, free_ports, running, wait_until

LOCK = Path(__file__).with_name("ray.txt")
HEAD, WORKER = "127.0.0.2", "127.0.0.3"
_START_S = 240.0
_SHARED = (
    *("--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats", "--block"),
    *("--min-worker-port=0", "--max-worker-port=0"),  # the system chooses; Ray's own range is anybody's
)


@dataclass(frozen=True, slots=True)
class Ray:
    """A running cluster.

    Attributes:
        address: of the Jobs API.
        home: a folder for jobs is `shared`; all else there is Ray's.
    """

    address: str
    home: Path

    @property
    def shared(self) -> Path:
        """Where jobs work."""
        return self.home / "shared"

    def end_worker(self) -> None:
        """Pull the plug of the second node: Ray's processes there and all below them end at once."""
        _end(_with_those_below(_processes_of(str(self.home / "worker"))), signal.SIGKILL)


def ray_python() -> Path:
    """The interpreter that has Ray.

    Raises: RuntimeError with the installer's output, if it has to be made and that fails.
    """
    return built("ray", LOCK, environment(LOCK)) / "bin" / "python"


@contextlib.contextmanager
def ray_cluster(*, token: str = "", **settings: str) -> Iterator[Ray]:
    """Run a cluster until the block ends; its files are then deleted.

    Args:
        token: that it asks for; empty: it asks for none.
        settings: variables for Ray's processes.
    Raises: ComponentFailed, when it does not come up.
    """
    with contextlib.ExitStack() as stack:
        yield _up(stack, token, settings)


def _up(stack: contextlib.ExitStack, token: str, settings: Mapping[str, str]) -> Ray:
    """Ray itself gives its processes 30 seconds, too few on a busy machine: it has three tries."""
    for _ in range(2):
        with contextlib.suppress(ComponentFailed):
            return stack.enter_context(_cluster(token, settings))
    return stack.enter_context(_cluster(token, settings))


@contextlib.contextmanager
def _cluster(token: str, settings: Mapping[str, str]) -> Iterator[Ray]:
    programs = ray_python().parent
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "shared").mkdir()
        port, dashboard, client, *others = free_ports(7)
        variables = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_raylet_start_wait_time_s": "150",
            **({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token} if token else {}),
            **settings,
        }
        start = [str(programs / "ray"), "start", *_SHARED]
        head = [*start, "--head", f"--node-ip-address={HEAD}", f"--port={port}", f"--temp-dir={home}/head"]
        head += [
            "--dashboard-host=127.0.0.1",
            f"--dashboard-port={dashboard}",
            f"--ray-client-server-port={client}",
            *_agent_ports(others[:2]),
        ]
        worker = [*start, f"--node-ip-address={WORKER}", f"--address={HEAD}:{port}"]
        worker += [f"--temp-dir={home}/worker", *_agent_ports(others[2:])]
        address = f"http://127.0.0.1:{dashboard}"
        try:
            with running(head, home / "head.log", environment=variables, grace_s=15) as process:
                wait_until(lambda: _nodes(address, token) == 1, process, home / "head.log", _START_S)
                with running(worker, home / "worker.log", environment=variables, grace_s=15) as second:
                    wait_until(lambda: _nodes(address, token) == 2, second, home / "worker.log", _START_S)
                    yield Ray(address, home)
        finally:
            _end(_processes_of(folder), signal.SIGKILL)


def _agent_ports(ports: list[int]) -> list[str]:
    """Both nodes are on one machine, where others may have Ray's usual ports."""
    return [f"--dashboard-agent-listen-port={ports[0]}", f"--dashboard-agent-grpc-port={ports[1]}"]


def _nodes(address: str, token: str) -> int:
    """How many nodes are alive, as the cluster's dashboard says."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{address}/api/v0/nodes?limit=10", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.read().count(b'"ALIVE"'))
    except (OSError, urllib.error.URLError):
        return 0


def _processes_of(folder: str) -> list[int]:
    """Processes whose command line names a folder of this cluster: those that Ray left."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"{folder}/".encode() in place.read_bytes() + b"/" and int(place.parent.name) != os.getpid():
                found.append(int(place.parent.name))
    return found


def _with_those_below(pids: list[int]) -> list[int]:
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(place.parent.name)] = int(place.read_text().rpartition(")")[2].split()[1])
    found = list(pids)
    for pid in found:  # it grows meanwhile
        found += [one for one, parent in parents.items() if parent == pid and one not in found]
    return found


def _end(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

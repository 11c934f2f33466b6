"""Server processes for the compatibility suite: ours, and a stock `mlflow server` as the oracle."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from tests.components.postgres import postgres
from tests.components.processes import free_ports

from .environments import ROOT, client_python

READY_S = 90


@contextmanager
def running_server(kind: str, data: Path) -> Iterator[str]:
    """URL of a fresh server that keeps its files under `data`; stopped on exit.

    Args:
        kind: "runyard", "postgres" (Runyard on a PostgreSQL of its own) or "stock".
    Raises: RuntimeError with the end of the server's log, if it is not ready within READY_S seconds.
    """
    if kind == "postgres":
        with postgres(fsync=False) as database, _running(partial(_start_runyard, database.dsn), data) as url:
            yield url
        return
    with _running(_start_stock if kind == "stock" else partial(_start_runyard, ""), data) as url:
        yield url


Starter = Callable[[Path, BinaryIO], tuple[subprocess.Popen[bytes], str | None]]


@contextmanager
def _running(starter: Starter, data: Path) -> Iterator[str]:
    data.mkdir(parents=True, exist_ok=True)
    log = data / "server.log"
    with log.open("wb") as sink:
        process, url = starter(data, sink)
        try:
            yield _when_ready(process, url, log)
        finally:
            _stop(process)


def _start_runyard(database: str, data: Path, sink: BinaryIO) -> tuple[subprocess.Popen[bytes], str | None]:
    command = [
        sys.executable,
        "-m",
        "runyard",
        "up",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--data",
        str(data / "runyard"),
    ]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
    return _spawn(
        command, data, sink, environment | ({"RUNYARD_DATABASE": database} if database else {})
    ), None


def _start_stock(data: Path, sink: BinaryIO) -> tuple[subprocess.Popen[bytes], str | None]:
    (port,) = free_ports(1)
    command = [
        str(client_python("3.18.0")),
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{data}/stock.db"]
    command += ["--artifacts-destination", str(data / "artifacts")]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return _spawn(command, data, sink, quiet), f"http://127.0.0.1:{port}"


def _spawn(command: list[str], data: Path, sink: BinaryIO, extra: dict[str, str]) -> subprocess.Popen[bytes]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "RUNYARD_"))
    }
    return subprocess.Popen(
        command, cwd=data, env=environment | extra, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True
    )  # fmt: skip


def _when_ready(process: subprocess.Popen[bytes], url: str | None, log: Path) -> str:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        url = url or _announced(log)
        if url and _healthy(url):
            return url
        time.sleep(0.1)
    raise RuntimeError(f"the server is not ready (exit code {process.poll()}):\n{log.read_text()[-4000:]}")


def _announced(log: Path) -> str | None:
    found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(errors="replace"))
    return found.group() if found else None


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    for how, patience_s in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, how)
            process.wait(patience_s)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue

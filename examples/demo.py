"""`make run`: start the server, run examples/diabetes.py through the real mlflow client, serve until Ctrl-C.

The client lives in an environment of its own (.cache/envs, built at the first run), as a user's would.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import IO

from tests.compat.environments import client_python

ROOT = Path(__file__).resolve().parents[1]
CLIENT = "3.18.0"
PORT = 5000


def main() -> int:
    """Returns: the exit code of the first part that failed, else 0."""
    print(f"Preparing the mlflow {CLIENT} client (about a minute the first time) ...", flush=True)
    python = client_python(CLIENT)
    server = subprocess.Popen(server_command(), stdout=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, _leave_it_to_the_server)
    signal.signal(signal.SIGTERM, lambda number, frame: server.terminate())
    assert server.stdout is not None
    url = ready_url(server.stdout)
    if url is None:
        return server.wait()
    done = subprocess.run([str(python), str(ROOT / "examples" / "diabetes.py")], env=client_environment(url))
    if done.returncode != 0:
        server.terminate()
        return server.wait() or done.returncode
    print(f"\nAll of it is kept by the server: open {url} in a browser. Ctrl-C stops it.", flush=True)
    for line in server.stdout:
        print(line, end="", flush=True)
    return server.wait()


def server_command() -> list[str]:
    """The command of a server whose data stays in .run, so that a second `make run` finds the first one's runs."""
    data = ROOT / ".run" / "data"
    return [sys.executable, "-m", "runyard", "up", "--port", str(free_port()), "--data", str(data)]


def free_port() -> int:
    """`PORT` where it is free, else 0: let the server choose."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            return 0
    return PORT


def ready_url(output: IO[str]) -> str | None:
    """The address that the server announces; None where it ends without."""
    url = None
    for line in output:
        print(line, end="", flush=True)
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        url = url or (found and found.group())
        if "stop:" in line:
            break
    return url or None


def client_environment(url: str) -> dict[str, str]:
    """The variables of the client: the one line that a user sets, and no noise."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHONPATH"))}
    return kept | {
        "MLFLOW_TRACKING_URI": url,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "GIT_PYTHON_REFRESH": "quiet",
        "PYTHONWARNINGS": "ignore",
    }


def _leave_it_to_the_server(number: int, frame: FrameType | None) -> None:
    """Ctrl-C reaches the server too, which stops and says so."""


if __name__ == "__main__":
    sys.exit(main())

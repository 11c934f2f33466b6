"""Jobs for tests: their files, and runners of theirs as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.runner.standin import RUN, TOKEN, StandIn

SOURCE = Path(__file__).parents[2] / "src"
QUIET = {"RUNYARD_JOURNAL", "RUNYARD_SERVER", "RUNYARD_TOKEN"}


class Runner:
    """The runner's command line, in a folder of its own.

    Args:
        python: the interpreter that runs it.
    """

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self.name = RUN
        self.python = python
        self.variables = {name: value for name, value in os.environ.items() if name not in QUIET}
        self.variables["PYTHONPATH"] = str(SOURCE)
        self.variables["RUNYARD_UV"] = os.environ.get("RUNYARD_TEST_UV", "")

    @property
    def job(self) -> Path:
        """The folder of the job."""
        return self.folder / "jobs" / self.name

    def lay(self, server: StandIn | str, **more: Any) -> Path:
        """The job's file, as an engine lays it down."""
        self.job.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self.job / "job.json"
        told = {
            "server": server if isinstance(server, str) else server.url,
            "workspace": "w",
            "run_id": RUN,
            "token": TOKEN,
            "folder": str(self.folder),
        }
        file.write_text(json.dumps({**told, **more}))
        file.chmod(0o600)
        return file

    def command(self, *arguments: str | Path) -> list[str]:
        """Words of a call."""
        return [self.python, "-m", "runyard.runner", *map(str, arguments)]

    def call(self, *arguments: str | Path) -> Any:
        """Call it and read what it prints."""
        done = subprocess.run(
            self.command(*arguments), capture_output=True, env=self.variables, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout) if done.stdout else None

    def work(self, server: StandIn | str, timeout_s: float = 240.0, **more: Any) -> int:
        """Do the job in the foreground and return the exit code."""
        done = subprocess.run(
            self.command("work", self.lay(server, **more)),
            capture_output=True,
            env=self.variables,
            check=False,
            timeout=timeout_s,
        )
        self.said = done.stdout.decode() + done.stderr.decode()
        return done.returncode

    def state(self) -> dict[str, Any]:
        """What an engine hears of the job."""
        found: dict[str, Any] = self.call("states", self.folder, RUN)[RUN]
        return found


def until(there: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait for something to be true and return it."""
    end = time.monotonic() + seconds
    while not (found := there()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return found


def python(text: str, *arguments: str) -> dict[str, Any]:
    """The definition of a job that runs a line of Python of this machine."""
    return {"command": [sys.executable, "-c", text, *arguments]}


def pythons(*versions: str) -> Sequence[str]:
    """Interpreters of this machine by version, as far as they are there."""
    home = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = [str(path) for one in versions for path in sorted(home.glob(f"{one}*/bin/python3"))]
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix) / "bin" / "python3"
    return found or ([str(base)] if own in versions and base.exists() else [])

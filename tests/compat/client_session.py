"""A client process: pytest in the environment of one MLflow release, reporting each scenario over a pipe."""

import ast
import json
import os
import select
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .environments import client_python

SCENARIOS = Path(__file__).parent / "client"
SCENARIO_S = 120
MARKS = {"pytest.mark.mlflow2", "pytest.mark.mlflow3"}


def scenarios_of(release: str) -> list[str]:
    """Ids "file.py::test_name" of the scenarios that exist for a client release, read without importing MLflow."""
    found: list[str] = []
    for file in sorted(SCENARIOS.glob("test_*.py")):
        module = ast.parse(file.read_text())
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                needed = _majors(module) | {ast.unparse(decorator) for decorator in node.decorator_list}
                if not needed & MARKS or f"pytest.mark.mlflow{release[0]}" in needed:
                    found.append(f"{file.name}::{node.name}")
    return found


def _majors(module: ast.Module) -> set[str]:
    """The mark that holds for a whole file, if there is one."""
    return {
        ast.unparse(node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    }


@dataclass
class ClientSession:
    """Runs `scenarios` in order in one process of `release`; results are asked for one by one."""

    release: str
    scenarios: list[str]
    server_url: str
    server_kind: str
    work: Path
    variables: Mapping[str, str] = field(default_factory=dict)  # of its environment, beside what is set here
    _results: dict[str, list[str]] = field(default_factory=dict)
    _phases: dict[str, list[str]] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None
    _pipe: int = -1
    _unread: bytes = b""

    def failures(self, scenario: str) -> list[str]:
        """Reports of all failed phases of one scenario (empty: it passed); waits until the scenario has ended.

        Raises: RuntimeError with the process's output, if it dies or is silent for SCENARIO_S seconds.
        """
        self.start()
        deadline = time.monotonic() + SCENARIO_S
        while scenario not in self._results:
            self._read(deadline)
        return self._results[scenario]

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            os.close(self._pipe)

    def start(self) -> None:
        """Start the process, unless it runs already."""
        if self._process is not None:
            return
        self._pipe, writer = os.pipe()
        command = [
            str(client_python(self.release)),
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
        ]
        command += [
            "-c",
            os.devnull,
            f"--rootdir={SCENARIOS}",
            "--confcutdir=.",
            "--tb=short",
            "--show-capture=no",
        ]
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "PYTEST_", "PYTHON"))
        }
        environment |= {
            "RUNYARD_COMPAT_URL": self.server_url,
            "RUNYARD_COMPAT_SERVER": self.server_kind,
            "RUNYARD_COMPAT_RESULTS_FD": str(writer),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
            "HOME": str(self.work),
            **self.variables,
        }
        with (self.work / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [*command, f"--basetemp={self.work / 'tmp'}", *self.scenarios],
                cwd=SCENARIOS,
                env=environment,
                pass_fds=[writer],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        os.close(writer)

    def _read(self, deadline: float) -> None:
        ready, _, _ = select.select([self._pipe], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(self._pipe, 1 << 16) if ready else b""
        if not chunk:
            why = "ended" if ready else f"was silent for {SCENARIO_S} s"
            raise RuntimeError(f"the client process {why}:\n{(self.work / 'output').read_text()[-4000:]}")
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    def _take(self, report: dict[str, str]) -> None:
        """Note one phase; the teardown, reported always, is the end of a scenario."""
        failed = self._phases.setdefault(report["id"], [])
        if report["outcome"] != "passed":
            failed.append(f"{report['when']} {report['outcome']}: {report['text']}")
        if report["when"] == "teardown":
            self._results[report["id"]] = failed

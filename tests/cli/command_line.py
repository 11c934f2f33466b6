"""The command line in this process, as a person and as a program use it."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from runyard.cli.azml import main as azml
from runyard.cli.framework.root import Root
from runyard.cli.main import main as runyard
from tests.api.live_server import Client

UNKNOWN_RUN = "0" * 32
# Until click 8.2 stderr was apart from stdout where that was asked for; since then it always is.
APART: dict[str, Any] = (
    {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
)


def runner() -> CliRunner:
    """Calls commands; what they say on stderr is apart from their results."""
    return CliRunner(**APART)


@dataclass
class CommandLine:
    """Calls commands against one server; `client` reaches the same server without them."""

    client: Client
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def call(self, *words: str, typed: str | None = None, root: Root = runyard, **variables: str) -> Result:
        """One call, however it ends."""
        environment: dict[str, str | None] = {
            "RUNYARD_SERVER": f"http://127.0.0.1:{self.client.port}",
            "RUNYARD_HOME": str(self.home),
            "RUNYARD_TOKEN": None,
            "MLFLOW_TRACKING_TOKEN": None,
            "COLUMNS": None,
            **self.variables,
            **variables,
        }
        name = "azml" if root is azml else "runyard"
        return runner().invoke(root, words, input=typed, env=environment, prog_name=name)

    def ok(self, *words: str, typed: str | None = None, **variables: str) -> str:
        """What a call that succeeds prints on stdout."""
        done = self.call(*words, typed=typed, root=runyard, **variables)
        assert done.exit_code == 0, (words, done.stderr, done.exception)
        assert "Traceback" not in done.stderr
        return done.stdout

    def data(self, *words: str, typed: str | None = None) -> Any:
        """The result of a call as JSON."""
        return json.loads(self.ok(*words, "-o", "json", typed=typed))

    def fails(self, code: int, *words: str, typed: str | None = None) -> str:
        """What a call that fails with an exit code says on stderr; stdout stays empty."""
        done = self.call(*words, typed=typed)
        assert done.exit_code == code, (words, done.exit_code, done.stdout, done.stderr, done.exception)
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        return done.stderr

    def azml(self, *words: str) -> Any:
        """The result of a call under Azure's name, which is JSON without being asked for."""
        done = self.call(*words, root=azml)
        assert done.exit_code == 0, (words, done.stderr, done.exception)
        return json.loads(done.stdout)

    def run(self, **fields: Any) -> str:
        """The id of a new run."""
        return self.client.run(**fields)

    def logged(self, experiment: str | None = None) -> str:
        """The id of a new run with a metric of three points, NaN, a param and a tag."""
        run_id = self.client.run(
            experiment, run_name="hello", start_time=1_000, tags=[{"key": "team", "value": "a"}]
        )
        points = [
            {"key": "loss", "value": 1.0 / (step + 1), "step": step, "timestamp": step} for step in range(3)
        ]
        odd = {"key": "odd", "value": "NaN", "timestamp": 5}
        self.client.ok(
            "POST",
            "runs/log-batch",
            run_id=run_id,
            metrics=[*points, odd],
            params=[{"key": "rate", "value": "0.1"}],
        )
        return run_id

"""A server process that jobs are submitted to, and what happened to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote

from tests.acceptance.server_process import ServerProcess

V1 = "/api/v1"
ENDED = frozenset({"Completed", "Failed", "Canceled"})


class JobServer:
    """Calls on a server process; `process` may be replaced by one that was started after it."""

    def __init__(self, process: ServerProcess) -> None:
        self.process = process

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of a call that succeeds."""
        status, answer = self.process.call(
            method, V1 + path, {} if body is None and method == "POST" else body
        )
        assert status == 200, (path, status, answer)
        return answer

    def compute(self, name: str, kind: str = "local", **fields: Any) -> dict[str, Any]:
        """A new compute target."""
        return dict(self.ok("POST", "/computes", {"name": name, "kind": kind, **fields}))

    def submit(self, target: str, *command: str, **fields: Any) -> str:
        """The run of a new job."""
        definition = {"command": list(command), **fields.pop("definition", {})}
        body = {"experiment_name": "jobs", "target": target, "definition": definition, **fields}
        return str(self.ok("POST", "/jobs", body)["job"]["run_id"])

    def shell(self, target: str, script: str, **fields: Any) -> str:
        """A job that is a script of the shell."""
        return self.submit(target, "sh", "-c", script, **fields)

    def job(self, run_id: str) -> dict[str, Any]:
        """As it is now."""
        return dict(self.ok("GET", f"/jobs/{run_id}"))

    def run_status(self, run_id: str) -> str:
        """As MLflow's clients see it."""
        answer = self.process.call("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")[1]
        return str(answer["run"]["info"]["status"])

    def log(self, run_id: str, name: str = "user_logs/std_log.txt") -> str:
        """What its script has written; empty: nothing yet."""
        path = f"{V1}/runs/{run_id}/logs/content?name={quote(name, safe='')}&offset=0"
        status, answer = self.process.call("GET", path)
        return str(answer) if status == 200 else ""

    def wait(
        self, run_id: str, is_there: Callable[[dict[str, Any]], bool], limit_s: float = 90
    ) -> dict[str, Any]:
        """The job as soon as it is so."""
        until = time.monotonic() + limit_s
        while True:
            job = self.job(run_id)
            if is_there(job):
                return job
            assert time.monotonic() < until, (job, self.tail(run_id), self.process.log[-20:])
            time.sleep(0.1)

    def wait_state(self, run_id: str, *states: str, limit_s: float = 90) -> dict[str, Any]:
        """The job as soon as it is in one of these states."""
        return self.wait(run_id, lambda job: job["state"] in states, limit_s)

    def wait_ended(self, run_ids: Iterable[str], limit_s: float = 120) -> list[dict[str, Any]]:
        """All of them, ended."""
        until = time.monotonic() + limit_s
        return [self.wait_state(one, *ENDED, limit_s=max(1.0, until - time.monotonic())) for one in run_ids]

    def wait_log(
        self, run_id: str, text: str, limit_s: float = 60, name: str = "user_logs/std_log.txt"
    ) -> str:
        """The log as soon as this is in it."""
        until = time.monotonic() + limit_s
        while text not in (found := self.log(run_id, name)):
            assert time.monotonic() < until, (found, self.job(run_id), self.tail(run_id))
            time.sleep(0.05)
        return found

    def tail(self, run_id: str) -> object:
        """What its engine kept of its output."""
        return self.process.call("GET", f"{V1}/jobs/{run_id}/tail")[1]

    def states(self, run_ids: Sequence[str]) -> list[str]:
        """Of these jobs."""
        return [self.job(one)["state"] for one in run_ids]

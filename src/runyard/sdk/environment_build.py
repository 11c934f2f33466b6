"""Making an environment before a run needs it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from runyard.client import terminal
from runyard.client.job_logs import Logs, MainLogs
from runyard.client.submission import HERE, Submission, submit
from runyard.sdk.exceptions import ActivityFailedException, UserErrorException
from runyard.sdk.job_record import ENDED, job_of, target_name
from runyard.sdk.link import translated
from runyard.sdk.portal import run_url
from runyard.sdk.workspace_record import WorkspaceRecord

EXPERIMENT = "prepare_image"  # where Azure ML keeps such runs
POLL_S = 1.0
STATUS = {"Completed": "Succeeded", "Failed": "Failed", "Canceled": "Canceled"}


class BuildDetails:
    """An environment that is being made.

    Attributes:
        run_id: of the run that makes it.
    """

    def __init__(self, workspace: WorkspaceRecord, run_id: str) -> None:
        self._workspace = workspace
        self.run_id = run_id

    @property
    def status(self) -> str:
        """Running, Succeeded, Failed or Canceled."""
        state = str(self._job()["state"])
        return STATUS.get(state, "Running")

    @property
    def log_url(self) -> str:
        """The run's page in a browser."""
        job, workspace = self._job(), self._workspace
        return run_url(workspace.server, workspace.name, str(job["experiment_id"]), self.run_id)

    def get_log(self) -> str:
        """What was printed so far."""
        logs = self._logs()
        return translated(lambda: "".join(logs.text(name) for name in logs.names()))

    def wait_for_completion(self, show_output: bool = True) -> BuildDetails:
        """Wait until it is made. Raises: ActivityFailedException when it cannot be made."""
        shown = MainLogs(self._logs())
        while True:
            ended = self._job()["state"] in ENDED
            if show_output:
                for _, text in translated(lambda: list(shown.more())):
                    terminal.show(text)
            if ended:
                break
            time.sleep(POLL_S)
        job = self._job()
        if job["state"] != "Completed":
            error = job.get("error") or {}
            raise ActivityFailedException(
                f"Environment build {job['state'].lower()}: {error.get('message') or self.get_log()[-2000:]}"
            )
        return self

    def cancel(self) -> None:
        """Stop it."""
        self._workspace.link.post(f"/api/v1/jobs/{self.run_id}/cancel", {}, retry=True)

    def _job(self) -> Mapping[str, Any]:
        found = job_of(self._workspace.link, self.run_id)
        if found is None:
            raise UserErrorException(f"The build {self.run_id} is not there any more.")
        return found

    def _logs(self) -> Logs:
        return Logs(self._workspace.link.connection, self.run_id)


def build(
    workspace: WorkspaceRecord, name: str, definition: Mapping[str, Any], target: Any = None
) -> BuildDetails:
    """Submit the making of an environment.

    Args:
        target: a compute target or its name; None: this machine.
    """
    what = Submission(
        definition={"environment": definition},
        experiment=EXPERIMENT,
        target=target_name(target) or HERE,
        run_name=name,
        kind="build",
    )
    made = translated(lambda: submit(workspace.link.connection, what))
    return BuildDetails(workspace, made.run_id)

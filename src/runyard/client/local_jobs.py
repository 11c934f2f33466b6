"""Jobs for the machine that submits them: the runner is started here, detached."""

from __future__ import annotations

from runyard.errors import InvalidState


def start_local(server: str, workspace: str | None, run_id: str, token: str) -> None:
    """Start the runner of a job and return; it goes on when this program ends.

    Raises: RunyardError when it cannot be started.
    """
    raise InvalidState(f"The job {run_id} cannot be started on this machine: the runner is not there yet.")

"""How jobs end: first their logs become artifacts, then the run has its last status, so that who waits for it finds them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from runyard.entities.job import Job, JobError, JobState
from runyard.errors import RunyardError
from runyard.store.job_queue_contracts import JobQueue

log = logging.getLogger("runyard.jobs")


class RunLogs(Protocol):
    """The logs of runs."""

    async def seal(self, workspace_id: int, run_id: str) -> None:
        """Nothing more comes to them. May be called twice."""
        ...


class JobEnder:
    """Ends jobs for the dispatcher.

    Args:
        changed: called after an end, because the job's token is good for nothing any more.
    """

    def __init__(self, queue: JobQueue, logs: RunLogs, changed: Callable[[], None]) -> None:
        self._queue = queue
        self._logs = logs
        self._changed = changed

    async def end(self, job: Job, state: JobState, error: JobError | None = None) -> Job | None:
        """As JobQueue.end."""
        await self.seal(job.workspace_id, job.run_id)
        ended = await self._queue.end(job.row, state, error)
        self._changed()
        return ended

    async def seal(self, workspace_id: int, run_id: str) -> None:
        """Put the logs away; what cannot be put away now is later, in the background."""
        try:
            await self._logs.seal(workspace_id, run_id)
        except RunyardError as exc:
            log.warning("The logs of run %s are put away later: %s", run_id, exc)

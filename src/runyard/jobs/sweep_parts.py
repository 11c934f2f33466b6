"""What the sweeper works with, and what it remembers of a sweep."""

from __future__ import annotations

from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from runyard.entities.common import Param, Tag
from runyard.entities.job import Job, JobError, JobState
from runyard.entities.sweep import Stop, SweepConfig, Trial
from runyard.services.sweep_policies import Curve

SHORTEST_S = 0.5
FIRST_FAILURES = 5  # trials that fail, and none that does not, after which no more are made

Propose = Callable[[SweepConfig, int, Sequence[Trial]], Awaitable[Mapping[str, Any] | None]]


class SweptJobs(Protocol):
    """Jobs, as far as sweeps need them."""

    async def find(self, workspace_id: int, run_id: str) -> Job | None: ...

    async def cancel(self, workspace_id: int, run_id: str) -> Job:
        """Raises: NotFound."""
        ...


class Submitter(Protocol):
    """Makes trials."""

    async def submit_below(
        self,
        parent: Job,
        run_id: str,
        *,
        run_name: str,
        arguments: Sequence[str],
        tags: Mapping[str, str],
    ) -> Job:
        """Again with the same is fine. Raises: InvalidState."""
        ...


class Ends(Protocol):
    """Ends jobs, with their logs."""

    async def end(self, job: Job, state: JobState, error: JobError | None = None) -> Job | None:
        """As JobQueue.end."""
        ...


class History(Protocol):
    """Points of one metric of a run."""

    @property
    def values(self) -> list[float]: ...


class Metrics(Protocol):
    """Histories of metrics."""

    async def history(
        self, workspace_id: int, run_id: str, key: str, max_results: int | None, page_token: str | None
    ) -> History:
        """In the order of time."""
        ...


class Runs(Protocol):
    """What is written to runs."""

    async def log(
        self, workspace_id: int, run_id: str, *, params: Sequence[Param] = (), tags: Sequence[Tag] = ()
    ) -> None:
        """Raises: NotFound; InvalidInput for a param that has another value already."""
        ...


class Logs(Protocol):
    """Logs of runs."""

    async def add(self, workspace_id: int, run_id: str, name: str, text: str) -> None:
        """At the end of one. Raises: CallerError, when it takes no more."""
        ...


class Look:
    """What is remembered of a sweep, so that less has to be read; lost without harm.

    Attributes:
        judged: by trial, the interval at which the policy has seen it.
        histories: values of the metric by trial. curves: what follows from them.
        said: for the sweep's log, and not there yet.
    """

    def __init__(self) -> None:
        self.next_at = 0.0
        self.pause_s = SHORTEST_S
        self.attached = False
        self.judged: dict[int, int] = {}
        self.histories: dict[int, array[float]] = {}
        self.curves: dict[int, Curve] = {}
        self.best: tuple[str, float | None] | None = None
        self.said: list[str] = []
        self._seen: list[tuple[JobState | None, int]] = []

    def is_news(self, trials: Sequence[Trial]) -> bool:
        """Whether any trial is another one than before."""
        seen = [(one.state, one.points) for one in trials]
        news, self._seen = seen != self._seen, seen
        return news


def is_hopeless(trials: Sequence[Trial]) -> bool:
    """Others would fare like the last ones: the script cannot run, or somebody cancels whatever is begun."""
    ended = [one for one in trials if not one.is_active]
    if len(ended) < FIRST_FAILURES:
        return False
    if all(one.state is JobState.FAILED and not one.points for one in ended):
        return True
    last = ended[-FIRST_FAILURES:]
    return all(one.state is JobState.CANCELED and one.stop is Stop.NOT for one in last)


def outcome_of(trials: Sequence[Trial]) -> JobState:
    """How a sweep ends whose trials have: well, when any did what it should."""
    if any(one.state is JobState.COMPLETED or one.stop is Stop.POLICY or one.points for one in trials):
        return JobState.COMPLETED
    if any(one.state is JobState.FAILED for one in trials):
        return JobState.FAILED
    return JobState.COMPLETED if not trials else JobState.CANCELED


def all_failed(count: int) -> JobError:
    return JobError("UserError", f"All {count} trials failed. Look at the error and the log of one of them.")

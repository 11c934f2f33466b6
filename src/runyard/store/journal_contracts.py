"""What the service of journals asks of a store; the rules of store.contracts hold."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import msgspec

from runyard.entities.access import Grants
from runyard.entities.common import Param, Tag
from runyard.entities.journal import BatchPoint, PointRecord
from runyard.entities.run import NewRun, RunStatus
from runyard.errors import NotAllowed, NotFound, RunyardError

ACTION = "runs/write"


class Admission(NamedTuple):
    """Where the sender may log to; decided per record, since a journal may hold runs of several experiments."""

    grants: Grants
    who: str
    workspace: str

    def permits(self, experiment_id: int) -> bool:
        """Whether they may log to it."""
        return self.grants.permits(ACTION, experiment_id)

    def require(self, experiment_id: int, absent: NotFound) -> None:
        """Raises: NotAllowed; absent, where they may not even see the experiment."""
        if self.permits(experiment_id):
            return
        if not self.grants.permits("experiments/read", experiment_id):
            raise absent
        raise NotAllowed(
            f"{self.who} may not do {ACTION} in experiment {experiment_id} of workspace {self.workspace!r}. "
            "An owner can assign a role that includes it."
        )


class SomePoints(msgspec.Struct, gc=False):
    """Single points of one run, in their order."""

    run_id: str
    seqs: list[int]
    points: list[PointRecord]


class Logged(msgspec.Struct, gc=False):
    """What one record logs to a run, all or none."""

    seq: int
    run_id: str
    points: list[BatchPoint]
    params: list[Param]
    tags: list[Tag]


class Begun(msgspec.Struct, gc=False):
    """A run that begins.

    Attributes:
        experiment: the name of its experiment, which decides instead of the number in `run`; None: the number.
        may_make: whether the experiment may be made, when there is none of that name.
    """

    seq: int
    run: NewRun
    experiment: str | None
    may_make: bool


class Changed(msgspec.Struct, gc=False):
    """New values of a run's own fields; None: as it is."""

    seq: int
    run_id: str
    status: RunStatus | None
    end_ms: int | None
    name: str | None


class Untagged(msgspec.Struct, gc=False):
    """A tag that is deleted."""

    seq: int
    run_id: str
    key: str


Change = SomePoints | Logged | Begun | Changed | Untagged


class Refused(NamedTuple):
    """A record that is not kept, and why."""

    seq: int
    code: str
    message: str


class Stretch(NamedTuple):
    """Records that are taken together.

    Attributes:
        before: seq up to which the journal has been taken already.
        last: seq of the last of them.
        changes: what they do, in an order that comes to the same as theirs.
        refused: what was refused since the request began, these records among it.
    """

    before: int
    last: int
    changes: Sequence[Change]
    refused: Sequence[Refused]


class Taken(NamedTuple):
    """How far a journal was taken, and what was refused of the last request."""

    applied: int
    refused: Sequence[Refused] = ()


class Made(NamedTuple):
    """What became of a stretch.

    Attributes:
        refused: of these records.
        took_s: for which it kept all other writers waiting.
    """

    refused: Sequence[Refused]
    took_s: float


class Written(Protocol):
    """Whether a write has happened."""

    @property
    def written(self) -> bool: ...


class JournalMoved(RunyardError):
    """The journal has been taken up to another record than was thought."""

    def __init__(self, applied: int) -> None:
        super().__init__(f"The journal has been taken up to record {applied}.")
        self.applied = applied


class JournalStore(Protocol):
    """Takes journals, each record once."""

    async def taken(self, workspace_id: int, journal: str) -> Taken:
        """How far; 0 for a journal that is not known."""
        ...

    async def take(self, workspace_id: int, journal: str, stretch: Stretch, admission: Admission) -> Made:
        """Keep what the changes say, and that they are taken, in one transaction.

        Cost: per run one row of packed points and per series one summary; per param and tag one row, but few
        statements.
        Raises: JournalMoved, when it is not taken up to `before`; nothing is changed then.
        """
        ...

    def taking(
        self, workspace_id: int, journal: str, before: int, seq: int, refused: Sequence[Refused]
    ) -> AbstractContextManager[Written]:
        """While the block lasts, the write that it waits for also takes record seq, or raises JournalMoved.

        Args:
            refused: since the request began.
        """
        ...

    async def seen(self, workspace_id: int, journal: str, *, ended: bool) -> None:
        """The client still knows the journal, or is done with it; only further records undo that."""
        ...

    async def forget(self, ended_before_ms: int, seen_before_ms: int, limit: int) -> int:
        """Remove ended journals, and others that nobody has heard of for longer; how many."""
        ...

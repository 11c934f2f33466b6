"""What alerts and liveness ask of a store; the rules of store.contracts hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from runyard.entities.alert import Alert, AlertEvent
from runyard.store.journal_contracts import Admission


class NewAlert(NamedTuple):
    """What a caller decides about an alert; sealed: address and key, encrypted."""

    name: str
    experiment_id: int | None
    events: AlertEvent
    stalled_s: int
    host: str
    sealed: bytes
    created_by: str


class Delivery(NamedTuple):
    """A message on its way. attempts: how often it was tried already."""

    id: int
    alert_id: int
    workspace_id: int
    name: str
    sealed: bytes
    event: str
    body: str
    attempts: int


class AlertStore(Protocol):
    """Alerts of a workspace, and the queue of their messages."""

    async def put(self, workspace_id: int, new: NewAlert, limit: int) -> None:
        """Set or replace.

        Raises: NotFound for the experiment; InvalidInput when the workspace has `limit` others.
        """
        ...

    async def find(self, workspace_id: int, name: str) -> tuple[Alert, bytes] | None:
        """An alert, and what is sealed of it."""
        ...

    async def all_of(self, workspace_id: int) -> Sequence[Alert]:
        """All of a workspace by name."""
        ...

    async def delete(self, workspace_id: int, name: str) -> None:
        """With its messages that are under way."""
        ...


class LivenessStore(Protocol):
    """How long runs may be silent, and their signs of life."""

    async def limits(self, workspace_id: int) -> Mapping[int, int]:
        """Seconds by experiment; WHOLE_WORKSPACE for those that have none of their own."""
        ...

    async def set_limit(self, workspace_id: int, experiment_id: int, seconds: int | None) -> None:
        """None: as further out. Raises: NotFound for the experiment."""
        ...

    async def beat(self, workspace_id: int, beat: Beat, admission: Admission) -> None:
        """Signs of life of runs; a run that counted as lost comes back. Runs that are not there are passed over.

        Cost: some rows per run; where somebody wants to be told of runs that stand still, the rows of its series.
        """
        ...

    async def end(self, workspace_id: int, beat: Beat, reason: str, admission: Admission) -> None:
        """The client has ended: with a reason its runs fail, without one they are not watched any more."""
        ...


class Beat(NamedTuple):
    """Signs of life.

    Attributes:
        default_s: how long a run may be silent where nothing else is set; 0: for ever.
        journal: whose runs they are. Signs of one that has ended say nothing: they were under way when it did.
    """

    run_ids: Sequence[str]
    interval_s: int
    host: str
    default_s: int
    journal: str = ""

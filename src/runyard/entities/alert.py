"""What people want to be told of runs, and the message that tells it."""

from __future__ import annotations

import enum

import msgspec

LOST_TAG = "runyard.lost"
WHOLE_WORKSPACE = -1


class AlertEvent(enum.IntFlag):
    """What can happen to a run; combined, what somebody wants to be told of."""

    FAILED = 1
    NAN = 2
    STALLED = 4

    @property
    def text(self) -> str:
        """As routes and messages call it: failed, nan, stalled."""
        return (self.name or "").lower()


class AlertMessage(msgspec.Struct, omit_defaults=True):
    """The body of a request to a receiver.

    Attributes:
        text: a sentence; chats that take webhooks show it.
        event: failed, nan, stalled or test.
        id: the same each time that the delivery is tried.
    """

    text: str
    event: str
    id: str
    time_ms: int
    workspace: str
    experiment_id: str | None = None
    experiment_name: str | None = None
    run_id: str | None = None
    run_name: str | None = None
    user_id: str | None = None
    reason: str | None = None
    metrics: list[str] = []


class Alert(msgspec.Struct, frozen=True):
    """Who is told of what. The address of the receiver is a secret; its host is not.

    Attributes:
        experiment_id: None: all experiments of the workspace.
        stalled_s: seconds without a point after which a run counts as standing still.
        sent_ms, error: of the last delivery; error None: it arrived.
    """

    name: str
    experiment_id: int | None
    events: AlertEvent
    stalled_s: int
    host: str
    created_by: str
    created_ms: int
    updated_ms: int
    sent_ms: int | None = None
    error: str | None = None

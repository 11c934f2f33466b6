"""Requests and answers about alerts and liveness."""

from __future__ import annotations

from typing import Any

import msgspec

from runyard.entities.alert import Alert, AlertEvent


class SetAlert(msgspec.Struct):
    """`url` and `signing_key` are texts. They have no type, so that no error about their type repeats them."""

    name: str
    events: list[str]
    url: Any = None
    experiment_id: str | int | None = None
    stalled_s: int = 600
    signing_key: Any = None


class AlertName(msgspec.Struct):
    name: str


class AlertKey(msgspec.Struct):
    """The key is told this once."""

    name: str
    signing_key: str


class Tested(msgspec.Struct):
    """What the receiver answered."""

    status: int


class AlertInfo(msgspec.Struct):
    """Never the address or the key. `error`: why the last message did not arrive."""

    name: str
    experiment_id: str | None
    events: list[str]
    stalled_s: int
    host: str
    created_by: str
    created_ms: int
    updated_ms: int
    sent_ms: int | None
    error: str | None

    @classmethod
    def of(cls, alert: Alert) -> AlertInfo:
        """The message of one alert."""
        return cls(
            name=alert.name,
            experiment_id=None if alert.experiment_id is None else str(alert.experiment_id),
            events=[event.text for event in AlertEvent if event in alert.events],
            stalled_s=alert.stalled_s,
            host=alert.host,
            created_by=alert.created_by,
            created_ms=alert.created_ms,
            updated_ms=alert.updated_ms,
            sent_ms=alert.sent_ms,
            error=alert.error,
        )


class AlertPage(msgspec.Struct):
    """All of them."""

    items: list[AlertInfo]


class SetLiveness(msgspec.Struct):
    """`seconds` null: as further out; 0: runs may be silent for ever."""

    experiment_id: str | int | None = None
    seconds: int | None = None


class LivenessOfExperiment(msgspec.Struct):
    experiment_id: str
    seconds: int


class LivenessAnswer(msgspec.Struct):
    """Seconds that runs may be silent; the innermost that is set counts."""

    server_s: int
    workspace_s: int | None
    experiments: list[LivenessOfExperiment]

"""Logs of runs as our API spells them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runyard.entities.run_log import MIB, RunLog
from runyard.wire.mlflow.scalars import Int64


class LogsOfRun(msgspec.Struct):
    run_id: str


class AppendLog(msgspec.Struct):
    """The query of an append."""

    run_id: str
    name: str
    offset: Int64 = 0


class ReadLog(msgspec.Struct):
    """The query of a read."""

    run_id: str
    name: str
    offset: Int64 = 0
    limit: Int64 = MIB


class LogSize(msgspec.Struct):
    size: int


class LogMessage(msgspec.Struct):
    """`updated_ms`: 0 where it is not known."""

    name: str
    size: int
    sealed: bool
    updated_ms: int


class LogList(msgspec.Struct):
    items: list[LogMessage]

    @classmethod
    def of(cls, logs: Sequence[RunLog]) -> LogList:
        """The message of all."""
        return cls([LogMessage(one.name, one.size, not one.is_open, one.updated_ms) for one in logs])

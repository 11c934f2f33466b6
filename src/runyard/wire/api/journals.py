"""Journals as their routes spell them; records and their answer are in runyard.wire.journal."""

from __future__ import annotations

import msgspec

from runyard.wire.journal import Refusal


class JournalOfPath(msgspec.Struct):
    journal_id: str


class JournalState(msgspec.Struct):
    """How far a journal was taken; what was refused of the last request, whose answer may have been lost."""

    applied: int
    refused: list[Refusal] = []


class Beat(msgspec.Struct):
    """A sign of life of a client.

    Attributes:
        runs: that are under way.
        interval_s: seconds until the next sign, at the latest.
        host: of the client, for messages.
        ended: the client is no more: why, or empty text where it ended in order.
    """

    journal_id: str
    runs: list[str] = []
    interval_s: int = 15
    host: str = ""
    ended: str | None = None

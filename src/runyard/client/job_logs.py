"""A run's logs while they grow: what was added since the last time, from the server that the runner sends them to."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from runyard.client.transport import Connection
from runyard.errors import NotFound

PIECE_BYTES = 1 << 20
MAIN = re.compile(r"azureml-logs/(\d+)[\w.-]*\.txt|azureml-logs/hyperdrive\.txt|user_logs/std_log\.txt")
LAST = 1 << 30  # user_logs/std_log.txt comes after all that have numbers


class Piece(NamedTuple):
    """Some bytes of a log, and the offset from which it goes on: further where a long log has a gap."""

    body: bytes
    next: int


class Logs:
    """The logs of one run."""

    def __init__(self, connection: Connection, run_id: str) -> None:
        self._connection = connection
        self._path = f"/api/v1/runs/{quote(run_id, safe='')}/logs"

    def listed(self) -> list[dict[str, Any]]:
        """Their names, sizes, and whether they will grow: {name, size, sealed, updated_ms}."""
        return [dict(one) for one in self._connection.get(self._path)["items"]]

    def names(self) -> list[str]:
        """Their names."""
        return sorted(str(one["name"]) for one in self.listed())

    def pieces(self, name: str, offset: int = 0) -> Iterator[Piece]:
        """What is there of one from an offset on."""
        while True:
            body, told = self._connection.read_told(
                f"{self._path}/content", name=name, offset=offset, limit=PIECE_BYTES
            )
            if not body:
                return
            offset = int(told.get("x-log-next", offset + len(body)))
            yield Piece(body, offset)

    def text(self, name: str) -> str:
        """All of one; empty where there is none."""
        try:
            return b"".join(piece.body for piece in self.pieces(name)).decode("utf-8", "replace")
        except NotFound:
            return ""


class Tail:
    """One log as it grows."""

    def __init__(self, logs: Logs, name: str) -> None:
        self._logs = logs
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.name = name
        self.offset = 0

    def more(self) -> Iterator[str]:
        """What was added since the last time."""
        try:
            for piece in self._logs.pieces(self.name, self.offset):
                self.offset = piece.next
                yield self._decoder.decode(piece.body)
        except NotFound:  # between two names of the file: it is being moved to the artifacts
            return


class MainLogs:
    """The logs that a person watches, one after the other: how the environment was made, then what the script printed.

    Of a sweep: what became of its trials.
    """

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._tails: dict[str, Tail] = {}

    def more(self) -> Iterator[tuple[str, str]]:
        """Names and what was added to each, in the order in which they are read."""
        sizes = {str(one["name"]): int(one["size"]) for one in self._logs.listed()}
        for name in sorted((name for name in sizes if MAIN.fullmatch(name)), key=rank):
            tail = self._tails.setdefault(name, Tail(self._logs, name))
            if sizes[name] > tail.offset:
                for text in tail.more():
                    yield name, text


def rank(name: str) -> int:
    """Where a log stands in the order of reading: first those with numbers, then what the script printed, then others."""
    found = MAIN.fullmatch(name)
    if found is None:
        return LAST + 1
    return int(found[1]) if found[1] else LAST

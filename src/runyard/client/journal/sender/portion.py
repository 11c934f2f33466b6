"""How much of a journal one request carries: more while it goes well and much waits, less where something is amiss."""

from __future__ import annotations

from runyard.client.journal.reader import Chunk

LEAST_BYTES, FIRST_BYTES, MOST_BYTES = 64 * 1024, 1024 * 1024, 4 * 1024 * 1024
QUICK_S, SLOW_S = 1.0, 5.0  # requests that take less may grow, those that take more shrink
UNLIMITED = 100_000


class Portion:
    """The size of the next request.

    Attributes:
        bytes: at most so many, unless a single record is larger.
    """

    def __init__(self) -> None:
        self.bytes = FIRST_BYTES
        self._most = MOST_BYTES
        self._records: int | None = None

    def cut(self, chunk: Chunk) -> Chunk:
        """As many of the records as may be sent at once."""
        if self._records is None or chunk.records <= self._records:
            return chunk
        return chunk.until(chunk.start.seq + self._records)

    def worked(self, took_s: float, *, more: bool) -> None:
        """A request went well.

        Args:
            more: much waits behind it.
        """
        if took_s > SLOW_S:
            self.bytes = max(LEAST_BYTES, self.bytes // 2)
        elif more and took_s < QUICK_S:
            self.bytes = min(self._most, self.bytes * 2)
        if self._records is not None:
            self._records = self._records * 2 if self._records < UNLIMITED else None

    def halve(self, chunk: Chunk, *, too_large: bool = False) -> None:
        """One of these records is not taken: narrow it down.

        Args:
            too_large: it is the size of them all that somebody on the way does not like.
        """
        self._records = max(1, chunk.records // 2)
        if too_large:
            self.bytes = self._most = max(LEAST_BYTES, len(chunk.data) // 2)

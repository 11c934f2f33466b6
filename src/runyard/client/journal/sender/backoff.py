"""Pauses after failures: a thousand senders that lost one server must not all come back at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

FIRST_S = 0.3
LONGEST_S = 15.0
ASKED_S = 300.0  # longest pause that a server may ask for


class Backoff:
    """When the next try is due: exponential with full jitter, never before the server asked for it.

    Args:
        clock: seconds that only grow.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._asked_until = 0.0
        self._until = 0.0
        self.failures = 0
        self.since: float | None = None
        """When the failures began."""

    def failed(self, asked_s: float | None = None) -> None:
        """A try failed.

        Args:
            asked_s: what the server's Retry-After says.
        """
        now = self._clock()
        if self.since is None:
            self.since = now
        limit_s: float = min(LONGEST_S, FIRST_S * 2 ** min(self.failures, 16))
        self.failures += 1
        self._until = now + limit_s * self._chance()
        if asked_s:
            self._asked_until = now + min(asked_s, ASKED_S)
            self._until = self._asked_until + limit_s * self._chance()

    def worked(self) -> None:
        """A try went well."""
        self.failures = 0
        self.since = None
        self._until = self._asked_until = 0.0

    def hurry(self) -> None:
        """Somebody waits: the next try is due at once, unless the server asked for a pause."""
        self._until = min(self._until, self._asked_until)

    @property
    def left_s(self) -> float:
        """Seconds until the next try."""
        return max(0.0, self._until - self._clock())

    @property
    def failing_s(self) -> float:
        """For how long all tries have failed."""
        return 0.0 if self.since is None else self._clock() - self.since

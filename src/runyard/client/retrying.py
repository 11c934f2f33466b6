"""How long and how often a call is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

FIRST_S = 0.2
LONGEST_S = 8.0


class Patience:
    """The pauses between the tries of one call: exponential, with full jitter, never shorter than the server asks for.

    Args:
        total_s: no pause ends later than this after the start.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        total_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._until = clock() + total_s
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._tries = 0

    def pause(self, asked_s: float | None) -> bool:
        """Wait before the next try; False, at once, when there is no time for another one.

        Args:
            asked_s: what the server's Retry-After says.
        """
        limit_s: float = min(LONGEST_S, FIRST_S * 2**self._tries)
        pause_s = max(asked_s or 0.0, limit_s * self._chance())
        self._tries += 1
        if self._clock() + pause_s >= self._until:
            return False
        self._sleep(pause_s)
        return True

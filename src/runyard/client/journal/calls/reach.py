"""Whether a server is in reach: looked for with little patience, and remembered."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable

LOOK_S = 3.0
LOST_S = 5.0  # that a server is not asked again after it did not answer
FOR_EVER = float("inf")


class Reach:
    """What is known of a server. Any number of threads; good after a fork.

    Args:
        look: whether somebody answers just now.
        offline: never look.
        trusted_s: that a server is taken to be there after it answered, by `there`; FOR_EVER: until it is lost.
        sure_s: the same by `answers`.
        away_s: that a server which never answered is not looked for again.
    """

    def __init__(
        self,
        look: Callable[[], bool],
        *,
        offline: bool,
        trusted_s: float,
        sure_s: float,
        away_s: float = LOST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.offline = offline
        self._look = look
        self._trusted_s, self._sure_s, self._away_s = trusted_s, sure_s, away_s
        self._clock = clock
        self._heard = self._away_until = float("-inf")
        self._looking = threading.Lock()
        _all.add(self)

    def there(self) -> bool:
        """Whether to ask the server. Takes three seconds at most where it has to be looked for."""
        return self._is_there(self._trusted_s)

    def answers(self) -> bool:
        """As `there`, and sure of it: for requests that would be waited for long."""
        return self.there() and self._is_there(self._sure_s)

    def heard(self) -> None:
        """The server answered just now."""
        self._heard, self._away_until = self._clock(), float("-inf")

    def lost(self) -> None:
        """The server did not answer just now."""
        self._away_until = self._clock() + LOST_S

    def _is_there(self, trusted_s: float) -> bool:
        known = self._known(trusted_s)
        if known is None:
            with self._looking:
                known = self._known(trusted_s)
                if known is None:
                    known = self._looked()
        return known

    def _known(self, trusted_s: float) -> bool | None:
        now = self._clock()
        if self.offline or now < self._away_until:
            return False
        return True if now - self._heard < trusted_s else None

    def _looked(self) -> bool:
        """In a thread of its own, so that a name that cannot be looked up takes no longer."""
        found: list[bool] = []
        thread = threading.Thread(target=lambda: found.append(self._look()), name="runyard-look", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter ends
            found.append(self._look())
        else:
            thread.join(LOOK_S)
        if found and found[0]:
            self.heard()
            return True
        never = self._heard == float("-inf")
        self._away_until = self._clock() + (self._away_s if never else LOST_S)
        return False


_all: weakref.WeakSet[Reach] = weakref.WeakSet()


def _after_fork() -> None:
    """A thread that the child does not have may look just now."""
    for reach in list(_all):
        reach._looking = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

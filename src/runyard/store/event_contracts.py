"""What the services ask of a store about changes as they happen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from runyard.entities.change import Changes

Hear = Callable[[Changes], None]


class ChangeFeed(Protocol):
    """Tells of committed changes, a few times a second, those of other servers on the same database included.

    What is told has happened; a server that is killed may take with it what it had not told yet, and a lost connection is
    told as `lost`. Nothing is noted while nobody wants to hear.
    """

    def running(self, hear: Hear) -> AbstractAsyncContextManager[None]:
        """Tell while the block lasts."""
        ...

    async def want(self, wanted: bool) -> None:
        """Whether somebody here wants to hear. Once this returned, changes of this server are told; other servers learn
        of it within moments.
        """
        ...

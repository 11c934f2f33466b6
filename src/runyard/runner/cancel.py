"""The wish that a job ends, from whoever has it."""

from __future__ import annotations

import threading
from typing import Callable


class Cancel:
    """Said once, heard by all that wait.

    Attributes:
        why: what is known of the reason; empty: the server wants it.
        in_a_hurry: this process was asked to end by its machine, and will be killed soon.
        forgotten: the server does not know the job any more, and takes nothing of it.
    """

    def __init__(self) -> None:
        self.event = threading.Event()
        self.why = ""
        self.in_a_hurry = False
        self.forgotten = False
        self._hurried: list[Callable[[], None]] = []

    def __call__(self, why: str = "") -> None:
        if not self.event.is_set():
            self.why = why
            self.event.set()

    @property
    def wanted(self) -> bool:
        """Whether there is one."""
        return self.event.is_set()

    def forget(self, why: str) -> None:
        """Nobody hears how the job ends."""
        self.forgotten = True
        self(why)

    def hurry(self, why: str) -> None:
        """Now, and whatever waits for the network waits no longer."""
        self.in_a_hurry = True
        self(why)
        for do in list(self._hurried):
            do()

    def when_hurried(self, do: Callable[[], None]) -> None:
        """Call something then, from another thread."""
        self._hurried.append(do)

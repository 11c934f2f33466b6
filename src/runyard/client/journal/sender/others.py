"""Journals that nobody sends any more: their processes have ended, and so have their senders."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from runyard.client.journal.folder import VERSION, Head, JournalFolder, journals, remove_unborn
from runyard.client.journal.processes import ProcessMark, is_alive, this_process
from runyard.client.journal.sender.access import Access
from runyard.client.journal.sender.shipment import Shipment, Step

CLAIM = "sender.json"
FIRST_LOOK_S = 3.0
LOOK_AGAIN_S = 300.0
GIVE_UP_S = 60.0


class Claim(msgspec.Struct):
    """Who sends a journal. It spares work; two at once do no harm.

    Attributes:
        principal: on whose behalf, once the server has said it.
    """

    host: str
    process: ProcessMark
    principal: str = ""


def claim(folder: JournalFolder, principal: str = "") -> None:
    """Say that this process sends it."""
    folder.write(CLAIM, Claim(socket.gethostname(), this_process(), principal))


def principal_of(folder: JournalFolder) -> str:
    """On whose behalf a journal was sent so far; empty where nobody knows."""
    found = folder.read(CLAIM, Claim)
    return found.principal if found is not None else ""


def is_claimed(folder: JournalFolder) -> bool:
    """Whether another process of this machine sends it."""
    found = folder.read(CLAIM, Claim)
    if found is None or found.host != socket.gethostname() or found.process == this_process():
        return False
    return is_alive(found.process)


def left_behind(folder: JournalFolder, head: Head) -> Iterator[JournalFolder]:
    """Journals in the same place that go where a journal goes and that nobody sends."""
    for one in journals(folder.path.parent):
        its = one.head
        if (
            one.id != folder.id
            and its is not None
            and its.version <= VERSION
            and not its.offline
            and (its.server, its.workspace, its.host) == (head.server, head.workspace, socket.gethostname())
            and one.ended
            and not is_claimed(one)
        ):
            yield one


class Others:
    """Sends them, one at a time; used by one thread."""

    def __init__(
        self,
        folder: JournalFolder,
        access: Access,
        tell: Callable[[str], None],
        wake: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._head = folder.head
        self._principal = ""
        self._access = access
        self._tell = tell
        self._wake = wake
        self._clock = clock
        self._look_s = clock() + FIRST_LOOK_S
        self._shipment: Shipment | None = None
        self._tried: set[str] = set()

    def look(self) -> None:
        """Look for one at the next step, whenever the last look was."""
        self._look_s = self._clock()

    def step(self) -> Step:
        """One request at most. DONE, when there is nothing to send."""
        if self._shipment is None:
            self._shipment = self._next()
            return Step.DONE if self._shipment is None else Step.MOVED
        step = self._shipment.step()
        given_up = self._shipment.lost or self._shipment.backoff.failing_s > GIVE_UP_S
        if step in (Step.DONE, Step.GONE) or given_up:
            self._shipment.stop()
            self._shipment = None
            return Step.MOVED
        return step

    def stop(self) -> None:
        """Leave the one that is under way to another sender."""
        if self._shipment is not None:
            self._shipment.stop()

    def _next(self) -> Shipment | None:
        if self._head is None or self._clock() < self._look_s:
            return None
        self._look_s = self._clock() + LOOK_AGAIN_S
        remove_unborn(self._folder.path.parent)
        mine = self._who()
        for one in left_behind(self._folder, self._head):
            its = principal_of(one)
            if one.id in self._tried or (mine and its and mine != its):
                continue  # who may not log what another one could would have it refused for good
            self._tried.add(one.id)
            with contextlib.suppress(OSError):
                claim(one, its or mine)
                self._look_s = self._clock()
                return Shipment(one, self._access, self._tell, self._wake, over=lambda: True)
        return None

    def _who(self) -> str:
        """On whose behalf this process sends; written down for those who may have to go on with its journal."""
        if not self._principal:
            self._principal = self._access.who()
            with contextlib.suppress(OSError):  # it may be sent and gone
                claim(self._folder, self._principal)
        return self._principal

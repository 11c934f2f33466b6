"""What a sender does from its start to its end."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable

from runyard.client.journal.folder import Head, JournalFolder
from runyard.client.journal.orders import Order, Report
from runyard.client.journal.processes import is_alive
from runyard.client.journal.sender.access import Access
from runyard.client.journal.sender.others import Others, claim
from runyard.client.journal.sender.shipment import Shipment, Step
from runyard.client.journal.settings import JournalSettings
from runyard.errors import NotAllowed, Unauthenticated

FIRST_ORDER_S = 10.0
LIVELY_S = 0.5  # after the last record it looks often, then less
POLL_S, IDLE_POLL_S = 0.02, 0.2
PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0  # between requests while there is little to send
LOOK_S = 2.0  # between two looks at whether the process lives
TELL_S = 0.1
LAST_WORDS_S = 5.0  # of a process that has closed its journal
NEWS_LENGTH = 2_000
WARN_S = 30.0


class Orders:
    """What the process that logs has ordered; filled by another thread."""

    def __init__(self) -> None:
        self.wake = threading.Event()
        self.gone = False
        """Whether nothing follows: the process has died, or let go of the pipe."""
        self._waiting: queue.SimpleQueue[Order] = queue.SimpleQueue()

    def put(self, order: Order) -> None:
        """Another one."""
        self._waiting.put(order)
        self.wake.set()

    def end(self) -> None:
        """None follows."""
        self.gone = True
        self.wake.set()

    def first(self, timeout_s: float) -> Order:
        """The one that says where to send; an empty one, when the process died before it said it."""
        with contextlib.suppress(queue.Empty):
            until = time.monotonic() + timeout_s
            while not self.gone and time.monotonic() < until:
                with contextlib.suppress(queue.Empty):
                    return self._waiting.get(timeout=0.1)
            return self._waiting.get_nowait()
        return Order()

    def take(self) -> list[Order]:
        """Those that came since the last call."""
        found = []
        while not self._waiting.empty():
            found.append(self._waiting.get())
        return found


class Loop:
    """Follows one journal until its process has ended and everything is sent, then sends what others left behind.

    Args:
        report: tells the process that logs.
    """

    def __init__(
        self,
        folder: JournalFolder,
        orders: Orders,
        report: Callable[[Report], None],
        settings: JournalSettings,
    ) -> None:
        self._folder = folder
        self._orders = orders
        self._report = report
        self._settings = settings
        self._flush = 0
        self._ended = False
        self._dead = False
        self._looked_s = 0.0
        self._moved_s = time.monotonic()
        self._progress = (0, 0)
        self._told_s = 0.0
        self._told_sent = 0
        self._told_trouble: str | None = None
        self._warned = False

    def run(self) -> None:
        """Returns when there is nothing left to do, or no hope for a long time."""
        first = self._orders.first(FIRST_ORDER_S)
        head = self._folder.head
        if head is None:
            return
        access = Access(
            first.server or head.server,
            head.workspace if first.workspace is None else first.workspace,
            first.token,
            first.certificates,
            ask=lambda: self._report(Report(ask="token")),
        )
        self._flush = first.flush or 0
        with contextlib.suppress(OSError):
            claim(self._folder)
        own = Shipment(
            self._folder,
            access,
            self._tell,
            self._orders.wake,
            heartbeat_s=self._settings.heartbeat_s,
            over=self._is_over,
        )
        others = Others(self._folder, access, self._tell, self._orders.wake)
        self._report(Report(ready=os.getpid()))
        if self._follow(own, others, access):
            self._wait_for_end(head)
            self._send_others(others)
        else:
            own.stop()
            others.stop()

    def _follow(self, own: Shipment, others: Others, access: Access) -> bool:
        """Until everything is sent; False, when there was no hope any more."""
        while True:
            self._heed(own, access)
            step = own.step()
            self._tell_progress(own, step)
            if step in (Step.DONE, Step.GONE):
                return True
            if self._is_hopeless(own):
                return False
            if step is Step.IDLE and others.step() is Step.MOVED:
                continue
            self._rest(own, step)

    def _wait_for_end(self, head: Head) -> None:
        """Its last handlers may still log something, to another journal: that one is then left behind."""
        until = time.monotonic() + LAST_WORDS_S
        while is_alive(head.process) and time.monotonic() < until:
            time.sleep(POLL_S)

    def _send_others(self, others: Others) -> None:
        others.look()
        while (step := others.step()) is not Step.DONE:
            if step is not Step.MOVED:
                self._orders.wake.wait(IDLE_POLL_S)
                self._orders.wake.clear()

    def _heed(self, own: Shipment, access: Access) -> None:
        for order in self._orders.take():
            if order.token is not None:
                access.take(order.token)
                own.backoff.hurry()
            if order.flush is not None:
                self._flush = max(self._flush, order.flush)
                own.backoff.hurry()
            if order.end is not None:
                self._ended = True
                own.backoff.hurry()

    def _is_over(self) -> bool:
        """Whether no record follows."""
        if self._ended or self._dead:
            return True
        now = time.monotonic()
        if now - self._looked_s >= LOOK_S or self._orders.gone:
            self._looked_s = now
            self._dead = self._folder.ended
        return self._dead

    def _is_hopeless(self, own: Shipment) -> bool:
        """Whether nothing has arrived for so long that another sender may do it later."""
        progress = (own.sent, own.files.moved_bytes)
        if progress != self._progress:
            self._progress, self._moved_s = progress, time.monotonic()
        if not self._is_over():
            return False
        return own.lost or time.monotonic() - self._moved_s > self._settings.linger_s

    def _rest(self, own: Shipment, step: Step) -> None:
        hurried = self._flush > own.sent or self._ended or self._dead
        if step is Step.MOVED:
            pause_s = 0.0 if own.full or hurried else min(LONGEST_PAUSE_S, max(PAUSE_S, 2 * own.took_s))
        elif step is Step.WAITING:
            pause_s = own.backoff.left_s or IDLE_POLL_S
        else:
            lively = time.monotonic() - self._moved_s < LIVELY_S
            pause_s = POLL_S if lively or hurried else IDLE_POLL_S
        if pause_s:
            self._orders.wake.wait(min(pause_s, LOOK_S))
            self._orders.wake.clear()

    def _tell(self, text: str) -> None:
        self._report(Report(news=text[:NEWS_LENGTH]))

    def _warn(self, own: Shipment) -> None:
        """What lasts is told once, with the way out, and its end too."""
        if own.trouble is None:
            if self._warned:
                self._warned = False
                self._tell("What was logged is being sent again.")
        elif not self._warned and (
            own.backoff.failing_s > WARN_S or isinstance(own.error, Unauthenticated | NotAllowed)
        ):
            self._warned = True
            asks = isinstance(own.error, Unauthenticated) and "`runyard login`" not in own.trouble
            way = " Log in with `runyard login`, or set RUNYARD_TOKEN." if asks else ""
            self._tell(
                f"Nothing is sent just now: {own.trouble}{way} All that is logged is kept in {self._folder.path} until it "
                "can be sent; training goes on."
            )

    def _tell_progress(self, own: Shipment, step: Step) -> None:
        now = time.monotonic()
        if own.trouble != self._told_trouble:
            self._told_trouble = own.trouble
            self._report(Report(trouble=own.trouble))
        self._warn(own)
        if step is Step.WAITING and own.trouble is not None and self._flush > own.sent:
            self._report(Report(tried=self._flush))
            self._flush = 0
        due = now - self._told_s >= TELL_S or self._told_sent < self._flush <= own.sent
        if own.sent != self._told_sent and (due or step in (Step.DONE, Step.GONE)):
            self._told_sent, self._told_s = own.sent, now
            self._report(Report(sent=own.sent))

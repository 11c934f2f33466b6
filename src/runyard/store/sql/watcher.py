"""Background work: silent runs fail, messages are delivered, journals that nobody sends any more are forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from runyard.errors import RunyardError
from runyard.store.alert_contracts import Delivery
from runyard.store.sql.alerts import SqlAlerts
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Database
from runyard.store.sql.journals import SqlJournals
from runyard.store.sql.lease import Lease
from runyard.store.sql.liveness import SqlLiveness
from runyard.store.sql.pausing import is_set
from runyard.store.sql.quiet_runs import QuietRuns

log = logging.getLogger("runyard.store")

EVERY_S = 2.0
PAUSE_S = 0.05
RUNS = 200  # that one transaction looks at
FETCHED = 100  # messages
AT_ONCE = 20
AT_ONCE_PER_ALERT = 4
AGAIN_S = (10, 60, 300, 1_800, 7_200, 21_600)  # after each failed delivery; then it is given up
JUMP_S = 10.0  # by which clocks may differ between two steps
BREAK_S = 30.0  # between two steps; longer means that this process was stopped or stuck
FORGET_EVERY_S = 3_600.0
LOOK_EVERY_S = 15.0  # at runs without signs of life
DAY_MS = 86_400_000
ENDED_DAYS, SEEN_DAYS, FORGOTTEN_AT_ONCE = 30, 400, 1_000

Deliver = Callable[[Delivery], Awaitable[str | None]]


class Watcher:
    """Of several servers one does it. While nothing is due, a step costs two looks into indexes.

    Whether a run is silent can be judged only by a server that could have heard it: after a start, a fault of the
    database, a pause of this process or a jump of its clock, nothing is judged for a while.

    Args:
        deliver: sends a message; why it did not arrive, or None.
        hold_s: how long nothing is judged then.
        clock: seconds that only grow; wall: seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        deliver: Deliver,
        hold_s: float,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._alerts = SqlAlerts(database)
        self._liveness = SqlLiveness(database)
        self._journals = SqlJournals(database, "")
        self._quiet = QuietRuns(database)
        self._deliver = deliver
        self._hold_s = hold_s
        self._clock, self._wall = clock, wall
        self._lease = Lease(database, "watch")
        self._seen: tuple[float, float] | None = None  # both clocks at the last step
        self._steady_since = 0.0
        self._forget_at = 0.0
        self._look_at = 0.0
        self._sending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background while the block lasts; what is being sent then is sent again after the next start."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._loop(stop))
        try:
            yield
        finally:
            stop.set()
            for sending in self._sending:
                sending.cancel()
            await task
            with contextlib.suppress(RunyardError):
                await self._lease.leave()

    async def _loop(self, stop: asyncio.Event) -> None:
        more = False
        while not await is_set(stop, PAUSE_S if more else EVERY_S):
            try:
                more = await self.step()
            except RunyardError as exc:
                more = False
                self._seen = None
                log.warning("Runs are not watched just now: %s", exc)
            except Exception:
                more = False
                self._seen = None
                log.exception("Watching runs failed; it will be tried again")

    async def step(self) -> bool:
        """What is due now; returns whether there is more to do at once."""
        steady = self._is_steady()
        due = await self._liveness.next_due() if steady else None
        overdue = due is not None and due <= now_ms()
        waiting = await self._alerts.due(FETCHED)
        forget = self._clock() >= self._forget_at
        look = steady and self._clock() >= self._look_at
        if not (overdue or waiting or forget or look) or not await self._lease.take():
            return False
        if look:
            self._look_at = self._clock() + LOOK_EVERY_S
            await self._quiet.look()
        more = overdue and await self._liveness.lose_some(RUNS) == RUNS
        if forget:
            more |= await self._forget()
        return await self._send(waiting) or more

    def _is_steady(self) -> bool:
        """Whether for a while now a sign of life would have been heard."""
        now, wall = self._clock(), self._wall()
        last, self._seen = self._seen, (now, wall)
        if last is None or now - last[0] > BREAK_S or abs((wall - last[1]) - (now - last[0])) > JUMP_S:
            self._steady_since = now
        return now - self._steady_since >= self._hold_s

    async def _forget(self) -> bool:
        now = now_ms()
        gone = await self._journals.forget(
            now - ENDED_DAYS * DAY_MS, now - SEEN_DAYS * DAY_MS, FORGOTTEN_AT_ONCE
        )
        more = gone >= FORGOTTEN_AT_ONCE
        if not more:
            self._forget_at = self._clock() + FORGET_EVERY_S
        return more

    async def _send(self, waiting: list[Delivery]) -> bool:
        """Send some, few to each receiver; whether others are left."""
        taken: list[Delivery] = []
        per_alert: dict[int, int] = {}
        for one in waiting:
            count = per_alert[one.alert_id] = per_alert.get(one.alert_id, 0) + 1
            if count <= AT_ONCE_PER_ALERT and len(taken) < AT_ONCE:
                taken.append(one)
        self._sending = {asyncio.create_task(self._send_one(one)) for one in taken}
        for done in await asyncio.gather(*self._sending, return_exceptions=True):
            if isinstance(done, Exception):
                raise done
        self._sending = set()
        return len(taken) < len(waiting)

    async def _send_one(self, delivery: Delivery) -> None:
        error = await self._deliver(delivery)
        again_ms = None
        if error is not None and delivery.attempts < len(AGAIN_S):
            again_ms = now_ms() + AGAIN_S[delivery.attempts] * 1000
        elif error is not None:
            log.warning("A message of alert %r is given up: %s", delivery.name, error)
        await self._alerts.settle(delivery, error, again_ms)

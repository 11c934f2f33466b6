"""Rules for journals: what clients wrote down is kept once, in its order, and what cannot be kept blocks nothing."""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from runyard.entities.journal import Call
from runyard.entities.log_rules import LogRules
from runyard.errors import InternalFault, InvalidInput, JournalGap, RunyardError, TooManyRequests, shown
from runyard.services.context import Context
from runyard.services.journal_plan import MESSAGE_LIMIT, Plan, Readable
from runyard.store.journal_contracts import (
    Admission,
    Change,
    JournalMoved,
    JournalStore,
    Refused,
    Stretch,
    Taken,
)

log = logging.getLogger("runyard.server")

WAITING_WRITES = 5_000
FIRST_STRETCH, LEAST_STRETCH, MOST_STRETCH = 1_000, 200, 10_000  # records that one transaction takes
STRETCH_S = 0.05  # that it is to keep other writers waiting
MOST_REFUSED = (
    5_000  # of one request, which takes no more then: each is told, and kept until the next request
)
PLAN_HERE = 200  # records that are looked at in the event loop
DEFECT = "The server met an unexpected error over this record. Its log says more."
_JOURNAL = re.compile(r"[0-9a-f]{32}")


class Dispatcher(Protocol):
    """Answers requests that come in another way than by HTTP."""

    async def prepare(self, ctx: Context, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The body as `call` wants it. May be called again for the same record, whatever became of it."""
        ...

    async def call(self, ctx: Context, method: str, path: str, body: dict[str, Any]) -> None:
        """As if the request had come by HTTP.

        Raises: what the route raises; NotAllowed, for one that cannot come so.
        """
        ...


@dataclass
class Deliveries:
    """What came in journals since the process started.

    Attributes:
        requests: that were worked through.
        bytes: of those.
        records: that were taken now, refused ones among them.
        repeated: records that were taken before, and passed over.
        refused: records that are not kept.
        seconds: that requests took, one after the other.
    """

    requests: int = 0
    bytes: int = 0
    records: int = 0
    repeated: int = 0
    refused: int = 0
    seconds: float = 0.0


class Records(Protocol):
    """The records of a request; a part may end early, where the rest is for another request."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Sequence[Readable]: ...


class JournalService:
    """Checks records, and has them taken stretch by stretch.

    Args:
        waiting: how many writes wait for the database.
    """

    def __init__(self, store: JournalStore, dispatcher: Dispatcher, waiting: Callable[[], int]) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._waiting = waiting
        self._rules = LogRules()
        self.deliveries = Deliveries()

    async def taken(self, ctx: Context, journal: str) -> Taken:
        """How far a journal was taken, and what was refused of the last request."""
        check_journal(journal)
        return await self._store.taken(ctx.workspace_id, journal)

    async def take(self, ctx: Context, journal: str, first: int, records: Records) -> Taken:
        """Take the records of a request, which follow one another; those that were taken already are passed over.

        Args:
            first: seq of the first of them.
        Raises: JournalGap; TooManyRequests; what storage raises, when only the first of the records were taken.
        """
        check_journal(journal)
        if self._waiting() > WAITING_WRITES:
            raise TooManyRequests("Many writes are waiting for the database. Send the request again.", 2)
        if not len(records):
            return Taken((await self._store.taken(ctx.workspace_id, journal)).applied)
        taking = _Taking(self._store, self._dispatcher, self._rules, ctx, journal, first)
        began = time.perf_counter()
        try:
            await taking.take(records)
        finally:
            self._count(taking, first, time.perf_counter() - began)
        return Taken(taking.done, sorted(taking.refused))

    def _count(self, taking: _Taking, first: int, took_s: float) -> None:
        told = self.deliveries
        told.requests += 1
        told.records += max(0, min(taking.stored, taking.last) + 1 - first - taking.repeated)
        told.repeated += taking.repeated
        told.refused += taking.refused_now
        told.seconds += took_s


def check_journal(journal: str) -> None:
    """Raises: InvalidInput, unless it is the id of a journal."""
    if not _JOURNAL.fullmatch(journal):
        raise InvalidInput(f"Invalid journal id {shown(journal)}. It must be 32 hex digits.")


class _Taking:
    """One request. `stored` is how far the store has the journal, `done` how far it was worked through."""

    def __init__(
        self,
        store: JournalStore,
        dispatcher: Dispatcher,
        rules: LogRules,
        ctx: Context,
        journal: str,
        first: int,
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._rules = rules
        self._ctx = ctx
        self._journal = journal
        self._admission = Admission(ctx.grants, ctx.principal.name, ctx.workspace)
        self._first = first
        self._known = False
        self._size = FIRST_STRETCH
        self.last = first - 1
        self.repeated = self.refused_now = 0
        self.stored = self.done = first - 1
        self.refused: list[Refused] = []

    async def take(self, records: Records) -> None:
        """All of them, unless too many are refused: the rest is for another request."""
        last = self.last = self._first + len(records) - 1
        while self.stored < last:
            try:
                while self.done < last:
                    if not await self._take_some(records):
                        last = self.done
                if self.stored < self.done:
                    await self._keep(self.done, [], [])
            except JournalMoved as exc:
                await self._move(exc.applied)

    async def _move(self, applied: int) -> None:
        """The store has taken the journal up to another record: an earlier request got there, or never did."""
        if applied < self.stored:
            raise JournalGap(
                f"Record {self.stored + 1} of the journal does not follow: it was taken up to {applied}. Send what "
                "comes after that.",
                applied,
            )
        self._known = True
        self.repeated += max(0, min(applied, self.last) - self.stored)
        self.stored, self.done = applied, max(self.done, applied)
        earlier = await self._store.taken(self._ctx.workspace_id, self._journal)
        mine = {one.seq for one in self.refused}
        self.refused += [one for one in earlier.refused if one.seq >= self._first and one.seq not in mine]

    async def _take_some(self, records: Records) -> bool:
        """As many of them as one transaction may take; whether more may be taken in this request."""
        at = max(0, self.done + 1 - self._first)
        some = slice(at, min(len(records), at + self._size))
        if some.stop - at <= PLAN_HERE:
            found = records[some]
        else:
            found = await asyncio.to_thread(records.__getitem__, some)
        for part in _parts(found):
            await self._take_part(part)
            if len(self.refused) >= MOST_REFUSED:
                return False
        return bool(found)

    async def _take_part(self, part: Sequence[Readable]) -> None:
        if not isinstance(part[0], Call):
            await self._change(part)
            return
        if not self._known:
            applied = (await self._store.taken(self._ctx.workspace_id, self._journal)).applied
            if applied != self.stored:
                raise JournalMoved(applied)
            self._known = True
        await self._call(part[0])

    async def _change(self, records: Sequence[Readable]) -> None:
        plan = Plan(self._ctx, self._rules)
        if len(records) <= PLAN_HERE:
            plan.add(self.done + 1, records)
        else:
            await asyncio.to_thread(plan.add, self.done + 1, records)
        try:
            await self._keep(self.done + len(records), plan.changes, plan.refused)
        except InternalFault:
            if len(records) > 1:
                half = len(records) // 2
                await self._change(records[:half])
                await self._change(records[half:])
            else:  # a defect of ours must not hold up what follows
                self._refuse(InternalFault.code, DEFECT)

    async def _keep(self, done: int, changes: Sequence[Change], refused: Sequence[Refused]) -> None:
        place = (self._ctx.workspace_id, self._journal)
        stretch = Stretch(self.stored, done, changes, [*self.refused, *refused])
        size = done - self.stored
        made = await self._store.take(*place, stretch, self._admission)
        self._paced(size, made.took_s)
        self.refused_now += len(refused) + len(made.refused)
        self.refused += [*refused, *made.refused]
        self.stored = self.done = done
        self._known = True

    def _paced(self, size: int, took_s: float) -> None:
        """Let the next stretch take about as long as one may: records of points cost less than those of params."""
        if size * 2 >= self._size:
            factor = min(2.0, max(0.25, STRETCH_S / max(took_s, 1e-6)))
            self._size = min(MOST_STRETCH, max(LEAST_STRETCH, int(size * factor)))

    async def _call(self, call: Call) -> None:
        seq = self.done + 1
        place = (self._ctx.workspace_id, self._journal)
        body = await self._prepared(call)
        if body is None:
            return
        with self._store.taking(*place, self.stored, seq, self.refused) as mark:
            try:
                await self._dispatcher.call(self._ctx, call.method, call.path, body)
                self.done = seq
            except JournalMoved:
                raise
            except RunyardError as exc:
                if exc.retryable and not mark.written:
                    raise
                self._refuse(exc.code, exc.message)
            except Exception:
                self._refuse_defect(call)
        if mark.written:
            self.stored = seq

    async def _prepared(self, call: Call) -> dict[str, Any] | None:
        """The body of a call; None when it was refused."""
        try:
            return await self._dispatcher.prepare(self._ctx, call.path, call.body)
        except RunyardError as exc:
            if exc.retryable:
                raise
            self._refuse(exc.code, exc.message)
        except Exception:
            self._refuse_defect(call)
        return None

    def _refuse_defect(self, call: Call) -> None:
        log.exception("A call of a journal failed unexpectedly: %s %s", call.method, call.path[:200])
        self._refuse(InternalFault.code, DEFECT)

    def _refuse(self, code: str, message: str) -> None:
        """The next record is not kept."""
        self.done += 1
        self.refused_now += 1
        self.refused.append(Refused(self.done, code, message[:MESSAGE_LIMIT]))


def _parts(records: Sequence[Readable]) -> Iterator[Sequence[Readable]]:
    """Each call alone, and what lies between calls together."""
    for is_call, some in itertools.groupby(records, lambda record: isinstance(record, Call)):
        if is_call:
            yield from ([one] for one in some)
        else:
            yield list(some)

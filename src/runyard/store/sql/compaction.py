"""Background work: log rows become sealed chunks, counts are made exact, and freed disk space is given back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import groupby
from typing import NamedTuple

from runyard.errors import RunyardError
from runyard.store.sql.compact_runs import RUN_POINTS, Change, put_in_place, tell_damage, work_out
from runyard.store.sql.database import Connection, Database
from runyard.store.sql.lease import Lease
from runyard.store.sql.pausing import is_set
from runyard.store.sql.series.codec import CorruptChunk
from runyard.store.sql.series.compaction import SIZES, Sizes
from runyard.store.sql.settle_series import (
    FIRST,
    SETTLED_AT_ONCE,
    Disordered,
    Totals,
    count_series,
    find_disordered,
    settle,
)
from runyard.store.sql.space import give_back_space
from runyard.store.sql.untangle import work_out_untangling

log = logging.getLogger("runyard.store")

EVERY_S = 0.5
AFTER_FAULT_S = 10.0
LAST_PASS_S = 3.0
ROWS = 64
POINTS = 32_768
QUIET_PASSES = 20
GATHERED_PASSES = 10
BATCH_RUNS = 200
BATCH_POINTS = 200_000
PENDING = "SELECT run_id, count(*), sum(count), max(id) FROM point_log GROUP BY run_id"


class Due(NamedTuple):
    """A run to compact."""

    run_id: int
    points: int
    quiet: bool


class Compactor:
    """Compacts what is large or has been quiet for a while.

    The log holds only what came since the last compaction, so a pass over an idle server costs two look-ups in empty
    indexes, however many runs there are. Quiet runs are gathered for a few seconds: many share one commit. Of several
    servers on one database one does the work.
    """

    def __init__(self, database: Database, sizes: Sizes = SIZES) -> None:
        self._database = database
        self._sizes = sizes
        self._seen: dict[int, tuple[int, int]] = {}
        self._counted: dict[tuple[int, int], int] = {}
        self._settled_to = FIRST
        self._damaged: set[int] = set()
        self._tangled: dict[tuple[int, int], None] = {}
        self._passes = 0
        self._space_freed = True
        self._behind = False
        self._lease = Lease(database, "compaction")
        self.turn = asyncio.Lock()  # held during a pass; rows of deleted workspaces are removed between two

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background while the block lasts; what is pending then is compacted for up to 3 s."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._loop(stop))
        try:
            yield
        finally:
            stop.set()
            await task  # not cancelled: a write of its own might still be under way beside the last pass
            await self._finish_soon()

    async def finish(self) -> None:
        """Compact everything and give back the space, so that a stopped server's files are small."""
        while await self.pass_once(quiet_passes=0):
            pass
        await give_back_space(self._database, whole=True)
        await self._lease.leave()

    async def _finish_soon(self) -> None:
        try:
            await asyncio.wait_for(self.finish(), LAST_PASS_S)
        except (RunyardError, TimeoutError) as exc:
            log.info("Some points are left to compact at the next start: %s", exc or "time is up")
        except Exception:
            log.exception("Compaction failed; it will be tried again at the next start")

    async def _loop(self, stop: asyncio.Event) -> None:
        while not await is_set(stop, 0.0 if self._behind else EVERY_S):
            try:
                await self.pass_once()
            except RunyardError as exc:
                self._behind = False
                log.warning("Compaction waits: %s", exc)
            except Exception:
                self._behind = False
                log.exception("Compaction failed; it will be tried again")
                await is_set(stop, AFTER_FAULT_S)

    async def pass_once(self, *, quiet_passes: int = QUIET_PASSES) -> int:
        """Compact every run that is due; returns how many runs were compacted.

        Args:
            quiet_passes: a run is quiet when it has logged nothing for so many passes; 0: take every run for quiet.
        """
        async with self.turn:
            return await self._pass(quiet_passes)

    async def _pass(self, quiet_passes: int) -> int:
        self._passes += 1
        if quiet_passes == 0:
            await self._database.read(lambda c: None)  # after which no points are set aside
        gather = self._passes % GATHERED_PASSES == 0 or quiet_passes < GATHERED_PASSES
        due = await self._due(quiet_passes, gather=gather)
        if due and not await self._lease.take():
            due = []
        self._behind = any(run.points > RUN_POINTS for run in due)
        done = 0
        for batch in _batches(due):
            done += await self._compact(batch)
        self._space_freed |= done > 0
        await self._settle_some(at_once=quiet_passes == 0)
        if not done:
            done = await self._untangle_one()
            self._space_freed |= done > 0
        if not done and self._space_freed:
            self._space_freed = await give_back_space(self._database)
        return done

    async def _due(self, quiet_passes: int, *, gather: bool) -> list[Due]:
        rows = await self._database.peek(lambda c: c.all(PENDING))
        seen: dict[int, tuple[int, int]] = {}
        due = []
        for run_id, count, points, newest in rows:
            last, passes = self._seen.get(run_id, (newest, -1))
            passes = passes + 1 if last == newest else 0
            seen[run_id] = (newest, passes)
            quiet = passes >= quiet_passes
            if (count >= ROWS or points >= POINTS or (quiet and gather)) and run_id not in self._damaged:
                due.append(Due(run_id, int(points), quiet))
        self._seen = seen
        return due

    async def _compact(self, batch: list[Due]) -> int:
        """Compact runs in one transaction."""
        runs = [(run.run_id, run.quiet) for run in batch]
        changes, damaged = await self._database.peek(lambda c: work_out(c, runs, self._sizes))
        self._damaged.update(damaged)
        for run in batch:
            self._seen.pop(run.run_id, None)
        return await self._write(changes) if changes else 0

    async def _write(self, changes: Sequence[Change]) -> int:
        return await self._database.write(lambda tx: put_in_place(tx, changes), checked=True)

    async def _settle_some(self, *, at_once: bool) -> None:
        """Count disordered series that did not change since the last pass."""
        found = await self._database.peek(lambda c: find_disordered(c, self._settled_to))
        more = len(found) == SETTLED_AT_ONCE
        self._settled_to = (found[-1].run_id, found[-1].key_id) if more else FIRST
        if not found or not await self._lease.take():
            return
        waiting = {(one.run_id, one.key_id): one.count for one in found}
        still = [
            one
            for one in found
            if (at_once or self._counted.get((one.run_id, one.key_id)) == one.count)
            and one.run_id not in self._damaged
        ]
        self._counted = waiting
        counted: list[tuple[Disordered, Totals | None]] = []
        for run_id, series in groupby(still, key=lambda one: one.run_id):
            counted += await self._count(run_id, list(series))
        for one, totals in counted:
            if totals is None or totals.overlapping > self._sizes.depth:
                self._tangled[one.run_id, one.key_id] = None
        results = [(one, totals) for one, totals in counted if totals is not None]
        if results:
            await self._database.write(lambda tx: settle(tx, results), checked=True)

    async def _untangle_one(self) -> int:
        """One step for one series that was out of order lately; returns how many runs changed."""
        while self._tangled:
            run_id, key_id = next(iter(self._tangled))
            change = await self._database.peek(partial(self._work_out_untangling, run_id, key_id))
            if change is not None:
                return await self._write([change])
            del self._tangled[run_id, key_id]
        return 0

    def _work_out_untangling(self, run_id: int, key_id: int, c: Connection) -> Change | None:
        try:
            return work_out_untangling(c, run_id, key_id, self._sizes)
        except CorruptChunk as exc:
            tell_damage(c, run_id, exc)
            self._damaged.add(run_id)
            return None

    async def _count(self, run_id: int, series: list[Disordered]) -> list[tuple[Disordered, Totals | None]]:
        """Totals of series of one run."""

        def work(c: Connection) -> dict[int, Totals | None]:
            try:
                return count_series(c, run_id, [one.key_id for one in series])
            except CorruptChunk as exc:
                tell_damage(c, run_id, exc)
                self._damaged.add(run_id)
                return {}

        totals = await self._database.peek(work)
        return [(one, totals.get(one.key_id)) for one in series]


def _batches(due: Iterable[Due]) -> Iterator[list[Due]]:
    """Runs that share a commit: so few that nobody waits long for it."""
    batch: list[Due] = []
    points = 0
    for run in due:
        if batch and (len(batch) >= BATCH_RUNS or points + run.points > BATCH_POINTS):
            yield batch
            batch, points = [], 0
        batch.append(run)
        points += run.points
    if batch:
        yield batch

"""What changes, told as it happens to those who look at it, in bounded memory and as often as is of use."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec

from runyard.entities.change import ChangeKind, Changes
from runyard.errors import InvalidInput, NotFound, StorageUnavailable, TooManyRequests
from runyard.services.checks import experiment_of
from runyard.services.context import Context
from runyard.store.event_contracts import ChangeFeed

READ, READ_EXPERIMENT, READ_TRACES = "runs/read", "experiments/read", "traces/read"
STREAMS_EACH = 32  # of one principal, in one process
STREAMS = 500  # in one process
EXPERIMENTS_LIMIT = 1_000  # that one stream may name
GAP_S = 1.0  # between two messages about runs


class Told(msgspec.Struct):
    """What one listener is told: runs by name with their kinds, or experiments with many changed runs.

    Attributes:
        everything: more may have changed than could be told.
        experiments: that have changed themselves.
        traces: experiments whose traces have changed.
    """

    runs: list[tuple[str, int, ChangeKind]]
    many: list[int]
    everything: bool
    experiments: list[int]
    traces: list[int]


class Listener:
    """One stream. What it has not read yet is kept in few words, however slow it reads.

    Attributes:
        context: who listens; replaced when it is looked again what they may read.
        ended: nothing more is told.
    """

    def __init__(
        self, context: Context, experiments: frozenset[int], leave: Callable[[Listener], None]
    ) -> None:
        self.context = context
        self.ended = False
        self._experiments = experiments
        self._leave = leave
        self._waiting = Changes()
        self._something = asyncio.Event()
        self._over = asyncio.Event()
        self._next_at = 0.0

    def hear(self, changes: Changes) -> None:
        """Keep what is theirs to know."""
        waiting, here = self._waiting, self.context.workspace_id
        for place in changes.many:
            if place.workspace_id == here and self._reads(READ, place.experiment_id):
                waiting.add_many([place])
        for place, runs in changes.runs.items():
            if place.workspace_id == here and self._reads(READ, place.experiment_id):
                for run_id, kind in runs.items():
                    waiting.add_run(place, run_id, kind)
        for place in changes.experiments:
            if place.workspace_id == here and self._reads(READ_EXPERIMENT, place.experiment_id):
                waiting.add_experiment(place)
        for place in changes.traces:
            if place.workspace_id == here and self._reads(READ_TRACES, place.experiment_id):
                waiting.add_traces(place)
        waiting.lost = waiting.lost or changes.lost
        if waiting:
            self._something.set()

    def _reads(self, action: str, experiment_id: int) -> bool:
        wanted = not self._experiments or experiment_id in self._experiments
        return wanted and self.context.grants.permits(action, experiment_id)

    async def next(self, within_s: float) -> Told | None:
        """What has changed, at most once a second; None: nothing within that time, or the end."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        try:
            async with asyncio.timeout_at(until):
                await self._something.wait()
                await self._pause(self._next_at - loop.time())
        except TimeoutError:
            return None
        if self.ended:
            return None
        self._next_at = loop.time() + GAP_S
        self._something.clear()
        waiting, self._waiting = self._waiting, Changes()
        return Told(
            [
                (run_id, place.experiment_id, kind)
                for place, runs in waiting.runs.items()
                for run_id, kind in runs.items()
            ],
            sorted(place.experiment_id for place in waiting.many),
            waiting.lost,
            sorted(place.experiment_id for place in waiting.experiments),
            sorted(place.experiment_id for place in waiting.traces),
        )

    async def _pause(self, seconds: float) -> None:
        if seconds > 0 and not self.ended:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), seconds)

    def end(self) -> None:
        """Tell nothing more, from now on."""
        if not self.ended:
            self.ended = True
            self._something.set()
            self._over.set()
            self._leave(self)


class EventService:
    """Those who listen to this process.

    Args:
        feed: of changes, those of other servers included.
    """

    def __init__(self, feed: ChangeFeed) -> None:
        self._feed = feed
        self._listeners: set[Listener] = set()
        self._stopped = False
        self._settling: asyncio.Future[None] | None = None

    @property
    def count(self) -> int:
        """Open streams."""
        return len(self._listeners)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear what changes while the block lasts."""
        async with self._feed.running(self._hear):
            try:
                yield
            finally:
                self.stop()

    async def listen(self, ctx: Context, experiment_ids: Sequence[str]) -> Listener:
        """Changes from now on, in these experiments or, without any, in all that the caller may read.

        The caller ends the listener.
        Raises: NotFound for an experiment that is not theirs to read; TooManyRequests.
        """
        if len(experiment_ids) > EXPERIMENTS_LIMIT:
            raise InvalidInput(
                f"{len(experiment_ids)} experiments are more than {EXPERIMENTS_LIMIT}. Name fewer, or none."
            )
        experiments = frozenset(experiment_of(ctx, one) for one in experiment_ids)
        for one in sorted(experiments):
            if not ctx.grants.permits(READ, one):
                raise NotFound(f"No Experiment with id={one} exists")
        self._check_room(ctx)
        listener = Listener(ctx, experiments, self._left)
        self._listeners.add(listener)
        try:
            await self._feed.want(True)
        except BaseException:
            listener.end()
            raise
        return listener

    def stop(self) -> None:
        """End all streams now, and open no others."""
        self._stopped = True
        for listener in list(self._listeners):
            listener.end()

    def _check_room(self, ctx: Context) -> None:
        if self._stopped:
            raise StorageUnavailable("The server is shutting down. Ask again in a moment.")
        theirs = sum(one.context.principal.id == ctx.principal.id for one in self._listeners)
        if len(self._listeners) >= STREAMS or theirs >= STREAMS_EACH:
            raise TooManyRequests(
                f"{theirs} event streams of yours and {len(self._listeners)} in all are open here; the limits are "
                f"{STREAMS_EACH} and {STREAMS}. Close some, or ask again later.",
                retry_after_s=10,
            )

    def _hear(self, changes: Changes) -> None:
        for listener in list(self._listeners):
            listener.hear(changes)

    def _left(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        if not self._listeners and (self._settling is None or self._settling.done()):
            self._settling = asyncio.ensure_future(self._settle())

    async def _settle(self) -> None:
        await self._feed.want(bool(self._listeners))

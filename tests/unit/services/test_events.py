"""Those who listen to changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from runyard.entities.access import ACTIONS, Grants
from runyard.entities.change import RUNS, ChangeKind, Changes, Place
from runyard.entities.principal import LOCAL
from runyard.errors import NotFound, StorageUnavailable, TooManyRequests
from runyard.services.context import Context
from runyard.services.events import STREAMS, STREAMS_EACH, EventService
from runyard.store.event_contracts import Hear

CTX = Context(workspace_id=1)


class Feed:
    """A feed by hand."""

    def __init__(self) -> None:
        self.wanted: list[bool] = []
        self.hear: Hear = lambda changes: None

    @asynccontextmanager
    async def running(self, hear: Hear) -> AsyncIterator[None]:
        self.hear = hear
        yield

    async def want(self, wanted: bool) -> None:
        self.wanted.append(wanted)


def changes(*runs: str, place: Place = Place(1, 7)) -> Changes:  # noqa: B008
    found = Changes()
    for run in runs:
        found.add_run(place, run, ChangeKind.POINTS)
    return found


def somebody(number: int) -> Context:
    return msgspec.structs.replace(CTX, principal=msgspec.structs.replace(LOCAL, id=number))


def test_a_slow_reader_keeps_little() -> None:
    async def scenario() -> None:
        feed = Feed()
        service = EventService(feed)
        async with service.running():
            listener = await service.listen(CTX, [])
            for number in range(5_000):
                feed.hear(changes(f"r{number}"))
            told = await listener.next(1)
            assert told is not None
            assert (told.many, told.runs, told.everything) == ([7], [], False)
            feed.hear(changes("one"))
            told = await listener.next(2)
            assert told is not None and [run for run, *_ in told.runs] == ["one"]

    asyncio.run(scenario())


def test_nobody_there_means_that_nothing_is_wanted() -> None:
    async def scenario() -> None:
        feed = Feed()
        service = EventService(feed)
        async with service.running():
            first, second = await service.listen(CTX, []), await service.listen(CTX, [])
            first.end()
            first.end()
            await asyncio.sleep(0)
            assert feed.wanted == [True, True] and service.count == 1
            second.end()
            third = await service.listen(CTX, [])
            await asyncio.sleep(0)
            assert feed.wanted[-1] is True
            third.end()
            await asyncio.sleep(0)
            assert feed.wanted[-1] is False and service.count == 0

    asyncio.run(scenario())


def test_limits_of_one_and_of_all() -> None:
    async def scenario() -> None:
        service = EventService(Feed())
        async with service.running():
            mine = [await service.listen(somebody(1), []) for _ in range(STREAMS_EACH)]
            with pytest.raises(TooManyRequests):
                await service.listen(somebody(1), [])
            for number in range(STREAMS - STREAMS_EACH):
                await service.listen(somebody(2 + number // STREAMS_EACH), [])
            with pytest.raises(TooManyRequests):
                await service.listen(somebody(999), [])
            mine[0].end()
            assert await service.listen(somebody(1), [])

    asyncio.run(scenario())


def test_the_end_comes_at_once_and_stays() -> None:
    async def scenario() -> None:
        feed = Feed()
        service = EventService(feed)
        async with service.running():
            listener = await service.listen(CTX, [])
            waiting = asyncio.ensure_future(listener.next(60))
            paused = await service.listen(CTX, [])
            feed.hear(changes("a", place=Place(1, 8)))
            assert await paused.next(1)
            feed.hear(changes("b"))
            rests = asyncio.ensure_future(paused.next(60))
            await asyncio.sleep(0)
            service.stop()
            async with asyncio.timeout(0.5):
                assert await rests is None
                await waiting
                assert await listener.next(60) is None
            with pytest.raises(StorageUnavailable):
                await service.listen(CTX, [])

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("experiments", "grants", "heard"),
    [
        ([], Grants(frozenset(ACTIONS)), {"here", "there"}),
        (["7"], Grants(frozenset(ACTIONS)), {"here"}),
        ([], Grants(frozenset(), frozenset(), {7: (frozenset({"runs/read"}), frozenset())}), {"here"}),
        (
            [],
            Grants(frozenset(ACTIONS), frozenset(), {7: (frozenset(), frozenset({"runs/read"}))}),
            {"there"},
        ),
    ],
)
def test_only_what_is_asked_for_and_theirs_is_told(
    experiments: list[str], grants: Grants, heard: set[str]
) -> None:
    async def scenario() -> None:
        feed = Feed()
        service = EventService(feed)
        async with service.running():
            listener = await service.listen(msgspec.structs.replace(CTX, grants=grants), experiments)
            for name, place in (("elsewhere", Place(2, 7)), ("here", Place(1, 7)), ("there", Place(1, 8))):
                feed.hear(changes(name, place=place))
            told = await listener.next(1)
            assert told is not None and {run for run, *_ in told.runs} == heard

    asyncio.run(scenario())


def test_experiments_that_are_not_theirs_look_absent() -> None:
    async def scenario() -> Any:
        grants = Grants(frozenset(), frozenset(), {7: (frozenset({"runs/read"}), frozenset())})
        service = EventService(Feed())
        with pytest.raises(NotFound):
            await service.listen(msgspec.structs.replace(CTX, grants=grants), ["7", "8"])
        assert service.count == 0

    asyncio.run(scenario())


def test_a_flood_of_runs_is_told_in_bounded_words() -> None:
    async def scenario() -> None:
        feed = Feed()
        service = EventService(feed)
        async with service.running():
            listener = await service.listen(CTX, [])
            for number in range(3 * RUNS):
                feed.hear(changes(f"r{number}", place=Place(1, number % 40)))
            told = await listener.next(1)
            assert told is not None and len(told.runs) <= RUNS
            assert {*told.many, *(experiment for _, experiment, _ in told.runs)} == set(range(40))

    asyncio.run(scenario())

"""How a request with records of a journal is worked through, against a store that fails on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from runyard.entities.journal import Call, PointRecord
from runyard.errors import (
    InternalFault,
    JournalGap,
    NotFound,
    StorageUnavailable,
    TooManyRequests,
)
from runyard.server.routes.journals import Crowd
from runyard.services.context import Context
from runyard.services.journals import (
    FIRST_STRETCH,
    LEAST_STRETCH,
    MOST_STRETCH,
    STRETCH_S,
    WAITING_WRITES,
    JournalService,
)
from runyard.store.journal_contracts import (
    Admission,
    JournalMoved,
    Made,
    Refused,
    SomePoints,
    Stretch,
    Taken,
)

ID = "a" * 32


class Mark:
    def __init__(self) -> None:
        self.written = False


class Store:
    """Keeps seqs. A stretch with a point of value `poison` breaks."""

    def __init__(self, applied: int = 0) -> None:
        self.applied = applied
        self.kept: list[int] = []
        self.told: Sequence[Refused] = ()
        self.poison = -1.0
        self.cost_s = 0.0
        self.sizes: list[int] = []
        self.mark: Mark | None = None

    async def taken(self, workspace_id: int, journal: str) -> Taken:
        return Taken(self.applied, self.told)

    async def take(self, workspace_id: int, journal: str, stretch: Stretch, admission: Admission) -> Made:
        if stretch.before != self.applied:
            raise JournalMoved(self.applied)
        groups = [one for one in stretch.changes if isinstance(one, SomePoints)]
        if any(point.value == self.poison for one in groups for point in one.points):
            raise InternalFault("broken")
        self.kept += sorted(seq for one in groups for seq in one.seqs)
        self.sizes.append(stretch.last - stretch.before)
        self.applied, self.told = stretch.last, stretch.refused
        return Made([], (stretch.last - stretch.before) * self.cost_s)

    @contextmanager
    def taking(
        self, workspace_id: int, journal: str, before: int, seq: int, refused: Sequence[Refused]
    ) -> Iterator[Mark]:
        mark = self.mark = Mark()
        yield mark
        if mark.written:
            self.applied, self.told = seq, list(refused)
            self.kept.append(seq)

    async def seen(self, workspace_id: int, journal: str, *, ended: bool) -> None: ...

    async def forget(self, ended_before_ms: int, seen_before_ms: int, limit: int) -> int:
        return 0


class Calls:
    """Answers calls by their path."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: list[str] = []

    async def prepare(self, ctx: Context, path: str, body: dict[str, Any]) -> dict[str, Any]:
        errors: dict[str, Exception] = {
            "no such experiment": NotFound("no"), "busy experiments": StorageUnavailable("busy"), "odd": KeyError("odd"),
        }  # fmt: skip
        if path in errors:
            raise errors[path]
        return body

    async def call(self, ctx: Context, method: str, path: str, body: dict[str, Any]) -> None:
        self.asked.append(path)
        assert self.store.mark is not None
        errors: dict[str, Exception] = {
            "refused": NotFound("no"), "busy": StorageUnavailable("busy"), "bug": KeyError("bug"), "late": KeyError("late"),
        }  # fmt: skip
        self.store.mark.written = path in ("done", "late")
        if path in errors:
            raise errors[path]


def serve(store: Store, waiting: int = 0) -> tuple[JournalService, Calls]:
    calls = Calls(store)
    return JournalService(store, calls, lambda: waiting), calls


def point(value: float) -> PointRecord:
    return PointRecord("r" * 32, "m", value, 1)


def take(service: JournalService, first: int, *records: Any) -> Taken:
    return asyncio.run(service.take(Context(), ID, first, records))


def test_the_one_record_that_breaks_the_server_is_refused_and_all_others_are_kept() -> None:
    store = Store()
    store.poison = 37.0
    taken = take(serve(store)[0], 1, *(point(float(number)) for number in range(1, 101)))
    assert [(one.seq, one.code) for one in taken.refused] == [(37, "INTERNAL_ERROR")]
    assert store.kept == [seq for seq in range(1, 101) if seq != 37]
    assert (taken.applied, store.applied) == (100, 100)


@pytest.mark.parametrize(
    ("cost_s", "last"), [(1e-6, MOST_STRETCH), (STRETCH_S / 500, 500), (1.0, LEAST_STRETCH)]
)
def test_transactions_take_as_many_records_as_do_not_hold_others_up(cost_s: float, last: int) -> None:
    store = Store()
    store.cost_s = cost_s
    taken = take(serve(store)[0], 1, *(point(float(number)) for number in range(1, 60_001)))
    assert taken.applied == sum(store.sizes) == 60_000
    assert store.sizes[0] == FIRST_STRETCH and max(store.sizes) <= MOST_STRETCH
    assert store.sizes[-2] == last


def test_calls_are_made_in_their_order_and_what_fails_for_good_is_refused() -> None:
    store = Store()
    service, calls = serve(store)
    paths = ["done", "refused", "bug", "late", "nothing", "refused"]
    taken = take(service, 1, point(1.0), *(Call("r", "POST", path) for path in paths), point(2.0), Call("r", "", "refused"))  # fmt: skip
    assert calls.asked == [*paths, "refused"]
    refused = [(one.seq, one.code) for one in taken.refused]
    assert refused == [
        (3, "RESOURCE_DOES_NOT_EXIST"), (4, "INTERNAL_ERROR"), (5, "INTERNAL_ERROR"), (7, "RESOURCE_DOES_NOT_EXIST"),
        (9, "RESOURCE_DOES_NOT_EXIST"),
    ]  # fmt: skip
    assert (store.kept, store.applied, taken.applied) == ([1, 2, 5, 8], 9, 9)
    assert list(store.told) == list(taken.refused)


def test_a_server_that_is_busy_over_a_call_is_asked_again_from_there() -> None:
    store = Store()
    service, calls = serve(store)
    records = [point(1.0), Call("r", "POST", "refused"), Call("r", "POST", "done"), Call("r", "POST", "busy"), point(2.0)]  # fmt: skip
    with pytest.raises(StorageUnavailable):
        take(service, 1, *records)
    assert (store.applied, store.kept) == (3, [1, 3])
    records[3] = Call("r", "POST", "done")
    again = take(service, 1, *records)
    assert calls.asked == ["refused", "done", "busy", "done"]
    assert [(one.seq, one.code) for one in again.refused] == [(2, "RESOURCE_DOES_NOT_EXIST")]
    assert (again.applied, store.kept) == (5, [1, 3, 4, 5])


def test_what_a_call_names_is_looked_up_before_it_and_fails_as_the_call_would() -> None:
    store = Store()
    service, calls = serve(store)
    asked = [Call("r", "POST", path) for path in ("no such experiment", "odd", "done")]
    taken = take(service, 1, *asked)
    assert [(one.seq, one.code) for one in taken.refused] == [
        (1, "RESOURCE_DOES_NOT_EXIST"),
        (2, "INTERNAL_ERROR"),
    ]
    assert (calls.asked, store.kept) == (["done"], [3])
    with pytest.raises(StorageUnavailable):
        take(service, 4, Call("r", "POST", "busy experiments"))
    assert store.applied == 3


@pytest.mark.parametrize("first", [4, 9])
def test_what_does_not_follow_is_told_up_to_where_it_was_taken(first: int) -> None:
    for record in (point(1.0), Call("r", "POST", "done")):
        store = Store(applied=2)
        service, calls = serve(store)
        with pytest.raises(JournalGap) as caught:
            take(service, first, record)
        assert caught.value.details == {"applied": 2}
        assert (store.kept, calls.asked) == ([], [])


def test_calls_that_were_taken_already_are_not_made_again() -> None:
    store = Store(applied=3)
    service, calls = serve(store)
    taken = take(service, 1, *(Call("r", "POST", "done") for _ in range(4)))
    assert (calls.asked, taken.applied) == (["done"], 4)


def test_a_long_queue_sends_senders_away() -> None:
    with pytest.raises(TooManyRequests) as caught:
        take(serve(Store(), WAITING_WRITES + 1)[0], 1, point(1.0))
    assert caught.value.retry_after_s
    assert take(serve(Store(), WAITING_WRITES)[0], 1, point(1.0)).applied == 1


def test_bodies_in_memory_have_a_limit() -> None:
    crowd = Crowd(held_bytes=100)
    with crowd.room() as first:
        first(60)
        with crowd.room() as second:
            second(30)
            with pytest.raises(TooManyRequests):
                second(10)
        with crowd.room() as third:
            third(38)
            with pytest.raises(TooManyRequests), crowd.room():
                pass
    assert crowd.free == 100

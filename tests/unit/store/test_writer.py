"""Group commit on a connection that fails as it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from runyard.errors import (
    AlreadyExists,
    InternalFault,
    InvalidInput,
    RunyardError,
    StorageFull,
    StorageUnavailable,
)
from runyard.store.sql.database import Dialect, Row, Transaction
from runyard.store.sql.faults import Disconnected, Taken, TryAgain
from runyard.store.sql.intern import Interned, RunRef
from runyard.store.sql.writer import ATTEMPTS, DeferredWork, GroupCommitter


class Storage:
    """What is durable, and the errors that the next calls of a name raise."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.connections = 0
        self.failing: dict[str, list[Exception]] = {}

    def fail(self, what: str, *errors: Exception) -> None:
        self.failing[what] = list(errors)

    def met(self, what: str) -> None:
        errors = self.failing.get(what)
        if errors:
            raise errors.pop(0)


class FakeConnection(DeferredWork):
    """`execute("INSERT", [n])` adds n to what the commit keeps."""

    dialect: Dialect = "sqlite"

    def __init__(self, storage: Storage) -> None:
        super().__init__()
        storage.met("connect")
        storage.connections += 1
        self._storage = storage
        self._pending: list[int] = []
        self._mark = 0
        self.interned = Interned(remember_runs=False)

    def begin(self, *, only_points: bool, wait_s: float) -> None:
        self._storage.met("begin")
        self._pending = []

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        if sql.startswith("SAVEPOINT"):
            self._mark = len(self._pending)
        elif sql.startswith("ROLLBACK TO"):
            del self._pending[self._mark :]
        elif sql == "INSERT":
            self._storage.met("insert")
            self._pending.append(params[0])
        return 1

    def commit(self) -> bool:
        self._storage.met("commit")
        self._storage.kept += self._pending
        return True

    def rollback(self) -> None:
        self.forget_deferred()
        self._storage.met("rollback")

    def close(self) -> None: ...

    def set_aside(self, points: Mapping[RunRef, list[bytes]]) -> bool:
        return False

    def many(self, sql: str, rows: object) -> int:
        raise NotImplementedError

    def all(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        raise NotImplementedError

    def one(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        raise NotImplementedError

    def each(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
        raise NotImplementedError


class LostError(Exception): ...


class DeadlockError(Exception): ...


class FullError(Exception): ...


class UniqueError(Exception): ...


FAULTS: dict[type[Exception], RunyardError] = {
    LostError: Disconnected("lost"),
    DeadlockError: TryAgain("deadlock"),
    FullError: StorageFull("full"),
    UniqueError: Taken("taken"),
}


@pytest.fixture
def storage() -> Storage:
    return Storage()


def run(storage: Storage, *works: Callable[[Transaction], Any], checked: bool = False) -> list[Any]:
    """What each work answers or raises when all are sent at once."""

    async def go() -> list[Any]:
        writer = GroupCommitter(lambda: FakeConnection(storage), lambda exc: FAULTS.get(type(exc)))
        writer.start()
        sent: list[Awaitable[Any]] = [writer.submit(work, checked=checked) for work in works]
        try:
            return await asyncio.gather(*sent, return_exceptions=True)
        finally:
            await asyncio.to_thread(writer.close)

    return asyncio.run(go())


def insert(number: int) -> Callable[[Transaction], int]:
    def work(tx: Transaction) -> int:
        tx.execute("INSERT", [number])
        return number

    return work


def refused(tx: Transaction) -> None:
    tx.execute("INSERT", [-1])
    raise InvalidInput("no")


def broken(tx: Transaction) -> None:
    tx.execute("INSERT", [-1])
    raise ZeroDivisionError


@pytest.mark.parametrize("what", ["begin", "insert"])
def test_lost_connection_is_replaced_and_the_write_repeated(storage: Storage, what: str) -> None:
    storage.fail(what, LostError())
    assert run(storage, insert(1)) == [1]
    assert (storage.kept, storage.connections) == ([1], 2)


def test_connection_lost_during_a_commit_is_not_repeated_and_says_so(storage: Storage) -> None:
    storage.fail("commit", LostError())
    (answer,) = run(storage, insert(1))
    assert type(answer) is StorageUnavailable
    assert "not known" in answer.message
    assert storage.kept == []


def test_deadlock_is_repeated_on_the_same_connection(storage: Storage) -> None:
    storage.fail("insert", *[DeadlockError()] * (ATTEMPTS - 1))
    assert run(storage, insert(1)) == [1]
    assert (storage.kept, storage.connections) == ([1], 1)


def test_deadlock_that_stays_is_a_503(storage: Storage) -> None:
    storage.fail("insert", *[DeadlockError()] * ATTEMPTS)
    (answer,) = run(storage, insert(1))
    assert (answer.status, answer.retryable, storage.kept) == (503, True, [])


def test_database_that_cannot_be_reached_is_a_503_until_it_can(storage: Storage) -> None:
    def lose(tx: Transaction) -> None:
        storage.fail("connect", LostError())
        raise LostError

    (answer,) = run(storage, lose)
    assert (answer.status, answer.retry_after_s) == (503, 2)
    assert run(storage, insert(2)) == [2]


@pytest.mark.parametrize("what", ["insert", "commit"])
def test_full_disk_is_a_503_and_keeps_nothing_of_the_group(storage: Storage, what: str) -> None:
    storage.fail(what, FullError())
    answers = run(storage, insert(1))
    assert [type(answer) for answer in answers] == [StorageFull]
    assert storage.kept == []


@pytest.mark.parametrize("checked", [False, True])
def test_name_taken_a_moment_ago_is_looked_at_again(storage: Storage, checked: bool) -> None:
    storage.fail("insert", UniqueError())
    assert run(storage, insert(1), checked=checked) == [1]
    storage.fail("insert", *[UniqueError()] * ATTEMPTS)
    (answer,) = run(storage, insert(2), checked=checked)
    assert isinstance(answer, AlreadyExists)


def test_refused_write_leaves_no_trace_and_its_neighbours_alone(storage: Storage) -> None:
    answers = run(storage, insert(1), refused, insert(2))
    assert [type(answer) for answer in answers] == [int, InvalidInput, int]
    assert storage.kept == [1, 2]


def test_defect_in_one_write_fails_that_write_alone(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        answers = run(storage, insert(1), broken, insert(2))
    assert [type(answer) for answer in answers] == [int, InternalFault, int]
    assert storage.kept == [1, 2]


def test_connection_that_cannot_be_undone_is_replaced(storage: Storage) -> None:
    storage.fail("insert", FullError())
    storage.fail("rollback", LostError())
    (answer,) = run(storage, insert(1))
    assert isinstance(answer, StorageFull)
    assert run(storage, insert(2)) == [2]


def test_deferred_work_of_a_refused_write_is_forgotten(storage: Storage) -> None:
    class Later:
        def flush(self, tx: Transaction) -> None:
            tx.execute("INSERT", [7])

    def defers_and_raises(tx: Transaction) -> None:
        tx.defer(Later)
        raise InvalidInput("no")

    assert [type(answer) for answer in run(storage, defers_and_raises, insert(1))] == [InvalidInput, int]
    assert storage.kept == [1]


def test_start_says_why_the_database_cannot_be_opened(storage: Storage) -> None:
    storage.fail("connect", FullError())
    writer = GroupCommitter(lambda: FakeConnection(storage), lambda exc: FAULTS.get(type(exc)))
    with pytest.raises(StorageFull):
        writer.start()

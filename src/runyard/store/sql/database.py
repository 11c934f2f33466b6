"""What the statements of every noun run on: a connection, a transaction, a database.

A store method is async; the work itself is a plain function that gets one connection and runs in a thread:

    await database.read(lambda c: c.one("SELECT name FROM experiments WHERE id = ?", (7,)))
    await database.write(lambda tx: tx.execute("UPDATE ...", (...)))

Placeholders are `?` for both databases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

from runyard.store.sql.change_log import ChangeLog
from runyard.store.sql.intern import Interned, RunRef

T = TypeVar("T")
D = TypeVar("D", bound="Deferred")
Dialect = Literal["sqlite", "postgresql"]
Row = tuple[Any, ...]
Params = Sequence[Any]


class Connection(Protocol):
    """Runs statements. Not shared between threads."""

    dialect: Dialect

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run one statement; returns the number of rows that it changed."""
        ...

    def many(self, sql: str, rows: Iterable[Params]) -> int:
        """Run one statement for each of rows; returns the number of rows that they changed."""
        ...

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """All rows of a query."""
        ...

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """The first row of a query (also of `... RETURNING`), or None."""
        ...

    def each(self, sql: str, params: Params = ()) -> Iterable[Row]:
        """Rows one after the other, without holding them all."""
        ...


class Transaction(Connection, Protocol):
    """A connection inside a write transaction, with what writers share."""

    interned: Interned
    changes: ChangeLog

    def defer(self, kind: type[D]) -> D:
        """The work of that kind that runs once before the commit, shared by all writes of the group; made when absent."""
        ...

    def settle(self) -> None:
        """Run the deferred work now, so that statements see it."""
        ...

    def set_aside(self, points: Mapping[RunRef, list[bytes]]) -> bool:
        """Make packed points durable now and store them before the next read; False when that is not possible here."""
        ...


class Deferred(Protocol):
    """Work collected over the writes of one group, for example points of many requests."""

    def flush(self, tx: Transaction) -> None: ...


Read = Callable[[Connection], T]
Write = Callable[[Transaction], T]


class Database(Protocol):
    """Durable storage with many readers and group-committed writers."""

    dialect: Dialect

    async def read(self, work: Read[T]) -> T:
        """Run work on a consistent snapshot that holds every acknowledged write.

        Raises: QueryTooExpensive after the time limit; StorageUnavailable.
        """
        ...

    async def peek(self, work: Read[T]) -> T:
        """`read` for work in the background: points that were set aside may still be missing, summaries included."""
        ...

    async def write(self, work: Write[T], *, checked: bool = False, only_points: bool = False) -> T:
        """Run work inside the next group commit; returns after it would survive power loss.

        work may be called more than once (a group that fails is retried) and must depend on nothing but the database
        and its arguments. If it raises, none of its changes are kept and the other writes of the group are not touched.

        Args:
            checked: work raises only before its first change, so no savepoint is needed (cheaper).
            only_points: work does nothing but add points to runs, so they may be set aside; must be checked.
        Raises: what work raises; StorageUnavailable or StorageFull, when nothing was kept.
        """
        ...

    async def close(self) -> None:
        """Finish what was accepted, then close."""
        ...

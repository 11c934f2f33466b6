"""A few threads that read, each on a connection of its own for the time of the read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from runyard.errors import RunyardError
from runyard.store.sql.database import Connection, Read
from runyard.store.sql.faults import Disconnected

T = TypeVar("T")
READERS = 4


class ReadConnection(Connection, Protocol):
    """A connection that only reads; used by one thread at a time."""

    def begin_read(self) -> None:
        """Start a snapshot and the time limit of the query."""
        ...

    def end_read(self) -> None:
        """Leave the snapshot. Never raises because the connection is lost."""
        ...

    def close(self) -> None: ...


class ReaderPool:
    """Reads of one database.

    Args:
        connect: opens a connection, also after a lost one; one thread uses it at a time.
        translate: a fault of the storage as our error; None when it is not the storage's fault.
    """

    def __init__(
        self, connect: Callable[[], ReadConnection], translate: Callable[[Exception], RunyardError | None]
    ) -> None:
        self._connect = connect
        self._translate = translate
        self._idle: list[ReadConnection] = []
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="runyard-reader")

    async def read(self, work: Read[T]) -> T:
        """Run work on a snapshot; once more on a new connection when the old one turns out to be lost."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    def close(self) -> None:
        """Finish the reads under way, then close. Blocks."""
        self._pool.shutdown(wait=True)
        for connection in self._idle:
            connection.close()

    def _read(self, work: Read[T]) -> T:
        """The connection that was used last is used next, because its cache knows what people look at."""
        try:
            return self._read_on(self._idle_one() or self._connected(), work)
        except Disconnected:
            return self._read_on(self._connected(), work)

    def _idle_one(self) -> ReadConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connected(self) -> ReadConnection:
        try:
            return self._connect()
        except Exception as exc:
            raise self._told(exc) from exc

    def _read_on(self, connection: ReadConnection, work: Read[T]) -> T:
        try:
            answer = self._in_snapshot(connection, work)
        except Exception as exc:
            fault = self._told(exc)
            if isinstance(fault, Disconnected):
                with contextlib.suppress(Exception):
                    connection.close()
            else:
                self._idle.append(connection)
            if fault is exc:
                raise
            raise fault from exc
        self._idle.append(connection)
        return answer

    def _told(self, exc: Exception) -> Exception:
        """The fault of the storage that exc is, or exc itself."""
        return exc if isinstance(exc, RunyardError) else self._translate(exc) or exc

    def _in_snapshot(self, connection: ReadConnection, work: Read[T]) -> T:
        connection.begin_read()
        try:
            return work(connection)
        finally:
            connection.end_read()

"""A few threads that read, each on a connection of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from runyard.errors import RunyardError
from runyard.store.sql.database import Connection, Read
from runyard.store.sql.faults import Disconnected

T = TypeVar("T")
READERS = 4


class ReadConnection(Connection, Protocol):
    """The connection of a reader thread."""

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
        connect: opens a connection, called in the thread that will use it; also after a lost connection.
        translate: a fault of the storage as our error; None when it is not the storage's fault.
    """

    def __init__(
        self, connect: Callable[[], ReadConnection], translate: Callable[[Exception], RunyardError | None]
    ) -> None:
        self._connect = connect
        self._translate = translate
        self._local = threading.local()
        self._open: list[ReadConnection] = []
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="runyard-reader")

    async def read(self, work: Read[T]) -> T:
        """Run work on a snapshot; once more on a new connection when the old one turns out to be lost."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    def close(self) -> None:
        """Finish the reads under way, then close. Blocks."""
        self._pool.shutdown(wait=True)
        for connection in self._open:
            connection.close()

    def _read(self, work: Read[T]) -> T:
        try:
            return self._translated(work)
        except Disconnected:
            self._drop()
            return self._translated(work)

    def _translated(self, work: Read[T]) -> T:
        try:
            return self._in_snapshot(work)
        except RunyardError:
            raise
        except Exception as exc:
            fault = self._translate(exc)
            if fault is None:
                raise
            raise fault from exc

    def _in_snapshot(self, work: Read[T]) -> T:
        connection = self._connection()
        connection.begin_read()
        try:
            return work(connection)
        finally:
            connection.end_read()

    def _connection(self) -> ReadConnection:
        connection: ReadConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            self._local.connection = connection
            self._open.append(connection)
        return connection

    def _drop(self) -> None:
        connection: ReadConnection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            self._open.remove(connection)
            with contextlib.suppress(Exception):
                connection.close()

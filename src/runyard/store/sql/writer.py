"""Group commit: one thread drains a queue of writes into one transaction per commit.

All requests that wait share the fsync, and each is answered after it. There is no timer: a group is what was queued
while the last commit ran, so a lone caller waits for nothing and a crowd shares everything.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from runyard.errors import CallerError, InternalFault, RunyardError, StorageUnavailable
from runyard.store.sql.database import Deferred, Transaction, Write
from runyard.store.sql.faults import TryAgain

T = TypeVar("T")
log = logging.getLogger("runyard.store")

GROUP_LIMIT = 1_000
QUEUE_LIMIT = 20_000
ATTEMPTS = 3


class WriteConnection(Transaction, Protocol):
    """The connection of the writer thread."""

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def forget_deferred(self) -> None: ...

    def rollback(self) -> None:
        """Undo. Raises when the connection cannot be used any more."""
        ...

    def close(self) -> None: ...


class DeferredWork:
    """Mixin of write connections: work that the writes of one group share."""

    def __init__(self) -> None:
        self._deferred: dict[object, Deferred] = {}

    def defer(self, key: object, work: Deferred) -> Any:
        return self._deferred.setdefault(key, work)

    def settle(self) -> None:
        while self._deferred:
            _, work = self._deferred.popitem()
            work.flush(self)  # type: ignore[arg-type]

    def forget_deferred(self) -> None:
        self._deferred.clear()


class WriterStats:
    """Counters that the metrics page reads."""

    def __init__(self) -> None:
        self.commits = 0
        self.writes = 0
        self.commit_seconds = 0.0
        self.last_commit_seconds = 0.0
        self.failures = 0


class _Item:
    __slots__ = ("checked", "error", "future", "loop", "result", "work")

    def __init__(self, work: Write[Any], checked: bool, future: asyncio.Future[Any]) -> None:
        self.work = work
        self.checked = checked
        self.future = future
        self.loop = future.get_loop()
        self.result: Any = None
        self.error: BaseException | None = None


class GroupCommitter:
    """Owns the writer thread.

    Args:
        connect: opens the write connection, called in the thread; also after a lost connection.
        translate: a fault of the storage as our error; None when it is not the storage's fault.
    """

    def __init__(
        self,
        connect: Callable[[], WriteConnection],
        translate: Callable[[Exception], RunyardError | None],
        *,
        name: str = "runyard-writer",
    ) -> None:
        self._connect = connect
        self._translate = translate
        self._connection: WriteConnection | None = None
        self._in_doubt = False
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._closing = False
        self._ready: threading.Event = threading.Event()
        self._start_error: BaseException | None = None
        self.stats = WriterStats()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Open the connection; raises what opening raised."""
        self._thread.start()
        self._ready.wait()
        if self._start_error is not None:
            raise self._start_error

    @property
    def depth(self) -> int:
        """Writes that wait."""
        return self._queue.qsize()

    def submit(self, work: Write[T], *, checked: bool = False) -> asyncio.Future[T]:
        """Queue work; the future is done after the commit. Call from an event loop."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._closing:
            future.set_exception(StorageUnavailable("The server is shutting down. Send the request again."))
        elif self._queue.qsize() >= QUEUE_LIMIT:
            future.set_exception(
                StorageUnavailable(f"{QUEUE_LIMIT} writes are waiting already. Send the request again later.")
            )
        else:
            self._queue.put(_Item(work, checked, future))
        return future

    def close(self) -> None:
        """Commit what is queued, then stop. Blocks."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        self._thread.join()

    # --- the thread ---

    def _run(self) -> None:
        try:
            self._connection = self._connect()
        except Exception as exc:
            self._start_error = self._translate(exc) or exc
            return
        finally:
            self._ready.set()
        stop = False
        while not stop:
            group, stop = self._take()
            if group:
                self._commit_or_split(group, ATTEMPTS)
                _answer(group)
        self._disconnect()

    def _take(self) -> tuple[list[_Item], bool]:
        first = self._queue.get()
        group: list[_Item] = []
        if first is None:
            return group, True
        group.append(first)
        try:
            while len(group) < GROUP_LIMIT:
                item = self._queue.get_nowait()
                if item is None:
                    return group, True
                group.append(item)
        except Empty:
            pass
        return group, False

    def _commit_or_split(self, group: list[_Item], attempts: int) -> None:
        """Commit the group; when one write breaks it in a way that cannot be undone alone, commit one by one."""
        try:
            self._commit(group)
        except Exception as exc:
            fault = self._fault(exc)
            self._undo()
            if isinstance(fault, TryAgain) and attempts > 1 and self._reconnected():
                self._commit_or_split(group, attempts - 1)
            elif (fault is not None and fault.retryable) or len(group) == 1:
                self._fail(group, fault, exc)
            else:
                for item in group:
                    self._commit_or_split([item], ATTEMPTS)

    def _fault(self, exc: Exception) -> RunyardError | None:
        fault = exc if isinstance(exc, RunyardError) else self._translate(exc)
        if isinstance(fault, TryAgain) and self._in_doubt:
            return StorageUnavailable(
                "The database was lost while it stored this request; whether it was kept is not known. Send it again."
            )
        return fault

    def _undo(self) -> None:
        """Back to a usable connection, or to none."""
        self._in_doubt = False
        try:
            if self._connection is not None:
                self._connection.rollback()
        except Exception as exc:
            log.warning("The write connection is lost: %s", exc)
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        except Exception as exc:
            log.warning("The write connection could not be closed: %s", exc)

    def _reconnected(self) -> bool:
        try:
            self._connection = self._connection or self._connect()
        except Exception as exc:
            log.warning("The database cannot be reached: %s", exc)
        return self._connection is not None

    def _fail(self, group: list[_Item], fault: RunyardError | None, exc: Exception) -> None:
        self.stats.failures += len(group)
        if fault is None:
            log.error("A write failed", exc_info=exc)
            fault = InternalFault("The server met an unexpected error. Its log says more.")
        elif fault.retryable:
            log.warning("%d writes were not kept: %s", len(group), exc)
        for item in group:
            item.error = fault

    def _commit(self, group: list[_Item]) -> None:
        began = time.perf_counter()
        connection = self._connection = self._connection or self._connect()
        connection.begin()
        for item in group:
            item.error = None
            if item.checked:
                self._apply(connection, item)
            else:
                self._apply_in_savepoint(connection, item)
        connection.settle()
        self._in_doubt = True
        connection.commit()
        self._in_doubt = False
        connection.interned.committed()
        took = time.perf_counter() - began
        stats = self.stats
        stats.commits += 1
        stats.writes += len(group)
        stats.commit_seconds += took
        stats.last_commit_seconds = took

    def _apply(self, connection: WriteConnection, item: _Item) -> None:
        try:
            item.result = item.work(connection)
        except RunyardError as exc:
            item.error = exc

    def _apply_in_savepoint(self, connection: WriteConnection, item: _Item) -> None:
        connection.settle()
        mark = connection.interned.mark()
        connection.execute("SAVEPOINT one_write")
        try:
            item.result = item.work(connection)
            connection.settle()
        except Exception as exc:
            item.error = exc if isinstance(exc, RunyardError) else self._caller_error(exc)
            if item.error is None:
                raise
            connection.forget_deferred()
            connection.execute("ROLLBACK TO SAVEPOINT one_write")
            connection.interned.rollback(mark)
        connection.execute("RELEASE SAVEPOINT one_write")

    def _caller_error(self, exc: Exception) -> CallerError | None:
        """What the database refused because of the request, for example a name that another server has just taken."""
        fault = self._translate(exc)
        return fault if isinstance(fault, CallerError) else None


def _answer(group: list[_Item]) -> None:
    """Wake each event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[_Item]] = {}
    for item in group:
        loops.setdefault(item.loop, []).append(item)
    for loop, items in loops.items():
        try:
            loop.call_soon_threadsafe(_resolve, items)
        except RuntimeError:
            log.warning("%d answers had nobody left to read them", len(items))


def _resolve(items: list[_Item]) -> None:
    for item in items:
        if item.future.done():
            continue
        if item.error is not None:
            item.future.set_exception(item.error)
        else:
            item.future.set_result(item.result)

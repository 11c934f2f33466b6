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

from runyard.errors import InternalFault, RunyardError, StorageUnavailable
from runyard.store.sql.change_log import ChangeLog
from runyard.store.sql.database import Deferred, Transaction, Write
from runyard.store.sql.faults import Disconnected, Taken, TryAgain
from runyard.store.sql.pending import Pending, resolve, wake

T = TypeVar("T")
D = TypeVar("D", bound=Deferred)
log = logging.getLogger("runyard.store")

GROUP_LIMIT = 1_000
QUEUE_LIMIT = 20_000
ATTEMPTS = 3
LOCK_WAIT_S = 5.0  # for another process that holds the write lock of a file
FAILING_LOCK_WAIT_S = 0.2  # when the last wait was in vain
CLOSING = "The server is shutting down. Send the request again."
QUICK_COMMIT_S = 0.002
APART_S = 0.0005  # who writes again sooner is not alone


class WriteConnection(Transaction, Protocol):
    """The connection of the writer thread."""

    def begin(self, *, only_points: bool, wait_s: float) -> None:
        """Begin; only_points: everything in the transaction is; wait_s: for a lock that another process holds."""
        ...

    def commit(self) -> bool:
        """Make durable what is not yet; False when the database itself had nothing to do with this group."""
        ...

    def forget_deferred(self) -> None: ...

    def rollback(self) -> None:
        """Undo. Raises when the connection cannot be used any more."""
        ...

    def close(self) -> None: ...


class DeferredWork:
    """Mixin of write connections: work that the writes of one group share."""

    def __init__(self, changes: ChangeLog | None = None) -> None:
        self.changes = changes or ChangeLog()
        self._deferred: dict[type[Deferred], Any] = {}

    def defer(self, kind: type[D]) -> D:
        work: D | None = self._deferred.get(kind)
        if work is None:
            work = self._deferred[kind] = kind()
        return work

    def settle(self) -> None:
        while self._deferred:
            _, work = self._deferred.popitem()
            work.flush(self)

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
    ) -> None:
        self._connect = connect
        self._translate = translate
        self._connection: WriteConnection | None = None
        self._in_doubt = False  # a COMMIT was sent and not answered yet
        self._failing = False
        self._here: list[Pending] = []
        self._typical_s = 0.0
        self._last = 0.0  # when somebody last wrote
        self._turn = threading.Lock()  # whoever holds it may use the connection
        self._queue: SimpleQueue[Pending | None] = SimpleQueue()
        self._closing = False
        self._ready: threading.Event = threading.Event()
        self._start_error: BaseException | None = None
        self.stats = WriterStats()
        self._thread = threading.Thread(target=self._run, name="runyard-writer", daemon=True)

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

    def submit(
        self, work: Write[T], *, checked: bool = False, only_points: bool = False, here: bool = False
    ) -> asyncio.Future[T]:
        """Queue work; the future is done after the commit. Call from an event loop.

        Args:
            checked, only_points: as in Database.write.
            here: its commit is short, so it may be done in the event loop unless this turn brings another one; that
                spares two changes of threads.
        """
        self._last = time.perf_counter()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if self._closing:
            future.set_exception(StorageUnavailable(CLOSING))
        elif self._queue.qsize() >= QUEUE_LIMIT:
            future.set_exception(
                StorageUnavailable(f"{QUEUE_LIMIT} writes are waiting already. Send the request again later.")
            )
        elif here:
            if not self._here:
                loop.call_soon(self._commit_here)
            self._here.append(Pending(work, checked, only_points, future))
        else:
            self._queue.put(Pending(work, checked, only_points, future))
        return future

    def commit_now(self, work: Write[Any]) -> Pending | None:
        """Commit a write that only adds points, in a short commit, in this very turn of the event loop.

        That spares a future and two more turns. None: its sender is not alone, or it did not work; `submit` it then.
        """
        now = time.perf_counter()
        alone = now - self._last > APART_S and not self._here and self._is_idle()
        self._last = now
        if not alone or self._closing or not self._turn.acquire(blocking=False):
            return None
        try:
            item = Pending(work, True, True, None)
            return item if self._committed_here([item]) else None
        finally:
            self._turn.release()

    def _commit_here(self) -> None:
        """Commit the one write that this turn of the event loop brought; several go to the thread, as a group."""
        items, self._here = self._here, []
        if len(items) == 1 and self._is_idle() and self._turn.acquire(blocking=False):
            try:
                done = self._committed_here(items)
            finally:
                self._turn.release()
            if done:
                resolve(items)
                return
        for item in items:
            if self._closing and item.future is not None:
                item.future.set_exception(StorageUnavailable(CLOSING))
            else:
                self._queue.put(item)

    def _is_idle(self) -> bool:
        return self._queue.empty() and not self._failing and self._typical_s < QUICK_COMMIT_S

    def _committed_here(self, items: list[Pending]) -> bool:
        """Failures are the thread's business: it knows how to wait, to connect again and to give up."""
        if self._connection is None:
            return False
        try:
            self._commit(items, wait_s=0)
        except Exception:
            self._undo(None)
            return False
        return True

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
                with self._turn:
                    self._commit_or_split(group, ATTEMPTS)
                wake(group)
        self._disconnect()

    def _take(self) -> tuple[list[Pending], bool]:
        first = self._queue.get()
        group: list[Pending] = []
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

    def _commit_or_split(self, group: list[Pending], attempts: int) -> None:
        """Commit the group; when one write breaks it in a way that cannot be undone alone, commit one by one."""
        try:
            self._commit(group)
        except Exception as exc:
            fault = self._fault(exc)
            self._undo(fault)
            if isinstance(fault, (TryAgain, Taken)) and attempts > 1 and self._reconnected():
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

    def _undo(self, fault: RunyardError | None) -> None:
        """Back to a usable connection, or to none."""
        self._in_doubt = False
        if isinstance(fault, Disconnected):
            self._disconnect()
        try:
            if self._connection is not None:
                self._connection.rollback()
        except Exception as exc:
            log.warning("A transaction could not be undone: %s", exc)
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        except Exception as exc:
            log.warning("A connection could not be closed: %s", exc)

    def _reconnected(self) -> bool:
        try:
            self._connection = self._connection or self._connect()
        except Exception:
            return False
        return True

    def _fail(self, group: list[Pending], fault: RunyardError | None, exc: Exception) -> None:
        self.stats.failures += len(group)
        if fault is None:
            log.error("A write failed", exc_info=exc)
            fault = InternalFault("The server met an unexpected error. Its log says more.")
        elif fault.retryable and not self._failing:
            self._failing = True
            log.warning("The database takes no writes: %s", exc)
        for item in group:
            item.error = fault

    def _commit(self, group: list[Pending], *, wait_s: float | None = None) -> None:
        began = time.perf_counter()
        connection = self._connection = self._connection or self._connect()
        if wait_s is None:
            wait_s = FAILING_LOCK_WAIT_S if self._failing else LOCK_WAIT_S
        only_points = group[0].only_points and (len(group) == 1 or all(item.only_points for item in group))
        connection.begin(only_points=only_points, wait_s=wait_s)
        for item in group:
            item.error = None
            if item.checked:
                self._apply(connection, item)
            else:
                self._apply_in_savepoint(connection, item)
        connection.settle()
        self._in_doubt = True
        by_database = connection.commit()
        self._in_doubt = False
        connection.interned.committed()
        if connection.changes.listening:
            connection.changes.committed()
        if self._failing and by_database:
            self._failing = False
            log.warning("The database takes writes again")
        self._last = time.perf_counter()
        took = self._last - began
        self._typical_s += (took - self._typical_s) / 16
        stats = self.stats
        stats.commits += 1
        stats.writes += len(group)
        stats.commit_seconds += took
        stats.last_commit_seconds = took

    def _apply(self, connection: WriteConnection, item: Pending) -> None:
        try:
            item.result = item.work(connection)
        except TryAgain:
            raise
        except RunyardError as exc:
            item.error = exc

    def _apply_in_savepoint(self, connection: WriteConnection, item: Pending) -> None:
        connection.settle()
        mark = connection.interned.mark()
        connection.execute("SAVEPOINT one_write")
        try:
            item.result = item.work(connection)
            connection.settle()
        except TryAgain:
            raise
        except RunyardError as exc:
            item.error = exc
            connection.forget_deferred()
            connection.execute("ROLLBACK TO SAVEPOINT one_write")
            connection.interned.rollback(mark)
        connection.execute("RELEASE SAVEPOINT one_write")

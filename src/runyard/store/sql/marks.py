"""Writes that must happen once: in the same transaction it is kept that they were done.

Who does the write knows nothing of it; so the mark that goes with it travels in a context variable.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from runyard.errors import InternalFault
from runyard.store.sql.database import Database, Dialect, Read, Transaction, Write

T = TypeVar("T")


class Mark:
    """Something that is kept with the next write. `written`: it was."""

    def __init__(self, keep: Callable[[Transaction], None]) -> None:
        self.keep = keep
        self.written = False


_WAITING: ContextVar[Mark | None] = ContextVar("mark", default=None)


@contextmanager
def marked(mark: Mark) -> Iterator[Mark]:
    """In this block and task, the mark is kept in the transaction of the first write through a MarkedDatabase.

    A second write in the block raises InternalFault: it would not be done once.
    """
    token = _WAITING.set(mark)
    try:
        yield mark
    finally:
        _WAITING.reset(token)


class MarkedDatabase:
    """A Database whose writes heed `marked`. Cost where nothing is marked: one look at a context variable."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.dialect: Dialect = inner.dialect

    def read(self, work: Read[T]) -> Coroutine[Any, Any, T]:
        """As in Database."""
        return self._inner.read(work)

    def peek(self, work: Read[T]) -> Coroutine[Any, Any, T]:
        """As in Database."""
        return self._inner.peek(work)

    def write(
        self, work: Write[T], *, checked: bool = False, only_points: bool = False
    ) -> Coroutine[Any, Any, T]:
        """As in Database."""
        mark = _WAITING.get()
        if mark is None:
            return self._inner.write(work, checked=checked, only_points=only_points)
        return self._write(work, mark)

    async def _write(self, work: Write[T], mark: Mark) -> T:
        if mark.written:
            raise InternalFault("This request writes twice, so it cannot be done exactly once.")

        def both(tx: Transaction) -> T:
            mark.keep(tx)
            return work(tx)

        answer = await self._inner.write(both)
        mark.written = True
        return answer

    async def close(self) -> None:
        """As in Database."""
        await self._inner.close()

"""Several login nodes of one cluster as one machine: the first that can be reached answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from runyard.engines.shell.contracts import RUN_S, NotConnected, Ran, Shell

T = TypeVar("T")


class LoginNodes:
    """A Shell. What may have been done on one node is not done again on another.

    Args:
        shells: at least one; they share their folders.
    """

    def __init__(self, shells: Sequence[Shell]) -> None:
        self._shells = list(shells)

    @property
    def describe(self) -> str:
        """The one that is asked first."""
        return self._shells[0].describe

    async def run(self, argv: Sequence[str], stdin: bytes = b"", timeout_s: float = RUN_S) -> Ran:
        """See Shell."""
        return await self._first(lambda shell: shell.run(argv, stdin, timeout_s))

    async def put(self, content: bytes, path: str, mode: int) -> None:
        """See Shell."""
        await self._first(lambda shell: shell.put(content, path, mode))

    async def home(self) -> str:
        """See Shell."""
        return await self._first(lambda shell: shell.home())

    async def aclose(self) -> None:
        """Hang up everywhere."""
        for shell in self._shells:
            await shell.aclose()

    async def _first(self, ask: Callable[[Shell], Awaitable[T]]) -> T:
        """The one that answered is asked first from then on."""
        away: NotConnected | None = None
        for shell in list(self._shells):
            try:
                answer = await ask(shell)
            except NotConnected as exc:
                away = exc
                continue
            self._shells.sort(key=lambda one: one is not shell)
            return answer
        raise away or NotConnected("The compute target has no login node.")

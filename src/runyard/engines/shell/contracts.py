"""What engines ask of a machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from socket import socket
from typing import Protocol

import msgspec

from runyard.engines.contracts import NotConnected as NotConnected

RUN_S = 60.0
OUTPUT_BYTES = 16 * 1024 * 1024


class Ran(msgspec.Struct, frozen=True):
    """What came of a program. `exit_code` is negative for a signal."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def complaint(self) -> str:
        """What it said last on stderr, on one line."""
        lines = self.stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip()[:500] if lines else f"exit code {self.exit_code}"


class Shell(Protocol):
    """Runs programs on one machine. Several calls may be under way at once.

    Every method raises NotConnected, when nothing was done; EngineUnreachable, when it may have been.
    """

    @property
    def describe(self) -> str:
        """Which machine, for people."""
        ...

    async def run(self, argv: Sequence[str], stdin: bytes = b"", timeout_s: float = RUN_S) -> Ran:
        """Run a program to its end, with little in its environment. Its output is limited to 16 MiB."""
        ...

    async def put(self, content: bytes, path: str, mode: int) -> None:
        """Write a file with its directories, which nobody else may enter. It is there whole or not at all."""
        ...

    async def home(self) -> str:
        """The user's home directory there."""
        ...

    async def aclose(self) -> None:
        """Hang up. May be called twice."""
        ...


class Reach(msgspec.Struct, frozen=True):
    """How machines are reached.

    Attributes:
        connect: a connection to a host and port that users may reach. Raises: OSError, InvalidInput.
        fix_host_key: keeps the key that a host (address, port) showed at the first connection; answers the kept one.
    """

    connect: Callable[[str, int], Awaitable[socket]]
    fix_host_key: Callable[[str, int, str], Awaitable[str]]

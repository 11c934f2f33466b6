"""What the services ask of a store about logs of runs; the rules of store.contracts hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runyard.entities.run_log import LogPlace, LogState, LogText, RunLog


class RunLogStore(Protocol):
    """Text of runs, in pieces."""

    async def append(
        self, workspace_id: int, run_id: str, name: str, offset: int, body: bytes, limit: int
    ) -> int:
        """Add what the log has not yet, and return how many bytes have come in all. Again changes nothing.

        Of a long log its middle is left out: its first and its last 32 MiB are kept, a megabyte more at most.
        Cost: a piece of at most 32 KiB is written again, beside what is new.
        Raises: NotFound; InvalidInput for a deleted run, or one that has `limit` other logs; LogGap, when bytes before
            `offset` are missing; InvalidState for a closed log.
        """
        ...

    async def list(self, workspace_id: int, run_id: str) -> Sequence[RunLog]:
        """By name. Raises: NotFound for the run."""
        ...

    async def read(
        self, workspace_id: int, run_id: str, name: str, offset: int, limit: int
    ) -> LogText | None:
        """At most `limit` bytes from an offset on, fewer where bytes were left out; a negative one counts from the end.

        None: there is no such log. No text comes with one that is an artifact. Memory: the limit and two megabytes.
        Raises: NotFound for the run.
        """
        ...

    async def close(self, workspace_id: int, run_id: str) -> None:
        """Nothing is appended any more to the run's logs."""
        ...

    async def unsealed(self, workspace_id: int, run_id: str) -> Sequence[RunLog]:
        """The closed ones that are not artifacts alone yet."""
        ...

    async def place(self, workspace_id: int, run_id: str) -> LogPlace | None:
        """Where the run's artifacts are; None for a deleted one, or none."""
        ...

    async def set_state(self, row: int, state: LogState) -> None:
        """Of a closed log."""
        ...

    async def remove_text(self, row: int, pieces: int) -> bool:
        """Remove up to so many pieces of what the database has; returns whether there may be more."""
        ...

    async def put_off(self, workspace_id: int, run_id: str) -> None:
        """As if text had come to its closed logs just now, for `forgotten`."""
        ...

    async def forgotten(self, silent_ms: int, limit: int) -> Sequence[LogPlace]:
        """Runs that are not deleted and that have logs to seal: closed ones, or open ones of runs that have ended, when
        nothing came for so long.
        """
        ...

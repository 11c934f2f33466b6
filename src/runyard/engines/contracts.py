"""What the dispatcher asks of an engine.

An engine schedules; Runyard does not. On every machine the engine starts the same program, the *runner*
(runyard/runner, packed by engines/bundle.py), which fetches the rest from the server.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from runyard.entities.compute import Node
from runyard.entities.job import Resources


class Ticket(msgspec.Struct, frozen=True):
    """What an engine must know of a job.

    Attributes:
        run_id: also the job's name at the engine, so that a job that was handed over twice is found to be one.
        server_url, workspace: where the runner reports to.
        token: the job's access token. It travels in a file with mode 0600.
        code: good for the token once, until the runner has begun; for engines that record what they are given.
        max_seconds: the engine's own limit may be somewhat greater: the runner keeps this one.
        options: of the pool's size, for the engine.
        busy: the engine's ids of the jobs that it has now, for engines that choose machines by themselves.
    """

    run_id: str
    name: str
    workspace: str
    server_url: str
    token: str
    code: str
    node_count: int
    process_count: int
    resources: Resources
    max_seconds: int
    options: Mapping[str, str] = {}
    busy: Sequence[str] = ()


class EngineRequest(msgspec.Struct, frozen=True):
    """Exactly what is handed to the engine.

    Attributes:
        text: what `--dry-run` prints: a script, a JSON body or a command, without any secret.
        payload: for the engine's own call.
    """

    text: str
    payload: Mapping[str, Any] = {}


class Phase(enum.Enum):
    """Where a job is for its engine."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    UNKNOWN = "unknown"  # the engine has never heard of it, or has forgotten


class EngineState(msgspec.Struct, frozen=True):
    """What an engine says of a job.

    Attributes:
        reason: in the engine's words: why it waits, or how it ended.
        code: for one that ended: empty, or OutOfMemory, TimeOut, NodeLost, Canceled, EngineError. For one that runs:
            empty, or NodeLost, when a node of it is gone and the others do not know.
    """

    phase: Phase
    reason: str = ""
    code: str = ""
    exit_code: int | None = None
    signal: int | None = None


class EngineUnreachable(Exception):
    """The engine does not answer just now. It is asked again later; nothing is known about its jobs."""


class NotConnected(EngineUnreachable):
    """The engine was not reached at all, so nothing was done there."""


class EngineBusy(Exception):
    """There is no room just now, for a reason that the message gives. Nothing is wrong; later there may be."""


class EngineRefused(Exception):
    """The engine answered that this cannot be: asking again does not help."""


class Engine(Protocol):
    """One compute target's engine, connected on first use. Every method raises EngineUnreachable or EngineRefused.

    One engine may serve several calls at once.
    """

    def request(self, ticket: Ticket) -> EngineRequest:
        """What `submit` would hand over. Pure."""
        ...

    async def submit(self, ticket: Ticket) -> str:
        """Hand a job over; the same run_id again is the same job. Returns the engine's id for it. Raises: EngineBusy."""
        ...

    async def find(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """The engine's ids of those that it has, also ended ones that it remembers."""
        ...

    async def states(self, engine_ids: Sequence[str]) -> Mapping[str, EngineState]:
        """All of them in one call to the engine; those of which nothing can be known just now are left out.

        Raises: EngineUnreachable, when nothing is known of any.
        """
        ...

    async def cancel(self, engine_id: str) -> None:
        """Stop a job with all its processes; one that has ended stays as it is."""
        ...

    async def tail(self, engine_id: str) -> str:
        """The last 64 KiB of what the engine kept of a job's output from before and beside the runner."""
        ...

    async def nodes(self) -> Sequence[Node]:
        """The machines as they are now."""
        ...

    async def forget(self, engine_id: str) -> None:
        """The job has ended and is recorded: remove what was kept of it on the target."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...

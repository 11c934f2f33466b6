"""What services ask of what brings jobs to engines."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import msgspec

from runyard.engines.contracts import Engine, EngineBusy, EngineRefused, EngineUnreachable, Ticket
from runyard.entities.compute import Compute
from runyard.entities.job import Job
from runyard.errors import InvalidState
from runyard.jobs.dispatcher import Dispatcher
from runyard.jobs.parts import Parts
from runyard.jobs.texts import plain

TAIL_S = 20.0
TAIL_CHARS = 65_536
TAILS_AT_ONCE = 2  # of a target: whoever looks on leaves its other sessions to the work


class EngineHandover:
    """Wakes the dispatcher, and asks engines for people."""

    def __init__(self, parts: Parts, dispatcher: Dispatcher) -> None:
        self._parts = parts
        self._dispatcher = dispatcher
        self._turns: defaultdict[int, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(TAILS_AT_ONCE)
        )

    def wake(self) -> None:
        """There may be something to do."""
        self._dispatcher.wake()

    async def preview(self, compute: Compute, ticket: Ticket) -> str:
        """What the engine would be handed. Raises: InvalidState."""
        try:
            target = await self._parts.targets.of(compute)
            engine = await self._parts.targets.engine(target.base)
            url = ticket.server_url or target.base.server_url or self._parts.own_url
            return engine.request(
                msgspec.structs.replace(ticket, server_url=url, options=target.options)
            ).text
        except (EngineRefused, EngineUnreachable) as exc:
            raise InvalidState(plain(str(exc))) from exc

    async def tail(self, job: Job) -> str:
        """What the engine kept of a job's output; empty before it was handed over. Raises: InvalidState."""
        if job.compute_id is None or not job.engine_id:
            return ""
        compute = (await self._parts.computes.by_ids([job.compute_id])).get(job.compute_id)
        if compute is None:
            return ""
        try:
            async with asyncio.timeout(TAIL_S):
                base = (await self._parts.targets.of(compute)).base
                async with self._turns[base.id]:
                    engine: Engine = await self._parts.targets.engine(base)
                    return (await engine.tail(job.engine_id)).replace("\0", " ")[-TAIL_CHARS:]
        except (EngineRefused, EngineUnreachable, EngineBusy) as exc:
            raise InvalidState(f"The output cannot be read just now: {plain(str(exc))}") from exc
        except TimeoutError as exc:
            raise InvalidState(
                f"{compute.name} did not answer within {TAIL_S:.0f} seconds; try again."
            ) from exc

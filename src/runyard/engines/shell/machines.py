"""An engine of machines without a scheduler: each node of a job goes to the machine with the fewest jobs of ours."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from runyard.engines.contracts import (
    EngineBusy,
    EngineRefused,
    EngineRequest,
    EngineState,
    EngineUnreachable,
    Phase,
    Ticket,
)
from runyard.engines.shell.contracts import NotConnected
from runyard.engines.shell.job_files import job_files, shown_request
from runyard.engines.shell.joint import joint
from runyard.engines.shell.machine import Machine, RunnerState
from runyard.engines.shell.places import Claim, Place
from runyard.engines.shell.room import SHOWN, Room, choose, room_of, why_none
from runyard.engines.shell.starting import Failure, NotStarted, start_all
from runyard.entities.compute import Node
from runyard.entities.compute_room import why_never
from runyard.entities.job import Resources

T = TypeVar("T")
START_BYTES = 8
AWAY_S = 20.0
BEGUN = (Phase.RUNNING.value, Phase.ENDED.value)


class Machines:
    """Engine on one machine or several.

    Args:
        per_machine: how many jobs of ours one machine has at once; 0: any number.
        python: interpreters that environments are made with, where they name none.
        elsewhere: other servers may have machines of their own for the same target, of whose jobs this one knows nothing.
    """

    def __init__(
        self,
        machines: Sequence[Machine],
        per_machine: int,
        python: Sequence[str] = (),
        *,
        elsewhere: bool = False,
    ) -> None:
        self._elsewhere = elsewhere
        self._machines = {one.name: one for one in machines}
        self._per_machine = per_machine
        self._python = list(python)
        self._placing = asyncio.Lock()
        self._placed: dict[str, Claim] = {}  # those on their way, which the queue does not know yet
        self._known: dict[str, Node] = {}
        self._away: dict[str, tuple[float, NotConnected]] = {}

    def request(self, ticket: Ticket) -> EngineRequest:
        """The command, and the job file without the token. Raises: EngineRefused for more nodes than machines."""
        self._check_nodes(ticket)
        return shown_request(ticket, list(self._machines.values()), self._python)

    async def submit(self, ticket: Ticket) -> str:
        """Start the runners. A machine that is away or refuses is passed over as long as nothing was done on it."""
        self._check_nodes(ticket)
        away: dict[str, Failure] = self._lately_away() if ticket.node_count > 1 else {}
        while True:
            claim = await self._claim(ticket, away)
            machines = [self._machines[one.machine] for one in claim.places]
            names = [claim.name(rank) for rank in range(len(machines))]
            files = job_files(ticket, claim, self._python, secrets.token_hex(START_BYTES))
            try:
                await start_all(list(zip(machines, names, files, strict=True)))
            except NotStarted as exc:
                del self._placed[ticket.run_id]
                away |= exc.failures
                until = time.monotonic() + AWAY_S
                self._away |= {
                    name: (until, one) for name, one in exc.failures.items() if isinstance(one, NotConnected)
                }
                continue
            except BaseException:
                self._placed.pop(ticket.run_id, None)
                raise
            return claim.engine_id

    async def find(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """Those whose first node has begun anywhere. What a start that came to nothing has left is removed.

        Raises: EngineUnreachable, when a machine that is away may have one.
        """
        answers = await self._each(self._machines.values(), lambda one: one.find(run_ids))
        found: dict[str, str] = {}
        others: list[tuple[Machine, str, RunnerState]] = []
        for machine, states in answers.items():
            for name, state in () if isinstance(states, EngineUnreachable) else states.items():
                run_id, _, rank = name.partition(".")
                if rank or state.phase not in BEGUN:
                    others.append((self._machines[machine], name, state))
                else:
                    known = Claim(run_id, (Place(machine, tuple(state.gpus or ())[:64]),))
                    found[run_id] = state.engine_id or known.engine_id
        away = next((one for one in answers.values() if isinstance(one, EngineUnreachable)), None)
        if away is not None and len(found) < len(run_ids):
            raise away
        for left_on, name, state in others:
            run_id = name.partition(".")[0]
            if run_id not in self._placed and (run_id not in found or state.phase not in BEGUN):
                await left_on.stop(name)
                await left_on.forget(name)
        return found

    async def states(self, engine_ids: Sequence[str]) -> Mapping[str, EngineState]:
        """One call to each machine that has any of them."""
        claims = {one: Claim.of(one) for one in engine_ids}
        names: dict[str, list[str]] = {}
        for claim in claims.values():
            for rank, place in enumerate(claim.places):
                names.setdefault(place.machine, []).append(claim.name(rank))
        asked = [self._machines[one] for one in names if one in self._machines]
        answers = await self._each(asked, lambda one: one.states(names[one.name]))
        found: dict[str, EngineState] = {}
        for engine_id, claim in claims.items():
            nodes = [self._state(one, claim.name(rank), answers) for rank, one in enumerate(claim.places)]
            state = joint(claim, nodes)
            if state is not None:
                found[engine_id] = state
                if state.phase is Phase.ENDED:
                    self._placed.pop(claim.run_id, None)
        if not found:
            for failure in answers.values():
                if isinstance(failure, EngineUnreachable):
                    raise failure
        return found

    async def cancel(self, engine_id: str) -> None:
        """End it everywhere with all its processes."""
        claim = Claim.of(engine_id)
        await self._of_all(claim, lambda machine, name: machine.stop(name))
        self._placed.pop(claim.run_id, None)

    async def tail(self, engine_id: str) -> str:
        """What its runners said, one after the other."""
        claim = Claim.of(engine_id)
        asked = [
            (self._machines[one.machine], claim.name(rank))
            for rank, one in enumerate(claim.places)
            if one.machine in self._machines
        ]
        if claim.is_alone:
            return await asked[0][0].tail(asked[0][1]) if asked else ""
        texts = await asyncio.gather(*(_answer(machine.tail(name)) for machine, name in asked))
        return "\n".join(
            f"--- {machine.shown}\n{text}" for (machine, _), text in zip(asked, texts, strict=True)
        )

    async def nodes(self) -> Sequence[Node]:
        """One for each machine; one that is away is unusable. Raises: EngineUnreachable, when all are."""
        answers = await self._each(self._machines.values(), self._ask)
        if all(isinstance(one, EngineUnreachable) for one in answers.values()):
            raise next(one for one in answers.values() if isinstance(one, EngineUnreachable))
        return [
            Node(self._machines[name].shown, f"unusable: {one}"[:300])
            if isinstance(one, EngineUnreachable)
            else one
            for name, one in answers.items()
        ]

    async def forget(self, engine_id: str) -> None:
        """Remove its folders. Nodes that have not ended with the first are ended."""
        claim = Claim.of(engine_id)
        self._placed.pop(claim.run_id, None)

        async def remove(machine: Machine, name: str) -> None:
            if name != claim.run_id:
                await machine.stop(name)
            await machine.forget(name)

        await self._of_all(claim, remove)

    async def aclose(self) -> None:
        """Hang up everywhere."""
        for one in self._machines.values():
            await one.aclose()

    def _check_nodes(self, ticket: Ticket) -> None:
        never = why_never([self._has(one) for one in self._machines], ticket.node_count, Resources())
        if never:
            raise EngineRefused(never)

    def _has(self, name: str) -> Node:
        return self._known.get(name) or Node(self._machines[name].shown, "")

    async def _claim(self, ticket: Ticket, away: Mapping[str, Failure]) -> Claim:
        """Choose machines and GPUs, and hold them.

        Raises: EngineBusy, EngineRefused; NotConnected when no machine is left, and one may be there later.
        """
        wanted, count = ticket.resources, ticket.node_count
        async with self._placing:
            taken = {one.run_id: one for one in map(Claim.of, ticket.busy)} | self._placed
            taken.pop(ticket.run_id, None)
            failures = {**away, **await self._unknown(wanted, away)}
            rooms = [self._room(name, taken.values()) for name in self._machines if name not in failures]
            if len(rooms) < count and failures:
                raise self._too_few(rooms, failures, count)
            places = choose(rooms, count, wanted)
            if places:
                claim = Claim(ticket.run_id, tuple(places), wanted.cpus, wanted.memory_mb)
                self._placed[ticket.run_id] = claim
                return claim
        never = why_never([self._has(name) for name in self._machines], count, wanted)
        if never:
            raise EngineRefused(never)
        raise EngineBusy(why_none(rooms, count, wanted))

    def _too_few(self, rooms: Sequence[Room], failures: Mapping[str, Failure], count: int) -> Exception:
        """Of machines that can be used. Those that refuse will not change by themselves."""
        refused = [one for one in failures.values() if isinstance(one, EngineRefused)]
        if len(self._machines) - len(refused) < count and refused:
            return refused[0]
        if not rooms:
            return next(one for one in failures.values() if isinstance(one, NotConnected))
        texts = "; ".join(map(str, list(failures.values())[:SHOWN]))
        return EngineBusy(f"Waits for {count} machines, of which {len(rooms)} can be used: {texts}")

    def _lately_away(self) -> dict[str, Failure]:
        """Machines that a job of several nodes need not try just now, while others have use for the rest."""
        now = time.monotonic()
        return {name: one for name, (until, one) in self._away.items() if until > now}

    def _room(self, name: str, taken: Iterable[Claim]) -> Room:
        return room_of(name, self._machines[name].shown, self._per_machine, self._has(name), taken)

    async def _unknown(self, wanted: Resources, away: Mapping[str, Failure]) -> Mapping[str, Failure]:
        """Ask machines what they have, where that counts and is not known; what is wrong with those that do not tell."""
        if wanted == Resources():
            return {}
        names = [one for one in self._machines if one not in self._known and one not in away]
        failures = await asyncio.gather(*(self._failure(self._machines[one]) for one in names))
        return {name: one for name, one in zip(names, failures, strict=True) if one is not None}

    async def _failure(self, machine: Machine) -> Failure | None:
        try:
            await self._ask(machine)
        except EngineUnreachable as exc:
            return NotConnected(str(exc))  # nothing was done there
        except EngineRefused as exc:
            return exc
        return None

    async def _ask(self, machine: Machine) -> Node:
        found = await machine.nodes()
        whole = msgspec.structs.replace(found[0], name=machine.shown)
        self._known[machine.name] = whole
        return whole

    def _state(
        self, place: Place, name: str, answers: Mapping[str, Mapping[str, RunnerState] | EngineUnreachable]
    ) -> EngineState | None:
        """Of one node; None: nothing is known just now."""
        if place.machine not in self._machines:
            gone = f"The machine {place.machine} is no longer one of the compute target's."
            return None if self._elsewhere else EngineState(Phase.UNKNOWN, gone)
        states = answers[place.machine]
        return None if isinstance(states, EngineUnreachable) or name not in states else states[name].state

    async def _of_all(self, claim: Claim, do: Callable[[Machine, str], Awaitable[None]]) -> None:
        """For each node whose machine there is. Raises what the first raised that failed, when all have been tried."""
        calls = [
            do(self._machines[one.machine], claim.name(rank))
            for rank, one in enumerate(claim.places)
            if one.machine in self._machines
        ]
        for failure in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure

    async def _each(
        self, machines: Iterable[Machine], ask: Callable[[Machine], Awaitable[T]]
    ) -> dict[str, T | EngineUnreachable]:
        asked = list(machines)
        answers = await asyncio.gather(*(_answer(ask(one)) for one in asked))
        return {one.name: answer for one, answer in zip(asked, answers, strict=True)}


async def _answer(call: Awaitable[T]) -> T | EngineUnreachable:
    try:
        return await call
    except EngineUnreachable as exc:
        return exc
    except EngineRefused as exc:  # what is wrong with one machine is not with the others
        return EngineUnreachable(str(exc))

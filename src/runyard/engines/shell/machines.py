"""An engine of machines without a scheduler: each job goes to the one with the fewest jobs of ours."""

from __future__ import annotations

import asyncio
import json
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
from runyard.engines.shell.machine import Machine
from runyard.entities.compute import Node

T = TypeVar("T")
HIDDEN = "(the job's token)"


class Place(msgspec.Struct, frozen=True):
    """Where a job is; its engine's id is this, written down, so that a new server finds all of it again."""

    machine: str
    run_id: str
    gpus: tuple[int, ...] = ()

    @classmethod
    def of(cls, engine_id: str) -> Place:
        """The place that an id names."""
        where, _, gpus = engine_id.partition("@")
        machine, _, run_id = where.rpartition("/")
        return cls(machine, run_id, tuple(int(one) for one in gpus.split(",") if one.isdecimal()))

    @property
    def engine_id(self) -> str:
        """Its id."""
        gpus = ",".join(map(str, self.gpus))
        return f"{self.machine}/{self.run_id}" + (f"@{gpus}" if gpus else "")


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
        self._placed: dict[str, Place] = {}  # those on their way, which the queue does not know yet
        self._gpus: dict[str, int] = {}

    def request(self, ticket: Ticket) -> EngineRequest:
        """The command, and the job file without the token."""
        job = self._job(ticket, [])
        first = next(iter(self._machines.values()))
        names = ", ".join(one.describe for one in self._machines.values())
        where = names if len(self._machines) == 1 else f"the one with the fewest jobs of {names}"
        path = first.job_path(ticket.run_id)
        shown = json.dumps({**job, "token": HIDDEN}, indent=2)
        text = f"# on {where}\n{first.command()} start {path}\n\n# {path}\n{shown}\n"
        return EngineRequest(text, {"job": job})

    async def submit(self, ticket: Ticket) -> str:
        """Start the runner. A machine that is away or refuses is passed over as long as nothing was done on it."""
        if ticket.node_count > 1:
            raise EngineRefused(
                f"The job asks for {ticket.node_count} nodes. Machines without a scheduler run each job on one of them: "
                "submit it to a slurm or ray compute target, or ask for one node and more processes."
            )
        away: dict[str, NotConnected | EngineRefused] = {}
        while True:
            place = await self._place(ticket, away)
            try:
                await self._machines[place.machine].start(ticket.run_id, self._job(ticket, place.gpus))
            except (NotConnected, EngineRefused) as exc:
                del self._placed[ticket.run_id]
                away[place.machine] = exc
                continue
            except BaseException:
                self._placed.pop(ticket.run_id, None)
                raise
            return place.engine_id

    async def find(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """Those that have begun anywhere. Raises: EngineUnreachable, when a machine that is away may have one."""
        answers = await self._each(self._machines.values(), lambda one: one.states(run_ids))
        found: dict[str, str] = {}
        for name, states in answers.items():
            if not isinstance(states, EngineUnreachable):
                for run_id, state in states.items():
                    if state.phase not in (Phase.UNKNOWN.value, Phase.WAITING.value):
                        found[run_id] = Place(name, run_id, tuple(state.gpus or ())[:64]).engine_id
        away = next((one for one in answers.values() if isinstance(one, EngineUnreachable)), None)
        if away is not None and len(found) < len(run_ids):
            raise away
        return found

    async def states(self, engine_ids: Sequence[str]) -> Mapping[str, EngineState]:
        """One call to each machine that has any of them."""
        by_machine: dict[str, dict[str, str]] = {}
        for engine_id in engine_ids:
            place = Place.of(engine_id)
            by_machine.setdefault(place.machine, {})[place.run_id] = engine_id
        found: dict[str, EngineState] = {}
        for name in () if self._elsewhere else by_machine.keys() - self._machines.keys():
            gone = EngineState(Phase.UNKNOWN, f"The machine {name} is no longer one of the compute target's.")
            found |= dict.fromkeys(by_machine[name].values(), gone)
        asked = [self._machines[name] for name in by_machine if name in self._machines]
        answers = await self._each(asked, lambda one: one.states(list(by_machine[one.name])))
        for name, states in answers.items():
            if not isinstance(states, EngineUnreachable):
                found |= {by_machine[name][run_id]: state.state for run_id, state in states.items()}
        for run_id in [Place.of(one).run_id for one, state in found.items() if state.phase is Phase.ENDED]:
            self._placed.pop(run_id, None)
        if not found:
            for failure in answers.values():
                if isinstance(failure, EngineUnreachable):
                    raise failure
        return found

    async def cancel(self, engine_id: str) -> None:
        """End it with all its processes."""
        place = Place.of(engine_id)
        if place.machine in self._machines:
            await self._machines[place.machine].stop(place.run_id)
        self._placed.pop(place.run_id, None)

    async def tail(self, engine_id: str) -> str:
        """What its runner said."""
        place = Place.of(engine_id)
        return (
            await self._machines[place.machine].tail(place.run_id) if place.machine in self._machines else ""
        )

    async def nodes(self) -> Sequence[Node]:
        """One for each machine; one that is away is unusable. Raises: EngineUnreachable, when all are."""
        answers = await self._each(self._machines.values(), lambda one: one.nodes())
        nodes: list[Node] = []
        for name, found in answers.items():
            if isinstance(found, EngineUnreachable):
                nodes.append(Node(self._machines[name].shown, f"unusable: {found}"[:300]))
            else:
                nodes += [msgspec.structs.replace(one, name=self._machines[name].shown) for one in found]
                self._gpus[name] = sum(one.gpus for one in found)
        if all(isinstance(one, EngineUnreachable) for one in answers.values()):
            raise next(one for one in answers.values() if isinstance(one, EngineUnreachable))
        return nodes

    async def forget(self, engine_id: str) -> None:
        """Remove its folder."""
        place = Place.of(engine_id)
        self._placed.pop(place.run_id, None)
        if place.machine in self._machines:
            await self._machines[place.machine].forget(place.run_id)

    async def aclose(self) -> None:
        """Hang up everywhere."""
        for one in self._machines.values():
            await one.aclose()

    def _job(self, ticket: Ticket, gpus: Sequence[int]) -> dict[str, object]:
        job: dict[str, object] = {
            "server": ticket.server_url,
            "workspace": ticket.workspace,
            "run_id": ticket.run_id,
            "token": ticket.token,
            "tidy": True,
        }
        if self._python:
            job["python"] = self._python
        if ticket.resources.gpus:
            job["gpus"] = list(gpus)
        return job

    async def _place(self, ticket: Ticket, away: Mapping[str, NotConnected | EngineRefused]) -> Place:
        """Choose a machine and GPUs, and hold them.

        Raises: EngineBusy, EngineRefused; NotConnected when no machine is left, and one may be there later.
        """
        async with self._placing:
            taken = {one.run_id: one for one in map(Place.of, ticket.busy)} | self._placed
            taken.pop(ticket.run_id, None)
            open_ones = [name for name in self._machines if name not in away]
            if not open_ones:
                raise min(away.values(), key=lambda one: isinstance(one, EngineRefused))
            load = {name: sum(one.machine == name for one in taken.values()) for name in open_ones}
            refusal = ""
            for name in sorted(open_ones, key=lambda one: load[one]):
                if 0 < self._per_machine <= load[name]:
                    refusal = refusal or f"Waits for a machine: each runs at most {self._per_machine} at once"
                    continue
                of_machine = [one for one in taken.values() if one.machine == name]
                gpus = await self._free_gpus(name, ticket.resources.gpus, of_machine)
                if gpus is not None:
                    place = Place(name, ticket.run_id, tuple(gpus))
                    self._placed[ticket.run_id] = place
                    return place
                refusal = (
                    f"Waits for {ticket.resources.gpus} free GPU{'s' if ticket.resources.gpus > 1 else ''}"
                )
            known = [self._gpus.get(one, ticket.resources.gpus) for one in self._machines]
            if ticket.resources.gpus and max(known) < ticket.resources.gpus:
                most = max(known)
                raise EngineRefused(
                    f"The job asks for {ticket.resources.gpus} GPUs; no machine of the target has more than {most}."
                )
            raise EngineBusy(refusal)

    async def _free_gpus(self, name: str, wanted: int, taken: Iterable[Place]) -> list[int] | None:
        """Indices that no job of ours has; None: too few are free."""
        if not wanted:
            return []
        if name not in self._gpus:
            try:
                self._gpus[name] = sum(one.gpus for one in await self._machines[name].nodes())
            except EngineUnreachable:
                return None
        used = {gpu for one in taken for gpu in one.gpus}
        free = [one for one in range(self._gpus[name]) if one not in used]
        return free[:wanted] if len(free) >= wanted else None

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

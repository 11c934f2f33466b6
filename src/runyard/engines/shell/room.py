"""Which machines have room for a job. Pure: what they have and what jobs of ours have of it goes in.

A job that asks for nothing takes nothing but its place among the jobs of a machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from runyard.engines.shell.places import Claim, Place
from runyard.entities.compute import Node
from runyard.entities.compute_room import amount, amounts, asked_for
from runyard.entities.job import Resources

SHOWN = 3  # machines that a text names


class Room(msgspec.Struct, frozen=True):
    """A machine and what jobs of ours have of it.

    Attributes:
        shown: what people call it. most: jobs that it has at once; 0: any number.
        has: in all; without processors: it could not be asked.
    """

    machine: str
    shown: str
    most: int
    has: Node
    jobs: int
    gpus: frozenset[int]
    cpus: int
    memory_mb: int

    @property
    def is_full(self) -> bool:
        """Whether it has as many jobs as it may."""
        return 0 < self.most <= self.jobs

    def lacks(self, wanted: Resources) -> str:
        """Why there is no room now, in words; empty: there is."""
        if self.is_full:
            return f"{self.shown} runs at most {_jobs(self.most)} at once"
        if not self.has.cpus and wanted != Resources():
            return f"{self.shown} cannot be asked what it has"
        for word, asked, total, taken in self._amounts(wanted):
            if asked and asked > total - taken:
                return f"{self.shown} has {amount(total, word)}" + (
                    f", of which {taken:,} {'is' if taken == 1 else 'are'} taken" * (taken > 0)
                )
        return ""

    def place(self, wanted: Resources) -> Place:
        """A node's, where there is room."""
        free = [one for one in range(self.has.gpus) if one not in self.gpus]
        return Place(self.machine, tuple(free[: wanted.gpus]))

    def _amounts(self, wanted: Resources) -> Iterator[tuple[str, int, int, int]]:
        """Of each kind: a word, how much is asked for, how much there is, how much is taken."""
        taken = (len(self.gpus), self.cpus, self.memory_mb)
        for (word, asked, total), used in zip(amounts(wanted, self.has), taken, strict=True):
            yield word, asked, total, used


def room_of(machine: str, shown: str, most: int, has: Node, claims: Iterable[Claim]) -> Room:
    """A machine's."""
    there = [(claim, place) for claim in claims if (place := claim.at(machine)) is not None]
    return Room(
        machine,
        shown,
        most,
        has,
        jobs=len(there),
        gpus=frozenset(gpu for _, place in there for gpu in place.gpus),
        cpus=sum(claim.cpus for claim, _ in there),
        memory_mb=sum(claim.memory_mb for claim, _ in there),
    )


def choose(rooms: Sequence[Room], nodes: int, wanted: Resources) -> list[Place]:
    """Those with the fewest jobs that have room; empty: there are not so many."""
    found = [one for one in sorted(rooms, key=lambda one: one.jobs) if not one.lacks(wanted)]
    return [one.place(wanted) for one in found[:nodes]] if len(found) >= nodes else []


def why_none(rooms: Sequence[Room], nodes: int, wanted: Resources) -> str:
    """Why a job waits, for people."""
    if nodes == 1 and all(one.is_full for one in rooms):
        return f"Waits for a machine: each runs at most {rooms[0].most} at once"
    lacking = [text for one in rooms if (text := one.lacks(wanted))]
    who = "a machine" if nodes == 1 else f"{nodes} machines, of which {_have(len(rooms) - len(lacking))} room"
    asks = (
        f"it asks for {asked_for(wanted)}{' on each' if nodes > 1 else ''}; " if wanted != Resources() else ""
    )
    more = f"; and so on, {len(lacking)} in all" if len(lacking) > SHOWN else ""
    return f"Waits for {who}: {asks}{'; '.join(lacking[:SHOWN])}{more}"


def _jobs(count: int) -> str:
    return "one job" if count == 1 else f"{count} jobs"


def _have(count: int) -> str:
    return f"{count or 'none'} {'has' if count < 2 else 'have'}"

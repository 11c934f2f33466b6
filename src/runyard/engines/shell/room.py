"""Which machines have room for a job. Pure: what they have and what jobs of ours have of it goes in.

A job that asks for nothing takes nothing but its place among the jobs of a machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from runyard.engines.shell.places import Claim, Place
from runyard.entities.compute import Node
from runyard.entities.job import Resources

SHOWN = 3  # machines that a text names
ANY = 2**62


class Room(msgspec.Struct, frozen=True):
    """A machine and what jobs of ours have of it.

    Attributes:
        shown: what people call it. most: jobs that it has at once; 0: any number.
        has: in all; None: it could not be asked.
    """

    machine: str
    shown: str
    most: int
    has: Node | None
    jobs: int
    gpus: frozenset[int]
    cpus: int
    memory_mb: int

    @property
    def is_full(self) -> bool:
        """Whether it has as many jobs as it may."""
        return 0 < self.most <= self.jobs

    def could(self, wanted: Resources) -> bool:
        """Whether it has as much when nothing else is there, as far as is known."""
        return not any(asked > total for _, asked, total, _ in self.amounts(wanted))

    def lacks(self, wanted: Resources) -> str:
        """Why there is no room now, in words; empty: there is."""
        if self.is_full:
            return f"{self.shown} runs at most {_jobs(self.most)} at once"
        if self.has is None and wanted != Resources():
            return f"{self.shown} cannot be asked what it has"
        for word, asked, total, taken in self.amounts(wanted):
            if asked > total - taken:
                return f"{self.shown} has {_amount(total, word)}" + (
                    f", of which {taken:,} are taken" * (taken > 0)
                )
        return ""

    def place(self, wanted: Resources) -> Place:
        """A node's, where there is room."""
        has = 0 if self.has is None else self.has.gpus
        return Place(self.machine, tuple([one for one in range(has) if one not in self.gpus][: wanted.gpus]))

    def amounts(self, wanted: Resources) -> Iterable[tuple[str, int, int, int]]:
        """Of each kind: a word, how much is asked for, how much there is, how much is taken. What is unknown is enough."""
        has = self.has or Node("", "", ANY, ANY, ANY)
        yield "GPU", wanted.gpus, has.gpus, len(self.gpus)
        yield "CPU", wanted.cpus, has.cpus or ANY, self.cpus
        yield "MB", wanted.memory_mb, has.memory_mb or ANY, self.memory_mb


def room_of(machine: str, shown: str, most: int, has: Node | None, claims: Iterable[Claim]) -> Room:
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


def why_never(rooms: Sequence[Room], nodes: int, wanted: Resources) -> str:
    """Why a job can never run on these machines; empty: it can, or what they have is not known."""
    able = sum(one.could(wanted) for one in rooms)
    if able >= nodes:
        return ""
    if nodes > 1:
        return (
            f"The job asks for {nodes} machines with {asked_for(wanted)} each; "
            f"{able} of the target's {len(rooms)} {'has' if able == 1 else 'have'} as much."
        )
    for amounts in zip(*(one.amounts(wanted) for one in rooms), strict=True):
        word, asked, _, _ = amounts[0]
        greatest = max(total for _, _, total, _ in amounts)
        if asked > greatest:
            return f"The job asks for {_amount(asked, word)}; no machine of the target has more than {greatest:,}."
    return f"The job asks for {asked_for(wanted)}; no machine of the target has all of that."


def asked_for(wanted: Resources) -> str:
    """In words; empty: nothing."""
    amounts = (("GPU", wanted.gpus), ("CPU", wanted.cpus), ("MB", wanted.memory_mb))
    *words, last = [_amount(count, word) for word, count in amounts if count] or [""]
    return f"{', '.join(words)} and {last}" if words else last


def _amount(count: int, word: str) -> str:
    if word == "MB":
        return f"{count:,} MB of memory"
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _jobs(count: int) -> str:
    return "one job" if count == 1 else f"{count} jobs"


def _have(count: int) -> str:
    return f"{count or 'none'} {'has' if count < 2 else 'have'}"

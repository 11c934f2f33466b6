"""Where a job is: the machines of its nodes, and what it has of each. Written down, that is the engine's id of the job, so
that a new server finds all of it again.
"""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True):
    """The machine of one node, and which of its GPUs the node has."""

    machine: str
    gpus: tuple[int, ...] = ()


class Claim(msgspec.Struct, frozen=True):
    """What a job has.

    Attributes:
        places: of its nodes, by rank.
        cpus, memory_mb: that it asked for on each; 0: nothing.
    """

    run_id: str
    places: tuple[Place, ...]
    cpus: int = 0
    memory_mb: int = 0

    @classmethod
    def of(cls, engine_id: str) -> Claim:
        """What an id names: `machine/run@gpu,gpu+machine@gpu;cpus=4;memory_mb=500`, of which a part may be missing."""
        where, *needs = engine_id.split(";")
        first, *others = where.split("+")
        head, _, gpus = first.partition("@")
        machine, _, run_id = head.rpartition("/")
        places = [_place(f"{machine}@{gpus}"), *map(_place, others)]
        amounts = dict(one.split("=", 1) for one in needs if one.partition("=")[2].isdecimal())
        return cls(run_id, tuple(places), int(amounts.get("cpus", 0)), int(amounts.get("memory_mb", 0)))

    @property
    def engine_id(self) -> str:
        """Its id."""
        first, *others = self.places
        words = [
            f"{first.machine}/{self.run_id}{_gpus(first)}",
            *(one.machine + _gpus(one) for one in others),
        ]
        amounts = {"cpus": self.cpus, "memory_mb": self.memory_mb}
        return "+".join(words) + "".join(f";{name}={count}" for name, count in amounts.items() if count)

    def name(self, rank: int) -> str:
        """Of a node's folder on its machine. Ids of runs have no dots."""
        return f"{self.run_id}.{rank}" if rank else self.run_id

    def at(self, machine: str) -> Place | None:
        """Its place on a machine."""
        return next((one for one in self.places if one.machine == machine), None)

    @property
    def is_alone(self) -> bool:
        """Whether it has one node."""
        return len(self.places) == 1


def _place(text: str) -> Place:
    machine, _, gpus = text.partition("@")
    return Place(machine, tuple(int(one) for one in gpus.split(",") if one.isdecimal()))


def _gpus(place: Place) -> str:
    return "@" + ",".join(map(str, place.gpus)) if place.gpus else ""

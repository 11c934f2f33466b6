"""What has changed, for whoever looks at it: names of records, never what is in them."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

RUNS = 500  # more are not named one by one
PLACES = 1_000  # nor are more experiments


class ChangeKind(enum.IntFlag):
    """What has happened to a run; several things may have."""

    POINTS = 1
    INFO = 2
    CREATED = 4
    DELETED = 8
    LOGS = 16

    @property
    def words(self) -> list[str]:
        """Their names, in this order."""
        return [one.name.lower() for one in ChangeKind if one in self and one.name]


class Place(NamedTuple):
    """An experiment of a workspace."""

    workspace_id: int
    experiment_id: int


class Changes:
    """Changes of some time, in bounded memory: what would be too much to name is told in coarser words.

    Attributes:
        runs: by experiment, kinds by the id of the run; at most RUNS in all.
        many: experiments with more changed runs than can be named.
        experiments: that have changed themselves.
        traces: experiments whose traces have changed.
        lost: more may have changed, anywhere.
    """

    __slots__ = ("_count", "experiments", "lost", "many", "runs", "traces")

    def __init__(self) -> None:
        self.runs: dict[Place, dict[str, ChangeKind]] = {}
        self.many: set[Place] = set()
        self.experiments: set[Place] = set()
        self.traces: set[Place] = set()
        self.lost = False
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self.runs or self.many or self.experiments or self.traces or self.lost)

    def add_run(self, place: Place, run_id: str, kind: ChangeKind) -> None:
        """A run has changed."""
        if place in self.many:
            return
        here = self.runs.get(place)
        if here is None:
            here = self.runs[place] = {}
        if run_id in here:
            here[run_id] |= kind
            return
        here[run_id] = kind
        self._count += 1
        if self._count > RUNS:
            self._coarsen()

    def add_many(self, places: Iterable[Place]) -> None:
        """Very many runs of these experiments have changed."""
        for place in places:
            self._count -= len(self.runs.pop(place, ()))
            self.many.add(place)
        self._check_places()

    def add_experiment(self, place: Place) -> None:
        """An experiment itself has changed, or was made."""
        self.experiments.add(place)
        self._check_places()

    def add_traces(self, place: Place) -> None:
        """Traces of an experiment have changed, or were made."""
        self.traces.add(place)
        self._check_places()

    def merge(self, other: Changes) -> None:
        """These came later."""
        self.lost = self.lost or other.lost
        if other.many:
            self.add_many(other.many)
        for place, runs in other.runs.items():
            for run_id, kind in runs.items():
                self.add_run(place, run_id, kind)
        if other.experiments:
            self.experiments |= other.experiments
            self._check_places()
        if other.traces:
            self.traces |= other.traces
            self._check_places()

    def _coarsen(self) -> None:
        """The experiment with the most named runs is told as a whole."""
        busiest = max(self.runs, key=lambda place: len(self.runs[place]))
        self.add_many([busiest])

    def _check_places(self) -> None:
        if max(len(self.many), len(self.experiments), len(self.traces)) > PLACES:
            self.runs.clear()
            self.many.clear()
            self.experiments.clear()
            self.traces.clear()
            self._count = 0
            self.lost = True

"""What the writer's transactions change, handed over once they are committed.

While nobody listens nothing is noted: a write then pays for one look at an attribute.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from runyard.entities.change import ChangeKind, Changes, Place
from runyard.store.sql.intern import RunRef


class ChangeLog:
    """Noted by whoever holds the write connection, taken by one reader in an event loop.

    Attributes:
        listening: whether anybody wants to know.
        wake: called, from any thread, when there is something to take that was not told of yet.
    """

    def __init__(self) -> None:
        self.listening = False
        self.wake: Callable[[], None] | None = None
        self._noted = Changes()
        self._ready = Changes()
        self._told = False
        self._lock = threading.Lock()

    def of_runs(self, runs: Iterable[RunRef], kind: ChangeKind) -> None:
        """Runs change in this transaction."""
        if self.listening:
            for run in runs:
                self._noted.add_run(Place(run.workspace_id, run.experiment_id), run.uuid, kind)

    def of_run(self, workspace_id: int, experiment_id: int, run_id: str, kind: ChangeKind) -> None:
        """A run changes in this transaction."""
        if self.listening:
            self._noted.add_run(Place(workspace_id, experiment_id), run_id, kind)

    def of_experiment(self, workspace_id: int, experiment_id: int, *, runs: bool = False) -> None:
        """An experiment changes in this transaction.

        Args:
            runs: all of its runs do, too.
        """
        if self.listening:
            place = Place(workspace_id, experiment_id)
            self._noted.add_experiment(place)
            if runs:
                self._noted.add_many([place])

    def of_traces(self, workspace_id: int, experiment_id: int) -> None:
        """Traces of an experiment change in this transaction."""
        if self.listening:
            self._noted.add_traces(Place(workspace_id, experiment_id))

    def committed(self) -> None:
        """What was noted is durable."""
        if not self._noted:
            return
        noted, self._noted = self._noted, Changes()
        with self._lock:
            self._ready.merge(noted)
            told, self._told = self._told, True
        if not told and self.wake is not None:
            self.wake()

    def rolled_back(self) -> None:
        """What was noted did not happen."""
        if self._noted:
            self._noted = Changes()

    def take(self) -> Changes:
        """All that became durable since the last call."""
        with self._lock:
            taken, self._ready = self._ready, Changes()
            self._told = False
        return taken

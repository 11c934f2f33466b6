"""Which programs log to the runs of a relay. A run that nobody has any more gives no more signs of life.

Behind each connection of this machine is a process, as Linux tells; only those count whose connection stays open for some
seconds, as MLflow's clients keep theirs. Where it cannot be told who logs, the relay says that the run is alive, as long as
it is itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.processes import ProcessMark, is_alive, process_of
from runyard.entities.run import RunStatus
from runyard.errors import RunyardError

log = logging.getLogger("runyard.relay")

LOOK_S = 5.0
QUIET_S = 30.0  # that a run whose programs have ended may be taken up by another one
RUNS_KEPT = 10_000
ID_LIMIT = 100
UNDER_WAY = (RunStatus.RUNNING, RunStatus.SCHEDULED)
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
ESTABLISHED = "01"
Marks = frozenset[ProcessMark]
Finder = Callable[[Collection[int], int], Mapping[int, Marks]]


class _Held:
    """A run: who has it, and from which ports it was heard of since the last look."""

    def __init__(self) -> None:
        self.heard_s = 0.0
        self.ports: set[int] = set()
        self.marks: Marks = frozenset()
        self.left = False


class Holders:
    """Any number of threads.

    Args:
        find: the processes behind the ports of clients, by port, given the relay's own one.
    """

    def __init__(
        self, desk: Desk, clock: Callable[[], float] = time.monotonic, find: Finder | None = None
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._find = find or processes_at
        self._lock = threading.Lock()
        self._runs: dict[str, _Held] = {}
        self._own: set[str] = set()
        self._known: dict[int, Marks] = {}
        self._ended = threading.Event()

    def keep(self, run_id: str) -> None:
        """A run that the relay's own process has, whoever else logs to it."""
        self._own.add(run_id)

    def heard(self, port: int, run_id: str) -> None:
        """Somebody logs to a run. Cost: a microsecond.

        Args:
            port: the client's.
        """
        if len(run_id) > ID_LIMIT:  # there is none
            return
        with self._lock:
            held = self._runs.get(run_id)
            if held is None:
                held = self._runs[run_id] = _Held()
                while len(self._runs) > RUNS_KEPT:
                    del self._runs[next(iter(self._runs))]
            held.heard_s = self._clock()
            held.ports.add(port)
            returned, held.left = held.left, False
        if returned:
            with contextlib.suppress(RunyardError):  # the call itself meets the same
                self._desk.logbook.hold(run_id)

    def under_way(self) -> list[str]:
        """The runs that somebody logged to and that have not ended, without the relay's own."""
        with self._lock:
            heard = [run_id for run_id in self._runs if run_id not in self._own]
        known = self._desk.state.runs
        return [run_id for run_id in heard if run_id in known and known[run_id].status in UNDER_WAY]

    def watch(self, port: int) -> None:
        """Look again and again, until `end`. For a thread.

        Args:
            port: the relay's.
        """
        while not self._ended.wait(LOOK_S):
            try:
                self.look(port)
            except Exception:
                log.exception("It could not be told which programs log to the relay.")

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def look(self, port: int) -> None:
        """See who is there, and let runs go that nobody has. Cost: a look at all open files, where somebody is new."""
        with self._lock:
            runs = [(run_id, held) for run_id, held in self._runs.items() if run_id not in self._own]
            ports = {one for _, held in runs for one in held.ports}
        self._known = {one: marks for one, marks in self._known.items() if any(map(is_alive, marks))}
        new = ports - self._known.keys()
        if new:
            self._known.update(self._find(new, port))
        for run_id, held in runs:
            self._judge(run_id, held)

    def _judge(self, run_id: str, held: _Held) -> None:
        state = self._desk.state.runs.get(run_id)
        with self._lock:
            for port in held.ports:
                held.marks |= self._known.get(port, frozenset())
            held.ports.clear()
            if state is None or state.status not in UNDER_WAY:
                self._runs.pop(run_id, None)
                return
            quiet = self._clock() - held.heard_s >= QUIET_S
            if held.left or not held.marks or not quiet or any(map(is_alive, held.marks)):
                return
            held.left, held.marks = True, frozenset()
        with contextlib.suppress(RunyardError):
            self._desk.logbook.leave(run_id)
        log.warning(
            "The program that logged to run %s has ended without ending it: there are no more signs of its life.",
            run_id,
        )


def processes_at(ports: Collection[int], server_port: int) -> dict[int, Marks]:
    """The processes that have the client's end of connections to a port of this machine, by the client's port.

    Nothing for those of other users and other containers, and where the system does not tell.
    """
    inodes = _inodes(ports, server_port)
    found: dict[int, Marks] = {}
    for folder in Path("/proc").glob("[0-9]*") if inodes else ():
        for inode in _sockets(folder) & inodes.keys():
            mark = process_of(int(folder.name))
            found[inodes[inode]] = found.get(inodes[inode], frozenset()) | {mark}
    return found


def _inodes(ports: Collection[int], server_port: int) -> dict[str, int]:
    """The ports by their sockets."""
    found = {}
    for table in TABLES:
        with contextlib.suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                fields = line.split()
                local, remote = (int(one.rpartition(":")[2], 16) for one in fields[1:3])
                if fields[3] == ESTABLISHED and local in ports and remote == server_port:
                    found[f"socket:[{fields[9]}]"] = local
    return found


def _sockets(folder: Path) -> set[str]:
    """What a process has open; nothing for those of others."""
    found = set()
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder / "fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(entry.path))
    return found

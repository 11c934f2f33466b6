"""The recorder: what a process logs goes through it into the process's journal, and from there to the server."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from runyard.client.journal.budget import Budget, shown
from runyard.client.journal.folder import JournalFolder, journal_home
from runyard.client.journal.link import Link
from runyard.client.journal.progress import counted, watched
from runyard.client.journal.settings import LIMIT, JournalSettings
from runyard.client.journal.spool import Spool, state_of
from runyard.client.journal.target import Target
from runyard.client.journal.writer import SEGMENT_BYTES, JournalClosed, JournalWriter
from runyard.entities.journal import FileRecord, Record
from runyard.errors import RunyardError

log = logging.getLogger("runyard.journal")

TICK_S = 1.0
LARGE_BYTES = 1024 * 1024  # a file of less needs no look at what is left
LIFE_S = 20.0  # between two signs that the process has its journal still
LEAST_SEGMENT_BYTES = 64 * 1024


class FlushState(NamedTuple):
    """How a flush ended.

    Attributes:
        sent: whether the server has everything, files included.
        waiting: records that it does not have.
        trouble: why they cannot be sent just now, as far as known.
    """

    sent: bool
    waiting: int
    trouble: str | None


class _Journal:
    """What belongs to one journal of one process; a forked child leaves it behind and begins another."""

    def __init__(
        self,
        target: Target,
        settings: JournalSettings,
        tell: Callable[[str], None],
        vanished: Callable[[_Journal], None],
    ) -> None:
        home = journal_home()
        self.folder = JournalFolder.create(
            home, target.server, target.workspace, int(time.time() * 1000), offline=target.offline
        )
        self.writer = JournalWriter(
            self.folder,
            sync_each=settings.sync_s == 0,
            segment_bytes=max(LEAST_SEGMENT_BYTES, min(SEGMENT_BYTES, settings.limit_bytes // 32)),
        )
        self.spool = Spool(self.folder)
        self.budget = Budget(home, settings.limit_bytes, tell)
        self.link = None if target.offline else Link(self.folder, target, tell)
        self.spooled_bytes = 0
        self._sync_s = settings.sync_s or TICK_S
        self._vanished = vanished
        self._lived_s = time.monotonic()
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="runyard-journal", daemon=True)

    @property
    def used_bytes(self) -> int:
        """What this process has written."""
        return self.writer.written_bytes + self.spooled_bytes

    def start(self) -> None:
        """The threads beside the caller's. At the end of the interpreter there are none any more: it does without."""
        with contextlib.suppress(RuntimeError):
            self._keeper.start()
            if self.link is not None:
                self.link.start()

    def end(self) -> None:
        """In order: no record follows."""
        self._ended.set()
        try:
            self.spool.sync()
            self.writer.close()
        finally:
            if self.link is not None:
                self.link.leave(self.writer.seq)

    def drop(self) -> None:
        """Somebody has removed it."""
        self._ended.set()
        self.writer.drop()
        if self.link is not None:
            self.link.leave(self.writer.seq)

    def abandon(self) -> None:
        """After a fork, in the child. Takes no lock: a thread that the child does not have may hold it."""
        self.writer.abandon()
        if self.link is not None:
            self.link.abandon()

    def _keep(self) -> None:
        while not self._ended.wait(self._sync_s):
            self.spool.sync()
            self.writer.sync()
            self.budget.look(self.used_bytes)
            if time.monotonic() - self._lived_s >= LIFE_S and not self._lives():
                return

    def _lives(self) -> bool:
        """Show that the process has the journal still; False, when somebody has removed it."""
        self._lived_s = time.monotonic()
        try:
            self.folder.show_life()
        except FileNotFoundError:
            if self._ended.is_set():
                return True
            self._vanished(self)
            return False
        except OSError:
            pass
        return True


class Recorder:
    """Writes down what the process logs. Any number of threads; good after a fork, where the child gets its own journal.

    The journal begins with the first record. What `append` returned for survives the death of the process; a power loss
    costs what was logged in the last RUNYARD_JOURNAL_SYNC_S.

    Args:
        target: where it goes.
        settings: those of the environment by default.
    """

    def __init__(self, target: Target, settings: JournalSettings | None = None) -> None:
        self.target = target
        self.settings = settings or JournalSettings.of_environment()
        self._lock = threading.Lock()
        self._journal: _Journal | None = None
        self._news: deque[str] = deque()
        _all.add(self)

    def __repr__(self) -> str:
        return f"Recorder({self.target!r})"

    @property
    def seq(self) -> int:
        """The seq of the last record; 0 before the first."""
        journal = self._journal
        return journal.writer.seq if journal is not None else 0

    @property
    def folder(self) -> Path | None:
        """Where the journal is; None before the first record."""
        journal = self._journal
        return journal.folder.path if journal is not None else None

    @property
    def sent(self) -> int:
        """The server has all records up to this seq, as far as known here."""
        journal = self._journal
        return journal.link.sent if journal is not None and journal.link is not None else 0

    @property
    def trouble(self) -> str | None:
        """Why nothing can be sent just now."""
        journal = self._journal
        return journal.link.trouble if journal is not None and journal.link is not None else None

    def begin(self) -> Path:
        """Where the journal is; it begins, if it has not.

        Raises: StorageUnavailable, when its folder cannot be made.
        """
        return (self._journal or self._begun()).folder.path

    def append(self, record: Record) -> int:
        """Write a record down; returns its seq. 5 µs; waits only while the disk, or what may be used of it, is full.

        Raises: TooLarge; StorageUnavailable, when the journal's disk fails.
        """
        journal = self._journal or self._begun()
        if journal.writer.written_bytes + journal.spooled_bytes >= journal.budget.free_until:
            journal.budget.wait(journal.used_bytes)
        try:
            return journal.writer.append(record)
        except JournalClosed:  # by another thread, just now
            return self._begun().writer.append(record)

    def add_file(self, owner: str, path: str, source: Path, *, copy: bool, run_id: str = "") -> int:
        """Write down that an artifact is to be uploaded; returns the seq of the record.

        Args:
            owner: `runs/ID`, `models/ID`, or the artifact URI of a folder.
            path: below the owner's artifacts.
            source: a file.
            copy: now, so that the process may change or delete it; else it must stay as it is until it was sent. A large
                file that RUNYARD_JOURNAL_LIMIT leaves no room for is not copied, unless it is a temporary one; that is told.
            run_id: the run that a change of state, or a call, waits for.
        Raises: InvalidInput, if the file cannot be read; StorageUnavailable.
        """
        journal = self._journal or self._begun()
        state = state_of(source)
        if not copy:
            return self.append(
                FileRecord(owner, path, str(source.absolute()), state.st_size, state.st_mtime_ns, run_id)
            )
        journal.budget.wait(journal.used_bytes)
        if state.st_size > LARGE_BYTES and state.st_size > (left := journal.budget.left(journal.used_bytes)):
            if not _is_temporary(source, journal.folder.path.parent):
                self._tell(
                    f"{source} ({shown(state.st_size)}) is not copied, since {LIMIT} leaves {shown(left)}: it must stay as "
                    "it is until it is sent."
                )
                return self.append(
                    FileRecord(owner, path, str(source.absolute()), state.st_size, state.st_mtime_ns, run_id)
                )
            self._tell(
                f"{source} ({shown(state.st_size)}) is copied, although {LIMIT} leaves {shown(left)}: logging waits until "
                "some of what is in the journals is sent."
            )
        copied = journal.spool.copy(source)
        journal.spooled_bytes += copied.size
        if not self.settings.sync_s:
            journal.spool.sync()  # before the record that names it
        return journal.writer.append(FileRecord(owner, path, copied.source, copied.size, None, run_id))

    def flush(
        self, timeout_s: float | None = None, *, progress: bool = False, patient: bool = True
    ) -> FlushState:
        """Wait until everything that was recorded is on the server, files included.

        Args:
            timeout_s: RUNYARD_DRAIN_S by default.
            progress: show a line on stderr when it takes longer than a second, and say what becomes of the rest.
            patient: wait that long for a server that cannot be reached; else return once another try has failed.
        """
        journal = self._journal
        if journal is None or journal.writer.seq == 0:
            return FlushState(True, 0, None)
        seq, link = journal.writer.seq, journal.link
        if link is None:
            return FlushState(False, seq, None)
        limit_s = self.settings.drain_s if timeout_s is None else timeout_s
        with watched(lambda: seq - link.sent, lambda: link.trouble, show=progress) as line:
            done = link.wait_sent(seq, limit_s, patient=patient)
            if not done:
                line.left(
                    f"{journal.folder.path} keeps them; they are sent in the background, or by `runyard sync`."
                )
        return FlushState(done, max(0, seq - link.sent), link.trouble)

    def take_news(self) -> list[str]:
        """What a person should know and was not told: records that the server refused, little room, and the like."""
        if not self._news:
            return []
        found = []
        while self._news:
            found.append(self._news.popleft())
        return found

    def close(self) -> None:
        """End the journal. Its sender goes on alone until everything is sent; a record that follows begins another."""
        with self._lock:
            journal, self._journal = self._journal, None
        if journal is not None:
            journal.end()

    def _begun(self) -> _Journal:
        with self._lock:
            if self._journal is None:
                journal = _Journal(self.target, self.settings, self._tell, self._lost)
                journal.start()
                self._journal = journal
                _drain_at_exit_of_child()
            return self._journal

    def _lost(self, journal: _Journal) -> None:
        """Somebody has removed the journal's folder: go on with another."""
        with self._lock:
            if self._journal is journal:
                self._journal = None
        journal.drop()
        self._tell(
            f"The journal {journal.folder.path} was removed while it was written. What was not sent of it is lost; what is "
            "logged from now on goes to another one."
        )

    def _tell(self, text: str) -> None:
        self._news.append(text)

    def _forked(self) -> None:
        journal, self._journal = self._journal, None
        self._lock = threading.Lock()
        self._news = deque()
        if journal is not None:
            journal.abandon()

    def _drained(self, *, patient: bool) -> None:
        """At the end of the process."""
        journal = self._journal
        if journal is None:
            return
        try:
            self.flush(progress=True, patient=patient)
        except KeyboardInterrupt:
            sys.stderr.write(f"Runyard: interrupted; {journal.folder.path} keeps what was not sent.\n")
        with contextlib.suppress(RunyardError, OSError):
            self.close()
        if journal.link is None and journal.writer.seq:
            sys.stderr.write(
                f"Runyard: {counted(journal.writer.seq)} in {journal.folder.path}; `runyard sync` sends them.\n"
            )
        for text in self.take_news():
            sys.stderr.write(f"Runyard: {text}\n")


def _is_temporary(source: Path, home: Path) -> bool:
    """Whether whoever made a file is about to remove it: MLflow does so with what it writes to the temporary folder, the
    relay with what it receives beside the journals.
    """
    found = source.resolve()
    return any(found.is_relative_to(place.resolve()) for place in (Path(tempfile.gettempdir()), home))


_all: weakref.WeakSet[Recorder] = weakref.WeakSet()
_recorders: dict[Target, Recorder] = {}
_registry = threading.Lock()


def recorder_for(target: Target) -> Recorder:
    """The one recorder of this process for a target.

    Raises: InvalidInput, if a setting cannot be read.
    """
    found = _recorders.get(target)
    if found is None:
        with _registry:
            found = _recorders.get(target)
            if found is None:
                found = _recorders[target] = Recorder(target)
    return found


def drain_all() -> None:
    """Send what is left, for RUNYARD_DRAIN_S at most, and end the journals of this process. For its end."""
    for recorder in list(_all):
        recorder._drained(patient=True)


def _drain_child() -> None:
    """At the end of a child of multiprocessing, which somebody waits for: its sender goes on anyway."""
    for recorder in list(_all):
        recorder._drained(patient=False)


def _drain_at_exit_of_child() -> None:
    """Children of multiprocessing end without atexit."""
    process, util = sys.modules.get("multiprocessing.process"), sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, _drain_child, exitpriority=-100)


def _after_fork() -> None:
    global _registry
    _registry = threading.Lock()
    for recorder in list(_all):
        recorder._forked()


atexit.register(drain_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

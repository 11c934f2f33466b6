"""The power goes while a program logs: what was synced is sent, once, and nothing is made up.

A trainer and its sender run under strace; the journal is made again as a disk may hold it at random moments, and sent to a
server that is as it was then. `RUNYARD_POWER` moments (default 15).
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runyard.client.journal.folder import journals
from runyard.client.journal.sender.refusals import kept
from runyard.client.journal.sync import SENT, Options, Sync
from runyard.entities.journal import FileRecord
from runyard.wire.journal import decode_record, frames
from tests.acceptance.journal_trainers import ROOT, end_all
from tests.components.power import File, Trace, missing, traced
from tests.journal.standin import StandIn

MOMENTS = int(os.environ.get("RUNYARD_POWER", "15"))
MANY = 1_500
RUN = "d" * 32
LATE_S = 5.0  # between a record and its sync, on a very busy machine under strace
CODE = textwrap.dedent(
    f"""
    import os, sys, time
    from pathlib import Path
    from runyard.client.journal.recorder import recorder_for
    from runyard.client.journal.target import Target
    from runyard.entities.journal import NewRun, PointRecord
    server, place, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    recorder = recorder_for(Target(server, offline=os.environ.get('RUNYARD_MODE') == 'offline'))
    notes = os.open(place / "notes", os.O_CREAT | os.O_WRONLY)
    def note(seq):
        os.write(notes, b".")
    note(recorder.append(NewRun("{RUN}", "0", start_ms=1)))
    begun, step = time.monotonic(), 0
    key = "long" * 60  # so that segments are soon full
    while time.monotonic() - begun < seconds or step < 500:
        note(recorder.append(PointRecord("{RUN}", key, step / 8, step, step)))
        if step % 25 == 24:
            source = place / f"{{step}}.bin"
            source.write_bytes(bytes([step % 251]) * (step * 37 % 9_000))
            note(recorder.add_file("runs/{RUN}", f"{{step}}.bin", source, copy=True, run_id="{RUN}"))
        step += 1
        time.sleep(0.002)
    """
)


class Clocked(StandIn):
    """It knows when it took what."""

    def __init__(self) -> None:
        super().__init__()
        self.times_s: list[float] = []
        """Of each record, in order."""
        self.files = TimedFiles()

    def take(self, journal: str, body: bytes) -> tuple[int, dict[str, Any]]:
        now = time.time()
        answer = super().take(journal, body)
        with self.lock:
            taken = sum(map(len, self.records.values()))
            self.times_s += [now] * (taken - len(self.times_s))
        return answer

    def as_at(self, at_s: float) -> StandIn:
        """A server that has what this one had at a time."""
        found = StandIn()
        count = sum(1 for one in self.times_s if one <= at_s)
        found.records = {journal: kept[:count] for journal, kept in self.records.items()}
        assert isinstance(self.files, TimedFiles)
        found.files = {name: self.files[name] for name, taken in self.files.times_s.items() if taken <= at_s}
        return found


class TimedFiles(dict[str, bytes]):
    """Files, and when each came."""

    def __init__(self) -> None:
        super().__init__()
        self.times_s: dict[str, float] = {}

    def __setitem__(self, name: str, content: bytes) -> None:
        self.times_s[name] = time.time()
        super().__setitem__(name, content)


class Written(NamedTuple):
    """A record of the journal: the line at which its write began, and the ends of the syncs that followed it."""

    begin: int
    end: int
    syncs: list[int]


class Training:
    """What a program wrote, and how the disk took it."""

    def __init__(self, place: Path, server: Clocked, *words: str, **environment: str) -> None:
        self.server = server
        self.disk = place / "disk"
        self.disk.mkdir()
        self.home = self.disk / "runyard" / "journal"
        command = [sys.executable, "-c", CODE, server.url, str(place), *words]
        done = subprocess.run(
            traced(command, place / "trace"),
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT / "src"),
                "RUNYARD_JOURNAL": str(self.home),
                "RUNYARD_DRAIN_S": "20",
                "RUNYARD_JOURNAL_LIMIT": "2MB",  # so a segment is full after 64 KiB
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        self.told = done.stderr
        self.trace = Trace(place / "trace", self.disk, place / "notes")
        assert len(self._segments()) > 1
        self.written = self._written()
        data = b"".join(change.data or b"" for one in self._segments() for change in one.changes)
        self.records = [decode_record(one) for one in frames(data)]
        """What it logged, in order."""

    def _written(self) -> list[Written]:
        """Its records, in order."""
        found = []
        for segment in self._segments():
            # One that the sender has removed is safe at the server.
            gone = [] if segment.removed is None else [segment.removed] * 2
            for change in segment.changes:
                if change.data:
                    ends = [sync[1] for sync in segment.syncs if sync[0] >= change.end]
                    found.append(Written(change.begin, change.end, sorted(ends + gone)))
        return found

    def _segments(self) -> list[File]:
        """Those that are gone included."""
        found = {name: node for name, node in self.trace.root.all_files() if name.endswith(".rj")}
        return [node for _, node in sorted(found.items())]

    def synced(self, moment: int, times: int = 1) -> int:
        """How many records had been synced before a line, so many times."""
        ends = (one.syncs[times - 1] if len(one.syncs) >= times else moment for one in self.written)
        return sum(1 for _ in itertools.takewhile(lambda end: end < moment, ends))

    def begun(self, moment: int) -> int:
        """How many were being written before a line, or were written."""
        return sum(1 for one in self.written if one.begin < moment)


@contextmanager
def training(tmp_path: Path, *words: str, **environment: str) -> Iterator[Training]:
    """A program that was logging; its sender has ended, or is ended."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    server = Clocked()
    try:
        found = Training(tmp_path, server, *words, **environment)
        yield found
        end_all(found.home, ())
    finally:
        server.stop()


def check(training: Training, moment: int, place: Path, chance: random.Random, needed: int) -> None:
    """Lose the power at a line, send what the disk has, and compare.

    Args:
        needed: how many records must be there.
    """
    training.trace.rebuild(moment, place, chance, ordered=is_copy)
    home = place / "runyard" / "journal"
    server = training.server.as_at(training.trace.at(moment))
    told: list[str] = []
    options = Options(fallback=lambda: (server.url, ""), server=server.url, ended=True, tell=told.append)
    try:
        outcomes = Sync(options).run(journals(home))
        assert [str(one.error) for one in outcomes if one.state != SENT] == []
        wrote = training.records[: training.begun(moment)]
        there = server.all()
        assert len({*server.steps()}) == len(server.steps()), "twice"
        known, kept_there = {repr(one) for one in wrote}, {repr(one) for one in there}
        assert kept_there <= known, "made up"
        assert {repr(one) for one in wrote[:needed] if not isinstance(one, FileRecord)} <= kept_there, told
        files = {int(Path(name).stem): content for name, content in server.files.items()}
        assert [step for step, content in files.items() if content != content_at(step)] == []
        settled = training.synced(moment, 2)
        copied = [one for one in wrote[:settled] if isinstance(one, FileRecord)]
        assert [one for one in copied if int(Path(one.path).stem) not in files] == [], told
        assert [one for outcome in outcomes for one in kept(outcome.folder) if one.seq <= settled] == []
    finally:
        server.stop()
        shutil.rmtree(place, ignore_errors=True)


def is_copy(path: Path) -> bool:
    """Artifacts are new files that are written once; no file system in use makes such a file longer than its content."""
    return path.parent.name == "files"


def content_at(step: int) -> bytes:
    """Of the file that the program logs then."""
    return bytes([step % 251]) * (step * 37 % 9_000)


def some_moments(training: Training, count: int, chance: random.Random) -> list[int]:
    """Some lines, at random."""
    found = training.trace.moments
    return [found[0], *chance.choices(found, k=count), found[-1]]


COUNTS = [MOMENTS, pytest.param(MANY, marks=pytest.mark.long)]


@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("count", COUNTS)
def test_what_was_synced_is_sent_once_after_a_power_loss(home: Path, tmp_path: Path, count: int) -> None:
    chance = random.Random(seed := random.randrange(2**32))
    print("seed", seed)
    with training(tmp_path, "3", RUNYARD_JOURNAL_SYNC_S="0.2") as trained:
        for moment in some_moments(trained, count, chance):
            check(trained, moment, tmp_path / "then", chance, trained.synced(moment))
        waited = [
            trained.trace.at(one.syncs[0]) - trained.trace.at(one.end) for one in trained.written if one.syncs
        ]
        assert max(waited) < LATE_S
        assert len(waited) == len(trained.written) > 200


@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("count", COUNTS)
def test_offline_what_was_synced_is_kept(home: Path, tmp_path: Path, count: int) -> None:
    chance = random.Random(seed := random.randrange(2**32))
    print("seed", seed)
    with training(tmp_path, "2", RUNYARD_JOURNAL_SYNC_S="0.2", RUNYARD_MODE="offline") as trained:
        for moment in some_moments(trained, count, chance):
            check(trained, moment, tmp_path / "then", chance, trained.synced(moment))


@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("count", COUNTS)
def test_with_a_sync_for_each_record_all_that_a_call_returned_for_is_kept(
    home: Path, tmp_path: Path, count: int
) -> None:
    chance = random.Random(seed := random.randrange(2**32))
    print("seed", seed)
    with training(tmp_path, "2", RUNYARD_JOURNAL_SYNC_S="0", RUNYARD_MODE="offline") as trained:
        for moment in some_moments(trained, count, chance):
            check(trained, moment, tmp_path / "then", chance, trained.trace.marked(moment))
        trained.trace.rebuild_whole(tmp_path / "again")  # the trace has seen every write
        assert contents(tmp_path / "again") == contents(trained.disk) != {}


def contents(place: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(one.relative_to(place)): one.read_bytes() for one in place.rglob("*") if one.is_file()}

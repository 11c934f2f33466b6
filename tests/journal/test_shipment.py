"""A journal on its way: in order, once, whatever the server, the disk and the way there do."""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runyard.client.journal.folder import SENT, JournalFolder, Position
from runyard.client.journal.sender import uploads
from runyard.client.journal.sender.access import Access
from runyard.client.journal.sender.refusals import kept
from runyard.client.journal.sender.shipment import Shipment, Step
from runyard.client.journal.spool import Spool
from runyard.client.journal.writer import JournalWriter
from runyard.entities.journal import (
    BatchRecord,
    Call,
    FileRecord,
    NewRun,
    PointRecord,
    Record,
    RunChange,
)
from tests.journal.standin import Fault, StandIn

RUN = "a" * 32
LOG_MODEL = "/api/2.0/mlflow/runs/log-model"
LOG_INPUTS = "/api/2.0/mlflow/runs/log-inputs"
LIMIT_S = 60


class Clock:
    """Seconds that pass when the test says so, and with each look a little."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        self.now += 0.0001
        return self.now


class Journal:
    """A journal of this process, and a sender of it in this thread."""

    def __init__(self, home: Path, standin: StandIn, segment_bytes: int = 1 << 26) -> None:
        self.folder = JournalFolder.create(home, standin.url, "", 1, offline=False)
        self.writer = JournalWriter(self.folder, segment_bytes=segment_bytes)
        self.spool = Spool(self.folder)
        self.news: list[str] = []
        self.clock = Clock()
        self.asked = 0
        self._standin = standin
        self._open: list[tuple[Access, Shipment]] = []
        self.shipment = self.another()

    def another(self, token: str | None = None) -> Shipment:
        """A sender that begins where the last one was."""
        self.access = Access(self._standin.url, "", token, ask=self._ask)
        made = Shipment(
            self.folder, self.access, self.news.append, threading.Event(), clock=self.clock, heartbeat_s=15
        )
        self._open.append((self.access, made))
        return made

    def close(self) -> None:
        """Leave no connection open."""
        self._standin.hold_files.set()
        self.writer.abandon()
        for access, shipment in self._open:
            shipment.stop()
            access.close()
        for thread in threading.enumerate():
            if thread.name == "runyard-upload":
                thread.join(LIMIT_S)

    def _ask(self) -> None:
        self.asked += 1

    def log(self, *records: Record) -> None:
        """Write records down."""
        for record in records:
            self.writer.append(record)

    def points(self, start: int, end: int) -> None:
        """Points of the run, one for each step."""
        self.log(*(point(step) for step in range(start, end)))

    def file(self, text: str, path: str = "f.txt", *, copy: bool = True, owner: str = f"runs/{RUN}") -> Path:
        """An artifact of the run."""
        source = self.folder.path.parent / f"source-{path}"
        source.write_text(text)
        if copy:
            copied = self.spool.copy(source)
            self.log(FileRecord(owner, path, copied.source, copied.size, None, RUN))
        else:
            state = source.stat()
            self.log(FileRecord(owner, path, str(source), state.st_size, state.st_mtime_ns, RUN))
        return source

    def until(self, reached: Callable[[], bool] | None = None, *, pass_s: float = 0.5) -> Step:
        """Steps until something is so, or the journal is gone. Time passes while it waits."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            step = self.shipment.step()
            if step in (Step.DONE, Step.GONE) or (reached is not None and reached()):
                return step
            if step is not Step.MOVED:
                self.clock.now += pass_s
                time.sleep(0.002)
        raise AssertionError(f"not reached; trouble: {self.shipment.trouble}")

    def idle(self) -> None:
        """Steps until everything there is was sent."""
        self.until(lambda: self.shipment.sent >= self.writer.seq)

    def done(self) -> None:
        """Ends the journal and sends the rest."""
        self.writer.close()
        assert self.until() is Step.DONE


@pytest.fixture
def journal(home: Path, standin: StandIn) -> Iterator[Journal]:
    """A journal of one segment."""
    with closing(Journal(home, standin)) as found:
        yield found


@pytest.fixture
def short(home: Path, standin: StandIn) -> Iterator[Journal]:
    """A journal of many segments."""
    with closing(Journal(home, standin, segment_bytes=2_000)) as found:
        yield found


def point(step: int) -> PointRecord:
    return PointRecord(RUN, "loss", step / 8, 1_700_000_000_000 + step, step)


def test_everything_arrives_once_and_in_order_and_the_folder_goes(journal: Journal, standin: StandIn) -> None:
    written: list[Record] = [
        NewRun(RUN, "0"),
        BatchRecord(RUN, params=[("lr", "1")]),
        *map(point, range(500)),
        RunChange(RUN, 3, 5),
    ]
    journal.log(*written)
    journal.done()
    assert standin.all() == written
    assert not standin.again
    assert not journal.folder.path.exists()
    assert list(journal.folder.path.parent.iterdir()) == []


def test_a_sender_that_comes_after_another_goes_on_from_there(journal: Journal, standin: StandIn) -> None:
    journal.points(0, 100)
    journal.idle()
    journal.shipment.stop()
    journal.points(100, 200)
    journal.shipment = journal.another()
    journal.done()
    assert standin.steps() == list(range(200))
    assert not standin.again


@pytest.mark.parametrize("how", ["removed", "empty", "old"])
def test_what_says_how_far_it_is_may_be_lost(short: Journal, standin: StandIn, how: str) -> None:
    journal = short
    journal.points(0, 100)
    journal.idle()
    old = journal.folder.path / SENT
    before = old.read_bytes() if old.exists() else b"{}"
    journal.points(100, 200)
    journal.idle()
    journal.shipment.stop()
    assert 1 not in journal.folder.segments()
    match how:
        case "removed":
            old.unlink()
        case "empty":
            old.write_bytes(b"")
        case "old":
            old.write_bytes(before)
    journal.points(200, 250)
    journal.shipment = journal.another()
    journal.done()
    assert standin.steps() == list(range(250))
    assert kept(journal.folder) == []


def test_an_answer_that_is_lost_doubles_nothing_and_its_refusals_are_told(
    journal: Journal, standin: StandIn
) -> None:
    standin.refuse = lambda one: ("INVALID", "no") if isinstance(one, BatchRecord) else None
    standin.faults.append(Fault(late=True))
    journal.log(point(0), BatchRecord(RUN, params=[("lr", "2")]), point(1))
    journal.done()
    assert standin.steps() == [0, 1]
    (line,) = kept(journal.folder)
    assert (line.seq, line.code, line.record["params"]) == (2, "INVALID", [["lr", "2"]])
    assert "'lr' of run" in journal.news[0]


def test_a_refusal_blocks_nothing_and_is_told_once(journal: Journal, standin: StandIn) -> None:
    standin.refuse = lambda one: (
        ("PERMISSION_DENIED", "You may not.") if getattr(one, "step", None) == 3 else None
    )
    journal.points(0, 6)
    journal.done()
    assert standin.steps() == [0, 1, 2, 4, 5]
    assert len(journal.news) == 1
    assert "metric 'loss'" in journal.news[0]
    assert str(journal.folder.refused_file) in journal.news[0]
    assert json.loads(journal.folder.refused_file.read_bytes())["record"]["step"] == 3


def test_many_refusals_are_counted_not_told_one_by_one(journal: Journal, standin: StandIn) -> None:
    standin.refuse = lambda one: ("X", "No.")
    journal.points(0, 1000)
    journal.done()
    assert len(journal.news) < 20
    assert len(kept(journal.folder)) == 1000


def test_a_server_that_lost_some_gets_them_again(journal: Journal, standin: StandIn) -> None:
    journal.points(0, 50)
    journal.idle()
    del standin.records[journal.folder.id][20:]
    journal.points(50, 60)
    journal.done()
    assert standin.steps() == list(range(60))


def test_a_server_that_lost_what_is_gone_here_too_is_told_loudly_and_the_rest_stays(
    short: Journal, standin: StandIn
) -> None:
    journal = short
    journal.points(0, 100)
    journal.idle()
    journal.shipment.stop()
    first = journal.folder.segments()[0]
    assert first > 1
    del standin.records[journal.folder.id][5:]
    journal.points(100, 110)
    journal.shipment = journal.another()
    journal.until(lambda: journal.shipment.lost)
    assert "restored from a backup" in str(journal.shipment.trouble)
    assert journal.folder.segments()[0] == first
    journal.shipment.skip_lost()
    journal.done()
    steps = standin.steps()
    assert steps[:5] == list(range(5))
    assert steps[-10:] == list(range(100, 110))


@pytest.mark.parametrize("status", [413, 400])
def test_a_record_that_the_server_cannot_take_is_found_and_left_out(
    journal: Journal, standin: StandIn, status: int
) -> None:
    standin.judge = lambda records: status if any(getattr(one, "step", 0) == 77 for one in records) else 200
    journal.points(0, 200)
    journal.done()
    assert standin.steps() == [step for step in range(200) if step != 77]
    assert [line.seq for line in kept(journal.folder)] == [78]


def test_a_server_that_takes_nothing_at_all_is_not_taken_for_a_refusal(
    journal: Journal, standin: StandIn
) -> None:
    standin.judge = lambda records: 400
    journal.points(0, 8)
    journal.until(lambda: journal.shipment.backoff.failures > 3)
    assert kept(journal.folder) == []
    assert journal.shipment.trouble == "judged 400"
    standin.judge = lambda records: 200
    journal.done()
    assert standin.steps() == list(range(8))


def test_a_record_over_which_the_server_fails_again_and_again_is_set_aside(
    journal: Journal, standin: StandIn
) -> None:
    standin.judge = lambda records: 500 if any(getattr(one, "step", 0) == 5 for one in records) else 200
    journal.points(0, 20)
    journal.writer.close()
    began = journal.clock.now
    assert journal.until(pass_s=5) is Step.DONE
    assert standin.steps() == [step for step in range(20) if step != 5]
    assert [line.seq for line in kept(journal.folder)] == [6]
    assert journal.clock.now - began > 300


def test_failures_of_the_server_lose_nothing(journal: Journal, standin: StandIn) -> None:
    standin.faults.extend(Fault(status) for status in (500, 502, 503, 504, 0, 429, 408, 301))
    journal.points(0, 100)
    journal.done()
    assert standin.steps() == list(range(100))
    assert kept(journal.folder) == []


def test_the_pause_that_a_server_asks_for_is_kept(journal: Journal, standin: StandIn) -> None:
    journal.points(0, 10)
    standin.faults.append(Fault(429, headers={"Retry-After": "30"}))
    journal.until(lambda: journal.shipment.backoff.left_s > 0)
    asked = journal.clock.now
    journal.shipment.backoff.hurry()
    journal.idle()
    assert journal.clock.now - asked >= 30


@pytest.mark.parametrize("at", [0, 40, 99])
def test_a_damaged_record_costs_itself_alone(journal: Journal, standin: StandIn, at: int) -> None:
    journal.points(0, 100)
    journal.writer.close()
    segment = journal.folder.segment(1)
    data = bytearray(segment.read_bytes())
    size = len(data) // 100
    data[at * size + size // 2] ^= 0xFF
    segment.write_bytes(data)
    assert journal.until() is Step.DONE
    lost = {line.record["step"] if line.record else line.seq - 1 for line in kept(journal.folder)}
    assert set(standin.steps()) == set(range(100)) - lost
    assert at in lost
    assert len(lost) <= 2


def test_a_tail_that_was_never_finished_is_nothing_odd(journal: Journal, standin: StandIn) -> None:
    journal.points(0, 10)
    with open(journal.folder.segment(1), "ab") as file:
        file.write(b"\x40\x00\x00\x00\x01\x02\x03")
    journal.shipment._over = lambda: True  # its process has died
    assert journal.until() is Step.DONE
    assert standin.steps() == list(range(10))
    assert kept(journal.folder) == []


def test_a_tail_of_zeros_after_a_power_loss_ends_the_journal(journal: Journal, standin: StandIn) -> None:
    journal.points(0, 10)
    with open(journal.folder.segment(1), "ab") as file:
        file.write(bytes(4096))
    journal.shipment._over = lambda: True
    assert journal.until() is Step.DONE
    assert standin.steps() == list(range(10))


def test_a_record_that_is_being_written_is_waited_for(journal: Journal, standin: StandIn) -> None:
    journal.points(0, 3)
    segment = journal.folder.segment(1)
    whole = segment.read_bytes()
    journal.points(3, 4)
    last = segment.read_bytes()
    segment.write_bytes(whole + bytes(len(last) - len(whole)))  # as a network file system may show it
    journal.until(lambda: journal.shipment.sent == 3)
    journal.clock.now += 5
    journal.shipment.step()
    segment.write_bytes(last)
    journal.idle()
    assert standin.steps() == [0, 1, 2, 3]
    assert journal.news == []


def test_files_are_there_before_the_run_ends_and_before_a_model_is_said_to_be_whole(
    journal: Journal, standin: StandIn
) -> None:
    standin.hold_files.clear()
    journal.log(NewRun(RUN, "0"))
    journal.file("one")
    journal.points(0, 3)
    journal.log(
        Call("b" * 32, "POST", LOG_MODEL),
        Call(RUN, "POST", LOG_INPUTS),
        Call(RUN, "POST", LOG_MODEL),
        RunChange(RUN, 3, 9),
        point(3),
    )
    journal.until(lambda: Call(RUN, "POST", LOG_INPUTS) in standin.all())
    assert Call("b" * 32, "POST", LOG_MODEL) in standin.all()
    for _ in range(20):
        assert journal.shipment.step() is not Step.DONE
        time.sleep(0.002)
    assert Call(RUN, "POST", LOG_MODEL) not in standin.all()
    assert journal.shipment.sent == 1
    standin.hold_files.set()
    journal.done()
    assert standin.files == {f"0/{RUN}/artifacts/f.txt": b"one"}
    assert standin.all()[-3:] == [Call(RUN, "POST", LOG_MODEL), RunChange(RUN, 3, 9), point(3)]


def test_uploads_say_which_record_they_are_and_wait_for_their_turn(
    journal: Journal, standin: StandIn
) -> None:
    standin.faults += [Fault(429, headers={"Retry-After": "1"}, only="/artifacts/") for _ in range(2)]
    journal.log(NewRun(RUN, "0"))
    journal.file("one")
    journal.file("picture", "a.bin", owner="traces/tr-1")
    journal.file("two")
    journal.done()
    here, name = f"0/{RUN}/artifacts/f.txt", journal.folder.id
    assert sorted(standin.uploaded, key=lambda one: one[2]) == [
        (here, name, 2),
        ("0/traces/tr-1/artifacts/a.bin", name, 3),
        (here, name, 4),
    ]
    assert standin.files[here] == b"two"


def test_the_files_of_a_logged_model_hold_back_calls_about_it(journal: Journal, standin: StandIn) -> None:
    standin.hold_files.clear()
    journal.file("weights", "model.bin", owner="models/m-1")
    journal.log(Call("m-1", "PATCH", "/api/2.0/mlflow/logged-models/m-1"), point(0))
    for _ in range(20):
        journal.shipment.step()
        time.sleep(0.002)
    assert standin.all() == []
    standin.hold_files.set()
    journal.done()
    assert standin.files == {"0/models/m-1/artifacts/model.bin": b"weights"}


def test_many_files_go_up_and_their_copies_go(journal: Journal, standin: StandIn) -> None:
    for number in range(30):
        journal.file(f"{number}", f"dir/{number} ü%.txt".replace("/", "-"))
    standin.faults.extend(Fault(status, only="mlflow-artifacts") for status in (503, 0, 500))
    standin.faults.append(Fault(late=True, only="mlflow-artifacts"))
    journal.idle()
    assert len(standin.files) == 30
    assert list(journal.folder.files.iterdir()) == []
    assert standin.files[f"0/{RUN}/artifacts/dir-3 ü%.txt"] == b"3"
    journal.done()


def test_a_file_that_replaces_another_goes_up_after_it(journal: Journal, standin: StandIn) -> None:
    journal.log(NewRun(RUN, "0"))
    for number in range(30):
        journal.file("x" * (300_000 if number % 2 == 0 else 1) + str(number), "same.txt")
        journal.file(str(number), f"{number}.txt")
    journal.done()
    assert standin.files[f"0/{RUN}/artifacts/same.txt"] == b"x29" and len(standin.files) == 31


def test_files_that_were_sent_are_not_sent_again_by_another_sender(
    journal: Journal, standin: StandIn
) -> None:
    standin.hold_files.clear()
    journal.file("slow", "slow.txt")
    standin.hold_files.set()
    journal.file("quick", "quick.txt")
    journal.idle()
    journal.folder.sent = Position()  # as if the first was still on its way when it was killed
    puts = len([1 for method, _ in standin.log if method == "PUT"])
    journal.shipment.stop()
    journal.shipment = journal.another()
    journal.done()
    assert len([1 for method, _ in standin.log if method == "PUT"]) == puts
    assert kept(journal.folder) == []


def test_a_referenced_file_that_changed_is_refused_with_the_reason_and_blocks_nothing(
    journal: Journal, standin: StandIn
) -> None:
    source = journal.file("before", "changed.txt", copy=False)
    gone = journal.file("gone", "gone.txt", copy=False)
    journal.file("same", "same.txt", copy=False)
    journal.log(RunChange(RUN, 3, 1))
    source.write_text("after")
    os.utime(source, ns=(1, 1))
    gone.unlink()
    journal.done()
    assert list(standin.files) == [f"0/{RUN}/artifacts/same.txt"]
    messages = {line.record["path"]: line.message for line in kept(journal.folder)}
    assert "has changed since it was logged" in messages["changed.txt"]
    assert "cannot be read" in messages["gone.txt"]
    assert standin.all() == [RunChange(RUN, 3, 1)]


def test_copies_that_another_sender_has_sent_are_not_missed(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "STALE_S", 20.0)
    for name, text in (("one", "1"), ("two", "2")):
        journal.file(text, name)
    copies = sorted(journal.folder.files.iterdir())
    copies[0].unlink()
    (journal.folder.path / "uploaded.log").write_text("1\n")
    copies[1].unlink()  # before that was shown on this machine, as was the end of the journal
    threading.Timer(0.5, journal.folder.remove).start()
    assert journal.until() is Step.GONE
    assert kept(journal.folder) == []


def test_a_copy_that_is_lost_is_refused_after_a_while(
    journal: Journal, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "STALE_S", 0.3)
    journal.file("text", "lost.txt")
    (copy,) = journal.folder.files.iterdir()
    copy.unlink()
    journal.log(RunChange(RUN, 3, 1))
    journal.done()
    (line,) = kept(journal.folder)
    assert line.code == "FILE_UNREADABLE" and standin.all() == [RunChange(RUN, 3, 1)]


def test_a_file_without_its_run_is_refused_and_its_copy_kept(journal: Journal, standin: StandIn) -> None:
    journal.file("text", "lost.txt", owner="runs/absent")
    journal.done()
    (line,) = kept(journal.folder)
    assert line.code == "RESOURCE_DOES_NOT_EXIST"
    (copy,) = (journal.folder.path.parent / f"refused-{journal.folder.id}.files").iterdir()
    assert copy.read_text() == "text"


def test_a_place_outside_of_the_workspace_is_refused(journal: Journal, standin: StandIn) -> None:
    journal.file("text", owner="s3://bucket/prefix")
    journal.done()
    (line,) = kept(journal.folder)
    assert "outside of the workspace" in line.message


def test_a_folder_of_artifacts_is_named_by_its_address(journal: Journal, standin: StandIn) -> None:
    journal.file("text", owner="mlflow-artifacts:/7/x/artifacts")
    journal.done()
    assert standin.files == {"7/x/artifacts/f.txt": b"text"}


def test_a_token_that_ends_is_asked_for_and_nothing_is_lost(
    home: Path, standin: StandIn, journal: Journal
) -> None:
    standin.tokens = {"first"}
    journal.shipment = journal.another("first")
    journal.points(0, 5)
    journal.idle()
    standin.tokens = {"second"}
    journal.points(5, 10)
    journal.until(lambda: journal.asked > 0)
    assert journal.shipment.trouble == "The token is not taken."
    journal.access.take("second")
    journal.done()
    assert standin.steps() == list(range(10))
    assert "first" not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file()).decode(
        errors="replace"
    )


def test_a_token_of_the_environment_takes_over(
    standin: StandIn, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.tokens = {"ry_new"}
    journal.shipment = journal.another("old")
    monkeypatch.setenv("RUNYARD_TOKEN", "ry_new")
    journal.points(0, 5)
    journal.done()
    assert standin.steps() == list(range(5))


def test_runs_under_way_are_told_from_time_to_time(journal: Journal, standin: StandIn) -> None:
    journal.log(NewRun(RUN, "0"), NewRun("b" * 32, "0"), RunChange("b" * 32, 3, 1))
    journal.idle()
    journal.until(lambda: len(standin.beats) == 3)
    assert {tuple(one["runs"]) for one in standin.beats} == {(RUN,)}
    assert standin.beats[0]["interval_s"] == 15
    journal.shipment.stop()
    journal.shipment = journal.another()
    journal.log(RunChange(RUN, 4, 2))
    journal.done()
    last = standin.beats[-1]
    assert (last["journal"], last["runs"], last["ended"]) == (journal.folder.id, [], "")
    assert last["host"] == socket.gethostname()


def test_no_sign_is_given_of_a_run_that_was_left_until_it_is_taken_up_again(
    journal: Journal, standin: StandIn
) -> None:
    journal.log(NewRun(RUN, "0"), NewRun("b" * 32, "0"))
    journal.idle()
    journal.until(lambda: len(standin.beats) == 1)
    journal.log(RunChange(RUN, left=True))
    journal.idle()
    journal.until(lambda: len(standin.beats) == 2)
    journal.log(RunChange(RUN))
    journal.idle()
    journal.until(lambda: len(standin.beats) == 3)
    assert [one["runs"] for one in standin.beats] == [[RUN, "b" * 32], ["b" * 32], [RUN, "b" * 32]]


def test_a_process_that_died_over_its_run_is_told(journal: Journal, standin: StandIn) -> None:
    journal.log(NewRun(RUN, "0"), NewRun("b" * 32, "0"), RunChange("b" * 32, 3, 1), point(1))
    journal.idle()
    journal.shipment.stop()
    journal.shipment = journal.another()
    journal.shipment._over = lambda: True
    standin.faults.append(Fault(503, only="/beat"))
    assert journal.until() is Step.DONE
    last = standin.beats[-1]
    assert last["runs"] == [RUN]
    assert f"number {os.getpid()}" in last["ended"]


def test_a_dead_process_gives_no_sign_of_life(journal: Journal, standin: StandIn) -> None:
    journal.log(NewRun(RUN, "0"), *(point(step) for step in range(100)))
    journal.shipment._over = lambda: True
    assert journal.until(pass_s=20) is Step.DONE
    assert [bool(one.get("ended")) for one in standin.beats] == [True]


def test_another_sender_that_was_faster_is_no_trouble(journal: Journal, standin: StandIn) -> None:
    journal.points(0, 100)
    journal.file("x", "x.txt")
    slow = journal.another()
    slow.step()
    journal.done()
    assert slow.step() in (Step.GONE, Step.MOVED, Step.IDLE)
    assert slow.step() in (Step.GONE, Step.DONE)
    assert standin.steps() == list(range(100))
    assert kept(journal.folder) == []
    assert not journal.folder.path.exists()


def test_two_senders_side_by_side_send_everything_once(journal: Journal, standin: StandIn) -> None:
    second = journal.another()
    for start in range(0, 300, 50):
        journal.points(start, start + 50)
        journal.file(f"{start}", f"{start}.txt")
        for _ in range(3):
            journal.shipment.step()
            second.step()
    journal.done()
    assert standin.steps() == list(range(300))
    assert len(standin.files) == 6
    assert kept(journal.folder) == []


def test_requests_grow_with_what_waits(journal: Journal, standin: StandIn) -> None:
    sizes: list[int] = []
    standin.judge = lambda records: sizes.append(len(records)) or 200  # type: ignore[func-returns-value]
    big = "x" * 200_000
    journal.log(*(BatchRecord(RUN, tags=[(str(number), big)]) for number in range(100)))
    journal.idle()
    assert sizes[0] <= 5
    assert max(sizes) > 15
    assert sum(sizes) == 100
    assert max(sizes) * 200_000 < 5_000_000


def test_a_full_disk_keeps_the_sender_from_nothing(
    short: Journal, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(self: JournalFolder, name: str, value: object, *, safe: bool = False) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    short.points(0, 100)
    short.file("text", "f.txt")
    monkeypatch.setattr(JournalFolder, "write", write)
    short.idle()
    assert standin.steps() == list(range(100))
    short.until(lambda: 1 not in short.folder.segments())
    monkeypatch.undo()
    short.shipment.stop()
    short.shipment = short.another()
    short.done()
    assert standin.steps() == list(range(100))
    assert len(standin.files) == 1


def test_a_disk_that_fails_under_a_refusal_loses_no_refusal(
    journal: Journal, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.refuse = lambda one: ("X", "No.") if getattr(one, "step", 0) == 1 else None
    whole, fails = JournalFolder.refuse, iter([True, True])

    def refuse(self: JournalFolder, lines: list[bytes]) -> None:
        if next(fails, False):
            raise OSError(errno.EIO, "Input/output error")
        whole(self, lines)

    monkeypatch.setattr(JournalFolder, "refuse", refuse)
    journal.points(0, 3)
    journal.done()
    assert [line.seq for line in kept(journal.folder)] == [2]
    assert standin.steps() == [0, 2]


def test_a_proxy_with_a_smaller_limit_is_learned(journal: Journal, standin: StandIn) -> None:
    large: list[int] = []

    def judge(records: list[Record]) -> int:
        if len(records) <= 100:
            return 200
        large.append(len(records))
        return 413

    standin.judge = judge
    big = "x" * 2_000
    journal.log(*(BatchRecord(RUN, tags=[(str(number), big)]) for number in range(3_000)))
    journal.idle()
    assert len(standin.all()) == 3_000
    assert len(large) < 12
    assert kept(journal.folder) == []


@pytest.mark.parametrize("source", ["files/../../secret.txt", "../secret.txt", "files/1"])
def test_a_journal_of_somebody_else_gets_no_other_file_out(
    journal: Journal, standin: StandIn, source: str
) -> None:
    secret = journal.folder.path.parent / "secret.txt"
    secret.write_text("secret")
    journal.folder.files.mkdir()
    (journal.folder.files / "1").symlink_to(secret)
    journal.log(FileRecord(f"runs/{RUN}", "x", source, 6, None, RUN))
    journal.done()
    assert standin.files == {}
    assert len(kept(journal.folder)) == 1


def test_a_server_that_contradicts_itself_is_not_asked_without_pause(
    journal: Journal, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standin, "take", lambda name, body: (200, {"applied": 0}))
    journal.points(0, 5)
    journal.until(lambda: journal.shipment.backoff.failures > 2)
    assert "asks again and again" in str(journal.shipment.trouble)
    monkeypatch.undo()
    journal.done()
    assert standin.steps() == list(range(5))

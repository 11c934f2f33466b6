"""`runyard sync` and `runyard journal`, against a server that fails on demand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import Result

from runyard.cli.main import main
from runyard.client.journal.folder import HEAD, Head, JournalFolder, journals
from runyard.client.journal.processes import ProcessMark
from runyard.client.journal.spool import Spool
from runyard.client.journal.writer import JournalWriter
from runyard.entities.journal import BatchPoint, BatchRecord, FileRecord, NewRun, PointRecord, RunChange
from tests.cli.command_line import runner
from tests.journal.standin import Fault, StandIn
from tests.journal.trainers import RUN, trained, trainer, wait_for

DEAD = ProcessMark(2**22 - 1, 1)


def written(
    home: Path, server: str = "", *, close: bool = True, start: int = 0, workspace: str = "", host: str = ""
) -> JournalFolder:
    """A journal of an ended process: a run with 10 points one by one, 2 in a batch, and a file."""
    folder = JournalFolder.create(home, server, workspace, 1, offline=not server)
    writer = JournalWriter(folder)
    run = f"{start:032x}"
    writer.append(NewRun(run, None, "digits"))
    for step in range(10):
        writer.append(PointRecord(run, "loss", 1.0, 1, start + step))
    writer.append(BatchRecord(run, [BatchPoint("a", 1.0, 1), BatchPoint("b", 1.0, 1)], [("lr", "1")]))
    source = home / "file.txt"
    source.write_text("hello")
    copied = Spool(folder).copy(source)
    source.unlink()
    writer.append(FileRecord(f"runs/{run}", "file.txt", copied.source, copied.size, None, run))
    if close:
        writer.append(RunChange(run, 3, 5))
        writer.close()
    else:
        writer.abandon()
        head = folder.head
        assert head is not None
        folder.write(HEAD, Head(head.journal, server, workspace, host or head.host, DEAD, 1, not server))
    return folder


def call(*words: str, code: int = 0, **environment: str) -> Result:
    """One call of `runyard`."""
    found = runner().invoke(main, words, env={"COLUMNS": "200", **environment}, prog_name="runyard")
    assert found.exit_code == code, (found.stdout, found.stderr, found.exception)
    return found


def test_nothing_to_send_is_no_failure(home: Path) -> None:
    assert "Nothing to send" in call("sync").stderr
    home.mkdir()
    assert "Nothing to send" in call("sync").stderr
    assert "is no folder" in call("sync", str(home / "absent"), code=1).stderr


def test_offline_journals_go_where_commands_go_and_are_verified(home: Path, standin: StandIn) -> None:
    for number in range(3):
        written(home, start=number * 100)
    done = call("sync", RUNYARD_SERVER=standin.url)
    assert "Verified by the server: 42 records, 36 points, 3 files." in done.stderr
    assert standin.steps() == sorted(number * 100 + step for number in range(3) for step in range(10))
    assert len(standin.files) == 3
    assert list(home.iterdir()) == []
    assert "Nothing to send" in call("sync").stderr


def test_a_journal_from_another_machine_is_sent_from_a_copied_folder(
    home: Path, standin: StandIn, tmp_path: Path
) -> None:
    folder = written(home, "http://127.0.0.1:1")
    other = tmp_path / "usb"
    other.mkdir()
    folder.path.rename(other / folder.id)
    (found,) = json.loads(call("sync", str(other / folder.id), "--server", standin.url, "-o", "json").stdout)
    assert (found["state"], found["records"], found["points"], found["files"]) == ("sent", 14, 12, 1)
    assert len(standin.all()) == 13


def test_workspaces_are_those_of_the_journals_unless_one_is_given(home: Path, standin: StandIn) -> None:
    written(home, standin.url, workspace="vision")
    call("sync", code=1)  # the stand-in knows no workspaces
    assert {path.partition("/api/")[0] for _, path in standin.log} == {"/workspaces/vision"}
    standin.log.clear()
    call("sync", "-w", "other", code=1)
    assert {path.partition("/api/")[0] for _, path in standin.log} == {"/workspaces/other"}


def test_a_process_that_died_offline_is_told(home: Path, standin: StandIn) -> None:
    written(home, close=False)
    call("sync", RUNYARD_SERVER=standin.url)
    assert standin.beats[-1]["runs"] == ["0" * 32]
    assert "ended without ending the run" in standin.beats[-1]["ended"]


def test_a_journal_of_another_machine_that_was_not_closed_stays_until_one_says_so(
    home: Path, standin: StandIn
) -> None:
    folder = written(home, close=False, host="node-7")
    done = call("sync", RUNYARD_SERVER=standin.url)
    assert "on node-7 has not said that it has ended" in done.stderr
    assert "open" in done.stdout
    assert len(standin.steps()) == 10
    assert folder.path.exists()
    assert not standin.beats
    call("sync", "--ended", RUNYARD_SERVER=standin.url)
    assert not folder.path.exists()
    assert standin.steps() == list(range(10))
    assert standin.beats[-1]["ended"]


def test_what_is_left_is_told_and_sent_by_another_call(
    home: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runyard.client.journal.sync.FIRST_CONTACT_S", 0.5)
    written(home)
    standin.down()
    failed = call("sync", code=5, RUNYARD_SERVER=standin.url)
    assert "No server answers" in failed.stderr
    assert "What was not sent is where it was" in failed.stderr
    standin.up()
    standin.tokens = {"ry_good"}
    failed = call("sync", code=3, RUNYARD_SERVER=standin.url)
    assert "runyard login" in failed.stderr
    call("sync", RUNYARD_SERVER=standin.url, RUNYARD_TOKEN="ry_good")
    assert standin.steps() == list(range(10))


def test_what_is_refused_is_told_kept_and_shown(home: Path, standin: StandIn) -> None:
    standin.refuse = lambda one: ("BAD", "Not this one.") if getattr(one, "step", 0) == 4 else None
    folder = written(home)
    failed = call("sync", code=1, RUNYARD_SERVER=standin.url)
    assert "1 records were refused" in failed.stderr
    assert str(folder.refused_file) in failed.stderr
    shown = call("journal", "refused").stdout
    assert "metric 'loss' of run" in shown
    assert "Not this one." in shown
    (found,) = json.loads(call("journal", "refused", folder.id[:6], "-o", "json").stdout)
    assert found["record"]["step"] == 4
    assert "Nothing to send" in call("sync").stderr


def test_a_sync_that_is_interrupted_goes_on_where_it_was(home: Path, standin: StandIn) -> None:
    folder = JournalFolder.create(home, standin.url, "", 1, offline=False)
    writer = JournalWriter(folder, segment_bytes=1 << 20)
    for step in range(60_000):
        writer.append(PointRecord(RUN, "loss", 1.0, 1, step))
    writer.close()
    standin.delay_s = 0.1
    for _ in range(3):
        before = len(standin.steps())
        process = subprocess.Popen([sys.executable, "-m", "runyard", "sync"], stderr=subprocess.DEVNULL)
        wait_for(lambda: len(standin.steps()) > before or process.poll() is not None, "progress")  # noqa: B023
        process.kill()
        process.wait()
    standin.delay_s = 0
    if folder.path.exists():
        call("sync")
    assert standin.steps() == list(range(60_000))


def test_watching_follows_running_jobs_until_ctrl_c(home: Path, standin: StandIn) -> None:
    process = trainer(
        standin,
        """
        recorder = recorder_for(Target("", offline=True))
        recorder.append(NewRun(RUN, "0"))
        while recorder.seq <= 200:
            recorder.append(point(recorder.seq))
            time.sleep(0.02)
        """,
    )
    wait_for(lambda: bool(list(journals(home))), "a journal")
    watching = subprocess.Popen(
        [sys.executable, "-m", "runyard", "sync", "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "RUNYARD_SERVER": standin.url},
    )
    wait_for(lambda: len(standin.steps()) > 50, "points of the running job")
    assert process.poll() is None
    process.communicate(timeout=30)
    written(home, start=5_000)
    wait_for(lambda: 5_009 in standin.steps(), "a journal that came later")
    wait_for(lambda: not list(journals(home)), "the end of the journals")
    watching.send_signal(signal.SIGINT)
    _, errors = watching.communicate(timeout=20)
    assert watching.returncode == 0, errors
    assert "Verified by the server" in errors
    assert standin.steps() == [*range(1, 201), *range(5_000, 5_010)]


def test_sync_beside_a_live_sender_doubles_nothing(home: Path, standin: StandIn) -> None:
    process = trainer(
        standin,
        """
        recorder = recorder_for(target)
        for step in range(2000):
            recorder.append(point(step))
            time.sleep(0.001)
        """,
    )
    wait_for(lambda: len(standin.steps()) > 10, "points")
    while process.poll() is None:
        call("sync")
    process.communicate()
    wait_for(lambda: not list(home.iterdir()), "an empty home")
    assert standin.steps() == list(range(2000))


def test_lost_records_of_a_restored_server_are_passed_over_when_one_says_so(
    home: Path, standin: StandIn
) -> None:
    folder = JournalFolder.create(home, standin.url, "", 1, offline=False)
    writer = JournalWriter(folder, segment_bytes=1_000)
    for step in range(100):
        writer.append(PointRecord(RUN, "loss", 1.0, 1, step))
    writer.abandon()
    assert "still runs" in call("sync").stderr
    del standin.records[folder.id][3:]
    assert "restored from a backup" in call("sync", code=1).stderr
    call("sync", "--skip-lost")
    assert standin.steps()[:3] == [0, 1, 2]
    assert standin.applied(folder.id) == 100


def test_journals_are_listed_and_shown(home: Path, standin: StandIn) -> None:
    folder = written(home, "http://127.0.0.1:1", workspace="vision")
    open_one = written(home, close=False, start=100)
    rows = {one["journal"]: one for one in json.loads(call("journal", "list", "-o", "json").stdout)}
    assert rows[folder.id]["state"] == rows[open_one.id]["state"] == "waiting"
    assert rows[folder.id]["workspace"] == "vision"
    assert "offline" in call("journal", "list").stdout
    shown = json.loads(call("journal", "show", folder.id[:8], "-o", "json").stdout)
    assert [one["seq"] for one in shown] == list(range(1, 15))
    assert shown[1]["what"] == f"metric 'loss' of run {'0' * 32}"
    assert [
        one["seq"]
        for one in json.loads(call("journal", "show", folder.id, "--last", "2", "-o", "json").stdout)
    ] == [
        13,
        14,
    ]
    assert "No journal" in call("journal", "show", "zz", code=4).stderr


def test_files_that_fail_on_the_way_are_tried_again(home: Path, standin: StandIn) -> None:
    standin.faults.extend(Fault(503, only="mlflow-artifacts") for _ in range(3))
    written(home)
    call("sync", RUNYARD_SERVER=standin.url)
    assert list(standin.files.values()) == [b"hello"]


def test_many_journals_are_sent_side_by_side(home: Path, standin: StandIn) -> None:
    for number in range(12):
        written(home, start=number * 100)
    busy, most, lock = 0, 0, threading.Lock()

    def judge(records: object) -> int:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        threading.Event().wait(0.05)
        with lock:
            busy -= 1
        return 200

    standin.judge = judge
    call("sync", "--jobs", "6", RUNYARD_SERVER=standin.url)
    assert most > 2
    assert len(standin.steps()) == 120


def test_an_offline_run_is_sent_as_its_process_printed(home: Path, standin: StandIn) -> None:
    output = trained(
        standin,
        """
        recorder = recorder_for(Target("", offline=True))
        for step in range(5):
            recorder.append(point(step))
        """,
    )
    assert "`runyard sync` sends them" in output
    call("sync", RUNYARD_SERVER=standin.url)
    assert standin.steps() == list(range(5))


def test_the_token_of_the_environment_is_shown_to_no_server_that_only_a_journal_names(
    home: Path, standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(home, standin.url)
    other = tmp_path / "usb"
    other.mkdir()
    folder.path.rename(other / folder.id)
    monkeypatch.setenv("RUNYARD_TOKEN", "ry_mine")
    monkeypatch.setenv("RUNYARD_SERVER", "http://127.0.0.1:1")
    assert "where you have no login" in call("sync", str(other), code=1).stderr
    assert standin.log == []
    call("sync", str(other), "--server", standin.url)
    assert standin.steps() == list(range(10))

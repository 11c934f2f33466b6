"""The recorder in one process, without a server: what is cheap, what begins anew, what waits."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from pathlib import Path

import pytest

from runyard.client.journal.folder import JournalFolder, journals
from runyard.client.journal.reader import JournalReader
from runyard.client.journal.recorder import Recorder, recorder_for
from runyard.client.journal.settings import JournalSettings
from runyard.client.journal.target import Target
from runyard.entities.journal import FileRecord, PointRecord
from runyard.errors import InvalidInput
from runyard.wire.journal import decode_record

OFFLINE = Target("", offline=True)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNYARD_JOURNAL", str(tmp_path / "journal"))
    return tmp_path / "journal"


def point(step: int) -> PointRecord:
    return PointRecord("r" * 32, "loss", 0.5, 1, step)


def records(folder: Path) -> list[object]:
    reader = JournalReader(JournalFolder(folder))
    found: list[object] = []
    while (chunk := reader.next()) is not None:
        found += [decode_record(frame) for frame in chunk.frames]
    return found


def test_nothing_is_made_before_the_first_record(home: Path) -> None:
    recorder = Recorder(OFFLINE)
    assert (recorder.seq, recorder.folder, recorder.trouble, recorder.take_news()) == (0, None, None, [])
    assert recorder.flush(5) == (True, 0, None)
    recorder.close()
    assert not home.exists()


def test_one_recorder_for_each_target_whatever_its_token() -> None:
    other = Target("http://127.0.0.1:9", "vision", lambda: "one")
    assert recorder_for(other) is recorder_for(Target("http://127.0.0.1:9", "vision", lambda: "two"))
    assert recorder_for(other) is not recorder_for(Target("http://127.0.0.1:9", "other"))
    assert "one" not in repr(recorder_for(other))


def test_records_of_many_threads_are_all_there() -> None:
    recorder = Recorder(OFFLINE)
    threads = [
        threading.Thread(
            target=lambda start: [recorder.append(point(start + step)) for step in range(200)], args=(n,)
        )
        for n in range(0, 1_000, 200)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorder.seq == 1_000
    assert recorder.folder is not None
    assert sorted(one.step for one in records(recorder.folder) if isinstance(one, PointRecord)) == list(
        range(1_000)
    )
    recorder.close()


def test_a_record_after_the_end_begins_another_journal(home: Path) -> None:
    recorder = Recorder(OFFLINE)
    recorder.append(point(1))
    first = recorder.folder
    recorder.close()
    assert recorder.append(point(2)) == 1
    assert recorder.folder != first
    assert len(list(journals(home))) == 2
    recorder.close()


def test_closing_beside_appending_loses_nothing(home: Path) -> None:
    recorder = Recorder(OFFLINE)
    done = threading.Event()

    def log() -> None:
        for step in range(3_000):
            recorder.append(point(step))
        done.set()

    thread = threading.Thread(target=log)
    thread.start()
    while not done.is_set():
        recorder.close()
        time.sleep(0.002)
    thread.join()
    recorder.close()
    found = [
        one.step for folder in journals(home) for one in records(folder.path) if isinstance(one, PointRecord)
    ]
    assert sorted(found) == list(range(3_000))


def test_a_file_is_copied_or_referred_to(tmp_path: Path) -> None:
    recorder = Recorder(OFFLINE)
    source = tmp_path / "model.bin"
    source.write_bytes(b"weights")
    recorder.add_file("runs/r", "a/model.bin", source, copy=True, run_id="r")
    recorder.add_file("runs/r", "b/model.bin", source, copy=False)
    state = source.stat()
    source.unlink()
    folder = recorder.folder
    assert folder is not None
    copied, referred = records(folder)
    assert isinstance(copied, FileRecord)
    assert (folder / copied.source).read_bytes() == b"weights"
    assert referred == FileRecord("runs/r", "b/model.bin", str(source), 7, state.st_mtime_ns)
    with pytest.raises(InvalidInput, match="model.bin"):
        recorder.add_file("runs/r", "x", source, copy=False)
    recorder.close()


def test_offline_a_flush_says_what_waits_and_does_not() -> None:
    recorder = Recorder(OFFLINE)
    recorder.append(point(1))
    began = time.monotonic()
    assert recorder.flush(30) == (False, 1, None)
    assert time.monotonic() - began < 5
    recorder.close()


def test_a_used_up_budget_holds_appends_until_there_is_room(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(OFFLINE, JournalSettings(limit_bytes=300_000))
    recorder.append(point(0))
    blocker = home / "old"
    blocker.write_bytes(bytes(280_000))
    stopped = threading.Event()

    def log() -> None:
        for step in range(2_000):
            recorder.append(point(step))
        stopped.set()

    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    assert not stopped.wait(0.7)
    assert 0 < recorder.seq < 1_000
    assert "RUNYARD_JOURNAL_LIMIT" in caplog.text
    assert "take" in recorder.take_news()[0]
    blocker.unlink()
    assert stopped.wait(10)
    recorder.close()


def test_a_journal_that_somebody_removes_is_told_and_another_begun(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runyard.client.journal.recorder.LIFE_S", 0.0)
    recorder = Recorder(OFFLINE, JournalSettings(sync_s=0.02))
    recorder.append(point(1))
    first = recorder.folder
    assert first is not None
    shutil.rmtree(first)
    deadline = time.monotonic() + 10
    while not (news := recorder.take_news()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "was removed while it was written" in news[0]
    recorder.append(point(2))
    assert recorder.folder is not None
    assert records(recorder.folder) == [point(2)]
    recorder.close()


def test_an_append_costs_microseconds() -> None:
    recorder = Recorder(OFFLINE)
    taken = []
    for step in range(20_000):
        began = time.perf_counter_ns()
        recorder.append(point(step))
        taken.append(time.perf_counter_ns() - began)
    taken.sort()
    recorder.close()
    assert taken[len(taken) // 2] < 20_000, "the median, in ns"
    assert taken[len(taken) * 99 // 100] < 1_000_000, "the 99th of 100"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stays, beside that for temporary files."""
    for name in ("temporary", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def test_a_file_that_leaves_no_room_is_referred_to_and_logging_goes_on(elsewhere: Path) -> None:
    recorder = Recorder(OFFLINE, JournalSettings(limit_bytes=4 * 1024 * 1024))
    big, small = elsewhere / "work" / "big.bin", elsewhere / "work" / "small.bin"
    big.write_bytes(bytes(6 * 1024 * 1024))
    small.write_bytes(bytes(2 * 1024 * 1024))
    recorder.add_file("runs/r", "small.bin", small, copy=True)
    recorder.add_file("runs/r", "big.bin", big, copy=True)
    for step in range(100):
        recorder.append(point(step))
    copied, referred = records(recorder.begin())[:2]
    assert isinstance(copied, FileRecord) and isinstance(referred, FileRecord)
    assert (copied.mtime_ns, referred.mtime_ns) == (None, big.stat().st_mtime_ns)
    assert referred.source == str(big) and referred.size == 6 * 1024 * 1024
    (told,) = recorder.take_news()
    assert "big.bin (6.0 MiB) is not copied, since RUNYARD_JOURNAL_LIMIT leaves 2.0 MiB" in told


@pytest.mark.parametrize("folder", ["temporary", "journal"])
def test_a_temporary_file_is_copied_in_any_case(elsewhere: Path, folder: str) -> None:
    recorder = Recorder(OFFLINE, JournalSettings(limit_bytes=4 * 1024 * 1024))
    made = elsewhere / folder / "model.bin"
    made.parent.mkdir(exist_ok=True)
    made.write_bytes(bytes(6 * 1024 * 1024))
    recorder.add_file("runs/r", "model.bin", made, copy=True)
    made.unlink()
    (copied,) = records(recorder.begin())
    assert isinstance(copied, FileRecord) and copied.mtime_ns is None
    assert any("model.bin (6.0 MiB) is copied, although" in told for told in recorder.take_news())

"""The journal on disk: what was appended is read back, whatever the writer met."""

from __future__ import annotations

import errno
import math
import os
import shutil
import threading
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runyard.client.journal import writer as writing
from runyard.client.journal.folder import HEAD, JournalFolder, Position, journals, remove_unborn
from runyard.client.journal.processes import ProcessMark, is_alive, is_dead, this_process
from runyard.client.journal.reader import JournalReader
from runyard.client.journal.writer import JournalWriter
from runyard.entities.journal import (
    BatchPoint,
    BatchRecord,
    Call,
    FileRecord,
    NewRun,
    PointRecord,
    Record,
    RunChange,
    Untag,
)
from runyard.errors import CorruptData, InvalidInput, StorageUnavailable, TooLarge
from runyard.wire.journal import Frame, decode_record, encode_frame, frames

texts = st.text(max_size=20)
numbers = st.floats(allow_nan=False)
steps = st.integers(-(2**63), 2**63 - 1)
pairs = st.lists(st.tuples(texts, texts), max_size=3)
batch_points = st.builds(BatchPoint, texts, numbers, steps, steps, st.none() | texts)
records: st.SearchStrategy[Record] = st.one_of(
    st.builds(PointRecord, texts, texts, numbers, steps, steps),
    st.builds(BatchRecord, texts, st.lists(batch_points, max_size=3), pairs, pairs),
    st.builds(NewRun, texts, st.none() | texts, st.none() | texts, texts, st.none() | steps, texts, pairs),
    st.builds(RunChange, texts, st.none() | st.integers(1, 5), st.none() | steps, st.none() | texts),
    st.builds(Untag, texts, texts),
    st.builds(Call, texts, texts, texts, st.dictionaries(texts, texts, max_size=2)),
    st.builds(FileRecord, texts, texts, texts, st.integers(0, 2**60), st.none() | st.integers(0, 2**62)),
)


@pytest.fixture
def folder(tmp_path: Path) -> JournalFolder:
    return JournalFolder.create(tmp_path, "http://127.0.0.1:1", "", 1, offline=False)


def read_all(folder: JournalFolder, max_bytes: int = 1 << 20) -> list[Record]:
    reader = JournalReader(folder, Position())
    found: list[Record] = []
    while (chunk := reader.next(max_bytes)) is not None:
        found += [decode_record(frame) for frame in chunk.frames]
    return found


def point(step: int) -> PointRecord:
    return PointRecord("r" * 32, "loss", step / 7, 1_700_000_000_000 + step, step)


@given(st.lists(records, max_size=8), st.integers(1, 200), st.integers(1, 400))
@settings(deadline=None)
def test_what_is_appended_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, written: list[Record], segment: int, piece: int
) -> None:
    folder = JournalFolder.create(tmp_path_factory.mktemp("j"), "", "", 1, offline=True)
    writer = JournalWriter(folder, segment_bytes=segment)
    assert [writer.append(one) for one in written] == list(range(1, len(written) + 1))
    assert read_all(folder, piece) == written
    writer.close()
    assert folder.closed is not None
    assert folder.closed.seq == len(written)


def test_values_that_json_has_not_survive(folder: JournalFolder) -> None:
    JournalWriter(folder).append(PointRecord("r", "nan", math.nan, 1))
    (found,) = read_all(folder)
    assert isinstance(found, PointRecord)
    assert math.isnan(found.value)


def test_a_record_that_is_cut_off_anywhere_is_not_there_and_those_before_it_are(
    folder: JournalFolder,
) -> None:
    whole = encode_frame(1, point(1)) + encode_frame(2, point(2))
    first = len(encode_frame(1, point(1)))
    for size in range(first, len(whole)):
        folder.segment(1).write_bytes(whole[:size])
        assert read_all(folder) == [point(1)]


def test_a_damaged_byte_is_told_and_never_read_as_something_else(folder: JournalFolder) -> None:
    whole = encode_frame(1, point(1)) + encode_frame(2, point(2))
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        folder.segment(1).write_bytes(damaged)
        try:
            found = read_all(folder)
        except CorruptData:
            continue
        assert found in ([], [point(1)])  # a length that points behind the end: not there yet


def test_a_record_that_could_not_be_finished_begins_again_in_the_next_segment(folder: JournalFolder) -> None:
    folder.segment(1).write_bytes(encode_frame(1, point(1)) + encode_frame(2, point(2))[:9])
    folder.segment(2).write_bytes(encode_frame(2, point(2)) + encode_frame(3, point(3)))
    assert read_all(folder) == [point(1), point(2), point(3)]


def test_a_missing_record_is_told(folder: JournalFolder) -> None:
    folder.segment(1).write_bytes(encode_frame(1, point(1)) + encode_frame(3, point(3)))
    reader = JournalReader(folder, Position())
    first = reader.next()
    assert first is not None
    assert [frame.seq for frame in first.frames] == [1]
    with pytest.raises(CorruptData, match="Record 2"):
        reader.next()


def test_reading_goes_on_while_it_is_written_from_many_threads(folder: JournalFolder) -> None:
    writer = JournalWriter(folder, segment_bytes=2_000)

    def write(number: int) -> None:
        for step in range(200):
            writer.append(point(number * 1_000 + step))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    reader, seen = JournalReader(folder, Position()), list[Frame]()
    while any(thread.is_alive() for thread in threads) or len(seen) < 800:
        chunk = reader.next(500)
        seen += chunk.frames if chunk is not None else []
    assert [frame.seq for frame in seen] == list(range(1, 801))
    assert reader.next() is None


def test_a_position_is_kept_and_old_segments_go(folder: JournalFolder) -> None:
    writer = JournalWriter(folder, segment_bytes=300)
    for step in range(20):
        writer.append(point(step))
    reader = JournalReader(folder)
    chunk = reader.next(400)
    assert chunk is not None
    folder.sent = chunk.end
    folder.drop_segments_before(chunk.end.segment)
    assert JournalReader(JournalFolder(folder.path)).position == chunk.end
    rest = JournalReader(folder)
    seqs = []
    while (more := rest.next(400)) is not None:
        seqs += [frame.seq for frame in more.frames]
    assert seqs == list(range(chunk.end.seq + 1, 21))


def test_a_full_disk_makes_logging_wait_and_loses_nothing(
    folder: JournalFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer = JournalWriter(folder)
    writer.append(point(1))
    whole, outcomes = os.write, iter(["part", "full", "full", "all"])

    def write(fd: int, data: bytes) -> int:
        outcome = next(outcomes, "all")
        if outcome == "part":
            return whole(fd, data[:5])
        if outcome == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(fd, data)

    monkeypatch.setattr(writing, "FULL_PAUSE_S", 0.01)
    monkeypatch.setattr(os, "write", write)
    writer.append(point(2))
    monkeypatch.undo()
    assert read_all(folder) == [point(1), point(2)]
    assert "full" in caplog.text


def test_a_disk_without_room_for_another_segment_fills_this_one(
    folder: JournalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(folder, segment_bytes=200)

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "open", refuse)
    for step in range(10):
        writer.append(point(step))
    monkeypatch.undo()
    assert folder.segments() == [1]
    writer.append(point(10))
    assert folder.segments() == [1, 2]
    assert read_all(folder) == [point(step) for step in range(11)]


def test_a_broken_disk_is_told_and_what_was_there_stays(
    folder: JournalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(folder)
    writer.append(point(1))

    def write(fd: int, data: bytes) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(StorageUnavailable, match="Input/output error"):
        writer.append(point(2))
    monkeypatch.undo()
    assert writer.append(point(3)) == 2
    assert read_all(folder) == [point(1), point(3)]


def test_a_record_that_is_too_large_is_refused(folder: JournalFolder) -> None:
    with pytest.raises(TooLarge, match="smaller pieces"):
        JournalWriter(folder).append(Untag("r", "k" * (16 * 1024 * 1024)))


def test_a_journal_that_cannot_be_made_says_which_setting_helps(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="RUNYARD_JOURNAL"):
        JournalFolder.create(tmp_path / "file", "", "", 1, offline=True)


def test_a_folder_is_private_and_listed(folder: JournalFolder) -> None:
    assert (folder.path.stat().st_mode & 0o777) == 0o700
    (folder.path.parent / "other").mkdir()
    assert [one.id for one in journals(folder.path.parent)] == [folder.id]
    assert [one.id for one in journals(folder.path)] == [folder.id]


def test_folders_that_never_became_journals_are_removed_in_time(folder: JournalFolder) -> None:
    home = folder.path.parent
    old, fresh, foreign = home / ("a" * 32), home / ("b" * 32), home / "notes"
    for one in (old, fresh, foreign):
        one.mkdir()
    long_ago = time.time() - 3_600
    for one in (old, foreign, folder.path):
        os.utime(one, (long_ago, long_ago))
    (home / f".gone-{'c' * 32}").mkdir()
    remove_unborn(home)
    assert {one.name for one in home.iterdir()} == {folder.id, fresh.name, foreign.name}


def test_what_was_refused_outlives_the_journal(folder: JournalFolder) -> None:
    folder.refuse([b'{"seq": 1}'])
    folder.remove()
    assert not folder.path.exists()
    assert (folder.path.parent / f"refused-{folder.id}.jsonl").read_bytes() == b'{"seq": 1}\n'


def test_a_process_is_known_to_be_alive_until_it_ends(folder: JournalFolder) -> None:
    mine = this_process()
    assert is_alive(mine)
    assert not folder.ended
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert is_dead(ProcessMark(pid, 1, mine.boot, mine.namespace))
    assert not is_alive(ProcessMark(pid, 1, mine.boot, mine.namespace))


@pytest.mark.parametrize("where", [{"boot": "another"}, {"namespace": "pid:[1]"}])
def test_a_process_that_nobody_can_see_counts_as_dead_when_it_has_been_quiet(
    folder: JournalFolder, where: dict[str, str]
) -> None:
    """After a reboot, on another machine of the same name, in another container."""
    head = folder.head
    assert head is not None
    head.process = msgspec.structs.replace(head.process, **where)
    folder.write(HEAD, head)
    assert is_dead(head.process) is None
    assert not is_alive(head.process)
    assert not folder.ended
    long_ago = time.time() - 3_600
    os.utime(folder.path / HEAD, (long_ago, long_ago))
    assert folder.ended
    folder.show_life()
    assert not folder.ended
    assert sorted(os.listdir(folder.path)) == [HEAD]


def test_unknown_kinds_and_bodies_are_refused() -> None:
    (strange,) = frames(encode_frame(1, point(1)))
    for kind, body in ((99, b"\x90"), (1, b"\xc1"), (1, b"\x90"), (2, b"\x92\x01\x02")):
        with pytest.raises(InvalidInput, match="cannot be read"):
            decode_record(strange._replace(kind=kind, body=body))


def test_what_is_being_removed_is_no_journal_any_more(tmp_path: Path, folder: JournalFolder) -> None:
    folder.path.rename(tmp_path / f".gone-{folder.id}")
    assert list(journals(tmp_path)) == []


def test_a_copy_under_another_name_is_the_same_journal(tmp_path: Path, folder: JournalFolder) -> None:
    shutil.copytree(folder.path, tmp_path / "kept before the move")
    assert [one.id for one in journals(tmp_path)] == [folder.id, folder.id]
    assert JournalFolder(tmp_path / "kept before the move").refused_file == folder.refused_file


def test_a_disk_that_cannot_sync_is_told_by_the_call_that_waits_for_it(
    folder: JournalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(folder, sync_each=True)
    writer.append(Untag("r", "a"))
    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(StorageUnavailable, match="cannot be synced"):
        writer.append(Untag("r", "b"))
    monkeypatch.undo()
    assert writer.append(Untag("r", "c")) == 3
    assert read_all(folder) == [Untag("r", "a"), Untag("r", "b"), Untag("r", "c")]


def test_a_disk_that_cannot_sync_is_told_once_where_nobody_waits(
    folder: JournalFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer = JournalWriter(folder)
    monkeypatch.setattr(os, "fdatasync", broken)
    for key in "abc":
        writer.append(Untag("r", key))
        writer.sync()
    assert [record.message for record in caplog.records if "cannot be synced" in record.message] == [
        record.message for record in caplog.records
    ]
    assert len(caplog.records) == 1
    writer.drop()


def broken(fd: int) -> None:
    raise OSError(errno.EIO, "Input/output error")

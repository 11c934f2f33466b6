"""The file of waiting points: what was appended comes back whole and in order, and nothing else ever does."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard.store.sql import points_file
from runyard.store.sql.points_file import (
    BLOCK,
    OVERHEAD,
    RECORD_LIMIT,
    RUN,
    PointsFile,
    Row,
    head_of,
    is_new,
    records,
)

KEY = b"k" * 16
EPOCH = 2**62 + 11
EPOCHS = itertools.count(1)
SLOTS = 50
sizes = st.integers(0, 100) | st.integers(BLOCK - 60, BLOCK) | st.integers(0, 3 * BLOCK)
some_bytes = st.builds(lambda size, byte: bytes([byte]) * size, sizes, st.integers(0, 255))
a_row = st.tuples(st.integers(0, 2**63), some_bytes)
some_records = st.lists(st.lists(a_row, min_size=1, max_size=4), max_size=6)
one_file = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a file that is smaller than those of servers."""
    monkeypatch.setattr(points_file, "SLOTS", SLOTS)
    return tmp_path / "runyard.db-points"


@pytest.fixture
def file(path: Path) -> Iterator[PointsFile]:
    opened = PointsFile(path)
    opened.prepare(KEY)
    opened.begin(EPOCH)
    yield opened
    opened.close()


def blocks(rows: list[Row]) -> int:
    """How many a record of these takes."""
    return -(-(OVERHEAD + sum(RUN.size + len(data) for _, data in rows)) // BLOCK)


def used(content: bytes) -> bytes:
    """The start of a file up to its last byte that is not zero, in whole blocks and one more."""
    return content[: (len(content.rstrip(b"\0")) // BLOCK + 2) * BLOCK]


def test_new_file_has_its_size_at_once_and_is_for_its_owner_alone(file: PointsFile, path: Path) -> None:
    found = path.stat()
    assert (found.st_size, stat.S_IMODE(found.st_mode)) == (BLOCK * (SLOTS + 1), 0o600)
    assert found.st_blocks * 512 >= found.st_size
    assert file.content().rstrip(b"\0") == head_of(KEY)


@one_file
@given(appended=some_records)
def test_what_was_appended_comes_back_in_order_and_no_block_is_written_twice(
    file: PointsFile, appended: list[list[Row]]
) -> None:
    epoch = next(EPOCHS)
    file.begin(epoch)
    came, written = list[Row](), BLOCK
    for rows in appended:
        before = file.content()
        assert file.append(rows)
        assert file.content()[:written] == before[:written]
        came += rows
        assert records(file.content(), epoch) == (came, 0)
        written += blocks(rows) * BLOCK


def test_record_that_was_cut_short_at_any_byte_is_not_there_and_those_before_it_are(file: PointsFile) -> None:
    first, last = [(7, b"first" * 6)], [(7, b"last" * 7), (8, b"more")]
    file.append(first)
    before = used(file.content()) + bytes(BLOCK)
    file.append(last)
    after = used(file.content())
    start = 2 * BLOCK
    end = len(after.rstrip(b"\0"))
    assert end - start > OVERHEAD
    for cut in range(start, end):
        assert records(after[:cut] + before[cut:], EPOCH) == (first, 0)
        assert records(after[:cut], EPOCH) == (first, 0)
        torn = before[:start] + before[start:cut] + after[cut:]  # the end alone came to the disk
        if cut > start:
            assert records(torn, EPOCH) == (first, 0)
    assert records(after, EPOCH) == (first + last, 0)


@given(st.data())
@one_file
def test_long_record_of_which_any_block_is_missing_is_not_there(
    file: PointsFile, data: st.DataObject
) -> None:
    epoch = next(EPOCHS)
    file.begin(epoch)
    file.append([(1, b"before")])
    size = data.draw(st.integers(3 * BLOCK, 6 * BLOCK))
    file.append([(2, b"x" * size)])
    content = file.content()
    lost = data.draw(st.integers(2, 1 + blocks([(2, b"x" * size)])))
    content = content[: lost * BLOCK] + b"\xff" * BLOCK + content[(lost + 1) * BLOCK :]
    assert records(content, epoch) == ([(1, b"before")], 0)


@given(st.data())
@one_file
def test_one_wrong_bit_takes_one_record_and_is_told_when_others_follow(
    file: PointsFile, data: st.DataObject
) -> None:
    epoch = next(EPOCHS)
    file.begin(epoch)
    rows = [(number, b"%d" % number * 9) for number in range(4)]
    for row in rows:
        file.append([row])
    content = bytearray(used(file.content()))
    which = data.draw(st.integers(0, 3))
    size = OVERHEAD + RUN.size + len(rows[which][1])
    content[BLOCK * (which + 1) + data.draw(st.integers(0, size - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found = records(bytes(content), epoch)
    assert found.rows == [row for row in rows if row[0] != which]
    assert found.damaged == (1 if which < 3 else 0)


def test_records_of_another_epoch_do_not_count_wherever_they_lie(file: PointsFile) -> None:
    for number in range(6):
        file.append([(number, b"old" * 2_000)])
    file.begin(EPOCH + 1)
    assert records(file.content(), EPOCH + 1) == ([], 0)
    file.append([(9, b"new")])
    assert records(file.content(), EPOCH + 1) == ([(9, b"new")], 0)
    assert (9, b"new") not in records(file.content(), EPOCH).rows


def test_record_that_was_moved_does_not_count(file: PointsFile) -> None:
    file.append([(1, b"one")])
    content = used(file.content())
    moved = content[:BLOCK] + content[2 * BLOCK :] + content[BLOCK : 2 * BLOCK] + bytes(BLOCK)
    assert records(moved, EPOCH).rows == []


def test_points_that_look_like_a_record_are_none(file: PointsFile) -> None:
    file.append([(1, b"one")])
    forged = file.content()[BLOCK : BLOCK + 60]
    filler = b"x" * (BLOCK - OVERHEAD - RUN.size)
    file.begin(EPOCH + 1)
    file.append([(2, filler + forged)])
    assert records(file.content(), EPOCH + 1) == ([(2, filler + forged)], 0)


def test_file_takes_records_until_it_is_full_and_then_none(file: PointsFile) -> None:
    for number in range(SLOTS - 2):
        assert file.append([(number, b"p")])
    before = file.content()
    assert not file.append([(0, b"p" * 2 * BLOCK)])
    assert file.content() == before
    assert file.append([(0, b"p" * (2 * BLOCK - OVERHEAD - RUN.size))])
    assert file.is_full
    assert not file.append([(0, b"p")])
    assert len(records(file.content(), EPOCH).rows) == SLOTS - 1
    file.begin(EPOCH + 1)
    assert file.append([(0, b"p")])


def test_longest_record_is_whole_and_a_longer_one_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    room = RECORD_LIMIT - OVERHEAD - RUN.size
    file = PointsFile(path)
    file.prepare(KEY)
    file.begin(EPOCH)
    assert not file.append([(1, b"p" * (room + 1))])
    assert file.append([(1, b"p" * room)])
    assert records(file.content(), EPOCH).rows == [(1, b"p" * room)]
    file.close()


def test_only_one_has_the_file(file: PointsFile, path: Path) -> None:
    with pytest.raises(BlockingIOError):
        PointsFile(path)
    file.close()
    PointsFile(path).close()


def test_file_that_was_removed_is_made_anew(file: PointsFile, path: Path) -> None:
    file.append([(1, b"one")])
    file.remove()
    assert not path.exists()
    again = PointsFile(path)
    assert is_new(again.content())
    again.close()


def test_whole_file_of_the_same_database_keeps_what_it_holds(file: PointsFile, path: Path) -> None:
    for number in range(3):
        file.append([(number, b"p")])
    file.close()
    again = PointsFile(path)
    again.prepare(KEY)
    assert records(again.content(), EPOCH).rows == [(1, b"p"), (2, b"p")]  # the first block was tried out
    again.close()


@pytest.mark.parametrize(
    "content", [b"", bytes(3 * BLOCK), head_of(b"o" * 16).ljust(BLOCK * (SLOTS + 1), b"\0")]
)
def test_file_that_is_not_whole_or_not_of_this_database_is_made_anew(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    file = PointsFile(path)
    file.prepare(KEY)
    assert file.content() == head_of(KEY).ljust(BLOCK * (SLOTS + 1), b"\0")
    file.close()


def test_file_system_that_cannot_write_past_its_cache_is_written_through_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, real = [], os.open

    def refuse(name: Path, flags: int, mode: int = 0o777) -> int:
        opened.append(flags)
        if flags & points_file.DIRECT:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return real(name, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    file = PointsFile(path)
    file.prepare(KEY)
    file.begin(EPOCH)
    assert file.append([(1, b"one")])
    assert opened[-1] & points_file.DSYNC
    assert records(file.content(), EPOCH).rows == [(1, b"one")]
    file.close()


def test_file_for_which_there_is_no_room_takes_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = points_file._write

    def fill_the_disk(descriptor: int, data: bytes, offset: int) -> None:
        write(descriptor, data[: 2 * BLOCK], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(points_file, "_write", fill_the_disk)
    file = PointsFile(path)
    with pytest.raises(OSError, match="space"):
        file.prepare(KEY)
    file.close()
    assert path.stat().st_size == 0


def test_part_of_a_write_is_a_fault(file: PointsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda *_: BLOCK - 1)
    with pytest.raises(OSError, match="part"):
        file.append([(1, b"one")])

"""Points that wait in the file beside an SQLite database: what was acknowledged is stored, whatever happens meanwhile.

A crash is a copy of the files as they are at some moment: all that was acknowledged is synced by then.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runyard.entities.run import MetricPoint
from runyard.errors import CorruptData, InternalFault, RunyardError, StorageFull, StorageUnavailable
from runyard.store.sql import inbox, points_file, sqlite, writer
from runyard.store.sql.database import Transaction
from runyard.store.sql.points_file import BLOCK
from runyard.store.sql.sqlite import SqliteDatabase, SqliteWriteConnection
from tests.contract.store.series_stage import Stage, sqlite_stage

FILE = "runyard.db-points"


@pytest.fixture(autouse=True)
def _points_wait_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no test hangs on the speed of the machine."""
    monkeypatch.setattr(sqlite, "FOLD_AFTER_S", 60.0)


@pytest.fixture
def open_stage(tmp_path: Path) -> Iterator[Stage]:
    with sqlite_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, "runyard.store")
    return caplog


def log(stage: Stage, run: str, *steps: int, key: str = "m") -> None:
    """One request for each step."""
    for step in steps:
        stage.log(run, [MetricPoint(key, float(step), step, step)])


def run_with_open_inbox(stage: Stage) -> str:
    """A run whose next points wait: the first one after others were moved on is stored at once."""
    run = stage.new_run()
    log(stage, run, 0, key="opens")
    return run


def steps(stage: Stage, run: str, key: str = "m") -> list[int]:
    return list(stage.history(run, key).steps)


def crashed(stage: Stage, folder: Path) -> Path:
    """The files as a crash of the server would leave them."""
    assert isinstance(stage.database, SqliteDatabase)
    source = stage.database.path.parent
    folder.mkdir()
    for name in ("runyard.db", "runyard.db-wal", FILE):
        if (source / name).exists():
            shutil.copy2(source / name, folder / name)
    return folder


def rows(folder: Path, sql: str) -> list[Any]:
    """Of a query past the server, which sees what is in the tables."""
    with closing(sqlite3.connect(folder / "runyard.db")) as connection:
        return connection.execute(sql).fetchall()


def waiting(folder: Path) -> list[Any]:
    """What a crash at this moment would leave in the file."""
    return points_file.records(
        (folder / FILE).read_bytes(), rows(folder, "SELECT epoch FROM inbox")[0][0]
    ).rows


def log_size(folder: Path) -> int:
    return (folder / "runyard.db-wal").stat().st_size


def test_points_after_the_first_are_durable_without_a_transaction(open_stage: Stage, tmp_path: Path) -> None:
    run = open_stage.new_run()
    log(open_stage, run, 0)
    before = log_size(tmp_path)
    log(open_stage, run, *range(1, 20))
    assert log_size(tmp_path) == before
    assert len(waiting(tmp_path)) == 19
    assert len(rows(tmp_path, "SELECT * FROM point_log")) == 1
    assert steps(open_stage, run) == list(range(20))
    assert waiting(tmp_path) == []


def test_inbox_is_closed_when_everything_was_moved_on(open_stage: Stage, tmp_path: Path) -> None:
    run = run_with_open_inbox(open_stage)
    assert rows(tmp_path, "SELECT epoch FROM inbox") != [(None,)]
    open_stage.execute("UPDATE runs SET name = 'x'")
    assert rows(tmp_path, "SELECT epoch FROM inbox") == [(None,)]
    log(open_stage, run, 1, 2)
    assert steps(open_stage, run) == [1, 2]
    assert rows(tmp_path, "SELECT epoch FROM inbox") == [(None,)]


def test_points_wait_for_seconds_at_most(
    open_stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "FOLD_AFTER_S", 0.1)
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 1, 2)
    deadline = time.monotonic() + 20
    while rows(tmp_path, "SELECT epoch FROM inbox") != [(None,)]:
        assert time.monotonic() < deadline
        open_stage.do(asyncio.sleep(0.05))
    assert rows(tmp_path, "SELECT sum(count) FROM point_log") == [(3,)]


def test_requests_at_the_same_time_share_a_record(open_stage: Stage, tmp_path: Path) -> None:
    runs = [open_stage.new_run() for _ in range(3)]
    log(open_stage, runs[0], 0)

    async def at_once() -> None:
        points = [(run, [MetricPoint("m", 1.0, step, step)]) for step in (1, 2) for run in runs]
        await asyncio.gather(*(open_stage.runs.log(1, run, metrics=some) for run, some in points))

    before = open_stage.database.writer.stats.commits
    open_stage.do(at_once())
    assert (
        open_stage.database.writer.stats.commits - before <= 2
    )  # the first does not know that others follow
    assert len({run_id for run_id, _ in waiting(tmp_path)}) == 3
    assert [steps(open_stage, run) for run in runs] == [[0, 1, 2], [1, 2], [1, 2]]


def test_lone_point_is_stored_in_the_turn_of_the_loop_that_brought_it(
    open_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "QUICK_COMMIT_S", 5.0)  # also on a slow machine
    monkeypatch.setattr(writer, "APART_S", 0.2)
    run = open_stage.new_run()
    log(open_stage, run, 0)

    def first_step(step: int) -> bool:
        """Whether the request is answered before it gives way to any other."""
        call = open_stage.runs.log(1, run, metrics=[MetricPoint("m", 1.0, step, step)])
        try:
            call.send(None)
        except StopIteration:
            return True
        return False

    async def one_after_the_other() -> list[bool]:
        await asyncio.sleep(0.25)
        return [first_step(1), first_step(2)]

    assert open_stage.do(one_after_the_other()) == [True, False]
    assert steps(open_stage, run) == [0, 1, 2]


def test_what_was_acknowledged_is_stored_once_after_a_crash_and_one_more(
    open_stage: Stage, tmp_path: Path
) -> None:
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, *range(50))
    log(open_stage, run, 1, 2, key="another")
    first = crashed(open_stage, tmp_path / "first")
    with sqlite_stage(first) as stage:
        second = crashed(stage, tmp_path / "second")
        log(stage, run, 50)
        third = crashed(stage, tmp_path / "third")
    for folder, expected in ((first, 51), (second, 50), (third, 51)):
        with sqlite_stage(folder) as stage:
            assert stage.count("point_log") == 2 + (expected - 50)
            assert steps(stage, run) == list(range(expected))
            assert steps(stage, run, "another") == [1, 2]


def test_points_that_were_moved_on_are_not_there_twice_after_a_crash(
    open_stage: Stage, tmp_path: Path
) -> None:
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 0, 1, 2)
    assert steps(open_stage, run) == [0, 1, 2]
    log(open_stage, run, 3, 4)
    with sqlite_stage(crashed(open_stage, tmp_path / "copy")) as stage:
        assert stage.count("point_log") == 4
        assert stage.summary(run, "m")[10] == 5  # type: ignore[index]  # its count
        assert steps(stage, run) == [0, 1, 2, 3, 4]


def test_full_file_is_emptied_and_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points_file, "SLOTS", 7)
    with sqlite_stage(tmp_path) as stage:
        run = stage.new_run()
        log(stage, run, *range(30))
        assert 0 < len(waiting(tmp_path)) < 7
        assert len(rows(tmp_path, "SELECT * FROM point_log")) > 2
        with sqlite_stage(crashed(stage, tmp_path / "copy")) as other:
            assert steps(other, run) == list(range(30))
        assert steps(stage, run) == list(range(30))


def test_many_bytes_are_moved_on(open_stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "LIMIT_BYTES", 10 * 28)
    run = open_stage.new_run()
    log(open_stage, run, *range(25))
    assert len(waiting(tmp_path)) < 11
    assert steps(open_stage, run) == list(range(25))


def test_group_too_large_for_the_file_is_stored_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points_file, "SLOTS", 2)
    with sqlite_stage(tmp_path) as stage:
        run = stage.new_run()
        log(stage, run, 0)
        stage.log(run, [MetricPoint("m", 1.0, step, step) for step in range(1, 101)])
        stage.log(run, [MetricPoint(f"k{n}", 1.0, n, n) for n in range(100)])
        log(stage, run, 101)
        with sqlite_stage(crashed(stage, tmp_path / "copy")) as other:
            assert steps(other, run) == list(range(102))
        assert steps(stage, run) == list(range(102))


def test_clean_end_leaves_no_file_and_its_absence_is_no_news(
    tmp_path: Path, told: pytest.LogCaptureFixture
) -> None:
    with sqlite_stage(tmp_path) as stage:
        run = stage.new_run()
        log(stage, run, 1, 2)
    assert not (tmp_path / FILE).exists()
    with sqlite_stage(tmp_path) as stage:
        assert steps(stage, run) == [1, 2]
    assert told.messages == []


def test_copy_of_an_idle_database_alone_is_whole(
    open_stage: Stage, tmp_path: Path, told: pytest.LogCaptureFixture
) -> None:
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 1, 2)
    assert steps(open_stage, run) == [1, 2]
    folder = crashed(open_stage, tmp_path / "copy")
    (folder / FILE).unlink()
    with sqlite_stage(folder) as stage:
        assert steps(stage, run) == [1, 2]
    assert told.messages == []


def test_file_that_is_missing_while_points_wait_is_told(
    open_stage: Stage, tmp_path: Path, told: pytest.LogCaptureFixture
) -> None:
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 1)
    folder = crashed(open_stage, tmp_path / "copy")
    (folder / FILE).unlink()
    with sqlite_stage(folder) as stage:
        assert [FILE in line and "missing" in line for line in told.messages] == [True]
        log(stage, run, 2)
        assert steps(stage, run) == [2]


def test_file_of_another_database_is_refused_and_left_alone(open_stage: Stage, tmp_path: Path) -> None:
    log(open_stage, open_stage.new_run(), 1)
    folder = crashed(open_stage, tmp_path / "copy")
    for name in ("runyard.db", "runyard.db-wal"):
        (folder / name).unlink()
    before = (folder / FILE).read_bytes()
    with pytest.raises(CorruptData, match=f"{FILE} is not the one of the database"), sqlite_stage(folder):
        pass
    assert (folder / FILE).read_bytes() == before
    (folder / FILE).unlink()
    with sqlite_stage(folder) as stage:
        assert steps(stage, stage.new_run()) == []


def test_file_of_a_later_state_of_the_database_is_not_read(open_stage: Stage, tmp_path: Path) -> None:
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 1)
    assert steps(open_stage, run) == [1]
    backup = crashed(open_stage, tmp_path / "backup")
    log(open_stage, run, *range(2, 8))
    shutil.copy2(tmp_path / FILE, backup / FILE)
    with sqlite_stage(backup) as stage:
        log(stage, run, 8, 9)
        with sqlite_stage(crashed(stage, tmp_path / "again")) as again:
            assert steps(again, run) == [1, 8, 9]


def test_record_that_cannot_be_read_is_told_kept_and_costs_no_other(
    open_stage: Stage, tmp_path: Path, told: pytest.LogCaptureFixture
) -> None:
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 0, 1, 2)
    folder = crashed(open_stage, tmp_path / "copy")
    content = bytearray((folder / FILE).read_bytes())
    content[BLOCK + 40] ^= 1
    (folder / FILE).write_bytes(content)
    with sqlite_stage(folder) as stage:
        assert steps(stage, run) == [1, 2]
    assert ["damaged: 1 blocks" in line for line in told.messages] == [True]
    assert (folder / f"{FILE}.damaged").read_bytes() == content


def failing_writes(monkeypatch: pytest.MonkeyPatch, number: int) -> list[int]:
    """Records cannot be written, as long as the list that comes back holds an error's number."""
    numbers, write = [number], points_file._write

    def refuse(*args: Any) -> None:
        if numbers:
            raise OSError(numbers[0], "no")
        write(*args)

    monkeypatch.setattr(points_file, "_write", refuse)
    return numbers


def test_points_are_stored_at_once_while_the_file_takes_none(
    open_stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: pytest.LogCaptureFixture
) -> None:
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 0, 1)
    failing = failing_writes(monkeypatch, errno.EIO)
    for step in range(2, 8):
        log(open_stage, run, step)
        assert rows(tmp_path, "SELECT max(last_step) FROM series") == [(step,)]
    failing.clear()
    log(open_stage, run, 8, 9, 10)
    assert len(waiting(tmp_path)) >= 2
    assert ["takes no points (no)" in line for line in told.messages] == [True]
    assert steps(open_stage, run) == list(range(11))


def test_nothing_is_set_aside_after_a_commit_that_failed_until_one_succeeds(
    open_stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a transaction may turn out to be on the disk after a crash, and then its epoch counts."""
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 0, 1)

    def fail(connection: SqliteWriteConnection) -> bool:
        raise StorageFull("no room")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteWriteConnection, "commit", fail)
        assert steps(open_stage, run) == []
    log(open_stage, run, 2)
    assert waiting(tmp_path) == []
    log(open_stage, run, 3)
    assert len(waiting(tmp_path)) == 1
    assert steps(open_stage, run) == [0, 1, 2, 3]


def test_points_that_wait_survive_the_loss_of_the_connection(
    open_stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 0, 1)

    def lose(connection: SqliteWriteConnection) -> None:
        raise sqlite3.OperationalError("gone")

    def broken(tx: Transaction) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(SqliteWriteConnection, "rollback", lose)
        with pytest.raises(InternalFault):
            open_stage.do(open_stage.database.write(broken))
    assert len(waiting(tmp_path)) == 2
    log(open_stage, run, 2, 3)
    assert len(waiting(tmp_path)) == 1
    assert steps(open_stage, run) == [0, 1, 2, 3]


def test_points_are_accepted_while_the_database_cannot_be_written(
    open_stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 0)

    def fail(*_: object) -> None:
        raise StorageFull("no room")

    with monkeypatch.context() as patch:
        patch.setattr(inbox, "store_points", fail)
        assert steps(open_stage, run) == []
        log(open_stage, run, 1)
    assert len(waiting(tmp_path)) == 2
    assert steps(open_stage, run) == [0, 1]


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [(errno.ENOSPC, StorageFull, "disk is full"), (errno.EROFS, StorageUnavailable, "cannot be used: no")],
)
def test_file_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[RunyardError], words: str
) -> None:
    failing = failing_writes(monkeypatch, number)
    with pytest.raises(error, match=words), sqlite_stage(tmp_path):
        pass
    failing.clear()
    with sqlite_stage(tmp_path) as stage:
        run = stage.new_run()
        log(stage, run, 1)
        assert steps(stage, run) == [1]


def test_database_has_one_server_and_others_beside_it_set_nothing_aside(
    open_stage: Stage, tmp_path: Path
) -> None:
    with pytest.raises(StorageUnavailable, match="Another process"):
        SqliteDatabase(tmp_path / "runyard.db").open()
    run = run_with_open_inbox(open_stage)
    log(open_stage, run, 1)
    other = SqliteDatabase(tmp_path / "runyard.db", sets_aside=False)
    other.open()
    beside = Stage(other)
    log(beside, run, 2)
    beside.close()
    assert len(waiting(tmp_path)) == 1
    assert steps(open_stage, run) == [1, 2]


def test_points_of_a_new_key_are_there_after_a_crash(open_stage: Stage, tmp_path: Path) -> None:
    run = run_with_open_inbox(open_stage)
    for number in range(5):
        log(open_stage, run, number, key=f"new{number}")
    assert len(waiting(tmp_path)) == 5
    with sqlite_stage(crashed(open_stage, tmp_path / "copy")) as stage:
        assert [steps(stage, run, f"new{number}") for number in range(5)] == [[n] for n in range(5)]


def test_points_of_a_run_that_the_database_does_not_know_are_left_out(
    open_stage: Stage, tmp_path: Path, told: pytest.LogCaptureFixture
) -> None:
    kept, lost = open_stage.new_run(), run_with_open_inbox(open_stage)
    log(open_stage, kept, 1)
    log(open_stage, lost, 1, 2)
    folder = crashed(open_stage, tmp_path / "copy")
    with closing(sqlite3.connect(folder / "runyard.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM runs WHERE uuid = ?", (lost,))
    with sqlite_stage(folder) as stage:
        assert steps(stage, kept) == [1]
        assert stage.count("point_log") == 2
    assert told.messages == ["Points of 1 runs that the database does not know were left out."]

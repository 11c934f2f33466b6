"""Logs of runs, on both databases."""

from __future__ import annotations

import pytest

from runyard.entities.common import Stage
from runyard.entities.run import RunStatus
from runyard.entities.run_log import LogState, LogText, RunLog
from runyard.errors import InvalidInput, InvalidState, LogGap, NotFound
from runyard.store.sql.run_logs import MERGED_BYTES, SqlRunLogs
from tests.contract.store.stores import AWKWARD, Stores

LOG = "user_logs/std_log.txt"


def logs(stores: Stores) -> SqlRunLogs:
    """Long logs keep their first and last hundred thousand bytes."""
    return SqlRunLogs(stores.database, 100_000, 100_000)


def append(stores: Stores, run: str, body: bytes, offset: int = 0, name: str = LOG, limit: int = 10) -> int:
    return stores.do(logs(stores).append(stores.workspace, run, name, offset, body, limit))


def read(stores: Stores, run: str, offset: int = 0, limit: int = 1_000_000) -> LogText:
    found = stores.do(logs(stores).read(stores.workspace, run, LOG, offset, limit))
    assert found is not None
    return found


def one(stores: Stores, run: str) -> RunLog:
    (found,) = stores.do(logs(stores).list(stores.workspace, run))
    return found


def chunks(stores: Stores, run: str) -> int:
    sql = "SELECT count(*) FROM run_log_chunks WHERE log_id = ?"
    log = one(stores, run).row
    row = stores.do(stores.database.read(lambda c: c.one(sql, (log,))))
    assert row is not None
    return int(row[0])


def test_appended_text_comes_back(stores: Stores) -> None:
    run = stores.new_run()
    assert append(stores, run, b"hello ") == 6
    assert append(stores, run, b"world\n", 6) == 12
    found = read(stores, run)
    assert (found.body, found.offset, found.next) == (b"hello world\n", 0, 12)
    assert (found.log.name, found.log.size, found.log.state) == (LOG, 12, LogState.OPEN)
    assert read(stores, run, 6, 3).body == b"wor"
    assert read(stores, run, -4).body == b"rld\n"
    assert read(stores, run, 99) == LogText(found.log, 12, b"", 12)
    assert read(stores, run, -99).body == b"hello world\n"


def test_what_is_there_already_is_left_out(stores: Stores) -> None:
    run = stores.new_run()
    append(stores, run, b"abcdef")
    for body, offset in ((b"abcdef", 0), (b"cd", 2), (b"", 0), (b"efgh", 4), (b"gh", 6)):
        append(stores, run, body, offset)
    assert read(stores, run).body == b"abcdefgh"


def test_bytes_before_those_must_have_come(stores: Stores) -> None:
    run = stores.new_run()
    append(stores, run, b"abc")
    with pytest.raises(LogGap) as raised:
        append(stores, run, b"x", 4)
    assert raised.value.details == {"size": 3}
    with pytest.raises(LogGap):
        append(stores, run, b"x", 1, "logs/new")
    assert one(stores, run).size == 3


def test_two_servers_append_at_once(stores: Stores, others: Stores) -> None:
    run = stores.new_run()
    works = [
        logs(some).append(stores.workspace, run, LOG, 0, b"0123456789" * 10, 10)
        for some in (stores, others)
        for _ in range(5)
    ]
    assert stores.at_once(*works) == [100] * 10
    assert read(stores, run).body == b"0123456789" * 10


@pytest.mark.parametrize("name", AWKWARD)
def test_names_are_kept_as_they_are(stores: Stores, name: str) -> None:
    run = stores.new_run()
    append(stores, run, b"x", name=f"logs/{name}")
    assert one(stores, run).name == f"logs/{name}"


def test_many_small_appends_make_few_rows(stores: Stores) -> None:
    run, line = stores.new_run(), b"x" * 1_000
    for number in range(100):
        append(stores, run, line, number * 1_000)
    assert read(stores, run).body == line * 100
    assert chunks(stores, run) <= 100_000 // (MERGED_BYTES - 1_000) + 1


def test_of_a_long_log_the_middle_is_left_out(stores: Stores) -> None:
    run, pieces = stores.new_run(), [bytes([65 + number]) * 40_000 for number in range(10)]
    for number, piece in enumerate(pieces):
        append(stores, run, piece, number * 40_000)
    log = one(stores, run)
    assert (log.size, log.gap_start, log.gap_stop) == (400_000, 120_000, 280_000)
    assert read(stores, run).next == log.gap_start
    gap = read(stores, run, 150_000)
    assert (gap.body, gap.next) == (b"\n[160000 bytes were left out here]\n", 280_000)
    assert read(stores, run, 110_000, 50_000).body == b"C" * 10_000
    text, offset = b"", 0
    while offset < log.size:
        found = read(stores, run, offset, 33_333)
        text, offset = text + found.body, found.next
    assert text == b"".join(pieces[:3]) + log.gap_note + b"".join(pieces[7:])
    assert chunks(stores, run) == 6


def test_a_run_has_so_many_logs_and_no_more(stores: Stores) -> None:
    run = stores.new_run()
    for number in range(3):
        append(stores, run, b"x", name=f"logs/{number}", limit=3)
    with pytest.raises(InvalidInput):
        append(stores, run, b"x", name="logs/another", limit=3)
    assert append(stores, run, b"y", 1, "logs/2", limit=3) == 2


def test_logs_are_those_of_runs_of_the_workspace(stores: Stores) -> None:
    run = stores.new_run()
    append(stores, run, b"x")
    stores.enter_new_workspace()
    for work in (
        logs(stores).append(stores.workspace, run, LOG, 0, b"x", 10),
        logs(stores).list(stores.workspace, run),
        logs(stores).read(stores.workspace, run, LOG, 0, 1),
    ):
        with pytest.raises(NotFound):
            stores.do(work)
    assert stores.do(logs(stores).place(stores.workspace, run)) is None
    stores.do(logs(stores).close(stores.workspace, run))


def test_a_deleted_run_takes_no_more(stores: Stores) -> None:
    run = stores.new_run()
    append(stores, run, b"x")
    stores.do(stores.runs.set_stage(stores.workspace, run, Stage.DELETED))
    with pytest.raises(InvalidInput):
        append(stores, run, b"y", 1)
    assert read(stores, run).body == b"x"
    assert stores.do(logs(stores).place(stores.workspace, run)) is None


def test_a_closed_log_takes_no_more_and_its_text_goes_in_pieces(stores: Stores) -> None:
    run, store = stores.new_run(), logs(stores)
    for number in range(5):
        append(stores, run, b"x" * 40_000, number * 40_000)
    assert stores.do(store.unsealed(stores.workspace, run)) == []
    stores.do(store.close(stores.workspace, run))
    with pytest.raises(InvalidState):
        append(stores, run, b"y", 200_000)
    (log,) = stores.do(store.unsealed(stores.workspace, run))
    assert (log.state, read(stores, run, 0, 10).body) == (LogState.CLOSED, b"x" * 10)
    stores.do(store.set_state(log.row, LogState.COPIED))
    assert read(stores, run).body == b""
    assert [stores.do(store.remove_text(log.row, 2)) for _ in range(3)] == [True, True, False]
    assert chunks(stores, run) == 0
    stores.do(store.set_state(log.row, LogState.SEALED))
    assert stores.do(store.unsealed(stores.workspace, run)) == []
    assert one(stores, run).is_artifact


def test_an_open_log_has_no_other_state_than_closed(stores: Stores) -> None:
    run = stores.new_run()
    append(stores, run, b"x")
    stores.do(logs(stores).set_state(one(stores, run).row, LogState.SEALED))
    assert one(stores, run).is_open


def forgotten(stores: Stores, silent_ms: int = 0) -> set[str]:
    found = stores.do(logs(stores).forgotten(silent_ms, 1_000))
    return {place.run_id for place in found if place.workspace_id == stores.workspace}


def test_logs_of_ended_runs_are_found_again(stores: Stores) -> None:
    live, ended, closed, gone = (stores.new_run() for _ in range(4))
    for run in (live, ended, closed, gone):
        append(stores, run, b"x")
    for run in (ended, gone):
        stores.do(stores.runs.update(stores.workspace, run, status=RunStatus.FINISHED, end_ms=1, name=None))
    stores.do(logs(stores).close(stores.workspace, closed))
    stores.do(stores.runs.set_stage(stores.workspace, gone, Stage.DELETED))
    assert forgotten(stores) == {ended, closed}
    assert forgotten(stores, 60_000) == set()
    place = stores.do(logs(stores).place(stores.workspace, closed))
    assert place is not None and place.artifact_uri.endswith(f"/{closed}/artifacts")
    assert (place.workspace_id, place.run_id) == (stores.workspace, closed)


def test_a_run_id_that_no_database_holds_is_none(stores: Stores) -> None:
    for ask in (
        lambda: append(stores, "a\0b", b"x"),
        lambda: stores.do(logs(stores).list(stores.workspace, "a\0b")),
        lambda: stores.do(logs(stores).read(stores.workspace, "a\0b", LOG, 0, 1)),
    ):
        with pytest.raises(NotFound):
            ask()

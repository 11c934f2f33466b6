"""Journals are taken once, on both databases and by two servers at the same time."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from runyard.entities.access import EVERYTHING
from runyard.entities.common import Param, Tag
from runyard.entities.journal import BatchPoint, PointRecord
from runyard.entities.logged_model import NewLoggedModel
from runyard.entities.run import ModelEdge, NewRun, RunStatus
from runyard.errors import InternalFault, NotFound
from runyard.store.journal_contracts import (
    Admission,
    Begun,
    Change,
    Changed,
    JournalMoved,
    Logged,
    Refused,
    SomePoints,
    Stretch,
    Untagged,
)
from runyard.store.sql.journals import SqlJournals
from runyard.store.sql.logged_models import record_metrics
from runyard.store.sql.marks import MarkedDatabase
from runyard.store.sql.runs import SqlRuns
from runyard.wire.mlflow.runs import render
from tests.contract.store.stores import PAGE_KEY, ROOT, Stores

ALL = Admission(EVERYTHING, "me", "w")


class Journal:
    """A journal at one server."""

    def __init__(self, stores: Stores, name: str = "") -> None:
        self.stores = stores
        self.id = name or uuid.uuid4().hex
        self.store = SqlJournals(stores.database, ROOT)

    def take(self, before: int, last: int, *changes: Change) -> list[Refused]:
        return self.stores.do(self.taking(before, last, *changes))

    async def taking(self, before: int, last: int, *changes: Change) -> list[Refused]:
        stretch = Stretch(before, last, changes, ())
        made = await self.store.take(self.stores.workspace, self.id, stretch, ALL)
        assert 0 < made.took_s < 60
        return list(made.refused)

    @property
    def applied(self) -> int:
        return self.stores.do(self.store.taken(self.stores.workspace, self.id)).applied


@pytest.fixture
def journal(stores: Stores) -> Journal:
    return Journal(stores)


def some(run_id: str, *values: float) -> SomePoints:
    points = [PointRecord(run_id, "m", value, 1_000 + step, step) for step, value in enumerate(values)]
    return SomePoints(run_id, [step + 1 for step in range(len(values))], points)


def steps(stores: Stores, run_id: str, key: str = "m") -> list[tuple[int, float]]:
    found = stores.do(stores.metrics.history(stores.workspace, run_id, key, None, None))
    return list(zip(list(found.steps), list(found.values), strict=True))


def begun(seq: int, experiment: int | str, run_id: str = "", *, may_make: bool = True) -> Begun:
    number, name = (experiment, None) if isinstance(experiment, int) else (0, experiment)
    return Begun(
        seq, NewRun(run_id or uuid.uuid4().hex, number, "r", "u", 1, [Tag("t", "1")]), name, may_make
    )


def test_changes_and_the_position_are_kept_together(journal: Journal, stores: Stores) -> None:
    run = begun(1, stores.new_experiment())
    run_id = run.run.id
    assert journal.take(0, 6, run, some(run_id, 1.0, 1.0), Logged(4, run_id, [BatchPoint("b", 2.0, 5, 1)], [Param("p", "1")], [Tag("t", "2")])) == []  # fmt: skip
    assert journal.take(6, 8, Changed(7, run_id, RunStatus.FINISHED, 9, "n"), Untagged(8, run_id, "t")) == []
    assert journal.applied == 8
    assert (steps(stores, run_id), steps(stores, run_id, "b")) == ([(0, 1.0), (1, 1.0)], [(1, 2.0)])
    assert (stores.data(run_id, "params"), stores.data(run_id, "tags")) == (
        {"p": "1"},
        {"mlflow.runName": "n"},
    )
    assert stores.run(run_id)["info"]["status"] == "FINISHED"
    assert stores.find_runs([run.run.experiment_id], "metrics.m = 1 and params.p = '1'") == [run_id]


@pytest.mark.parametrize(("before", "applied"), [(0, 4), (3, 4), (5, 4), (2**62, 4)])
def test_a_stretch_at_another_position_changes_nothing(
    journal: Journal, stores: Stores, before: int, applied: int
) -> None:
    run_id = stores.new_run()
    journal.take(0, applied)
    with pytest.raises(JournalMoved) as caught:
        journal.take(before, before + 1, some(run_id, 1.0))
    assert caught.value.applied == applied
    assert (steps(stores, run_id), journal.applied) == ([], applied)


def test_an_unknown_journal_begins_at_its_beginning(journal: Journal, stores: Stores) -> None:
    with pytest.raises(JournalMoved):
        journal.take(1, 2)
    assert journal.applied == 0


def test_a_stretch_that_two_servers_take_at_once_is_taken_once(stores: Stores, others: Stores) -> None:
    run_id, name = stores.new_run(), uuid.uuid4().hex
    first, second = Journal(stores, name), Journal(others, name)
    for before in range(0, 50, 5):
        tag = Logged(before + 1, run_id, [BatchPoint("m", 1.0, before, before)], [], [Tag("t", str(before))])
        found = stores.at_once(*(one.taking(before, before + 5, tag) for one in (first, second, first)))
        assert sorted(type(one).__name__ for one in found) == ["JournalMoved", "JournalMoved", "list"]
        assert first.applied == second.applied == before + 5
    assert [step for step, _ in steps(stores, run_id)] == list(range(0, 50, 5))


def test_an_experiment_that_two_servers_need_at_once_is_made_once(stores: Stores, others: Stores) -> None:
    for _ in range(5):
        name = uuid.uuid4().hex
        runs = [begun(1, name) for _ in range(2)]
        journals = Journal(stores), Journal(others)
        found = stores.at_once(*(one.taking(0, 1, run) for one, run in zip(journals, runs, strict=True)))
        assert found == [[], []]
        homes = {stores.run(run.run.id)["info"]["experiment_id"] for run in runs}
        assert len(homes) == 1


def test_what_is_refused_changes_nothing_and_the_rest_is_kept(journal: Journal, stores: Stores) -> None:
    run_id, model = stores.new_run(), f"m-{uuid.uuid4().hex}"
    experiment = stores.new_experiment()
    new = NewLoggedModel(model, experiment, "net", "", "", [], [])
    stores.do(stores.models.create(stores.workspace, new))
    stores.log(run_id, params=[Param("p", "1")])
    tied = [BatchPoint("acc", 1.0, 1, 1, model)]
    refused = journal.take(
        0, 9,
        Logged(1, run_id, tied, [Param("p", "2"), Param("q", "1")], [Tag("x", "1")]),
        Logged(2, run_id, [BatchPoint("acc", 1.0, 1, 1, "m-none")], [Param("r", "1")], []),
        some("0" * 32, 1.0, 2.0), begun(5, 987_654), begun(6, experiment, run_id), begun(7, "none", may_make=False),
        Untagged(8, run_id, "none"), some(run_id, 5.0),
    )  # fmt: skip
    assert [(one.seq, one.code) for one in refused] == [
        (1, "INVALID_PARAMETER_VALUE"), (2, "BAD_REQUEST"), (1, "RESOURCE_DOES_NOT_EXIST"),
        (2, "RESOURCE_DOES_NOT_EXIST"), (5, "RESOURCE_DOES_NOT_EXIST"), (6, "RESOURCE_ALREADY_EXISTS"),
        (7, "PERMISSION_DENIED"), (8, "RESOURCE_DOES_NOT_EXIST"),
    ]  # fmt: skip
    assert (stores.data(run_id, "params"), set(stores.data(run_id, "metrics"))) == ({"p": "1"}, {"m"})
    assert stores.do(stores.models.get(stores.workspace, model)).metrics == []
    told = stores.do(journal.store.taken(stores.workspace, journal.id))
    assert list(told.refused) == refused


def test_a_run_that_is_there_already_stays_as_it_is(journal: Journal, stores: Stores) -> None:
    experiment = stores.new_experiment()
    run = begun(1, experiment)
    journal.take(0, 1, run)
    stores.log(run.run.id, tags=[Tag("t", "2")])
    assert Journal(stores).take(0, 1, run) == []
    assert stores.data(run.run.id, "tags")["t"] == "2"


def test_a_write_takes_its_record_with_it(journal: Journal, stores: Stores) -> None:
    run_id = stores.new_run()
    runs = SqlRuns(MarkedDatabase(stores.database), PAGE_KEY, render, record_metrics)

    async def call(before: int, seq: int, run: str = run_id) -> bool:
        with journal.store.taking(stores.workspace, journal.id, before, seq, ()) as mark:
            try:
                await runs.log_outputs(stores.workspace, run, [ModelEdge("m", seq)])
            except NotFound:
                pass
        return mark.written

    assert stores.do(call(0, 1))
    assert journal.applied == 1
    with pytest.raises(JournalMoved):
        stores.do(call(0, 1))
    assert not stores.do(call(1, 2, "0" * 32)), "a refused write takes nothing"
    assert journal.applied == 1
    assert stores.do(call(1, 3))
    assert (journal.applied, len(stores.run(run_id)["outputs"]["model_outputs"])) == (3, 2)
    stores.do(runs.log_outputs(stores.workspace, run_id, [ModelEdge("m", 9)]))
    assert journal.applied == 3


def test_a_second_write_of_a_call_is_a_defect(journal: Journal, stores: Stores) -> None:
    run_id = stores.new_run()
    runs = SqlRuns(MarkedDatabase(stores.database), PAGE_KEY, render, record_metrics)

    async def twice() -> None:
        with journal.store.taking(stores.workspace, journal.id, 0, 1, ()):
            for _ in range(2):
                await runs.log_outputs(stores.workspace, run_id, [ModelEdge("m")])

    with pytest.raises(InternalFault):
        stores.do(twice())
    assert len(stores.run(run_id)["outputs"]["model_outputs"]) == 1


def test_marks_of_tasks_at_the_same_time_are_their_own(stores: Stores) -> None:
    journals = [Journal(stores) for _ in range(10)]
    run_id = stores.new_run()
    runs = SqlRuns(MarkedDatabase(stores.database), PAGE_KEY, render, record_metrics)

    async def call(journal: Journal, seq: int) -> None:
        with journal.store.taking(stores.workspace, journal.id, 0, seq, ()):
            await asyncio.sleep(0)
            await runs.log_outputs(stores.workspace, run_id, [ModelEdge("m", seq)])

    stores.at_once(*(call(journal, seq) for seq, journal in enumerate(journals, 1)))
    assert [journal.applied for journal in journals] == list(range(1, 11))


def test_old_journals_are_forgotten(stores: Stores) -> None:
    journals = [Journal(stores) for _ in range(4)]
    for journal in journals:
        journal.take(0, 3)
    store = journals[0].store
    stores.do(store.seen(stores.workspace, journals[1].id, ended=True))
    sql = "UPDATE journals SET seen_ms = ? WHERE id = ?"
    for journal, seen in zip(journals, (500, 500, 50, 5_000), strict=True):
        stores.do(stores.database.write(lambda tx, values=(seen, journal.id): tx.execute(sql, values)))  # type: ignore[misc]
    assert stores.do(store.forget(1_000, 100, 10)) == 2
    assert [journal.applied for journal in journals] == [3, 0, 0, 3]

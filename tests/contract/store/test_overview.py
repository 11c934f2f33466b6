"""A workspace at a glance, on both databases."""

from __future__ import annotations

import pytest

from runyard.entities.common import Stage, Tag
from runyard.entities.overview import Overview
from runyard.entities.run import RunStatus
from runyard.store.contracts import Seen
from runyard.store.sql import overview as statements
from runyard.store.sql.overview import SqlOverview
from tests.contract.store.stores import Stores

WEEK_AGO = 5_000


def overview(stores: Stores, seen: Seen | None = None, shown: int = 20) -> Overview:
    store = SqlOverview(stores.database)
    return stores.do(store.overview(stores.workspace, seen, shown=shown, started_ms=500, failed_ms=WEEK_AGO))


def ended(stores: Stores, run_id: str, status: RunStatus, end_ms: int) -> str:
    stores.do(stores.runs.update(stores.workspace, run_id, status, end_ms, None))
    return run_id


def test_counts_and_lists(stores: Stores) -> None:
    first, second = stores.new_experiment(), stores.new_experiment()
    running = [stores.new_run(first) for _ in range(3)]
    finished = ended(stores, stores.new_run(second), RunStatus.FINISHED, 6_000)
    late = ended(stores, stores.new_run(second), RunStatus.FAILED, 6_000)
    early = ended(stores, stores.new_run(first), RunStatus.FAILED, 4_000)
    gone = stores.new_run(first)
    stores.do(stores.runs.set_stage(stores.workspace, gone, Stage.DELETED))
    found = overview(stores)
    assert (found.experiments, found.whole, found.runs) == (2, True, 6)
    assert found.by_status == {
        RunStatus.RUNNING: 3,
        RunStatus.SCHEDULED: 0,
        RunStatus.FINISHED: 1,
        RunStatus.FAILED: 2,
        RunStatus.KILLED: 0,
    }
    assert {one.run_id for one in found.latest} == {*running, finished, late, early}
    assert {one.run_id for one in found.running} == set(running)
    assert [one.run_id for one in found.failed] == [late]
    assert len(overview(stores, shown=2).latest) == 2


def test_trials_of_a_sweep_do_not_crowd_out_the_latest_runs(stores: Stores) -> None:
    experiment = stores.new_experiment()
    older = stores.new_run(experiment, start_ms=1_000)
    sweep = stores.new_run(experiment, start_ms=2_000)
    trials = [
        stores.new_run(experiment, tags=[Tag("mlflow.parentRunId", sweep)], start_ms=3_000 + at)
        for at in range(5)
    ]
    assert [one.run_id for one in overview(stores, shown=2).latest] == [sweep, older]
    assert [one.run_id for one in overview(stores, shown=3).latest] == [trials[-1], sweep, older]
    stores.new_run(experiment, start_ms=9_000)
    assert len(overview(stores, shown=20).latest) == 8


def test_what_has_failed_without_an_end_counts_by_its_start(stores: Stores) -> None:
    experiment = stores.new_experiment()
    starts = {"new": 7_000, "old": WEEK_AGO - 1, "newest": 9_000}
    runs = {name: stores.new_run(experiment, start_ms=ms) for name, ms in starts.items()}
    for run in runs.values():
        stores.do(stores.runs.update(stores.workspace, run, RunStatus.FAILED, None, None))
    late = ended(stores, stores.new_run(experiment, start_ms=8_000), RunStatus.FAILED, 9_500)
    expected = [runs["newest"], late, runs["new"]]
    assert [one.run_id for one in overview(stores).failed] == expected
    assert [one.run_id for one in overview(stores, shown=2).failed] == expected[:2]


def test_deleted_experiments_and_what_is_not_seen_are_left_out(stores: Stores) -> None:
    first, second, gone = (stores.new_experiment() for _ in range(3))
    here, _, _ = (stores.new_run(one) for one in (first, second, gone))
    stores.do(stores.experiments.delete(stores.workspace, gone))
    assert (overview(stores).experiments, overview(stores).runs) == (2, 2)
    for seen in (Seen(frozenset({first}), False), Seen(frozenset({second}), True)):
        found = overview(stores, seen)
        assert (found.experiments, found.runs, found.by_status[RunStatus.RUNNING]) == (1, 1, 1)
        assert [one.run_id for one in found.latest] == [one.run_id for one in found.running] == [here]
    nothing = overview(stores, Seen(frozenset(), False))
    assert (nothing.experiments, nothing.runs, nothing.latest) == (0, 0, [])
    stores.enter_new_workspace()
    assert overview(stores).experiments == 0


def test_of_very_many_no_number_is_told(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        statements, "OF_STATUS", statements.OF_STATUS.replace(str(statements.COUNTED + 1), "3")
    )
    monkeypatch.setattr(statements, "COUNTED", 2)
    monkeypatch.setattr(statements, "EXPERIMENTS", 1)
    stores.new_experiment()
    experiment = stores.new_experiment()
    for _ in range(3):
        stores.new_run(experiment)
    found = overview(stores)
    assert (found.experiments, found.whole) == (2, False)
    assert found.by_status[RunStatus.RUNNING] is found.by_status[RunStatus.FINISHED] is None
    assert (found.runs, found.by_status[RunStatus.FAILED]) == (3, 0)

"""Jobs beside what else concerns their runs, on both databases: journals, signs of life, alerts, the feed, removal."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from runyard.entities.access import EVERYTHING
from runyard.entities.alert import AlertEvent
from runyard.entities.change import ChangeKind, Place
from runyard.entities.common import Stage
from runyard.entities.job import JobError, JobState
from runyard.entities.run import RunStatus
from runyard.store.alert_contracts import Beat, NewAlert
from runyard.store.journal_contracts import Admission, Changed, Stretch
from runyard.store.sql import jobs_changes, purge
from runyard.store.sql.alerts import SqlAlerts
from runyard.store.sql.jobs_changes import PATIENCE_MS
from runyard.store.sql.journals import SqlJournals
from runyard.store.sql.liveness import SqlLiveness
from runyard.store.sql.purger import Purger
from runyard.store.sql.workspaces import SqlWorkspaces
from tests.contract.store.job_stage import JobStage
from tests.contract.store.stores import PAGE_KEY, ROOT, Stores

ALL = Admission(EVERYTHING, "me", "w")
BOOM = JobError("OutOfMemory", "4 GB were too little")


@pytest.fixture
def stage(stores: Stores) -> JobStage:
    return JobStage(stores)


@pytest.fixture
def feed(stage: JobStage) -> Iterator[list[tuple[str, ChangeKind]]]:
    """What a listener hears of runs of the test's experiment, once `heard` is called."""
    changes = stage.stores.database.changes
    changes.listening = True
    changes.take()
    yield []
    changes.listening = False


def heard(stage: JobStage) -> dict[str, ChangeKind]:
    taken = stage.stores.database.changes.take()
    return taken.runs.get(Place(stage.stores.workspace, stage.experiment), {})


def test_every_change_of_a_job_is_told(stage: JobStage, feed: object) -> None:
    job = stage.submit()
    assert heard(stage)[job.run_id] & ChangeKind.CREATED
    steps: tuple[Callable[[], Coroutine[Any, Any, object]], ...] = (
        lambda: stage.queue.set_waits({job.row: "soon"}),
        lambda: stage.jobs.set_priority(stage.stores.workspace, job.run_id, 1),
        lambda: stage.queue.claim(job.row, "h", 1_000),
        lambda: stage.queue.submitted(job.row, "e"),
        lambda: stage.queue.advance({job.row: JobState.PREPARING}),
        lambda: stage.jobs.cancel(stage.stores.workspace, job.run_id),
        lambda: stage.queue.end(job.row, JobState.CANCELED),
    )
    for number, step in enumerate(steps):
        stage.do(step())
        assert heard(stage) == {job.run_id: ChangeKind.INFO}, number
    stage.do(stage.queue.end(job.row, JobState.CANCELED))
    assert heard(stage) == {}


def test_a_beat_that_changes_nothing_is_told_to_nobody(stage: JobStage, feed: object) -> None:
    job = stage.begun()
    stage.beat(job, JobState.RUNNING)
    heard(stage)
    stage.beat(job, JobState.RUNNING)
    assert heard(stage) == {}


def test_late_records_of_a_journal_do_not_end_a_submitted_run(stage: JobStage) -> None:
    store = SqlJournals(stage.stores.database, ROOT)

    def take(run_id: str, status: RunStatus) -> None:
        stretch = Stretch(0, 1, (Changed(1, run_id, status, 5, None),), ())
        made = stage.do(store.take(stage.stores.workspace, uuid.uuid4().hex, stretch, ALL))
        assert made.refused == []

    job = stage.begun()
    stage.beat(job, JobState.RUNNING)
    take(job.run_id, RunStatus.FINISHED)
    assert (stage.status(job), stage.now(job).state) == ("RUNNING", JobState.RUNNING)
    stage.do(stage.queue.end(job.row, JobState.FAILED, BOOM))
    take(job.run_id, RunStatus.FINISHED)
    assert stage.status(job) == "FAILED"
    other = stage.begun()
    take(other.run_id, RunStatus.KILLED)
    assert stage.now(other).state is JobState.CANCEL_REQUESTED


def test_a_silent_journal_does_not_fail_a_submitted_run(stage: JobStage) -> None:
    liveness = SqlLiveness(stage.stores.database)
    job = stage.begun()
    stage.beat(job, JobState.RUNNING)
    beat = Beat([job.run_id], 15, "h", 120)
    stage.do(liveness.beat(stage.stores.workspace, beat, ALL))
    put = (
        "INSERT INTO run_beats (run_id, beat_ms, due_ms, host, points, point_ms) VALUES (?, 1, 1, 'h', 0, 1)"
    )
    row = "SELECT id FROM runs WHERE uuid = ? AND workspace_id = ?"
    found = stage.do(stage.stores.database.read(lambda c: c.one(row, (job.run_id, stage.stores.workspace))))
    assert found is not None
    stage.do(stage.stores.database.write(lambda tx: tx.execute(put, (found[0],))))
    stage.do(liveness.lose_some(1_000))
    stage.do(liveness.end(stage.stores.workspace, beat, "It was killed.", ALL))
    assert stage.status(job) == "RUNNING"


def test_a_failed_job_is_told_to_who_wants_to_know(stage: JobStage) -> None:
    alerts = SqlAlerts(stage.stores.database)
    new = NewAlert("a", stage.experiment, AlertEvent.FAILED, 60, "h", b"sealed", "me")
    stage.do(alerts.put(stage.stores.workspace, new, 10))
    job, fine, canceled = (stage.begun() for _ in range(3))
    stage.do(stage.queue.end(job.row, JobState.FAILED, BOOM))
    stage.do(stage.queue.end(fine.row, JobState.COMPLETED))
    stage.do(stage.queue.end(canceled.row, JobState.CANCELED))
    sent = [json.loads(one.body) for one in stage.do(alerts.due(1_000))]
    (message,) = [one for one in sent if one.get("experiment_id") == str(stage.experiment)]
    assert (message["event"], message["run_id"]) == ("failed", job.run_id)
    assert "OutOfMemory" in message["text"]


def test_very_many_jobs_are_canceled_piece_by_piece(stage: JobStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_changes, "AT_ONCE", 2)
    jobs = [stage.submit() for _ in range(5)]
    running = stage.begun()
    stage.do(stage.stores.experiments.delete(stage.stores.workspace, stage.experiment))
    states = [stage.now(job).state for job in (*jobs, running)]
    assert states == [JobState.CANCELED] * 2 + [JobState.NOT_STARTED] * 3 + [JobState.PREPARING]
    assert stage.do(stage.queue.waiting(stage.compute, 10)) == []
    assert stage.do(stage.queue.claim(jobs[4].row, "h", 1_000)) is None
    assert stage.beat(running, JobState.RUNNING)
    assert [stage.do(stage.queue.cancel_more(2)) for _ in range(3)] == [2, 2, 0]
    states = [stage.now(job).state for job in (*jobs, running)]
    assert states == [JobState.CANCELED] * 5 + [JobState.CANCEL_REQUESTED]


@pytest.mark.parametrize("sweeps", [False, True])
def test_very_many_jobs_below_one_are_canceled_piece_by_piece(
    stage: JobStage, monkeypatch: pytest.MonkeyPatch, sweeps: bool
) -> None:
    monkeypatch.setattr(jobs_changes, "AT_ONCE", 3)
    parent = stage.sweep() if sweeps else stage.submit()
    below = [stage.submit(parent_run_id=parent.run_id) for _ in range(5)]
    deepest = [stage.submit(parent_run_id=below[place].run_id) for place in (0, 4)]
    stage.do(stage.jobs.cancel(stage.stores.workspace, parent.run_id))
    waiting = [one for one in (*below, *deepest) if stage.now(one).state is JobState.NOT_STARTED]
    assert len(waiting) >= 3
    assert all(stage.do(stage.queue.claim(one.row, "h", 1_000)) is None for one in below)
    while stage.do(stage.queue.cancel_more(2)):
        pass
    states = {stage.now(one).state for one in (parent, *below, *deepest)}
    assert states == {JobState.CANCELED}


class NoFiles:
    async def workspace(self, guid: str) -> None: ...

    async def directory(self, guid: str, path: str) -> None: ...


def purger(stage: JobStage) -> Purger:
    files = NoFiles()
    return Purger(stage.stores.database, files.workspace, files.directory, asyncio.Lock(), 0)


def jobs_left(stage: JobStage) -> int:
    sql = "SELECT count(*) FROM jobs WHERE workspace_id = ?"
    row = stage.do(stage.stores.database.read(lambda c: c.one(sql, (stage.stores.workspace,))))
    assert row is not None
    return int(row[0])


def test_a_purged_run_goes_when_its_engine_has_stopped_it(stage: JobStage) -> None:
    job, done = stage.begun(), stage.submit()
    for one in (job, done):
        stage.do(stage.stores.runs.set_stage(stage.stores.workspace, one.run_id, Stage.DELETED))
    purge_some(stage, done.run_id, job.run_id)
    assert jobs_left(stage) == 1
    stage.do(stage.queue.end(job.row, JobState.CANCELED))
    hurry = "UPDATE purges SET due_ms = 0"
    stage.do(stage.stores.database.write(lambda tx: tx.execute(hurry)))
    step_all(stage)
    assert jobs_left(stage) == 0


def purge_some(stage: JobStage, *run_ids: str) -> None:
    sql = """INSERT INTO purges (workspace_id, kind, record_id, files, due_ms)
        SELECT workspace_id, 1, id, '', 0 FROM runs WHERE uuid = ? AND workspace_id = ?"""
    place = stage.stores.workspace
    stage.do(stage.stores.database.write(lambda tx: tx.many(sql, [(one, place) for one in run_ids])))
    step_all(stage)


def step_all(stage: JobStage) -> None:
    stage.do(stage.stores.database.write(lambda tx: tx.execute("DELETE FROM leases")))
    work = purger(stage)
    for _ in range(50):
        if not stage.do(work.step()):
            return


def test_a_deleted_workspace_cancels_its_jobs_and_waits_for_their_engines(stage: JobStage) -> None:
    running, waiting = stage.begun(), stage.submit()
    group = "UPDATE workspaces SET guid = ?, group_id = (SELECT min(id) FROM resource_groups) WHERE id = ?"
    values = (uuid.uuid4().hex, stage.stores.workspace)
    stage.do(stage.stores.database.write(lambda tx: tx.execute(group, values)))
    workspaces = SqlWorkspaces(stage.stores.database, PAGE_KEY, ROOT)
    stage.do(workspaces.delete([stage.stores.workspace], delete_files=False))
    assert stage.now(waiting).state is JobState.CANCELED
    assert stage.now(running).state is JobState.CANCEL_REQUESTED

    def doomed() -> bool:
        found = stage.do(stage.stores.database.read(lambda c: purge.find_doomed(c, -1_000)))
        return found is not None and found.id == stage.stores.workspace

    assert not doomed()
    stage.age(running, PATIENCE_MS + 1_000)  # an engine that is gone does not hold it for ever
    assert doomed()
    step_all(stage)
    assert jobs_left(stage) == 0

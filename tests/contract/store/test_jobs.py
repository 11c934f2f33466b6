"""Jobs for requests, on both databases: submitting, listing, canceling, and what runners tell."""

from __future__ import annotations

import time

import msgspec
import pytest

from runyard.entities.common import Page, Stage, Tag
from runyard.entities.job import Job, JobDefinition, JobError, JobState
from runyard.entities.principal import TokenKind
from runyard.entities.run import RunStatus
from runyard.errors import AlreadyExists, InvalidState, NotFound, Unauthenticated
from runyard.store.job_contracts import JobFilter
from runyard.store.principal_contracts import NewToken
from runyard.store.sql import jobs_runners
from runyard.store.sql.clock import now_ms
from tests.contract.store.job_stage import HOUR_MS, JobStage
from tests.contract.store.stores import Stores, all_pages

BOOM = JobError("UserError", "boom", exit_code=3)
ENDS = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELED)


@pytest.fixture
def stage(stores: Stores) -> JobStage:
    return JobStage(stores)


def found(stage: JobStage, **wanted: object) -> list[Job]:
    def page(token: str | None) -> Page[Job]:
        asked = msgspec.structs.replace(JobFilter(), **wanted)
        return stage.do(stage.jobs.list(stage.stores.workspace, asked, max_results=2, page_token=token))

    return all_pages(page)


def test_a_job_and_its_run_are_made_together(stage: JobStage) -> None:
    tags = [Tag("mlflow.runName", "nice"), Tag("t", "1")]
    job = stage.submit(run_name="nice", tags=tags, properties={"git": "abc"}, priority=3, snapshot_id="s")
    assert job == stage.do(stage.jobs.find(stage.stores.workspace, job.run_id))
    assert (job.state, job.run_name, job.priority, job.snapshot_id) == (JobState.NOT_STARTED, "nice", 3, "s")
    assert job.definition == JobDefinition(script="train.py", arguments=["--x", "1"])
    assert (job.submitted_by, job.compute_id, job.kind) == ("local", stage.compute, "script")
    assert stage.status(job) == "SCHEDULED"
    assert stage.stores.data(job.run_id, "tags") == {"mlflow.runName": "nice", "t": "1"}
    properties = stage.stores.records.properties(stage.stores.workspace, [job.run_id])
    assert stage.do(properties) == {job.run_id: {"git": "abc"}}
    assert stage.token(job)[1] is None


def test_the_same_request_again_is_the_same_job(stage: JobStage) -> None:
    new = stage.new()
    first, made = stage.do(stage.jobs.create(stage.stores.workspace, stage.somebody(), new, 1))
    assert made
    again = stage.do(stage.jobs.create(stage.stores.workspace, stage.somebody(), new, 1))
    assert again == (first, False)
    other = msgspec.structs.replace(new, request_hash="other")
    with pytest.raises(AlreadyExists):
        stage.do(stage.jobs.create(stage.stores.workspace, stage.somebody(), other, 0))


def test_the_id_of_a_run_without_a_job_is_taken(stage: JobStage) -> None:
    run_id = stage.stores.new_run()
    with pytest.raises(AlreadyExists):
        stage.submit(run_id=run_id)
    with pytest.raises(NotFound):
        stage.submit(experiment_id=987_654_321)


def test_a_person_has_so_many_in_a_queue(stage: JobStage) -> None:
    me, other = stage.somebody(), stage.somebody()
    first = stage.submit(by=me, limit=2)
    stage.submit(by=me, limit=2)
    with pytest.raises(InvalidState, match="2 is the most"):
        stage.submit(by=me, limit=2)
    stage.submit(by=other, limit=2)
    JobStage(stage.stores).submit(by=me, limit=2)  # to another target
    stage.do(stage.queue.claim(first.row, "h", 1_000))
    stage.submit(by=me, limit=2)


def test_lists_are_newest_first_and_filtered(stage: JobStage) -> None:
    one, two, three = (stage.submit() for _ in range(3))
    elsewhere = stage.submit(experiment_id=stage.stores.new_experiment(), target="other")
    by_other = stage.submit(by=stage.somebody())
    stage.do(stage.queue.end(two.row, JobState.FAILED, BOOM))
    rows = [job.row for job in found(stage)]
    assert rows == [by_other.row, elsewhere.row, three.row, two.row, one.row]
    assert [job.row for job in found(stage, active=True)] == [by_other.row, elsewhere.row, three.row, one.row]
    assert [job.row for job in found(stage, states=[JobState.FAILED])] == [two.row]
    assert found(stage, states=[]) == []
    assert [job.row for job in found(stage, target="other")] == [elsewhere.row]
    assert [job.row for job in found(stage, submitted_by=by_other.submitted_by)] == [by_other.row]
    hidden = frozenset([stage.experiment])
    assert [job.row for job in found(stage, experiments=hidden)] == [elsewhere.row]
    assert next(iter(found(stage, experiments=hidden, all_but=False))).row == by_other.row
    assert found(stage, experiments=frozenset(), all_but=False) == []
    assert found(JobStage(stage.stores), parent_run_id="none") == []


def test_another_workspace_has_none_of_them(stage: JobStage) -> None:
    job = stage.submit()
    elsewhere = stage.stores.workspace + 1_000_000
    assert stage.do(stage.jobs.find(elsewhere, job.run_id)) is None
    with pytest.raises(NotFound):
        stage.do(stage.jobs.cancel(elsewhere, job.run_id))
    with pytest.raises(NotFound):
        stage.do(stage.jobs.set_priority(elsewhere, job.run_id, 1))


def test_places_in_the_queue_follow_priority_then_age(stage: JobStage) -> None:
    jobs = [stage.submit() for _ in range(3)]
    stage.do(stage.jobs.set_priority(stage.stores.workspace, jobs[2].run_id, 5))
    jobs = [stage.now(job) for job in jobs]
    places = stage.do(stage.jobs.positions(jobs))
    assert [places[job.row] for job in jobs] == [2, 3, 1]
    stage.do(stage.queue.claim(jobs[2].row, "h", 1_000))
    assert stage.do(stage.jobs.positions([stage.now(jobs[2])])) == {}
    with pytest.raises(InvalidState):
        stage.do(stage.jobs.set_priority(stage.stores.workspace, jobs[2].run_id, 1))


def test_what_waits_is_canceled_at_once(stage: JobStage) -> None:
    job = stage.submit()
    for _ in range(2):
        canceled = stage.do(stage.jobs.cancel(stage.stores.workspace, job.run_id))
        assert canceled.state is JobState.CANCELED and canceled.ended_ms
    assert stage.status(job) == "KILLED"
    assert stage.token(job)[1] is not None
    assert stage.do(stage.queue.waiting(stage.compute, 10)) == []


def test_what_runs_is_to_be_canceled_and_then_is(stage: JobStage) -> None:
    job = stage.begun()
    stage.beat(job, JobState.RUNNING)
    asked = stage.do(stage.jobs.cancel(stage.stores.workspace, job.run_id))
    assert asked.state is JobState.CANCEL_REQUESTED and asked.cancel_ms
    assert stage.beat(job, JobState.RUNNING)
    assert stage.now(job).state is JobState.CANCEL_REQUESTED
    ended = stage.runners.end(stage.stores.workspace, job.run_id, "a", JobState.FAILED, BOOM)
    assert stage.do(ended)
    last = stage.now(job)
    assert (last.state, stage.status(job)) == (JobState.CANCELED, "KILLED")
    assert last.error is not None and last.error.code == "Canceled"


def test_jobs_below_jobs_below_jobs_are_canceled(stage: JobStage) -> None:
    """Deeper than Python's stack."""
    first = last = stage.submit()
    for _ in range(1_050):
        last = stage.submit(parent_run_id=last.run_id)
    stage.do(stage.jobs.cancel(stage.stores.workspace, first.run_id))
    while stage.do(stage.queue.cancel_more(200)):
        pass
    assert {one.state for one in found(stage, parent_run_id=last.parent_run_id)} == {JobState.CANCELED}
    assert not found(stage, target=first.target, active=True)


def test_a_local_job_that_nobody_began_is_canceled_at_once(stage: JobStage) -> None:
    job = stage.local()
    assert stage.do(stage.jobs.cancel(stage.stores.workspace, job.run_id)).state is JobState.CANCELED
    assert not stage.begin(job)
    assert stage.now(job).state is JobState.CANCELED


def test_a_runner_begins_beats_and_ends(stage: JobStage) -> None:
    job = stage.handed_over()
    assert not stage.begin(job)
    assert stage.do(stage.jobs.keys(job.row)) == (b"", b"")
    began = stage.now(job)
    assert (began.state, began.host, began.attempt) == (JobState.PREPARING, "host", "a")
    assert not stage.beat(job, JobState.RUNNING)
    running = stage.now(job)
    assert running.state is JobState.RUNNING and running.started_ms
    assert stage.stores.run(job.run_id)["info"]["start_time"] == running.started_ms
    stage.beat(job, JobState.PREPARING)
    assert stage.now(job).state is JobState.RUNNING  # never backwards
    stage.beat(job, JobState.FINALIZING)
    assert stage.status(job) == "RUNNING"
    end = stage.runners.end(stage.stores.workspace, job.run_id, "a", JobState.COMPLETED, None)
    assert stage.do(end)
    ended = stage.now(job)
    assert (ended.state, stage.status(job), ended.error) == (JobState.COMPLETED, "FINISHED", None)
    assert stage.stores.run(job.run_id)["info"]["end_time"] == ended.ended_ms
    assert stage.beat(job, JobState.RUNNING)
    assert stage.now(job) == ended


def test_the_error_of_a_failed_job_is_a_record_of_its_run(stage: JobStage) -> None:
    job = stage.begun()
    stage.do(stage.runners.end(stage.stores.workspace, job.run_id, "a", JobState.FAILED, BOOM))
    page = stage.stores.records.records(
        stage.stores.workspace, job.run_id, name=None, kind="error", max_results=9, page_token=None
    )
    (record,) = stage.do(page).items
    assert msgspec.json.decode(record.body) == {"code": "UserError", "message": "boom"}
    assert stage.now(job).error == BOOM


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_job_stays_as_it_ended(stage: JobStage, end: JobState) -> None:
    job = stage.begun()
    assert stage.do(stage.queue.end(job.row, end, BOOM)) is not None
    ended = stage.now(job)
    stage.do(stage.jobs.cancel(stage.stores.workspace, job.run_id))
    for other in ENDS:
        assert stage.do(stage.queue.end(job.row, other)) is None
        assert not stage.do(stage.runners.end(stage.stores.workspace, job.run_id, "a", other, None))
    assert not stage.begin(job, "b")
    assert stage.beat(job, JobState.RUNNING)
    assert stage.do(stage.queue.submitted(job.row, "x")) == ended
    assert not stage.do(stage.queue.requeue(job.row, "", 0))
    assert stage.do(stage.queue.advance({job.row: JobState.QUEUED})) == 0
    assert stage.now(job) == ended


def test_a_second_attempt_is_refused_while_the_first_is_alive(stage: JobStage) -> None:
    job = stage.begun()
    stage.beat(job, JobState.RUNNING)
    assert stage.begin(job, "b")
    assert not stage.begin(job, "a")  # the same one, told twice
    assert stage.now(job).state is JobState.RUNNING
    stage.age(job, 120_000)
    assert not stage.begin(job, "b")
    assert (stage.now(job).state, stage.now(job).attempt) == (JobState.PREPARING, "b")
    assert stage.beat(job, JobState.RUNNING, "a")
    assert not stage.do(stage.runners.end(stage.stores.workspace, job.run_id, "a", JobState.FAILED, BOOM))
    assert not stage.beat(job, JobState.RUNNING, "b")


def test_other_ranks_change_nothing(stage: JobStage) -> None:
    job = stage.handed_over()
    assert not stage.begin(job, "other", rank=1)
    assert stage.now(job).state is JobState.QUEUED
    stage.begin(job)
    before = stage.now(job)
    assert not stage.beat(job, JobState.FINALIZING, "other", rank=1)
    assert stage.now(job) == before
    stage.do(stage.jobs.cancel(stage.stores.workspace, job.run_id))
    assert stage.beat(job, JobState.RUNNING, "other", rank=1)


def test_a_failed_rank_fails_the_job_whatever_the_first_says(stage: JobStage) -> None:
    job, canceled, again = stage.begun(), stage.begun(), stage.begun()
    place = stage.stores.workspace
    for one in (job, canceled, again):
        stage.beat(one, JobState.RUNNING)
        assert stage.do(stage.runners.fail_rank(place, one.run_id, BOOM))
        assert not stage.do(stage.runners.fail_rank(place, one.run_id, JobError("Other", "later")))
        assert stage.beat(one, JobState.RUNNING)
        assert stage.beat(one, JobState.RUNNING, "r1", rank=1)
    stage.do(stage.runners.end(place, job.run_id, "a", JobState.COMPLETED, None))
    assert (stage.now(job).state, stage.now(job).error) == (JobState.FAILED, BOOM)
    stage.do(stage.jobs.cancel(place, canceled.run_id))
    stage.do(stage.runners.end(place, canceled.run_id, "a", JobState.FAILED, None))
    assert stage.now(canceled).state is JobState.CANCELED
    stage.age(again, 120_000)
    stage.begin(again, "b")
    assert not stage.beat(again, JobState.RUNNING, "b")
    assert not stage.do(stage.runners.fail_rank(place, job.run_id, BOOM))


def test_a_beat_extends_the_token_and_the_end_revokes_it(stage: JobStage) -> None:
    job = stage.begun()
    until = now_ms() + 5 * HOUR_MS
    stage.beat(job, JobState.RUNNING, expires_ms=until)
    assert stage.token(job) == (until, None)
    stage.beat(job, JobState.RUNNING, expires_ms=until - HOUR_MS)
    assert stage.token(job) == (until, None)
    stage.do(stage.queue.end(job.row, JobState.COMPLETED))
    assert stage.token(job)[1] is not None


def test_a_token_that_is_handed_out_late_is_good_again_and_a_revoked_one_is_not(stage: JobStage) -> None:
    job, ended = stage.local(), stage.local()
    stage.do(stage.queue.end(ended.row, JobState.CANCELED))
    before = stage.token(ended)
    until = now_ms() + 30 * HOUR_MS
    for row in (job.row, ended.row):
        stage.do(stage.jobs.extend(row, until))
    assert stage.token(job) == (until, None) and stage.token(ended) == before
    stage.do(stage.jobs.extend(job.row, until - 1))
    assert stage.token(job) == (until, None)


def test_a_code_is_good_once(stage: JobStage) -> None:
    new = stage.new()
    job, _ = stage.do(stage.jobs.create(stage.stores.workspace, stage.somebody(), new, 0))
    assert new.secrets is not None
    code = new.secrets.code_hash
    assert stage.do(stage.runners.redeem(job.run_id, "wrong")) is None
    assert stage.do(stage.runners.redeem("other", code)) is None
    assert stage.do(stage.runners.redeem(job.run_id, code)) == (stage.stores.workspace, b"sealed")
    assert stage.do(stage.runners.redeem(job.run_id, code)) is None
    stage.do(stage.queue.claim(job.row, "h", 1_000))
    stage.do(stage.queue.requeue(job.row, "again", 0))
    assert stage.do(stage.runners.redeem(job.run_id, code)) is not None


def test_cancel_of_a_sweep_cancels_all_below_it(stage: JobStage) -> None:
    parent = stage.sweep()
    waiting, running = (stage.submit(parent_run_id=parent.run_id) for _ in range(2))
    stage.do(stage.queue.claim(running.row, "h", 1_000))
    stage.do(stage.queue.submitted(running.row, "e"))
    stage.begin(running)
    assert (
        stage.do(stage.jobs.cancel(stage.stores.workspace, parent.run_id)).state is JobState.CANCEL_REQUESTED
    )
    assert stage.now(waiting).state is JobState.CANCELED
    assert stage.now(running).state is JobState.CANCEL_REQUESTED
    with pytest.raises(InvalidState, match="no jobs are added"):
        stage.submit(parent_run_id=parent.run_id)
    stage.do(stage.runners.end(stage.stores.workspace, running.run_id, "a", JobState.CANCELED, None))
    assert stage.now(parent).state is JobState.CANCELED
    assert stage.status(parent) == "KILLED"


def test_cancel_of_a_sweep_without_jobs_is_its_end(stage: JobStage) -> None:
    parent = stage.sweep()
    assert stage.do(stage.jobs.cancel(stage.stores.workspace, parent.run_id)).state is JobState.CANCELED


def test_mlflow_does_not_change_the_status_of_a_submitted_run(stage: JobStage) -> None:
    job = stage.begun()
    stage.beat(job, JobState.RUNNING)
    update = stage.stores.runs.update(stage.stores.workspace, job.run_id, RunStatus.FINISHED, 5, "renamed")
    answer = stage.do(update)
    assert (answer.status, answer.end_ms, answer.name) == (RunStatus.RUNNING, None, "renamed")
    stage.do(stage.queue.end(job.row, JobState.FAILED, BOOM))
    for status in (RunStatus.FINISHED, RunStatus.KILLED, RunStatus.RUNNING):
        stage.do(stage.stores.runs.update(stage.stores.workspace, job.run_id, status, 5, None))
    assert stage.status(job) == "FAILED"


def test_mlflow_kills_a_submitted_run(stage: JobStage) -> None:
    running, waiting = stage.begun(), stage.submit()
    for job in (running, waiting):
        stage.do(stage.stores.runs.update(stage.stores.workspace, job.run_id, RunStatus.KILLED, 5, None))
    assert stage.now(running).state is JobState.CANCEL_REQUESTED
    assert stage.now(waiting).state is JobState.CANCELED


def test_a_deleted_run_cancels_its_job(stage: JobStage) -> None:
    running, waiting, other = stage.begun(), stage.submit(), stage.submit()
    for job in (running, waiting):
        stage.do(stage.stores.runs.set_stage(stage.stores.workspace, job.run_id, Stage.DELETED))
    assert stage.now(running).state is JobState.CANCEL_REQUESTED
    assert stage.now(waiting).state is JobState.CANCELED
    assert stage.now(other).state is JobState.NOT_STARTED
    stage.do(stage.stores.experiments.delete(stage.stores.workspace, stage.experiment))
    assert stage.now(other).state is JobState.CANCELED


def test_two_servers_begin_one_job_once(stores: Stores, others: Stores) -> None:
    here = JobStage(stores)
    there = JobStage(others, here.compute)
    job = here.handed_over()
    assert not here.begin(job, "a")
    assert there.begin(job, "b")
    assert here.now(job).attempt == "a"


def test_a_page_of_large_definitions_is_shorter(stage: JobStage) -> None:
    large = JobDefinition(script="a.py", arguments=["x" * 30_000] * 8)
    jobs = [stage.submit(definition=large) for _ in range(40)]

    def page(token: str | None) -> Page[Job]:
        asked = JobFilter(target=jobs[0].target, experiment_id=stage.experiment)
        return stage.do(stage.jobs.list(stage.stores.workspace, asked, max_results=1_000, page_token=token))

    assert len(page(None).items) == 34
    assert [one.row for one in all_pages(page)] == [one.row for one in reversed(jobs)]


def test_a_submission_with_a_token_that_was_revoked_leaves_nothing(stage: JobStage) -> None:
    person = stage.somebody()
    expires = now_ms() + HOUR_MS
    token = NewToken(person.id, TokenKind.PERSONAL, "t", f"hash of {person.uuid}", ["*"], None, 1, expires)
    made = stage.do(stage.stores.tokens.create(token))
    stage.do(stage.stores.tokens.revoke(made.uuid, 5))
    new = stage.new()
    assert new.secrets is not None
    new = msgspec.structs.replace(new, secrets=new.secrets._replace(made_with=made.uuid))
    with pytest.raises(Unauthenticated):
        stage.do(stage.jobs.create(stage.stores.workspace, person, new, 0))
    with pytest.raises(NotFound):
        stage.stores.run(new.run_id)


def test_signs_of_life_are_written_together(stage: JobStage, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [stage.begun() for _ in range(3)]
    for job in jobs:
        stage.beat(job, JobState.RUNNING)
    monkeypatch.setattr(jobs_runners, "TOGETHER_S", 60.0)
    assert not stage.beat(jobs[0], JobState.RUNNING)  # the first one may be written at once
    before = [stage.now(job).beat_ms or 0 for job in jobs]
    time.sleep(0.01)
    for job in jobs:
        assert not stage.beat(job, JobState.RUNNING)
    assert [stage.now(job).beat_ms for job in jobs] == before
    monkeypatch.setattr(jobs_runners, "TOGETHER_S", 0.0)
    stage.beat(jobs[0], JobState.RUNNING)
    assert all((stage.now(job).beat_ms or 0) > was for job, was in zip(jobs, before, strict=True))

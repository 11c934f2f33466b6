"""The queue of jobs, on both databases: what a dispatcher claims, hands over, follows and ends."""

from __future__ import annotations

import pytest

from runyard.entities.job import JobDefinition, JobError, JobState
from runyard.store.sql.clock import now_ms
from tests.contract.store.job_stage import HOUR_MS, JobStage
from tests.contract.store.stores import Stores

MINUTE_MS = 60_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def stage(stores: Stores) -> JobStage:
    return JobStage(stores)


def test_jobs_wait_in_the_order_of_priority_and_age(stage: JobStage) -> None:
    first, second = stage.submit(), stage.submit()
    urgent, idle = stage.submit(priority=9), stage.submit(priority=-9)
    order = [job.row for job in stage.do(stage.queue.waiting(stage.compute, 10))]
    assert order == [urgent.row, first.row, second.row, idle.row]
    assert [job.row for job in stage.do(stage.queue.waiting(stage.compute, 1))] == [urgent.row]
    assert stage.compute in stage.do(stage.queue.waiting_targets())
    assert stage.do(stage.queue.waiting(-1, 10)) == []


def test_a_job_is_claimed_once(stage: JobStage) -> None:
    job = stage.submit()
    claimed = stage.do(stage.queue.claim(job.row, "one", MINUTE_MS))
    assert claimed is not None and claimed.state is JobState.STARTING
    assert stage.do(stage.queue.claim(job.row, "two", MINUTE_MS)) is None
    assert stage.do(stage.queue.waiting(stage.compute, 10)) == []


def test_of_servers_that_claim_at_once_one_has_it(stores: Stores, others: Stores) -> None:
    here = JobStage(stores)
    there = JobStage(others, here.compute)
    job = here.submit()
    got = stores.at_once(
        *(each.queue.claim(job.row, f"h{n}", MINUTE_MS) for n in range(5) for each in (here, there))
    )
    assert sum(one is not None for one in got) == 1, got


def test_what_was_handed_over_is_followed(stage: JobStage) -> None:
    job = stage.handed_over()
    assert (job.state, job.engine_id) == (JobState.QUEUED, f"engine-{job.row}")
    assert job.submitted_ms
    assert [one.row for one in stage.do(stage.queue.active([stage.compute]))] == [job.row]
    assert job.row in {one.row for one in stage.do(stage.queue.active())}
    assert stage.do(stage.queue.active([stage.compute]))[0].definition == JobDefinition()
    assert stage.do(stage.queue.advance({job.row: JobState.PREPARING})) == 1
    assert stage.do(stage.queue.advance({job.row: JobState.QUEUED})) == 0
    assert stage.now(job).state is JobState.PREPARING


def test_what_the_runner_said_is_not_overwritten_by_the_engine(stage: JobStage) -> None:
    job = stage.begun()
    stage.beat(job, JobState.RUNNING)
    assert stage.do(stage.queue.advance({job.row: JobState.PREPARING})) == 0
    late = stage.do(stage.queue.submitted(job.row, "again"))
    assert late is not None and late.state is JobState.RUNNING


def test_a_runner_may_begin_before_its_engine_answers(stage: JobStage) -> None:
    job = stage.submit()
    stage.do(stage.queue.claim(job.row, "h", MINUTE_MS))
    stage.begin(job)
    submitted = stage.do(stage.queue.submitted(job.row, "e", "node-1"))
    assert submitted is not None
    assert (submitted.state, submitted.engine_id, submitted.host) == (JobState.PREPARING, "e", "host")
    assert not stage.do(stage.queue.requeue(job.row, "no", 0))


def test_what_could_not_be_handed_over_waits_again(stage: JobStage) -> None:
    job = stage.submit()
    stage.do(stage.queue.claim(job.row, "h", MINUTE_MS))
    due = now_ms() + HOUR_MS
    assert stage.do(stage.queue.requeue(job.row, "The cluster is full.", due))
    waits = stage.now(job)
    assert (waits.state, waits.waits, waits.tries, waits.due_ms) == (
        JobState.NOT_STARTED,
        "The cluster is full.",
        1,
        due,
    )
    assert stage.do(stage.queue.waiting(stage.compute, 10)) == []
    assert stage.compute not in stage.do(stage.queue.waiting_targets())
    assert not stage.do(stage.queue.requeue(job.row, "twice", 0))


def test_what_its_engine_has_lost_waits_again(stage: JobStage) -> None:
    lost, canceled, begun = stage.handed_over(), stage.handed_over(), stage.begun()
    assert stage.do(stage.queue.requeue(lost.row, "Lost.", 0))
    now = stage.now(lost)
    assert (now.state, now.engine_id, now.tries) == (JobState.NOT_STARTED, "", 1)
    stage.do(stage.jobs.cancel(stage.stores.workspace, canceled.run_id))
    assert stage.do(stage.queue.requeue(canceled.row, "Lost.", 0))
    assert stage.now(canceled).state is JobState.CANCELED
    assert not stage.do(stage.queue.requeue(begun.row, "Lost.", 0))
    assert stage.now(begun).state is JobState.PREPARING


def test_a_job_that_is_canceled_while_it_is_handed_over(stage: JobStage) -> None:
    back, on = stage.submit(), stage.submit()
    for job in (back, on):
        stage.do(stage.queue.claim(job.row, "h", MINUTE_MS))
        asked = stage.do(stage.jobs.cancel(stage.stores.workspace, job.run_id))
        assert asked.state is JobState.CANCEL_REQUESTED
    assert stage.do(stage.queue.requeue(back.row, "", 0))
    assert stage.now(back).state is JobState.CANCELED
    submitted = stage.do(stage.queue.submitted(on.row, "e"))
    assert submitted is not None
    assert (submitted.state, submitted.engine_id) == (JobState.CANCEL_REQUESTED, "e")
    assert submitted.cancel_ms


def test_what_another_dispatcher_left_is_found(stage: JobStage) -> None:
    mine, old, theirs = (stage.submit() for _ in range(3))
    for job, holder in ((mine, "me"), (old, "me"), (theirs, "gone")):
        stage.do(stage.queue.claim(job.row, holder, MINUTE_MS))
    stage.age(old, 2 * MINUTE_MS)
    left = {job.row for job in stage.do(stage.queue.abandoned("me", 1_000))}
    assert {old.row, theirs.row} <= left and mine.row not in left
    for job in (mine, old, theirs):
        stage.do(stage.queue.submitted(job.row, "e"))
    assert {mine.row, old.row, theirs.row}.isdisjoint(
        job.row for job in stage.do(stage.queue.abandoned("x", 1_000))
    )


def test_why_jobs_wait_is_kept_while_they_do(stage: JobStage) -> None:
    waiting, running = stage.submit(), stage.begun()
    stage.do(stage.queue.set_waits({waiting.row: "max_running is 1", running.row: "no"}))
    assert (stage.now(waiting).waits, stage.now(running).waits) == ("max_running is 1", "")
    stage.do(stage.queue.claim(waiting.row, "h", MINUTE_MS))
    assert stage.now(waiting).waits == ""


def test_a_silent_job_is_not_responding_until_it_beats(stage: JobStage) -> None:
    job = stage.begun()
    stage.beat(job, JobState.RUNNING)
    assert stage.do(stage.queue.silence(now_ms() - MINUTE_MS, 10)) == []
    stage.age(job, 2 * MINUTE_MS)
    assert job.row in {one.row for one in stage.do(stage.queue.silence(now_ms() - MINUTE_MS, 1_000))}
    assert stage.now(job).state is JobState.NOT_RESPONDING
    assert stage.status(job) == "RUNNING"
    assert job.row in {one.row for one in stage.do(stage.queue.not_responding())}
    assert not stage.beat(job, JobState.RUNNING)
    assert stage.now(job).state is JobState.RUNNING


def test_a_local_job_that_nobody_ever_began_is_not_responding(stage: JobStage) -> None:
    job = stage.local()
    stage.do(stage.queue.silence(now_ms(), 1_000))
    assert stage.now(job).state is JobState.QUEUED
    stage.age(job, 2 * DAY_MS)
    stage.do(stage.queue.silence(now_ms() - MINUTE_MS, 1_000))
    assert stage.now(job).state is JobState.NOT_RESPONDING


def test_a_local_job_that_does_not_hear_of_its_cancel_ends(stage: JobStage) -> None:
    job = stage.local()
    stage.begin(job)
    stage.beat(job, JobState.RUNNING)
    stage.do(stage.jobs.cancel(stage.stores.workspace, job.run_id))
    stage.do(stage.queue.silence(now_ms() - MINUTE_MS, 1_000))
    assert stage.now(job).state is JobState.CANCEL_REQUESTED
    stage.age(job, 2 * MINUTE_MS)
    stage.do(stage.queue.silence(now_ms() - MINUTE_MS, 1_000))
    assert stage.now(job).state is JobState.CANCELED


def test_how_much_of_a_target_is_used(stage: JobStage) -> None:
    other = stage.somebody()
    stage.submit(), stage.submit(by=other), stage.begun(by=other)
    started = stage.submit()
    stage.do(stage.queue.claim(started.row, "h", MINUTE_MS))
    ended = stage.begun()
    stage.do(stage.queue.end(ended.row, JobState.COMPLETED))
    stage.sweep()
    load = stage.do(stage.queue.load([stage.compute, -5]))
    assert (load[stage.compute].queued, load[stage.compute].running, load[stage.compute].nodes) == (2, 2, 2)
    assert load[stage.compute].running_by_person[other.uuid] == 1
    assert load[stage.compute].queued_by_person[other.uuid] == 1
    assert load[-5].queued == load[-5].running == 0


def test_sweeps_are_nobodys_work(stage: JobStage) -> None:
    sweep = stage.sweep()
    assert sweep.state is JobState.RUNNING and sweep.started_ms
    assert stage.status(sweep) == "RUNNING"
    assert stage.do(stage.queue.active([stage.compute])) == []
    assert stage.do(stage.queue.waiting(stage.compute, 10)) == []


def test_tokens_live_as_long_as_their_jobs(stage: JobStage) -> None:
    waiting, running, ended = stage.submit(), stage.begun(), stage.begun()
    stage.do(stage.queue.end(ended.row, JobState.COMPLETED))
    before = stage.token(ended)
    now = now_ms()
    assert stage.do(stage.queue.renew_tokens(now + 2 * DAY_MS, now + 2 * HOUR_MS)) >= 2
    assert stage.token(waiting) == (now + 2 * DAY_MS, None)
    assert stage.token(running) == (now + 2 * HOUR_MS, None)
    assert stage.token(ended) == before
    stage.do(stage.queue.renew_tokens(now + 2 * DAY_MS + MINUTE_MS, now + 2 * HOUR_MS + MINUTE_MS))
    assert stage.token(running) == (now + 2 * HOUR_MS, None)  # that little more is not worth a write


def test_what_engines_keep_of_ended_jobs_is_found_once(stage: JobStage) -> None:
    job, unheard = stage.handed_over(), stage.submit()
    for one in (job, unheard):
        stage.do(stage.queue.end(one.row, JobState.FAILED, JobError("EngineError", "x")))
    kept = stage.do(stage.queue.ended_there([stage.compute], 10))
    assert [one.row for one in kept] == [job.row]
    assert stage.compute in stage.do(stage.queue.ended_targets())
    assert stage.do(stage.queue.ended_there([], 10)) == []
    assert stage.do(stage.queue.ended_there([stage.compute + 1_000_000], 10)) == []
    stage.do(stage.queue.forgotten(job.row))
    assert stage.do(stage.queue.ended_there([stage.compute], 10)) == []
    assert stage.compute not in stage.do(stage.queue.ended_targets())
    assert stage.now(job).engine_id


def test_the_sealed_keys_are_there_until_the_job_begins_or_ends(stage: JobStage) -> None:
    begun, ended = stage.handed_over(), stage.handed_over()
    assert stage.do(stage.queue.keys(begun.row)) == (b"sealed", b"c")
    stage.begin(begun)
    stage.do(stage.queue.end(ended.row, JobState.CANCELED))
    for job in (begun, ended):
        assert stage.do(stage.queue.keys(job.row)) == (b"", b"")


def test_targets_whose_jobs_are_to_be_canceled_are_known(stage: JobStage) -> None:
    job = stage.begun()
    assert stage.compute not in stage.do(stage.queue.canceling_targets())
    stage.do(stage.jobs.cancel(stage.stores.workspace, job.run_id))
    assert stage.compute in stage.do(stage.queue.canceling_targets())
    stage.do(stage.queue.end(job.row, JobState.CANCELED))
    assert stage.compute not in stage.do(stage.queue.canceling_targets())

"""Jobs from the queue to their engine and to their end, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from runyard.engines.contracts import (
    EngineBusy,
    EngineRefused,
    EngineState,
    EngineUnreachable,
    NotConnected,
    Phase,
    Ticket,
)
from runyard.entities.compute import ComputeState, Limits, Size
from runyard.entities.job import JobDefinition, JobError, JobState, Resources
from runyard.jobs.dispatcher import WAITING
from runyard.jobs.parts import Asked
from runyard.jobs.poller import Family
from runyard.store.compute_contracts import NewCompute
from runyard.store.job_contracts import JobFilter
from tests.contract.store.engine_double import DispatchStage
from tests.contract.store.stores import Stores

ENDED = EngineState(Phase.ENDED, "the kernel took it", "OutOfMemory", signal=9)


@pytest.fixture
def stage(stores: Stores) -> DispatchStage:
    stores.enter_new_workspace()
    return DispatchStage(stores)


def test_a_job_is_handed_over_with_what_it_needs(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.step()
    now = stage.jobs.now(job)
    assert (now.state, now.engine_id) == (JobState.QUEUED, f"e-{job.run_id}")
    (ticket,) = stage.engine.tickets
    assert (ticket.run_id, ticket.token, ticket.code) == (job.run_id, "ry_token", "code")
    assert (ticket.server_url, ticket.workspace) == ("http://127.0.0.1:1", stage.compute.workspace)


def test_many_are_handed_over_once_each(stage: DispatchStage) -> None:
    jobs = [stage.jobs.submit() for _ in range(12)]
    for _ in range(4):
        stage.step()
    assert sorted(one.run_id for one in stage.engine.tickets) == sorted(one.run_id for one in jobs)


def test_only_the_holder_of_the_lease_does_anything(stage: DispatchStage) -> None:
    stage.jobs.submit()
    stage.lease.held = False
    stage.step()
    assert stage.engine.calls == []


def test_a_limit_holds_and_the_others_are_told(stores: Stores) -> None:
    stores.enter_new_workspace()
    stage = DispatchStage(stores, max_running=1)
    first, second, third = (stage.jobs.submit() for _ in range(3))
    stage.step()
    stage.step()
    assert [stage.jobs.now(one).state for one in (first, second)] == [JobState.QUEUED, JobState.NOT_STARTED]
    assert stage.jobs.now(third).waits == "Waits for 1 job ahead of it: cluster runs at most 1 at once."
    stage.do(stage.jobs.queue.end(first.row, JobState.COMPLETED))
    stage.step()
    assert stage.jobs.now(second).state is JobState.QUEUED


def test_an_engine_that_is_away_is_asked_again_later_and_said_to_be(stage: DispatchStage) -> None:
    job, other = stage.jobs.submit(), stage.jobs.submit()
    stage.engine.fails = [NotConnected("no route")] * 2
    stage.step()
    stage.step()
    waits = [stage.jobs.now(one).waits for one in (job, other)]
    assert all("cannot be used just now: no route" in text for text in waits)
    assert (stage.target().state, stage.target().error) == (ComputeState.UNREACHABLE, "no route")
    stage.later(10)
    stage.step()
    stage.later(10)
    stage.step()
    stage.step()
    assert [stage.jobs.now(one).state for one in (job, other)] == [JobState.QUEUED] * 2
    assert "find" not in stage.engine.calls and stage.target().state is ComputeState.RUNNING


def test_one_that_may_have_arrived_is_looked_for_first(stage: DispatchStage) -> None:
    async def arrives(ticket: Ticket) -> None:
        stage.engine.known[f"e-{ticket.run_id}"] = EngineState(Phase.RUNNING)

    job = stage.jobs.submit()
    stage.engine.during, stage.engine.fails = arrives, [EngineUnreachable("lost")]
    stage.step()
    stage.later(10)
    stage.step()
    assert stage.jobs.now(job).engine_id == f"e-{job.run_id}"
    assert stage.engine.tickets == [] and stage.engine.calls.count("submit") == 1


def test_a_refusal_fails_the_job_with_what_the_engine_says(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.engine.fails = [EngineRefused("no such partition")]
    stage.step()
    now = stage.jobs.now(job)
    assert now.state is JobState.FAILED and now.error is not None
    assert (now.error.code, now.error.message) == ("SubmitError", "no such partition")


def test_one_for_which_there_is_no_room_waits_and_the_target_is_well(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.engine.fails = [EngineBusy("Waits for 2 free GPUs")]
    stage.step()
    now = stage.jobs.now(job)
    assert (now.state, now.waits) == (JobState.NOT_STARTED, "Waits for 2 free GPUs")
    assert stage.target().error == ""
    stage.later(5)
    stage.step()
    assert stage.jobs.now(job).state is JobState.QUEUED


def test_one_that_is_canceled_while_it_is_handed_over_is_taken_back(stage: DispatchStage) -> None:
    async def cancel(ticket: Ticket) -> None:
        await stage.jobs.jobs.cancel(stage.stores.workspace, ticket.run_id)

    job = stage.jobs.submit()
    stage.engine.during = cancel
    stage.step()
    assert "cancel" in stage.engine.calls
    stage.poll()
    assert stage.jobs.now(job).state is JobState.CANCELED


def test_what_another_process_was_handing_over_is_found_again(stage: DispatchStage) -> None:
    there, not_there = stage.jobs.submit(), stage.jobs.submit()
    for one in (there, not_there):
        assert stage.do(stage.jobs.queue.claim(one.row, "another process", 600_000)) is not None
    stage.engine.known[f"e-{there.run_id}"] = EngineState(Phase.RUNNING)
    stage.step()
    assert [stage.jobs.now(one).engine_id for one in (there, not_there)] == [
        f"e-{there.run_id}",
        f"e-{not_there.run_id}",
    ]
    assert [one.run_id for one in stage.engine.tickets] == [not_there.run_id]


def test_one_that_was_canceled_and_left_behind_is_canceled(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.do(stage.jobs.queue.claim(job.row, "another process", 600_000))
    stage.do(stage.jobs.jobs.cancel(stage.stores.workspace, job.run_id))
    stage.step()
    assert stage.jobs.now(job).state is JobState.CANCELED and stage.engine.tickets == []


def test_an_end_without_a_word_is_the_engines_after_a_while(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.step()
    stage.jobs.begin(job)
    stage.engine.known[f"e-{job.run_id}"] = ENDED
    stage.poll(1)
    assert not stage.jobs.now(job).state.ended
    stage.poll(11)
    now = stage.jobs.now(job)
    assert now.state is JobState.FAILED and now.error is not None
    assert (now.error.code, now.error.signal) == ("OutOfMemory", 9)
    stage.poll()
    assert "forget" in stage.engine.calls and stage.engine.known == {}
    assert stage.do(stage.poller.turn()) is None


def test_one_call_asks_for_all(stage: DispatchStage) -> None:
    for _ in range(4):
        stage.jobs.submit()
    stage.step()
    stage.engine.calls.clear()
    stage.poll()
    assert stage.engine.calls == ["states"]


def test_people_are_told_why_the_engine_waits(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.step()
    stage.poll()
    assert stage.jobs.now(job).waits == "Waits at cluster: Resources"


def test_one_that_the_engine_lost_before_it_began_is_handed_over_again(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.step()
    stage.engine.known.clear()
    stage.poll(30)
    stage.poll(11)
    assert stage.jobs.now(job).state is JobState.NOT_STARTED
    stage.later(5)
    stage.step()
    assert len(stage.engine.tickets) == 2 and stage.jobs.now(job).state is JobState.QUEUED


def test_a_cancel_reaches_the_engine(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.step()
    stage.do(stage.jobs.jobs.cancel(stage.stores.workspace, job.run_id))
    stage.poll()
    stage.poll()
    assert stage.jobs.now(job).state is JobState.CANCELED and stage.engine.calls.count("cancel") == 1


def test_while_the_engine_is_away_nothing_is_said_of_its_jobs(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.step()
    stage.jobs.begin(job)
    stage.engine.away = EngineUnreachable("no route")
    for _ in range(5):
        stage.poll(120)
    assert not stage.jobs.now(job).state.ended and stage.target().error == "no route"
    stage.engine.away = None
    stage.poll(120)
    assert stage.target().error == ""


def test_jobs_of_a_deleted_target_are_canceled(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.step()
    stage.do(stage.computes.delete(stage.compute.id, with_jobs=True))
    stage.later(60)
    stage.step()
    assert stage.jobs.now(job).state is JobState.CANCELED


def test_silent_jobs_are_said_to_be_and_end_after_a_day(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.step()
    stage.jobs.begin(job)
    stage.engine.away = EngineUnreachable("no route")
    stage.jobs.age(job, 200_000)
    stage.later(20)
    stage.step()
    assert stage.jobs.now(job).state is JobState.NOT_RESPONDING
    stage.later(90_000)
    stage.step()
    now = stage.jobs.now(job)
    assert now.state is JobState.FAILED and now.error is not None and now.error.code == "NotResponding"


def test_one_that_lost_a_node_ends_and_what_is_left_of_it_is_stopped(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.step()
    stage.jobs.begin(job)
    stage.engine.known[f"e-{job.run_id}"] = EngineState(Phase.RUNNING, "On two: it is gone", "NodeLost")
    stage.poll()
    assert not stage.jobs.now(job).state.ended  # its runner may tell more
    stage.poll(11)
    now = stage.jobs.now(job)
    assert now.state is JobState.FAILED and now.error == JobError("NodeLost", "On two: it is gone")
    stage.poll()
    assert stage.engine.calls.count("cancel") == 1
    stage.poll()
    assert stage.engine.known == {}


def test_a_silent_job_ends_as_another_node_of_it_says(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.step()
    stage.jobs.begin(job)
    stage.engine.away = EngineUnreachable("no route")
    gone = JobError("NodeLost", "Machine 0 has not been heard of for 180 s.")
    stage.do(stage.jobs.runners.fail_rank(stage.stores.workspace, job.run_id, gone))
    stage.later(20)
    stage.step()
    assert not stage.jobs.now(job).state.ended  # it is to end itself
    stage.jobs.age(job, 200_000)
    stage.later(20)
    stage.step()
    now = stage.jobs.now(job)
    assert now.state is JobState.FAILED and now.error == gone


def test_one_that_asks_for_less_passes_one_without_room(stage: DispatchStage) -> None:
    wanted = [Resources(cpus=8), Resources(cpus=9, memory_mb=1), Resources(cpus=4), Resources(memory_mb=7)]
    jobs = [stage.jobs.submit(definition=JobDefinition(script="a.py", resources=one)) for one in wanted]

    async def busy(ticket: Ticket) -> None:
        if ticket.resources.cpus >= 8:
            raise EngineBusy("it asks for 8 CPUs")

    stage.engine.during = busy
    stage.dispatcher.health.has_no_room(stage.compute.id, Asked.by(jobs[0]), "it asks for 8 CPUs", 60)
    stage.step()
    assert {one.run_id for one in stage.engine.tickets} == {one.run_id for one in jobs[2:]}
    assert [stage.jobs.now(one).waits for one in jobs[:2]] == ["it asks for 8 CPUs"] * 2
    stage.engine.during = None
    stage.later(70)
    stage.step()
    assert len(stage.engine.tickets) == 4


def test_many_jobs_of_one_person_hide_nobody_else_s(stores: Stores) -> None:
    """More than are looked at in one round, and before the other's."""
    stage = DispatchStage(stores, max_running_per_person=1)
    for _ in range(WAITING + 2):
        stage.jobs.submit(priority=100)
    other = stage.jobs.submit(by=stage.jobs.somebody())
    stage.step()
    assert len(stage.engine.tickets) == 1
    stage.step()
    assert [one.run_id for one in stage.engine.tickets[1:]] == [other.run_id]


def test_jobs_that_came_while_their_target_was_deleted_do_not_wait_for_ever(stage: DispatchStage) -> None:
    job = stage.jobs.submit(compute_id=stage.compute.id + 10_000)
    stage.step()
    assert stage.jobs.now(job).state is JobState.CANCELED


def test_a_target_that_somebody_repaired_and_asked_is_used_at_once(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.engine.fails = [NotConnected("wrong password")]
    stage.step()
    stage.do(stage.computes.told(stage.compute.id, stage.parts.now_ms() + 1, ""))
    stage.later(0)
    stage.step()
    assert stage.jobs.now(job).state is JobState.QUEUED


def test_one_that_was_left_behind_is_handed_over_once_however_long_that_takes(stage: DispatchStage) -> None:
    job = stage.jobs.submit()
    stage.do(stage.jobs.queue.claim(job.row, "another process", 600_000))
    gate = asyncio.Event()

    async def slow(ticket: Ticket) -> None:
        await gate.wait()

    async def work() -> None:
        stage.engine.during = slow
        for _ in range(3):
            await stage.dispatcher.step()
            await asyncio.sleep(0.05)
            stage.ahead_s += 20
        gate.set()
        await stage.dispatcher.settled()

    stage.do(work())
    assert [one.run_id for one in stage.engine.tickets] == [job.run_id]


def test_a_pool_whose_size_is_gone_looks_after_what_runs_and_starts_nothing(stores: Stores) -> None:
    stores.enter_new_workspace()
    stage = DispatchStage(stores)
    stage.do(stage.computes.put_size(stores.workspace, Size("s", "cluster", Resources(2)), 10))
    new = NewCompute("pool", "pool", {}, Limits(), base="cluster", size="s")
    pool = stage.do(stage.computes.create(stores.workspace, new, "me", 100))
    job = stage.jobs.submit(compute_id=pool.id)
    stage.step()
    assert stage.engine.tickets[0].resources.cpus == 2
    stage.jobs.begin(job)
    stage.do(stage.computes.delete_size(stores.workspace, "s"))
    other = stage.jobs.submit(compute_id=pool.id)
    stage.step()
    assert "not declared any more" in stage.jobs.now(other).waits
    stage.engine.known[f"e-{job.run_id}"] = ENDED
    stage.poller.family = Family(stage.compute, [stage.compute, pool])
    stage.poll(1)
    stage.poll(11)
    assert stage.jobs.now(job).state is JobState.FAILED


def test_one_that_ends_before_its_engine_has_answered_is_forgotten_there(stage: DispatchStage) -> None:
    async def ends(ticket: Ticket) -> None:
        await stage.jobs.queue.end(job.row, JobState.COMPLETED)

    job = stage.jobs.submit()
    stage.engine.during = ends
    stage.step()
    assert stage.jobs.now(job).engine_id == f"e-{job.run_id}"
    stage.engine.known[f"e-{job.run_id}"] = EngineState(Phase.ENDED, exit_code=0)
    stage.poll()
    assert stage.engine.known == {} and stage.jobs.now(job).state is JobState.COMPLETED


def test_many_jobs_without_room_hide_no_other_and_are_not_all_tried(stage: DispatchStage) -> None:
    gpus = JobDefinition(script="a.py", resources=Resources(gpus=8))
    for _ in range(WAITING + 50):
        stage.jobs.submit(definition=gpus, priority=9)
    other = stage.jobs.submit()

    async def busy(ticket: Ticket) -> None:
        if ticket.resources.gpus:
            raise EngineBusy("Waits for 8 free GPUs")

    stage.engine.during = busy
    for _ in range(5):
        stage.step()
    assert [one.run_id for one in stage.engine.tickets] == [other.run_id]
    assert stage.engine.calls.count("submit") < 15
    waits = {one.waits for one in stage.do(stage.jobs.jobs.list(stage.stores.workspace, JobFilter(target=other.target, states=[JobState.NOT_STARTED]), max_results=1_000, page_token=None)).items}  # fmt: skip
    assert waits == {"Waits for 8 free GPUs"}
    stage.engine.during = None
    stage.later(10)
    stage.step()
    assert len(stage.engine.tickets) > 1

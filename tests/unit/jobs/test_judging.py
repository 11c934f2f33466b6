"""What follows from what an engine says of a job."""

from __future__ import annotations

from typing import Any

import pytest

from runyard.engines.contracts import EngineState, Phase
from runyard.entities.compute import Node
from runyard.entities.job import Job, JobState
from runyard.jobs.judging import NOTHING, Do, Memory, Verdict, judge
from runyard.jobs.texts import plain_nodes
from tests.unit.jobs.made import job

NOW = 10_000_000
RUNNING = EngineState(Phase.RUNNING)
WAITING = EngineState(Phase.WAITING, "Resources")
UNKNOWN = EngineState(Phase.UNKNOWN)
LOST = EngineState(Phase.ENDED, "The runner is gone", "NodeLost")


def begun(**changes: Any) -> Job:
    """A job whose runner gave its last sign a second ago."""
    return job(
        1, **{"state": JobState.RUNNING, "attempt": "x", "submitted_ms": 1, "beat_ms": NOW - 1_000, **changes}
    )


def queued(**changes: Any) -> Job:
    """One that its engine has, and whose runner has not begun."""
    return job(1, **{"state": JobState.QUEUED, "submitted_ms": 1, **changes})


def after(one: Job, state: EngineState, *times_ms: int) -> Verdict:
    """The verdict at the last of these times."""
    seen, found = Memory(), NOTHING
    for time_ms in times_ms:
        found = judge(one, state, seen, NOW + time_ms)
    return found


def test_a_running_job_is_left_alone() -> None:
    assert after(begun(), RUNNING, 0, 100_000) == NOTHING


def test_the_runners_last_word_is_waited_for() -> None:
    assert after(begun(), LOST, 0, 9_000) == NOTHING
    found = after(begun(), LOST, 0, 11_000)
    assert (found.do, found.state) == (Do.END, JobState.FAILED)
    assert found.error is not None and found.error.code == "NodeLost"


def test_another_attempt_that_is_alive_counts_more_than_one_that_ended() -> None:
    one = begun(beat_ms=NOW + 5_000)
    assert after(one, EngineState(Phase.ENDED, exit_code=75), 0, 11_000) == NOTHING
    assert after(one, EngineState(Phase.ENDED, exit_code=75), 0, 70_000).do is Do.END


def test_time_out_and_memory_are_told_in_the_engines_words() -> None:
    for code in ("TimeOut", "OutOfMemory"):
        found = after(begun(), EngineState(Phase.ENDED, "as it says", code, 1, 9), 0, 11_000)
        assert found.error is not None
        assert (found.error.code, found.error.message, found.error.signal) == (code, "as it says", 9)


def test_a_script_that_succeeded_without_anybody_hearing_of_it_is_completed() -> None:
    assert after(begun(), EngineState(Phase.ENDED, exit_code=0), 0, 11_000).state is JobState.COMPLETED
    assert after(queued(), EngineState(Phase.ENDED, exit_code=0), 0, 11_000).state is JobState.FAILED


def test_an_engine_may_need_a_while_to_know_a_job() -> None:
    assert after(queued(submitted_ms=NOW), UNKNOWN, 0, 15_000) == NOTHING


def test_one_that_an_engine_lost_before_it_began_is_handed_over_again() -> None:
    assert after(queued(), UNKNOWN, 0, 11_000).do is Do.REQUEUE
    tired = after(queued(tries=3), UNKNOWN, 0, 11_000)
    assert tired.do is Do.END and tired.error is not None and tired.error.code == "NodeLost"


def test_one_that_an_engine_lost_while_its_runner_lives_is_left_alone() -> None:
    assert after(begun(beat_ms=NOW + 1), UNKNOWN, 0, 11_000) == NOTHING


def test_what_comes_and_goes_is_no_end() -> None:
    seen = Memory()
    judge(begun(), LOST, seen, NOW)
    judge(begun(), RUNNING, seen, NOW + 5_000)
    assert judge(begun(), LOST, seen, NOW + 11_000) == NOTHING


def test_a_canceled_one_that_has_not_begun_is_stopped_at_once_and_then_ended() -> None:
    one = queued(cancel_ms=NOW)
    assert after(one, WAITING, 0).do is Do.CANCEL
    assert after(one, WAITING, 0, 1_000) == NOTHING
    assert after(one, WAITING, 0, 61_000).do is Do.CANCEL
    assert after(one, UNKNOWN, 0).state is JobState.CANCELED


def test_a_runner_hears_of_a_cancel_by_its_beat_and_is_stopped_if_it_does_not() -> None:
    one = begun(cancel_ms=NOW)
    assert after(one, RUNNING, 0, 14_000) == NOTHING
    assert after(one, RUNNING, 16_000).do is Do.CANCEL
    assert after(one, LOST, 16_000, 27_000) == Verdict(Do.END, JobState.CANCELED)


def test_one_that_was_canceled_at_its_engine_is_canceled() -> None:
    found = after(begun(), EngineState(Phase.ENDED, "scancel", "Canceled"), 0, 11_000)
    assert found.state is JobState.CANCELED and found.error is not None
    assert "scancel" in found.error.message


@pytest.mark.parametrize(
    ("state", "text"), [(WAITING, "Waits at cpu-cluster: Resources"), (RUNNING, "server_url")]
)
def test_people_are_told_why_nothing_happens(state: EngineState, text: str) -> None:
    found = after(queued(), state, 0, 61_000)
    assert found.do is Do.EXPLAIN and text in found.text


def test_what_a_machine_says_is_cut_and_made_plain() -> None:
    said = EngineState(Phase.ENDED, "a\0b\ud800\x1b[31m" + "x" * 100_000, "C" * 1_000, 2**70, 9)
    error = after(begun(), said, 0, 11_000).error
    assert error is not None and error.message.startswith("a b  [31mxxx") and len(error.message) < 2_010
    assert (len(error.code), error.exit_code, error.signal) == (65, None, 9)
    nodes = plain_nodes([Node("n\0" * 1_000, "s", 2**70, -1)] * 20_000)
    assert len(nodes) == 10_000 and (nodes[0].cpus, nodes[0].memory_mb) == (2**31 - 1, 0)
    assert len(nodes[0].name) < 310


def test_one_whose_other_node_is_lost_ends_although_its_first_lives() -> None:
    broken = EngineState(Phase.RUNNING, "On gpu2: it is gone", "NodeLost")
    alive = begun(beat_ms=NOW + 5_000)
    assert after(alive, broken, 0, 9_000) == NOTHING
    found = after(alive, broken, 0, 11_000)
    assert (found.do, found.state) == (Do.END, JobState.FAILED)
    assert found.error is not None and found.error.code == "NodeLost"
    canceled = begun(cancel_ms=NOW - 1)
    assert after(canceled, broken, 0, 30_000).do is Do.CANCEL

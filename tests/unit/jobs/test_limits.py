"""Which jobs start, and what the others are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runyard.entities.compute import Compute, ComputeState, Limits
from runyard.entities.job import Job
from runyard.jobs.limits import Decision, behind, decide
from runyard.store.job_queue_contracts import Load
from tests.unit.jobs.made import compute, job


def decided(limits: Limits, waiting: Sequence[Job], load: Load | None = None, **changes: Any) -> Decision:
    base = compute(limits=limits, **changes)
    return decide(base, {1: base}, {1: load or Load()}, waiting)


def rows(decision: Decision) -> list[int]:
    return [one.row for one in decision.start]


def test_without_limits_all_start_in_order() -> None:
    assert rows(decided(Limits(), [job(2), job(1), job(3)])) == [2, 1, 3]


def test_no_more_run_than_may_and_the_others_are_told() -> None:
    found = decided(Limits(max_running=4), [job(1), job(2), job(3)], Load(running=3))
    assert rows(found) == [1]
    assert found.waits == {
        2: "Waits: cpu-cluster runs at most 4 at once.",
        3: "Waits for 1 job ahead of it: cpu-cluster runs at most 4 at once.",
    }


def test_a_person_has_a_limit_that_lets_others_pass() -> None:
    limits = Limits(max_running_per_person=1)
    waiting = [job(1), job(2, person="b", submitted_by="bob")]
    found = decided(limits, waiting, Load(running=1, running_by_person={"a": 1}))
    assert rows(found) == [2]
    assert (
        found.waits[1]
        == "Waits for another job of alice to end: cpu-cluster runs at most 1 of one person at once."
    )


def test_nobody_overtakes_one_that_needs_more_nodes() -> None:
    found = decided(Limits(max_nodes=4), [job(1, nodes=3), job(2)], Load(running=1, nodes=2))
    assert rows(found) == []
    assert found.waits[1] == "Waits: cpu-cluster has at most 4 nodes at once, and 2 are used."
    assert found.waits[2].startswith("Waits for 1 job ahead of it: cpu-cluster has at most 4 nodes")


def test_one_that_can_never_start_keeps_nobody_waiting() -> None:
    found = decided(Limits(max_nodes=2), [job(1, nodes=3), job(2)])
    assert rows(found) == [2]
    assert "Waits for 3 nodes" in found.waits[1]


def test_a_stopped_target_takes_none() -> None:
    found = decided(Limits(), [job(1)], state=ComputeState.STOPPED)
    assert rows(found) == [] and "is stopped" in found.waits[1]


def test_pools_share_the_machines_of_their_base_and_have_limits_of_their_own() -> None:
    base = compute(limits=Limits(max_running=3))
    pool = compute("pool", 2, kind="pool", limits=Limits(max_running=1))
    loads = {1: Load(running=1), 2: Load()}
    waiting = [job(1, 2), job(2, 2), job(3), job(4)]
    found = decide(base, {1: base, 2: pool}, loads, waiting)
    assert rows(found) == [1, 3]
    assert found.waits[2] == "Waits: pool runs at most 1 at once."
    assert found.waits[4] == "Waits: cpu-cluster runs at most 3 at once."


def test_machines_have_room_for_so_many() -> None:
    base = compute()
    found = decide(base, {1: base}, {}, [job(1), job(2)], capacity=1)
    assert rows(found) == [1] and found.waits[2] == "Waits: cpu-cluster runs at most 1 at once."


def test_each_node_takes_one_of_the_places_of_machines() -> None:
    base = compute()
    found = decide(base, {1: base}, {1: Load(running=1, nodes=2)}, [job(1, nodes=2), job(2)], capacity=3)
    assert (
        rows(found) == []
        and found.waits[1] == "Waits: cpu-cluster has at most 3 nodes at once, and 2 are used."
    )
    found = decide(base, {1: base}, {1: Load(running=1, nodes=2)}, [job(1), job(2)], capacity=3)
    assert rows(found) == [1]


def test_numbers_are_told_as_exactly_as_helps() -> None:
    texts = [behind(count, "x") for count in (0, 1, 2, 20, 21, 99, 100, 5_000)]
    assert texts == [
        "Waits: x.",
        "Waits for 1 job ahead of it: x.",
        "Waits for 2 jobs ahead of it: x.",
        "Waits for 20 jobs ahead of it: x.",
        "Waits for about 20 jobs ahead of it: x.",
        "Waits for about 90 jobs ahead of it: x.",
        "Waits for more than 100 jobs ahead of it: x.",
        "Waits for more than 100 jobs ahead of it: x.",
    ]


@given(
    st.integers(0, 5),
    st.integers(0, 3),
    st.integers(0, 6),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.sampled_from((1, 2))), max_size=12),
)
def test_no_limit_is_ever_passed_and_each_job_starts_or_is_told_why(
    most: int, per_person: int, nodes: int, asked: list[tuple[str, int, int]]
) -> None:
    limits = Limits(max_running=most, max_running_per_person=per_person, max_nodes=nodes)
    base: Compute = compute(limits=limits)
    pool = compute("pool", 2, kind="pool", limits=Limits(max_running=2))
    waiting = [
        job(row, where, person=person, nodes=size) for row, (person, size, where) in enumerate(asked, 1)
    ]
    found = decide(base, {1: base, 2: pool}, {}, waiting)
    started = found.start
    assert {one.row for one in started} | found.waits.keys() == {one.row for one in waiting}
    assert not {one.row for one in started} & found.waits.keys()
    assert not most or len(started) <= most
    assert not nodes or sum(one.definition.node_count for one in started) <= nodes
    assert sum(one.compute_id == 2 for one in started) <= 2
    for person in "abc":
        assert not per_person or sum(one.submitted_by_uuid == person for one in started) <= per_person

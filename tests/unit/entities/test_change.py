"""Changes in bounded memory."""

from __future__ import annotations

from runyard.entities.change import PLACES, RUNS, ChangeKind, Changes, Place

HERE, THERE = Place(1, 7), Place(1, 8)


def test_kinds_of_a_run_add_up() -> None:
    changes = Changes()
    for kind in (ChangeKind.POINTS, ChangeKind.INFO, ChangeKind.POINTS):
        changes.add_run(HERE, "a", kind)
    assert changes.runs == {HERE: {"a": ChangeKind.POINTS | ChangeKind.INFO}}
    assert changes.runs[HERE]["a"].words == ["points", "info"]


def test_nothing_is_false() -> None:
    assert not Changes()
    for fill in ("many", "experiments", "traces"):
        changes = Changes()
        getattr(changes, fill).add(HERE)
        assert changes


def test_of_too_many_runs_the_busiest_experiment_is_told_as_a_whole() -> None:
    changes = Changes()
    changes.add_run(THERE, "x", ChangeKind.INFO)
    for number in range(RUNS):
        changes.add_run(HERE, f"r{number}", ChangeKind.POINTS)
    assert changes.many == {HERE}
    assert changes.runs == {THERE: {"x": ChangeKind.INFO}}
    changes.add_run(HERE, "another", ChangeKind.POINTS)
    assert HERE not in changes.runs


def test_of_too_many_experiments_none_is_named() -> None:
    for kind in ("many", "experiments", "traces"):
        changes = Changes()
        for number in range(PLACES + 1):
            if kind == "many":
                changes.add_many([Place(1, number)])
            elif kind == "traces":
                changes.add_traces(Place(1, number))
            else:
                changes.add_experiment(Place(1, number))
        assert changes.lost and not (changes.runs or changes.many or changes.experiments)


def test_what_comes_later_is_merged() -> None:
    first, second = Changes(), Changes()
    first.add_run(HERE, "a", ChangeKind.POINTS)
    first.add_run(THERE, "b", ChangeKind.POINTS)
    second.add_run(HERE, "a", ChangeKind.DELETED)
    second.add_many([THERE])
    second.add_experiment(HERE)
    second.add_traces(THERE)
    second.lost = True
    first.merge(second)
    assert first.runs == {HERE: {"a": ChangeKind.POINTS | ChangeKind.DELETED}}
    assert (first.many, first.experiments, first.lost) == ({THERE}, {HERE}, True)
    assert first.traces == {THERE}


def test_memory_stays_bounded_whatever_is_merged() -> None:
    whole = Changes()
    for part in range(20):
        one = Changes()
        for number in range(400):
            one.add_run(Place(1, number % 50), f"{part}-{number}", ChangeKind.POINTS)
        whole.merge(one)
    assert sum(len(runs) for runs in whole.runs.values()) <= RUNS
    assert {*whole.runs, *whole.many} == {Place(1, number) for number in range(50)}

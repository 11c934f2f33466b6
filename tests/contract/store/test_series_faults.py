"""Damaged and disordered series in the stores."""

from __future__ import annotations

import logging
import random
from itertools import pairwise

import pytest

from runyard.entities.run import MetricPoint
from runyard.errors import CorruptData
from runyard.store.sql.series.compaction import Sizes
from runyard.store.sql.settle_series import depth_of, parts_of
from tests.contract.store.series_stage import Stage

SIZES = Sizes(seal=64, small=16, chunk=128, merged=512)


def line(key: str, first: int, count: int) -> list[MetricPoint]:
    return [MetricPoint(key, i / 7, i * 10, i) for i in range(first, first + count)]


def damage(stage: Stage, run: str, table: str) -> None:
    """Cut what the run has in the table."""
    stage.execute(
        f"UPDATE {table} SET data = substr(data, 1, 20) WHERE run_id = (SELECT id FROM runs WHERE uuid = ?)",
        (run,),
    )


@pytest.mark.parametrize(("table", "count"), [("chunks", 100), ("tails", 5), ("point_log", 5)])
def test_damaged_points_are_named_and_other_runs_stay_readable(stage: Stage, table: str, count: int) -> None:
    run, sound = stage.new_run(), stage.new_run()
    for one in (run, sound):
        stage.log(one, line("loss", 0, count))
        if table != "point_log":
            stage.do(stage.compactor(SIZES).pass_once(quiet_passes=0))
    damage(stage, run, table)
    for read in (
        lambda: stage.history(run, "loss"),
        lambda: stage.sampled([sound, run], "loss", 10),
        lambda: stage.bulk([sound, run], "loss", 1000),
    ):
        with pytest.raises(CorruptData, match=f'metric "loss" of run {run} are damaged.*Restore'):
            read()
    with pytest.raises(CorruptData, match=f"metrics? .*of run {run} are damaged.*Restore"):
        stage.of_run(run, 1000, 10)
    assert len(stage.history(sound, "loss").steps) == count
    stage.execute("DELETE FROM point_log")


def test_a_damaged_run_does_not_keep_others_from_being_compacted(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    run, sound = stage.new_run(), stage.new_run()
    stage.log(run, line("loss", 0, 5))
    stage.log(sound, line("loss", 0, 5))
    damage(stage, run, "point_log")
    compactor = stage.compactor(SIZES)
    with caplog.at_level(logging.ERROR):
        stage.do(compactor.pass_once(quiet_passes=0))
        stage.do(compactor.pass_once(quiet_passes=0))
    assert [record.getMessage().partition(" (")[0] for record in caplog.records] == [
        f"Points of run {run} are damaged and stay as they are"
    ]
    assert (len(stage.stored(run, "point_log", "t.id")), len(stage.stored(sound, "point_log", "t.id"))) == (
        1,
        0,
    )
    stage.execute("DELETE FROM point_log")


def test_a_damaged_series_does_not_keep_others_from_being_counted(stage: Stage) -> None:
    run, sound = stage.new_run(), stage.new_run()
    for one in (run, sound):
        stage.log(one, line("loss", 0, 100))
    stage.do(stage.compactor(SIZES).pass_once(quiet_passes=0))
    for one in (run, sound):
        stage.log(one, line("loss", 0, 5))
    damage(stage, run, "chunks")
    stage.do(stage.compactor(SIZES).pass_once(quiet_passes=0))
    assert counted(stage, sound) == (100, 0)
    assert counted(stage, run) == (105, 1)
    stage.execute("UPDATE series SET disordered = 0")
    stage.execute("DELETE FROM point_log")


def counted(stage: Stage, run: str) -> tuple[int, int]:
    """(points, whether they are still to be counted) of the run's series."""
    ((count, disordered),) = stage.stored(run, "series", "t.count, t.disordered")
    return count, disordered


def test_of_two_servers_on_one_database_one_compacts_until_it_leaves(stage: Stage) -> None:
    first, second = stage.compactor(SIZES), stage.compactor(SIZES)
    run = stage.new_run()
    done = []
    for compactor in (first, second, first):
        stage.log(run, line("loss", 0, 5))
        done.append(stage.do(compactor.pass_once(quiet_passes=0)))
    stage.do(first.finish())
    stage.log(run, line("loss", 0, 5))
    done.append(stage.do(second.pass_once(quiet_passes=0)))
    assert done == [1, 1 if stage.database.dialect == "sqlite" else 0, 1, 1]
    stage.do(second.finish())


def test_another_server_takes_over_from_one_that_is_lost(stage: Stage) -> None:
    lost, other = stage.compactor(SIZES), stage.compactor(SIZES)
    run = stage.new_run()
    stage.log(run, line("loss", 0, 5))
    stage.do(lost.pass_once(quiet_passes=0))
    stage.execute("UPDATE leases SET until_ms = 0")
    stage.log(run, line("loss", 5, 5))
    assert stage.do(other.pass_once(quiet_passes=0)) == 1
    stage.do(other.finish())


def test_a_batch_sent_again_after_it_was_sealed_leaves_each_point_once(stage: Stage) -> None:
    run = stage.new_run()
    for first in (0, 200, 400, 200):
        stage.log(run, line("loss", first, 200))
        stage.do(stage.compactor(SIZES).pass_once(quiet_passes=0))
    chunks = sorted(stage.stored(run, "chunks", "t.min_step, t.max_step, t.count"))
    assert sum(count for _, _, count in chunks) == 600
    assert all(one[1] < other[0] for one, other in pairwise(chunks))
    assert counted(stage, run) == (600, 0)


def test_late_points_are_sealed_with_the_chunks_that_they_lie_between(stage: Stage) -> None:
    run = stage.new_run()
    evens = [MetricPoint("loss", 0.0, i, i) for i in range(0, 400, 2)]
    odds = [MetricPoint("loss", 1.0, i, i) for i in range(1, 400, 2)]
    for points in (evens, odds):
        stage.log(run, points)
        stage.do(stage.compactor(SIZES).pass_once(quiet_passes=0))
    chunks = sorted(stage.stored(run, "chunks", "t.min_step, t.max_step, t.count"))
    assert all(one[1] < other[0] for one, other in pairwise(chunks))
    assert stage.history(run, "loss").steps == list(range(400))


def test_a_long_series_is_not_written_again_for_a_few_late_points(stage: Stage) -> None:
    run = stage.new_run()
    compactor = stage.compactor(SIZES)
    stage.log(run, [MetricPoint("loss", 0.0, i, i) for i in range(0, 4000, 2)])
    stage.do(compactor.pass_once(quiet_passes=0))
    before = {number for (number,) in stage.stored(run, "chunks", "t.id")}
    stage.log(run, [MetricPoint("loss", 0.0, i, i) for i in range(1, 4000, 200)])
    stage.do(compactor.pass_once(quiet_passes=0))
    after = {number for (number,) in stage.stored(run, "chunks", "t.id")}
    assert before < after
    assert len(stage.history(run, "loss").steps) == 2020
    assert counted(stage, run) == (2020, 0)


def test_points_of_one_time_are_kept_apart_by_their_steps(stage: Stage) -> None:
    """Clients that send no time: chunks of one time that follow one another by step are left alone."""
    run = stage.new_run()
    compactor = stage.compactor(SIZES)
    stage.log(run, [MetricPoint("loss", 0.0, 7, i) for i in range(200)])
    stage.do(compactor.pass_once(quiet_passes=0))
    before = {number for (number,) in stage.stored(run, "chunks", "t.id")}
    stage.log(run, [MetricPoint("loss", 0.0, 7, i) for i in range(200, 400)])
    stage.do(compactor.pass_once(quiet_passes=0))
    assert before <= {number for (number,) in stage.stored(run, "chunks", "t.id")}
    assert stage.history(run, "loss").steps == list(range(400))


def test_infinite_and_missing_values_are_counted_without_a_warning(stage: Stage) -> None:
    run = stage.new_run()
    inf, nan = float("inf"), float("nan")
    for _ in range(2):
        stage.log(
            run, [MetricPoint("odd", v, i, i) for i, v in enumerate([inf, -inf, nan, 1.7e308, 1.7e308] * 8)]
        )
        stage.do(stage.compactor(SIZES).pass_once(quiet_passes=0))
    found = stage.summary(run, "odd")
    assert found is not None
    assert (found[10], found[11], found[12]) == (40, 32, None)


def test_a_series_in_no_order_at_all_is_put_in_order_when_it_is_quiet(stage: Stage) -> None:
    sizes = Sizes(seal=64, small=16, chunk=64, merged=0, depth=4, untangled=1000)
    run, chance = stage.new_run(), random.Random(2)
    compactor = stage.compactor(sizes)
    steps = list(range(6400))
    chance.shuffle(steps)
    for first in range(0, 6400, 64):
        stage.log(run, [MetricPoint("loss", 0.0, i, i) for i in steps[first : first + 64]])
        stage.do(compactor.pass_once(quiet_passes=0))
    for _ in range(60):
        stage.do(compactor.pass_once(quiet_passes=0))
    ((run_number, key_number),) = stage.stored(run, "series", "t.run_id, t.key_id")
    parts = stage.do(stage.database.read(lambda c: parts_of(c, run_number, key_number)))
    assert depth_of(parts) <= 5
    assert stage.history(run, "loss").steps == list(range(6400))
    assert [row for page in stage.pages(run, "loss", 500) for row in page.steps] == list(range(6400))
    assert counted(stage, run) == (6400, 0)

"""Large series and runs of many metrics, on the embedded database. Run with -s to see times and memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from runyard.entities.common import ViewType
from runyard.entities.run import MetricPoint
from runyard.store.sql.compaction import Compactor
from tests.contract.store.series_stage import EXPERIMENT, WORKSPACE, Stage, sqlite_stage

POINTS = 10_000_000
BATCH = 10_000
PAGE = 25_000
METRICS = 100_000
MIB = 1 << 20


def memory_mib(field: str = "VmHWM") -> float:
    """Of this process: the highest since it was last reset, or with VmRSS what it is now."""
    text = Path("/proc/self/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


@contextmanager
def measured(what: str, *, at_most_s: float, at_most_mib: float) -> Iterator[None]:
    """Time, and how far memory rises above what it was."""
    Path("/proc/self/clear_refs").write_text("5")
    before, began = memory_mib("VmRSS"), time.monotonic()
    yield
    took_s, risen = time.monotonic() - began, memory_mib() - before
    print(f"\n  {what}: {took_s:.3f} s, +{risen:.0f} MiB", end="")
    assert took_s < at_most_s
    assert risen < at_most_mib


async def fill(stage: Stage, compactor: Compactor, run: str) -> None:
    """A series of POINTS, while the compaction works beside."""
    chance = np.random.default_rng(5)
    async with compactor.running():
        for first in range(0, POINTS, BATCH):
            values = chance.random(BATCH).tolist()
            points = [
                MetricPoint("loss", v, 1_700_000_000_000 + i * 10, i) for i, v in enumerate(values, first)
            ]
            await stage.runs.log(WORKSPACE, run, metrics=points)
            await asyncio.sleep(0)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_series_of_ten_million_points_is_read_in_bounded_time_and_memory(tmp_path: Path) -> None:
    with sqlite_stage(tmp_path) as stage:
        run = stage.new_run()
        with measured("log 10,000,000 points", at_most_s=400, at_most_mib=400):
            stage.do(fill(stage, stage.compactor(), run))
        assert stage.count("point_log") == 0
        size = sum(file.stat().st_size for file in tmp_path.iterdir())
        print(f"\n  {size / POINTS:.2f} bytes a point in {stage.count('chunks')} chunks", end="")
        pages = stage.pages(run, "loss", PAGE)
        with measured("first page of 25,000", at_most_s=1, at_most_mib=64):
            assert next(pages).steps == list(range(PAGE))
        with measured("the other 399 pages", at_most_s=120, at_most_mib=64):
            ends = [page.steps[-1] for page in pages]
        assert ends == list(range(2 * PAGE - 1, POINTS, PAGE))
        with measured("a history without a limit", at_most_s=5, at_most_mib=400):
            page = stage.history(run, "loss")
        assert (len(page.steps), page.next_page_token is None) == (1_000_000, False)
        del page
        with measured("chart of 2,500 points", at_most_s=5, at_most_mib=64):
            assert len(stage.sampled([run], "loss", 2500)[run].steps) == 2500
        with measured("chart of a part, 320 points", at_most_s=1, at_most_mib=64):
            part = stage.sampled([run], "loss", 320, (5_000_000, 5_100_000))[run]
        assert (part.steps[0], part.steps[-1]) == (5_000_000, 5_100_000)
        with measured("summary", at_most_s=0.1, at_most_mib=8):
            found = stage.summary(run, "loss")
        assert found is not None
        assert found[10] == POINTS


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_run_of_a_hundred_thousand_metrics_can_be_written_read_and_found(tmp_path: Path) -> None:
    with sqlite_stage(tmp_path) as stage:
        run = stage.new_run()
        compactor = stage.compactor()
        for step in range(3):
            with measured(f"log {METRICS:,} metrics, step {step}", at_most_s=120, at_most_mib=300):
                for first in range(0, METRICS, 1000):
                    names = range(first, first + 1000)
                    stage.log(
                        run, [MetricPoint(f"metric/{i}", i / 7 + step, 1000 + step, step) for i in names]
                    )
            with measured("compact", at_most_s=20, at_most_mib=300):
                stage.do(compactor.pass_once(quiet_passes=0))
        for first in range(0, METRICS, 1000):
            stage.log(
                run, [MetricPoint(f"metric/{i}", i / 7 + 2, 1002, 2) for i in range(first, first + 1000)]
            )
        assert stage.count("series WHERE disordered = 1") == METRICS
        with measured("compact and count what was sent twice", at_most_s=60, at_most_mib=300):
            while stage.count("series WHERE disordered = 1"):
                stage.do(compactor.pass_once(quiet_passes=0))
        assert stage.count("series WHERE count = 3") == METRICS
        with measured("get run", at_most_s=10, at_most_mib=400):
            body = stage.do(stage.runs.get(WORKSPACE, run))
        assert len(msgspec.json.decode(body)["data"]["metrics"]) == METRICS
        for text in ("first search", "second search"):
            with measured(text, at_most_s=10, at_most_mib=400):
                page = stage.do(
                    stage.runs.search(
                        WORKSPACE,
                        [EXPERIMENT],
                        filter_string="metrics.`metric/99999` > 1",
                        view=ViewType.ACTIVE_ONLY,
                        order_by=["metrics.`metric/5` DESC"],
                        max_results=10,
                        page_token=None,
                    )
                )
            assert len(page.items) == 1
        with measured("history of one metric", at_most_s=1, at_most_mib=64):
            assert stage.history(run, "metric/77777").steps == [0, 1, 2]

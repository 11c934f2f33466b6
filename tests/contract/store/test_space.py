"""Disk space of the embedded database."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from functools import partial
from pathlib import Path

from runyard.entities.run import MetricPoint
from runyard.store.sql.compaction import PENDING, Compactor
from runyard.store.sql.database import Connection
from runyard.store.sql.settle_series import DISORDERED, FIRST
from runyard.store.sql.space import give_back_space
from tests.contract.store.series_stage import Stage, sqlite_stage

KEYS = [f"metric_{i:02d}" for i in range(20)]
BATCHES = 120


def load(stage: Stage) -> int:
    """Random numbers, which do not compress: batches of 1,000 points of 20 series; returns how many points."""
    chance, run = random.Random(7), stage.new_run()
    for batch in range(BATCHES):
        steps = range(batch * 50, batch * 50 + 50)
        stage.log(
            run,
            [
                MetricPoint(key, chance.random(), 1_700_000_000_000 + s * 1000, s)
                for s in steps
                for key in KEYS
            ],
        )
    return BATCHES * 1000


def folder_bytes(folder: Path) -> int:
    """Without the file of waiting points: an open database always has one, of always the same size."""
    return sum(file.stat().st_size for file in folder.iterdir() if not file.name.endswith("-points"))


def empty_bytes(folder: Path) -> int:
    """What a database without any record takes: its tables and indexes have a page each."""
    folder.mkdir()
    with sqlite_stage(folder):
        pass
    return folder_bytes(folder)


def test_random_values_take_less_than_16_bytes_a_point_soon_after_they_came(tmp_path: Path) -> None:
    empty = empty_bytes(tmp_path.with_name(f"{tmp_path.name}-empty"))
    with sqlite_stage(tmp_path) as stage:
        points = load(stage)
        assert folder_bytes(tmp_path) > 30 * points
        compactor = stage.compactor()
        assert stage.do(compactor.pass_once(quiet_passes=0)) == 1
        for _ in range(20):
            stage.do(compactor.pass_once())
        assert (
            tmp_path / "runyard.db-wal"
        ).stat().st_size > 1 << 20  # work goes on more cheaply over old pages
        seconds_ago = time.time() - 5
        os.utime(tmp_path / "runyard.db-wal", (seconds_ago, seconds_ago))
        stage.do(compactor.pass_once())
        assert folder_bytes(tmp_path) - empty < 12 * points
    assert folder_bytes(tmp_path) - empty < 8 * points


def test_a_stopping_server_compacts_what_is_pending(tmp_path: Path) -> None:
    async def start_and_stop(compactor: Compactor) -> None:
        async with compactor.running():
            pass

    empty = empty_bytes(tmp_path.with_name(f"{tmp_path.name}-empty"))
    with sqlite_stage(tmp_path) as stage:
        points = load(stage)
        stage.do(start_and_stop(stage.compactor()))
        assert stage.count("point_log") == 0
    assert folder_bytes(tmp_path) - empty < 8 * points


def test_a_log_that_is_being_read_is_left_for_later_at_once(tmp_path: Path) -> None:
    async def cut_while_reading(stage: Stage) -> tuple[bool, float]:
        reading, done = threading.Event(), threading.Event()

        def read(c: Connection) -> None:
            c.one("SELECT count(*) FROM runs")
            reading.set()
            done.wait(20)

        reader = asyncio.create_task(stage.database.read(read))
        await asyncio.to_thread(reading.wait, 20)
        await stage.database.write(lambda tx: tx.execute("UPDATE experiments SET updated_ms = 1"))
        began = time.monotonic()
        more = await give_back_space(stage.database, whole=True)
        took_s = time.monotonic() - began
        done.set()
        await reader
        return more, took_s

    with sqlite_stage(tmp_path) as stage:
        load(stage)
        more, took_s = stage.do(cut_while_reading(stage))
        assert more
        assert took_s < 10  # the reader has twenty
        assert not stage.do(give_back_space(stage.database, whole=True))
        assert (tmp_path / "runyard.db-wal").stat().st_size == 0


def test_a_pass_over_an_idle_server_reads_only_indexes_that_are_then_empty(tmp_path: Path) -> None:
    with sqlite_stage(tmp_path) as stage:
        load(stage)
        stage.do(stage.compactor().pass_once(quiet_passes=0))
        for sql, params, index in (
            (PENDING, (), "point_log_by_run"),
            (DISORDERED, FIRST, "series_disordered"),
        ):
            plan = stage.do(stage.database.read(partial(explained, sql, params)))
            assert f"INDEX {index}" in plan
        assert stage.count("point_log") == 0
        assert stage.count("series WHERE disordered = 1") == 0


def explained(sql: str, params: tuple[int, ...], c: Connection) -> str:
    return "; ".join(row[3] for row in c.all(f"EXPLAIN QUERY PLAN {sql}", params))

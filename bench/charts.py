"""Rows about charts: a hundred long series at once, whole and then in ever smaller parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bench import seed, wire
from bench.load import Load, drive, get, post_json, sending
from bench.servers import Server
from bench.suite import Cost, Suite, cpu_of
from runyard.store.sql.compact_runs import Change, put_in_place
from runyard.store.sql.database import Transaction
from runyard.store.sql.postgres import PostgresDatabase
from runyard.store.sql.run_points import TOUCH, UPSERT, summary_row
from runyard.store.sql.series.codec import encode
from runyard.store.sql.series.compaction import Plan
from runyard.store.sql.series.fold import fold
from runyard.store.sql.series.points import Columns, points_of
from runyard.store.sql.sqlite import SqliteDatabase

KEY = "loss"
WORKSPACE = 1
RUNS = 100
BUCKETS = 800
WHOLE = 7  # times
SHARES = (0.6, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001)
Part = tuple[int, int] | None


def charts(suite: Suite) -> None:
    """One metric of 100 runs in 800 buckets, as a chart draws it first and again when it is zoomed.

    MLflow answers get-history-bulk-interval with as many points of each run, evenly chosen: no extremes.
    """
    for server in suite.servers:
        if server.name == "fasttrackml":
            for row in ("chart_first_paint_server", "chart_rezoom_server"):
                suite.record(row, server.name, absent="FastTrackML has no such route")
            continue
        ours = server.name == "runyard"
        points = suite.scale.chart_points if ours else suite.scale.chart_peer_points
        suite.progress(f"    filling {server.name} with {RUNS} series of {points:,} points")
        runs = [wire.new_run(server) for _ in range(RUNS)]
        if ours:
            fill(server, runs, points)
        else:
            seed.series(server, runs, KEY, points)
        ask = partial(_ours if ours else _mlflows, server, runs)
        middle = points // 2
        parts = [(int(middle * (1 - share)), int(middle * (1 + share))) for share in SHARES]
        _row(suite, "chart_first_paint_server", server, ask, [None] * (WHOLE if ours else 1), points)
        _row(suite, "chart_rezoom_server", server, ask, parts if ours else parts[2:4], points)


def _row(
    suite: Suite, row: str, server: Server, ask: Callable[[Part], bytes], parts: Sequence[Part], points: int
) -> None:
    cost = Cost()
    for part in parts:
        cost.add(cpu_of(server, partial(_answered, server, ask(part))))
    suite.record_load(row, server, cost, cost.load.answered, points=float(points))


def _answered(server: Server, request: bytes) -> Load:
    return drive(server.address, [sending([request])])


def _ours(server: Server, run_ids: Sequence[str], part: Part) -> bytes:
    start, end = part or (None, None)
    fields = {"run_ids": run_ids, "metrics": [KEY], "buckets": BUCKETS, "start": start, "end": end}
    return post_json("/api/v1/charts/series", fields)


def _mlflows(server: Server, run_ids: Sequence[str], part: Part) -> bytes:
    bounds = {} if part is None else {"start_step": part[0], "end_step": part[1]}
    path = f"{server.ajax}/metrics/get-history-bulk-interval"
    return get(path, run_ids=run_ids, metric_key=KEY, max_results=BUCKETS, **bounds)


def fill(server: Server, run_ids: Sequence[str], points: int) -> None:
    """Seals series as the compaction would: 100,000,000 points over HTTP would take minutes."""
    server.stop()
    asyncio.run(_seal(server.database or server.data / "runyard.db", run_ids, points))
    server.start()


async def _seal(place: str | Path, run_ids: Sequence[str], points: int) -> None:
    database = PostgresDatabase(place) if isinstance(place, str) else SqliteDatabase(place)
    database.open()
    try:
        for number, run_id in enumerate(run_ids):
            await database.write(partial(_seal_one, run_id, _series(number, points)))
    finally:
        await database.close()


def _series(number: int, points: int) -> Columns:
    """A loss that falls, with noise, at times that jitter."""
    chance = np.random.default_rng(number)
    steps = np.arange(points, dtype=np.int64)
    times = wire.FIRST_MS + steps * 1_000 + chance.integers(0, 500, points)
    return Columns(steps, times, np.exp(-3 * steps / points) + chance.normal(0, 0.05, points))


def _seal_one(run_id: str, columns: Columns, tx: Transaction) -> None:
    run = tx.interned.run(tx, WORKSPACE, run_id)
    (key,) = tx.interned.keys(tx, [KEY])
    chunks = [(key, chunk) for chunk in encode(columns)]
    put_in_place(tx, [Change(run.id, [], [], [], 0, Plan(chunks, []))])
    deltas = fold(points_of(np.uint32(key), columns).tobytes())  # type: ignore[arg-type]
    tx.many(UPSERT, [summary_row(run, delta) for delta in deltas])
    tx.execute(TOUCH, (run.id,))

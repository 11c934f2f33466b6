"""CPU time of run searches in SQLite: 100,000 runs, 20 metrics and 20 params each, in one experiment.

    python bench/micro_search.py [--runs 100000] [--keep FILE]

Prints the median CPU milliseconds of each search on a warm cache, ids only. `m0`..`m19` are uniform in
[0, 1); `p0`..`p9` take 100 values, `p10`..`p19` take 10; every 50th run lacks `m19`.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from runyard.entities.common import ViewType
from runyard.entities.search.grammar import parse_filter, parse_order_by
from runyard.entities.search.tables import RUNS
from runyard.store.sql import migrations
from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.walk_runs import search_runs
from runyard.store.sql.sqlite import SqliteConnection

METRICS = 20
PARAMS = 20
START_MS = 1_700_000_000_000

HALF = "metrics.m3 > 0.5"
CASES: Sequence[tuple[str, str, list[str], int]] = (
    ("unfiltered, by start, 1,000", "", [], 1000),
    ("unfiltered, by metric, 100", "", ["metrics.m5 DESC"], 100),
    ("unfiltered, by metric, 1,000", "", ["metrics.m5"], 1000),
    ("unfiltered, by param of 10 values, 100", "", ["params.p12"], 100),
    ("unfiltered, by param and metric, 100", "", ["params.p12", "metrics.m5 DESC"], 100),
    ("unfiltered, by run name, 100", "", ["run_name"], 100),
    ("m3 > 0.5 and p2 (1 of 100), by metric, 100", f"{HALF} and params.p2 = '7'", ["metrics.m5 DESC"], 100),
    ("m3 > 0.5 and p12 (1 of 10), by metric, 100", f"{HALF} and params.p12 = '7'", ["metrics.m5 DESC"], 100),
    ("m3 > 0.5 and p2 (1 of 100), by start, 100", f"{HALF} and params.p2 = '7'", [], 100),
    ("m3 > 0.5, by the same metric, 100", "metrics.m3 > 0.5", ["metrics.m3 ASC"], 100),
    ("three metrics, each half, by m6", f"{HALF} and metrics.m4<.5 and metrics.m5>.5", ["metrics.m6"], 100),
    ("m3 > 2 (nothing), by metric", "metrics.m3 > 2", ["metrics.m5"], 100),
    ("p2 = 'none' (nothing), by start", "params.p2 = 'none'", [], 100),
    ("p2 and p3 and p4 (1 of 10^6), by start", "params.p2='7' and params.p3='7' and params.p4='7'", [], 100),
    ("p12 to p15 (1 of 10^4), by start", " and ".join(f"params.p{n} = '7'" for n in range(12, 16)), [], 100),
    ("run_name = 'run-77777'", "run_name = 'run-77777'", [], 100),
    ("status RUNNING (1 of 1,000), by start", "status = 'RUNNING'", [], 100),
    ("run_name ILIKE '%777%' , by start", "run_name ILIKE '%777%'", [], 100),
    ("run_name ILIKE '%none%' (nothing), by start", "run_name ILIKE '%none%'", [], 100),
    ("p2 LIKE '7%', by start", "params.p2 LIKE '7%'", [], 100),
    ("p2 LIKE '%none%' (nothing), by start", "params.p2 LIKE '%none%'", [], 100),
    ("m19 missing last, from the end", "", ["metrics.m19 DESC"], 100),
    ("m3.min < 0.001, by start", "metrics.m3.min < 0.001", [], 100),
    ("unfiltered, by m3.max, 100", "", ["metrics.m3.max DESC"], 100),
)  # fmt: skip


def main() -> None:
    """Build, measure, print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(options.keep or Path(folder) / "search.db")
        fresh = not path.exists()
        connection = SqliteConnection(path, cache_kib=65_536)
        if fresh:
            build(connection, options.runs)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {options.runs} runs")
        for title, clause, order, limit in CASES:
            search = RunSearch([1], limit, parse_filter(clause, RUNS), parse_order_by(order, RUNS))
            print(f"{measure(connection, search)}  {title}")
        search = RunSearch([*range(2, 3000), 1], 1000, view=ViewType.ALL)
        print(
            f"{measure(connection, search)}  unfiltered, all stages, 2,999 experiment ids of which one exists"
        )
        deep(connection)
        connection.close()


def deep(connection: SqliteConnection) -> None:
    """Pages far from the start cost what the first one costs."""
    search = RunSearch([1], 1000, (), parse_order_by(["metrics.m5"], RUNS))
    for _ in range(50):
        search = replace(search, after=search_runs(connection, search).after)
    print(f"{measure(connection, search)}  unfiltered, by metric, 1,000, page 51")


def measure(connection: SqliteConnection, search: RunSearch, rounds: int = 9) -> str:
    """Median CPU milliseconds and how many ids were found."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        found = search_runs(connection, search)
        times.append((time.process_time() - start) * 1000)
    return f"{statistics.median(times):8.2f} ms {len(found.ids):5d} ids"


def build(connection: SqliteConnection, runs: int) -> None:
    """Fill an empty database."""
    for statement in migrations.statements(1, "sqlite"):
        connection.execute(statement)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    connection.execute(
        "INSERT INTO experiments (id, workspace_id, name, artifact_location, created_ms, updated_ms) "
        "VALUES (1, 1, 'bench', 'x', 0, 0)"
    )
    names = [f"m{n}" for n in range(METRICS)] + [f"p{n}" for n in range(PARAMS)]
    connection.many("INSERT INTO keys (id, name) VALUES (?, ?)", list(enumerate(names, 1)))
    chance = random.Random(7)
    connection.many(
        "INSERT INTO runs (id, uuid, workspace_id, experiment_id, name, user_id, status, start_ms, "
        "received_ms, artifact_uri) VALUES (?, ?, 1, 1, ?, 'u', ?, ?, 0, 'x')",
        (
            (n, f"{chance.getrandbits(128):032x}", f"run-{n}", 1 if n % 1000 == 0 else 3, START_MS + n * 10)
            for n in range(1, runs + 1)
        ),
    )
    connection.many(
        "INSERT INTO series (run_id, key_id, experiment_id, last_value, last_step, last_ms, min_value, "
        "max_value, first_value, first_step, first_ms, count, numbers, sum) "
        "VALUES (?, ?, 1, ?, 9, 0, ?, ?, ?, 0, 0, 10, 10, 5.0)",
        _series(chance, runs),
    )
    connection.many(
        "INSERT INTO run_params (run_id, key_id, experiment_id, value) VALUES (?, ?, 1, ?)",
        (
            (run, METRICS + 1 + n, str(chance.randrange(100 if n < PARAMS // 2 else 10)))
            for run in range(1, runs + 1)
            for n in range(PARAMS)
        ),
    )
    connection.execute("COMMIT")


def _series(chance: random.Random, runs: int) -> Iterator[tuple[float, ...]]:
    for run in range(1, runs + 1):
        for n in range(METRICS - (run % 50 == 0)):
            value = chance.random()
            yield run, n + 1, value, value / 2, (1 + value) / 2, chance.random()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--keep", help="use this database file; build it when it does not exist")
    return parser.parse_args()


if __name__ == "__main__":
    main()

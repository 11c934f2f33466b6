"""Rows about the runs table: its first rows, and the same ordered by a metric; the columns that a page shows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from bench import runs, seed, wire
from bench.load import Answer, Client, Load, ask, drive, post_json, quantile
from bench.search import COMPACTED_AFTER_S
from bench.servers import Server
from bench.suite import Suite, cpu_of, settle
from runyard.wire.api import columns

ROWS = 100
SHOWN = 10  # metrics, and as many params
METRICS = [f"m{i}" for i in range(SHOWN)]


def table(server: Server, experiment_id: str, order_by: list[str]) -> bytes:
    """The first rows: of ours the columns that are shown, of peers whole runs, for they have nothing else."""
    if server.name != "runyard":
        body = {"experiment_ids": [experiment_id], "order_by": order_by, "max_results": ROWS}
        return post_json(f"{server.api}/runs/search", body)
    shown = {"metrics": [{"key": key} for key in METRICS], "params": [f"p{i}" for i in range(SHOWN)]}
    return post_json(
        "/api/v1/runs/table",
        {
            "experiment_ids": [experiment_id],
            "order_by": order_by,
            "max_results": 1_000,
            "rows": ROWS,
            "columns": shown,
        },
    )


def tables(suite: Suite) -> None:
    """Both orders at every size; one point is logged between two requests, so that no answer can be a repeat."""
    asked = [server for server in suite.servers if server.name != "fasttrackml"]
    experiments = {server.name: wire.new_experiment(server, "tabulated") for server in asked}
    filled = dict.fromkeys(experiments, 0)
    scale = suite.scale
    for size in scale.table_sizes:
        for server in asked:
            if size not in (scale.table_sizes if server.name == "runyard" else scale.table_peer_sizes):
                continue
            suite.progress(f"    filling {server.name} to {size:,} runs")
            fill(server, experiments[server.name], filled[server.name], size)
            filled[server.name] = size
            _check(suite, server, experiments[server.name], size)
            _measure(suite, server, experiments[server.name], size)


def fill(server: Server, experiment_id: str, first: int, last: int) -> None:
    """Runs of `wire.wide_plan`, number `first` to `last - 1`."""
    if server.name != "runyard":
        seed.runs(server, experiment_id, first, last, wire.wide_plan)
        return
    load, made = runs.make_runs(
        server, experiment_id, first, last - first, connections=16, plan=wire.wide_plan
    )
    if made != last - first:
        raise RuntimeError(f"{server.name} made {made} of {last - first} runs: {load.first_error}")
    settle(server, 60)
    time.sleep(COMPACTED_AFTER_S)
    settle(server, 60)


def _check(suite: Suite, server: Server, experiment_id: str, size: int) -> None:
    """The values of the best run's metrics must be those of its plan; a difference is recorded, not hidden."""
    best = max(map(wire.wide_plan, range(size)), key=lambda plan: dict(plan.metrics)["m0"])
    found = _first(server, ask(server.address, table(server, experiment_id, ["metrics.m0 DESC"])))
    if found != [dict(best.metrics)[key] for key in METRICS]:
        suite.record(f"runs_table_order_{size}", server.name, wrong=f"{found}")


def _first(server: Server, answer: Answer) -> list[float]:
    if server.name == "runyard":
        found = columns.unpack(answer.body)["table"]["metrics"]
        return [columns.read(column)[0] for column in found]
    run = answer.json()["runs"][0]  # type: ignore[index]
    values = {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}
    return [values[key] for key in METRICS]


def _measure(suite: Suite, server: Server, experiment_id: str, size: int) -> None:
    repeats = suite.scale.search_queries if server.name == "runyard" else suite.scale.search_peer_queries
    writer = wire.new_run(server)
    chance = random.Random(size)

    def ordered() -> bytes:
        return table(server, experiment_id, [f"metrics.m{chance.randrange(50)} DESC"])

    _repeat(
        suite, server, f"runs_table_first_{size}", writer, lambda: table(server, experiment_id, []), repeats
    )
    _repeat(suite, server, f"runs_table_order_{size}", writer, ordered, repeats)


def _repeat(
    suite: Suite, server: Server, row: str, writer: str, request: Callable[[], bytes], repeats: int
) -> None:
    load, cpu_ms = Load(), []
    for step in range(repeats + 1):
        ask(server.address, wire.one_point(server, writer, "between", 0.5, step))
        cost = cpu_of(server, lambda: drive(server.address, [_once(request())]))
        if step:
            load.add(cost.load)
            cpu_ms.append(cost.cpu_s * 1000)
    errors: dict[str, float | str] = {"errors": float(load.errors), "first_error": load.first_error}
    suite.record(
        row,
        server.name,
        cpu_ms=quantile(cpu_ms, 0.5),
        cpu_p95_ms=quantile(cpu_ms, 0.95),
        wall_ms=load.quantile_ms(0.5),
        units=float(load.answered),
        **(errors if load.errors else {}),
    )


def _once(request: bytes) -> Client:
    yield request

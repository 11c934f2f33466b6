"""Rows about searching runs: a filter with an order, and an unfiltered page of 1,000."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from bench import runs, seed, wire
from bench.load import Answer, Client, Load, ask, drive, post_json, quantile
from bench.servers import Server
from bench.suite import Suite, cpu_of, settle

PAGE = 1000
COMPACTED_AFTER_S = 16  # runs that were quiet for 10 s are compacted, which is no cost of a search


def filtered(server: Server, experiment_id: str, floor: float, value: int) -> bytes:
    """The search of the row: `metrics.m3 > floor and params.p2 = 'value'`, ordered by a metric, 100 runs."""
    body = {
        "experiment_ids": [experiment_id],
        "filter": f"metrics.m3 > {floor} and params.p2 = '{value}'",
        "order_by": ["metrics.m5 DESC"],
        "run_view_type": "ACTIVE_ONLY",
        "max_results": 100,
    }
    return post_json(f"{server.api}/runs/search", body)


def page(server: Server, experiment_id: str) -> bytes:
    body = {"experiment_ids": [experiment_id], "run_view_type": "ACTIVE_ONLY", "max_results": PAGE}
    return post_json(f"{server.api}/runs/search", body)


def search(suite: Suite) -> None:
    """Both queries at every size; one point is logged between two queries, so that no answer can be a repeat."""
    experiments = {server.name: wire.new_experiment(server, "searched") for server in suite.servers}
    filled = dict.fromkeys(experiments, 0)
    for size in suite.scale.search_sizes:
        asked = [server for server in suite.servers if size in _sizes(suite, server)]
        for server in asked:
            suite.progress(f"    filling {server.name} to {size:,} runs")
            _fill(server, experiments[server.name], filled[server.name], size)
            filled[server.name] = size
        _check_alike(suite, size, [(server, experiments[server.name]) for server in asked])
        for server in asked:
            _measure(suite, server, experiments[server.name], size)


def _sizes(suite: Suite, server: Server) -> tuple[int, ...]:
    return suite.scale.search_sizes if server.name == "runyard" else suite.scale.search_peer_sizes


def _fill(server: Server, experiment_id: str, first: int, last: int) -> None:
    if server.name != "runyard":
        seed.runs(server, experiment_id, first, last)
        return
    load, made = runs.make_runs(server, experiment_id, first, last - first, connections=16)
    if made != last - first:
        raise RuntimeError(f"{server.name} made {made} of {last - first} runs: {load.first_error}")
    settle(server, 60)
    time.sleep(COMPACTED_AFTER_S)
    settle(server, 60)


def _check_alike(suite: Suite, size: int, asked: list[tuple[Server, str]]) -> None:
    """Every server must find the runs that the plans say, in their order; a difference is recorded, not hidden."""
    plans = [
        dict(plan.metrics) | {"name": plan.name} for plan in map(wire.plan, range(size)) if _matches(plan)
    ]
    wanted = [str(plan["name"]) for plan in sorted(plans, key=lambda plan: plan["m5"], reverse=True)][:100]
    for server, experiment_id in asked:
        found = _names(ask(server.address, filtered(server, experiment_id, 0.5, 7)))
        if found != wanted:
            suite.record(f"search_{size}", server.name, wrong=f"{len(found)} runs, expected {len(wanted)}")


def _matches(plan: wire.RunPlan) -> bool:
    return dict(plan.metrics)["m3"] > 0.5 and dict(plan.params)["p2"] == "7"


def _names(answer: Answer) -> list[str]:
    found = answer.json().get("runs", [])
    assert isinstance(found, list)
    return [run["info"]["run_name"] for run in found]


def _measure(suite: Suite, server: Server, experiment_id: str, size: int) -> None:
    ours = server.name == "runyard"
    repeats = suite.scale.search_queries if ours else suite.scale.search_peer_queries
    if server.name == "fasttrackml":
        repeats = max(repeats, suite.scale.search_queries // 4)
    writer = wire.new_run(server, experiment_id)
    chance = random.Random(size)

    def varied() -> bytes:
        return filtered(server, experiment_id, 0.5 + chance.randrange(1000) / 1e5, chance.randrange(10))

    _repeat(suite, server, f"search_{size}", writer, varied, repeats)
    _repeat(suite, server, f"page_{size}", writer, lambda: page(server, experiment_id), repeats)


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
    values: dict[str, float | str] = {"errors": float(load.errors), "first_error": load.first_error}
    suite.record(
        row,
        server.name,
        cpu_ms=quantile(cpu_ms, 0.5),
        cpu_p95_ms=quantile(cpu_ms, 0.95),
        wall_ms=load.quantile_ms(0.5),
        units=float(load.answered),
        **(values if load.errors else {}),
    )


def _once(request: bytes) -> Client:
    yield request

"""Requests of MLflow's REST API, ready for the wire, as the loads need them."""

from __future__ import annotations

import json
import random
from collections.abc import Generator
from dataclasses import dataclass

from bench.load import Answer, ask, get, post, post_json
from bench.servers import Server

FIRST_MS = 1_700_000_000_000


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What run number `index` of an experiment holds, the same on every server."""

    index: int
    params: list[tuple[str, str]]
    metrics: list[tuple[str, float]]
    tags: list[tuple[str, str]]

    @property
    def name(self) -> str:
        return f"run-{self.index}"

    @property
    def start_ms(self) -> int:
        return FIRST_MS + self.index * 1000

    @property
    def end_ms(self) -> int:
        return self.start_ms + 500


def plan(index: int) -> RunPlan:
    """10 params of 10 possible values each, 10 metrics uniform in 0..1, 5 tags; one run in 20 matches the filter."""
    chance = random.Random(index)
    params = [(f"p{i}", str(chance.randrange(10))) for i in range(10)]
    metrics = [(f"m{i}", chance.random()) for i in range(10)]
    tags = [(f"t{i}", f"value-{chance.randrange(1000)}") for i in range(5)]
    return RunPlan(index, params, metrics, tags)


def wide_plan(index: int) -> RunPlan:
    """50 metrics uniform in 0..1 and 30 params of 10 possible values each."""
    chance = random.Random(index)
    params = [(f"p{i}", str(chance.randrange(10))) for i in range(30)]
    metrics = [(f"m{i}", chance.random()) for i in range(50)]
    return RunPlan(index, params, metrics, [])


def create_run(server: Server, experiment_id: str, run: RunPlan) -> bytes:
    tags = [{"key": key, "value": value} for key, value in run.tags]
    body = {"experiment_id": experiment_id, "run_name": run.name, "start_time": run.start_ms, "tags": tags}
    return post_json(f"{server.api}/runs/create", body)


def fill_run(server: Server, run_id: str, run: RunPlan) -> bytes:
    """The log-batch of a plan's params and metrics."""
    params = [{"key": key, "value": value} for key, value in run.params]
    metrics = [{"key": k, "value": v, "timestamp": run.end_ms, "step": 0} for k, v in run.metrics]
    body = {"run_id": run_id, "metrics": metrics, "params": params, "tags": []}
    return post_json(f"{server.api}/runs/log-batch", body)


def end_run(server: Server, run_id: str, run: RunPlan) -> bytes:
    body = {"run_id": run_id, "run_uuid": run_id, "status": "FINISHED", "end_time": run.end_ms}
    return post_json(f"{server.api}/runs/update", body)


def run_id_of(answer: Answer) -> str:
    found: str = json.loads(answer.body)["run"]["info"]["run_id"]
    return found


def whole_run(server: Server, experiment_id: str, run: RunPlan) -> Generator[bytes, Answer, bool]:
    """The three requests of the real client for one run; returns whether the run was made."""
    made = yield create_run(server, experiment_id, run)
    if made.status != 200:
        return False
    run_id = run_id_of(made)
    yield fill_run(server, run_id, run)
    yield end_run(server, run_id, run)
    return True


def new_experiment(server: Server, name: str) -> str:
    """Creates an experiment and returns its id."""
    answer = ask(server.address, post_json(f"{server.api}/experiments/create", {"name": name}))
    return str(answer.json()["experiment_id"])


def new_run(server: Server, experiment_id: str = "0") -> str:
    body = {"experiment_id": experiment_id, "start_time": FIRST_MS, "tags": []}
    return run_id_of(ask(server.address, post_json(f"{server.api}/runs/create", body)))


def one_point(server: Server, run_id: str, key: str, value: float, step: int) -> bytes:
    """A log-metric as the client sends it."""
    text = (
        f'{{"run_uuid":"{run_id}","run_id":"{run_id}","key":"{key}","value":{value!r},'
        f'"timestamp":{FIRST_MS + step * 1000},"step":{step}}}'
    )
    return post(f"{server.api}/runs/log-metric", text.encode())


def points_block(first_step: int, steps: int, keys: list[str], seed: int = 0) -> bytes:
    """The JSON list of a batch's metrics: every key at every step, without the run that they belong to."""
    chance = random.Random(f"{seed}-{first_step}")
    points = (
        f'{{"key":"{key}","value":{chance.random()!r},"timestamp":{FIRST_MS + step * 1000},"step":{step}}}'
        for step in range(first_step, first_step + steps)
        for key in keys
    )
    return b"[" + ",".join(points).encode() + b"]"


def log_block(server: Server, run_id: str, block: bytes) -> bytes:
    """A log-batch of a prebuilt block."""
    body = b'{"run_id":"' + run_id.encode() + b'","metrics":' + block + b',"params":[],"tags":[]}'
    return post(f"{server.api}/runs/log-batch", body)


def history_page(server: Server, run_id: str, key: str, token: str = "") -> bytes:
    """One page of a history as the client asks for it: 25,000 points."""
    more = {"page_token": token} if token else {}
    return get(
        f"{server.api}/metrics/get-history",
        run_id=run_id,
        run_uuid=run_id,
        metric_key=key,
        max_results=25_000,
        **more,
    )

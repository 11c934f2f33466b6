"""Rows about writing points: one call of the real client, many connections, batches; and bytes per point on disk."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import environments, wire
from bench.environments import size_bytes
from bench.load import Client, Load, drive, post_json, sending
from bench.servers import Server
from bench.suite import Cost, Suite, metered

BLOCKS = 200
KEYS = [f"metric_{i:02d}" for i in range(20)]


class RealClient:
    """A process of its own that calls `mlflow.log_metric` when told."""

    def __init__(self, server: Server) -> None:
        python = environments.mlflow() / "bin" / "python"
        script = Path(__file__).with_name("client_calls.py")
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", str(script), server.base_url],
            env={**server.environment(), "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"},
            cwd=server.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                parsed: dict[str, float] = json.loads(line)
                return parsed
        raise RuntimeError("the mlflow client ended before its answer")

    def call(self, seconds: float) -> tuple[Load, float]:
        """Calls for `seconds`; returns the load and the client's own CPU in seconds."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        done = self._answer()
        good = int(done["calls"] - done["errors"])
        mean_s = done["wall_s"] / max(done["calls"], 1)
        load = Load(done["wall_s"], int(done["errors"]), str(done["first_error"]), [mean_s] * good)
        return load, done["cpu_s"]

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()


def log_metric(suite: Suite) -> None:
    """`mlflow.log_metric`, synchronous, one unmodified client."""
    clients = {server.name: RealClient(server) for server in suite.servers}
    costs = {server.name: Cost() for server in suite.servers}
    own_s = dict.fromkeys(costs, 0.0)
    try:
        for _, server in suite.turns():
            loads: list[Load] = []
            own_s[server.name] += _called(
                clients[server.name], suite.scale.client_slice_s, server, costs, loads
            )
    finally:
        for client in clients.values():
            client.end()
    for server in suite.servers:
        cost = costs[server.name]
        client_us = own_s[server.name] * 1e6 / max(cost.load.answered, 1)
        suite.record_load("log_metric", server, cost, cost.load.answered, client_cpu_us=client_us)


def _called(
    client: RealClient, seconds: float, server: Server, costs: dict[str, Cost], seen: list[Load]
) -> float:
    own: list[float] = []

    def work() -> Load:
        load, cpu_s = client.call(seconds)
        own.append(cpu_s)
        return load

    costs[server.name].add(metered(server, work))
    return own[0]


def points_32(suite: Suite) -> None:
    """32 connections, each logging one point at a time to a run of its own."""
    costs = {server.name: Cost() for server in suite.servers}
    runs = {server.name: [wire.new_run(server) for _ in range(32)] for server in suite.servers}
    for turn, server in suite.turns():
        clients = [sending(_single_points(server, run, turn)) for run in runs[server.name]]
        costs[server.name].add(_timed(server, clients, suite.scale.slice_s))
    for server in suite.servers:
        suite.record_load("points_32", server, costs[server.name], costs[server.name].load.answered)


def _timed(server: Server, clients: list[Client], seconds: float) -> Cost:
    return metered(server, lambda: drive(server.address, clients, seconds))


def _single_points(server: Server, run_id: str, turn: int) -> Iterator[bytes]:
    for step in itertools.count(turn * 10_000_000):
        yield wire.one_point(server, run_id, KEYS[step % 4], (step % 977) / 977, step // 4)


def batch_1000_c1(suite: Suite) -> None:
    """log-batch of 1,000 points (20 keys, 50 steps), one connection."""
    _batches(suite, "batch_1000_c1", points=1000, connections=1)


def batch_1000_c8(suite: Suite) -> None:
    """log-batch of 1,000 points, eight connections."""
    _batches(suite, "batch_1000_c8", points=1000, connections=8)


def batch_100_c8(suite: Suite) -> None:
    """log-batch of 100 points (20 keys, 5 steps), eight connections."""
    _batches(suite, "batch_100_c8", points=100, connections=8)


def _batches(suite: Suite, row: str, points: int, connections: int) -> None:
    steps = points // len(KEYS)
    blocks = [wire.points_block(i * steps, steps, KEYS) for i in range(BLOCKS)]
    costs = {server.name: Cost() for server in suite.servers}
    runs = dict.fromkeys(costs, 0)

    def count(server: Server) -> None:
        runs[server.name] += 1

    for _, server in suite.turns():
        clients = [_block_client(server, blocks, count) for _ in range(connections)]
        costs[server.name].add(_timed(server, clients, suite.scale.slice_s))
    for server in suite.servers:
        cost = costs[server.name]
        suite.record_load(row, server, cost, (cost.load.answered - runs[server.name]) * points)


def _block_client(server: Server, blocks: list[bytes], count: Callable[[Server], None]) -> Client:
    """Logs all blocks to a run, then to the next; `count` is called for each run made."""
    while True:
        made = yield post_json(
            f"{server.api}/runs/create", {"experiment_id": "0", "start_time": 1, "tags": []}
        )
        if made.status != 200:
            continue
        count(server)
        run_id = wire.run_id_of(made)
        for block in blocks:
            yield wire.log_block(server, run_id, block)


def disk(suite: Suite) -> None:
    """Bytes on disk per point: one experiment of 20 series a run, loaded in batches of 1,000, seen at rest."""
    blocks = [wire.points_block(i * 50, 50, KEYS) for i in range(BLOCKS)]
    for server in suite.servers:
        before = _resting_bytes(server)
        runs = [wire.new_run(server) for _ in range(4)]
        clients = [sending([wire.log_block(server, run, block) for block in blocks]) for run in runs]
        points = _timed(server, clients, suite.scale.slice_s * 3).load.answered * 1000
        grown = _resting_bytes(server) - before
        suite.record("disk", server.name, bytes_per_point=grown / max(points, 1), units=float(points))


def _resting_bytes(server: Server) -> int:
    """Bytes of the data folder; ours is stopped for it, so that its log is folded away and counted fairly."""
    if server.name == "runyard":
        server.stop()
        size = size_bytes(server.data)
        server.start()
        return size
    return size_bytes(server.data)

"""Row about making runs: the three requests that the real client sends for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from bench import wire
from bench.load import Client, Load, drive
from bench.servers import Server
from bench.suite import Suite, metered

CONNECTIONS = 4


class _Counter:
    """Hands out run numbers to the connections and counts the runs that were made."""

    def __init__(self, first: int, wanted: int, plan: Callable[[int], wire.RunPlan]) -> None:
        self.plan = plan
        self.numbers: Iterator[int] = iter(range(first, first + wanted))
        self.made = 0

    def client(self, server: Server, experiment_id: str, ends: float) -> Client:
        for index in self.numbers:
            done = yield from wire.whole_run(server, experiment_id, self.plan(index))
            self.made += done
            if time.perf_counter() > ends:
                return


def make_runs(
    server: Server,
    experiment_id: str,
    first: int,
    wanted: int,
    seconds: float = 1e9,
    connections: int = CONNECTIONS,
    plan: Callable[[int], wire.RunPlan] = wire.plan,
) -> tuple[Load, int]:
    """Makes runs number `first` to `first + wanted` over HTTP until done or `seconds` have passed.

    Returns: the load (three answers a run) and the number of runs made.
    """
    counter = _Counter(first, wanted, plan)
    ends = time.perf_counter() + seconds
    load = drive(server.address, [counter.client(server, experiment_id, ends) for _ in range(connections)])
    return load, counter.made


def create(suite: Suite) -> None:
    """Runs with 10 params, 10 metrics and 5 tags: create, log-batch, update to FINISHED; four connections."""
    for server in suite.servers:
        experiment_id = wire.new_experiment(server, "made")
        seconds = 1e9 if server.name == "runyard" else suite.scale.create_peer_s
        made = 0

        def work(at: Server = server, where: str = experiment_id, limit_s: float = seconds) -> Load:
            nonlocal made
            load, made = make_runs(at, where, 0, suite.scale.create_runs, limit_s)
            return load

        cost = metered(server, work)
        suite.record_load("create_runs", server, cost, made)

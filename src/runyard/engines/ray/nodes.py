"""A job of several nodes on a Ray cluster: asks Ray for as many and starts a runner on each. See driver.py.

It needs Ray, which the cluster's Python has.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import ray
from ray.util.placement_group import placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

PACKAGE = os.path.dirname(os.path.abspath(__file__))
JOB_VARIABLE = "RUNYARD_JOB"
GRACE_S = 15.0
CLAIM_S = 3600.0
LOST = 70
PR_SET_PDEATHSIG = 1


def main() -> int:
    """Do the job that the environment describes; the exit code is that of its first node."""
    job = json.loads(os.environ.pop(JOB_VARIABLE))
    wanted = job.pop("nodes")
    count, each = wanted["count"], wanted["each"]
    signal.signal(signal.SIGTERM, _asked_to_end)
    os.environ.setdefault("RAY_COLOR_PREFIX", "0")
    ray.init(log_to_driver=True)
    group = placement_group([each] * count, strategy="STRICT_SPREAD")
    print(f"Waiting for {count} nodes with {each} each.", flush=True)
    ray.get(group.ready())
    job = _claimed(job)
    nodes = [_node(group, rank, each) for rank in range(count)]
    address = ray.get(nodes[0].address.remote())
    print(f"The first of {count} nodes is {address}.", flush=True)
    running = {node.work.remote(job, rank, count, address): rank for rank, node in enumerate(nodes)}
    return _watched(running, nodes)


class Node:
    """On each node: starts the runner and ends it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.libc = ctypes.CDLL(None)  # not between fork and exec

    def address(self) -> str:
        """By which other nodes reach this one."""
        return str(ray.util.get_node_ip_address())

    def work(self, job: Mapping[str, Any], rank: int, count: int, address: str) -> int:
        """Do the job as one of several nodes; the exit code."""
        sys.path.insert(0, os.getcwd())
        driver = importlib.import_module("runyard_driver")
        driver.hide_package(driver.HERE)
        driver.sweep(job)
        os.environ.pop(JOB_VARIABLE, None)
        variables = {
            **os.environ,
            "RUNYARD_NODE_RANK": str(rank),
            "RUNYARD_NODE_COUNT": str(count),
            "RUNYARD_MASTER_ADDRESS": address,
        }
        command = [sys.executable, "-I", driver.RUNNER, "work", driver.written(job)]
        self.process = subprocess.Popen(command, env=variables, preexec_fn=self._end_with_parent)
        code = self.process.wait()
        return code if code >= 0 else 128 - code

    def stop(self) -> None:
        """Ask the runner to end, and make it after a while."""
        if self.process is None:
            return
        self.process.terminate()
        until = time.monotonic() + GRACE_S
        while self.process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        if self.process.poll() is None:
            self.process.kill()

    def _end_with_parent(self) -> None:
        """The runner is asked to end when Ray's process above it has gone."""
        self.libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _node(group: Any, rank: int, each: Mapping[str, float]) -> Any:
    needs: dict[str, Any] = {"num_cpus": each.get("CPU", 0), "num_gpus": each.get("GPU", 0)}
    if each.get("memory"):
        needs["memory"] = each["memory"]
    place = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank)
    actor = ray.remote(Node)
    return actor.options(max_restarts=0, max_concurrency=2, scheduling_strategy=place, **needs).remote()


def _watched(running: dict[Any, int], nodes: Sequence[Any]) -> int:
    """Wait until all runners have ended; however that is left, none of them goes on."""
    codes: dict[int, int] = {}
    try:
        while running:
            done, _ = ray.wait(list(running), timeout=5)
            for one in done:
                rank = running.pop(one)
                codes[rank] = _code(one, rank)
    finally:
        if running:
            asked = [node.stop.remote() for node in nodes]
            ray.wait(asked, num_returns=len(asked), timeout=GRACE_S + 2)
    return codes[0] or next((code for code in codes.values() if code), 0)


def _code(one: Any, rank: int) -> int:
    try:
        return int(ray.get(one))
    except ray.exceptions.RayError as exc:
        print(f"Node {rank} was lost: {exc}", flush=True)
        return LOST


def _claimed(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same job with its token instead of the code that is good for it once: each node needs it."""
    sys.path.insert(0, os.path.join(PACKAGE, "runner.pyz"))
    exchange = importlib.import_module("runner.exchange")
    server = exchange.Exchange(job["server"], job["workspace"], "", job.get("ca_file", ""))
    path = f"/jobs/{job['run_id']}/claim"
    answer = server.call("POST", path, {"code": job["code"]}, patience_s=CLAIM_S)
    return {name: value for name, value in {**job, "token": answer["token"]}.items() if name != "code"}


def _asked_to_end(*_: object) -> None:
    """Ray's SIGTERM: waiting is left by an exception."""
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())

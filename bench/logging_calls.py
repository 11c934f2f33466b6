"""Runs under a client's interpreter: logs with one of the libraries and times each call.

    logging_calls.py MODE URI

Reads one JSON line per order from stdin, {"calls": n} or {"calls": n, "per_s": pace} or {"batches": n}; answers each with
one JSON line: calls, wall_s, p50_us, p99_us, max_us, cpu_s, errors. "end": ends the run and the process, as a script
would, after its answer {"end_s": seconds}.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

POINTS = 1_000  # in a batch


class MlflowCalls:
    """`mlflow.log_metric`: over HTTP, in MLflow's own background queue, through Runyard's journal, or into nothing."""

    def __init__(self, mode: str, uri: str) -> None:
        import mlflow  # type: ignore[import-not-found,unused-ignore]

        self.mlflow = mlflow
        self.options = {"synchronous": False} if mode == "mlflow-async" else {}
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment("bench-logging")
        self.run = mlflow.start_run()
        self.client = mlflow.MlflowClient()
        if mode == "null":
            from mlflow.tracking._tracking_service.utils import (  # type: ignore[import-not-found,unused-ignore]
                _get_store,
            )

            _get_store().log_metric = lambda *arguments: None

    def name(self) -> str:
        return str(self.run.info.run_id)

    def call(self, step: int) -> None:
        self.mlflow.log_metric("loss", 1.0 / (step + 1), step=step, **self.options)

    def batch(self, number: int) -> None:
        from mlflow.entities import Metric  # type: ignore[import-not-found,unused-ignore]

        now = int(time.time() * 1000)
        first = number * POINTS
        points = [Metric("batched", 1.0 / (first + i + 1), now, first + i) for i in range(POINTS)]
        self.client.log_batch(self.run.info.run_id, metrics=points)

    def end(self) -> None:
        self.mlflow.end_run()


class WandbCalls:
    """`wandb.log` in offline mode."""

    def __init__(self, mode: str, uri: str) -> None:
        import wandb  # type: ignore[import-not-found,unused-ignore]

        self.run = wandb.init(mode="offline", project="bench", dir=uri, settings=wandb.Settings(silent=True))

    def name(self) -> str:
        return str(self.run.id)

    def call(self, step: int) -> None:
        self.run.log({"loss": 1.0 / (step + 1)}, step=step + 1)

    def end(self) -> None:
        self.run.finish()


class TrackioCalls:
    """`trackio.log`."""

    def __init__(self, mode: str, uri: str) -> None:
        import trackio  # type: ignore[import-not-found,unused-ignore]

        self.trackio = trackio
        self.run = trackio.init(project="bench", embed=False)

    def name(self) -> str:
        return str(self.run.name)

    def call(self, step: int) -> None:
        self.trackio.log({"loss": 1.0 / (step + 1)}, step=step)

    def end(self) -> None:
        self.trackio.finish()


KINDS: dict[str, Any] = {"wandb": WandbCalls, "trackio": TrackioCalls}


def timed(work: Callable[[int], None], count: int, first: int, per_s: float) -> dict[str, Any]:
    took: list[int] = []
    errors = 0
    begun, cpu = time.perf_counter(), time.process_time()
    for i in range(count):
        if per_s:
            due = begun + i / per_s
            now = time.perf_counter()
            if due > now:
                time.sleep(due - now)
        at = time.perf_counter_ns()
        try:
            work(first + i)
        except Exception:  # noqa: BLE001 - any failed call is counted
            errors += 1
        took.append(time.perf_counter_ns() - at)
    wall = time.perf_counter() - begun
    took.sort()
    return {
        "calls": count,
        "wall_s": wall,
        "cpu_s": time.process_time() - cpu,
        "p50_us": took[count // 2] / 1e3,
        "p99_us": took[min(count - 1, count * 99 // 100)] / 1e3,
        "max_us": took[-1] / 1e3,
        "errors": errors,
        "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main(mode: str, uri: str) -> None:
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # where the libraries print
    calls = KINDS.get(mode, MlflowCalls)(mode, uri)
    calls.call(0)
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ready": calls.name(), "rss_mib": rss}), file=out, flush=True)
    steps = batches = 1
    for line in sys.stdin:
        order = json.loads(line)
        if order == "end":
            begun = time.perf_counter()
            calls.end()
            print(json.dumps({"end_s": time.perf_counter() - begun}), file=out, flush=True)
            return
        if "batches" in order:
            done = timed(calls.batch, order["batches"], batches, 0)
            batches += order["batches"]
        else:
            done = timed(calls.call, order["calls"], steps, order.get("per_s", 0))
            steps += order["calls"]
        print(json.dumps(done), file=out, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

"""Logs to one run from a thread, a forked and a spawned child; prints the run."""

import multiprocessing
import os
import sys
import threading
from typing import Any

import mlflow

POINTS = 300


def work(run_id: str, key: str) -> None:
    client = mlflow.MlflowClient()
    for step in range(POINTS):
        client.log_metric(run_id, key, float(step), step=step)
    client.set_tag(run_id, key, os.getpid())
    client.log_text(run_id, key, f"{key}.txt")


def main() -> None:
    mlflow.set_experiment("workers")
    with mlflow.start_run() as run:
        run_id = run.info.run_id
        others: list[Any] = [
            multiprocessing.get_context("fork").Process(target=work, args=(run_id, "fork")),
            multiprocessing.get_context("spawn").Process(target=work, args=(run_id, "spawn")),
            threading.Thread(target=work, args=(run_id, "thread")),  # last: MLflow imports while it logs
        ]
        for one in others:
            one.start()
        work(run_id, "main")
        for one in others:
            one.join()
        assert all(getattr(one, "exitcode", 0) == 0 for one in others)
    print(f"run {run_id}")


if __name__ == "__main__":
    main()
    sys.stdout.flush()

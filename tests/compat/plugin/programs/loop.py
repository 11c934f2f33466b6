"""Logs points as fast as told: RUN (or - for a new one), KEY, how many, and seconds between two. Prints the run first."""

import sys
import time

import mlflow

run_id, key, count, pause_s = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
mlflow.set_experiment("loop")
with mlflow.start_run(run_id=None if run_id == "-" else run_id) as run:
    print(run.info.run_id, flush=True)
    slowest = 0.0
    for step in range(count):
        started = time.monotonic()
        mlflow.log_metric(key, float(step), step=step)
        slowest = max(slowest, time.monotonic() - started)
        time.sleep(pause_s)
    mlflow.set_tag(f"slowest-{key}", slowest)
    mlflow.log_text(str(count), f"{key}.txt")
print(f"done {slowest:.3f}", flush=True)

"""Trains, in threads and a forked child too, until its first token has been dead for a while; prints what it logged."""

import json
import os
import sys
import threading
import time

import mlflow

until = max(float(sys.argv[1]), time.time()) + 3  # the argument: when the first token ends
client = mlflow.MlflowClient()
experiment = client.create_experiment(f"outlive-{os.getpid()}")
run_id = client.create_run(experiment).info.run_id


def train(key: str) -> int:
    """Log points until the end; the number of points."""
    step = 0
    while time.time() < until:
        client.log_metric(run_id, key, step, step=step)
        step += 1
        time.sleep(0.05)
    return step


counts = {}


def in_thread(key: str) -> None:
    counts[key] = train(key)


child = os.fork()
if child == 0:
    points = train("child")
    client.log_text(run_id, str(points), "child.txt")
    os._exit(0)
threads = [threading.Thread(target=in_thread, args=(f"thread{number}",)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
client.log_text(run_id, "late", "late.txt")
with mlflow.start_span("late"):
    pass
if hasattr(mlflow, "flush_trace_async_logging"):
    mlflow.flush_trace_async_logging()
client.set_terminated(run_id)
counts["child"] = int(mlflow.artifacts.load_text(f"runs:/{run_id}/child.txt"))
found = {key: len(client.get_metric_history(run_id, key)) for key in counts}
print(
    json.dumps(
        {"child": ended, "logged": counts, "found": found, "status": client.get_run(run_id).info.status}
    )
)

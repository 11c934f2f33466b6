"""Logs points and files, reads both back, and prints what it found; or how it failed."""

import json
import sys
import time

import mlflow

began = time.monotonic()
try:
    mlflow.set_experiment("secure")
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 0.5)
        mlflow.log_text("hello", "notes/hello.txt")
    client = mlflow.MlflowClient()
    run_id = run.info.run_id
    found = [
        client.get_run(run_id).data.metrics["loss"],
        mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello.txt"),
        [one.path for one in client.list_artifacts(run_id, "notes")],
    ]
    print(json.dumps(found))
except Exception as exc:
    print(f"{type(exc).__name__}: {exc}")
    print(f"after {time.monotonic() - began:.1f} s")
    sys.exit(7)

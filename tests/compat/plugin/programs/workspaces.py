"""Logs a run to each of the workspaces that the arguments name, chosen by `mlflow.set_workspace`; prints the runs' ids."""

import json
import sys

import mlflow

found = {}
for name in sys.argv[1:]:
    mlflow.set_workspace(name)
    mlflow.set_experiment("everywhere")
    with mlflow.start_run() as run:
        for step in range(20):
            mlflow.log_metric("m", step, step=step)
        mlflow.log_param("workspace", name)
        mlflow.log_text(name, "note.txt")
        with mlflow.start_span("traced"):
            pass
        assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/note.txt") == name
        assert mlflow.get_run(run.info.run_id).data.params == {"workspace": name}
    mlflow.flush_trace_async_logging()
    found[name] = run.info.run_id
print(json.dumps({"runs": found}))

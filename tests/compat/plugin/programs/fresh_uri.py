"""Goes on in one run with a second tracking URI, once the token of the first has ended; prints the run."""

import sys

import mlflow

first, second = sys.argv[1:]
mlflow.set_tracking_uri(first)
with mlflow.start_run() as run:
    mlflow.log_metric("m", 1.0, step=1)
    print(run.info.run_id, flush=True)
    sys.stdin.readline()
    mlflow.log_metric("m", 2.0, step=2)
    mlflow.set_tracking_uri(second)
    mlflow.log_metric("m", 3.0, step=3)
    mlflow.log_param("p", "v")
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "m")
    assert [point.value for point in history] == [1.0, 2.0, 3.0], history

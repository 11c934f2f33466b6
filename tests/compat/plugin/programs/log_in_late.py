"""Starts without a credential, then its owner logs in; and speaks Azure ML's schemes."""

import json
import sys
import time

import mlflow

from runyard.client import credentials

server, token, other_scheme = sys.argv[1:]
client = mlflow.MlflowClient()
try:
    client.get_experiment("0")
except mlflow.exceptions.MlflowException as exc:
    refused = str(exc)
credentials.save(server, credentials.Login(token, "ann"))
time.sleep(5.1)
name = client.get_experiment("0").name
mlflow.set_tracking_uri(other_scheme)
with mlflow.start_run(experiment_id="0") as run:
    mlflow.log_text("hi", "a/b.txt")
uri = f"azureml://experiments/Default/runs/{run.info.run_id}/artifacts/a/b.txt"
print(json.dumps({"refused": refused, "name": name, "text": mlflow.artifacts.load_text(uri)}))

"""Tries each tracking URI of its arguments; prints the class and text of the errors that a script meets."""

import json
import sys

import mlflow
from mlflow.exceptions import MlflowException

found = []
for uri in sys.argv[1:]:
    mlflow.set_tracking_uri(uri)
    errors = []
    for work in (
        lambda: mlflow.MlflowClient().create_run("0"),
        lambda: mlflow.MlflowClient().search_registered_models(),
        lambda: mlflow.artifacts.list_artifacts("mlflow-artifacts:/0"),
    ):
        try:
            work()  # type: ignore[no-untyped-call]
        except Exception as exc:
            known = "MlflowException" if isinstance(exc, MlflowException) else type(exc).__name__
            errors.append([known, getattr(exc, "error_code", ""), str(exc)])
        else:
            errors.append(["", "", ""])
    found.append(errors)
print(json.dumps(found))

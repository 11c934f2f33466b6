"""A program that logs in by itself, and a training script that may run inside of a job or not."""

import os

import mlflow
from azureml.core import Run, Workspace
from azureml.core.authentication import ServicePrincipalAuthentication
from azureml.core.run import _OfflineRun
from azureml.exceptions import AuthenticationException, RunEnvironmentException

try:
    Workspace.from_config()
except AuthenticationException as problem:
    print(problem.message)
else:
    raise AssertionError("nobody was asked who they are")

svc_pr = ServicePrincipalAuthentication(
    tenant_id="my-tenant-id",
    service_principal_id="my-application-id",
    service_principal_password=os.environ["AML_PRINCIPAL_PASS"],
)
ws = Workspace.from_config(auth=svc_pr)
print(f"Found workspace {ws.name} at location {ws.location}")

mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())
mlflow.set_experiment("nightly")
with mlflow.start_run() as started:
    mlflow.log_metric("loss", 0.1)
assert ws.get_run(started.info.run_id).get_metrics() == {"loss": 0.1}

run = Run.get_context()
run.log("accuracy", 0.9)
assert isinstance(run, _OfflineRun)
assert run.id.startswith("OfflineRun")
try:
    Run.get_context(allow_offline=False)
except RunEnvironmentException as problem:
    print(problem.message)

"""The environment variables by which a script finds its run: those of MLflow, of Azure ML's SDK, and our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from runyard.entities.experiment import Experiment
from runyard.entities.job import STARTED_BY_TAG, Job
from runyard.entities.workspace import Workspace
from runyard.errors import InvalidInput, shown

PROVIDER = "Microsoft.MachineLearningServices"
SERVER_CHARS = 2_000


def check_server(server: str) -> str:
    """The address by which a runner reaches the server, as it says. Raises: InvalidInput."""
    plain = server.isprintable() and not any(one in server for one in " \"'<>\\^`{|}?#@")
    if server and (len(server) > SERVER_CHARS or not plain or not server.startswith(("http://", "https://"))):
        raise InvalidInput(
            f"Invalid value {shown(server)} for parameter 'server' supplied: http(s)://HOST[:PORT][/PATH]."
        )
    return server.rstrip("/")


def variables(server: str, workspace: Workspace, experiment: Experiment, job: Job) -> Mapping[str, str]:
    """All but the token, ranks and paths, which the runner adds. `server` has no slash at its end."""
    scope = (
        f"/subscriptions/{workspace.subscription}/resourceGroups/{workspace.group}"
        f"/providers/{PROVIDER}/workspaces/{workspace.name}"
    )
    definition = job.definition
    return {
        "RUNYARD_RUN_ID": job.run_id,
        "RUNYARD_SERVER": server,
        "RUNYARD_WORKSPACE": workspace.name,
        "MLFLOW_TRACKING_URI": f"{server}/workspaces/{quote(workspace.name, safe='')}",
        "MLFLOW_RUN_ID": job.run_id,
        # MLflow sets these tags on runs that the script begins besides.
        "MLFLOW_RUN_CONTEXT": json.dumps({STARTED_BY_TAG: job.run_id}),
        "MLFLOW_EXPERIMENT_ID": str(
            experiment.id
        ),  # MLflow wants the id or the name, and asks once less with the id
        "AZUREML_RUN_ID": job.run_id,
        "AZUREML_ARM_SUBSCRIPTION": workspace.subscription,
        "AZUREML_ARM_RESOURCEGROUP": workspace.group,
        "AZUREML_ARM_WORKSPACE_NAME": workspace.name,
        "AZUREML_ARM_PROJECT_NAME": experiment.name,
        "AZUREML_WORKSPACE_ID": workspace.guid,
        "AZUREML_EXPERIMENT_ID": str(experiment.id),
        "AZUREML_WORKSPACE_SCOPE": scope,
        "AZUREML_EXPERIMENT_SCOPE": f"{scope}/experiments/{experiment.name}",
        "AZUREML_SERVICE_ENDPOINT": server,
        "AZUREML_RUN_HISTORY_SERVICE_ENDPOINT": server,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": f"{server}/discovery",
        "AZUREML_TARGET_TYPE": job.target,
        "AZUREML_FRAMEWORK": "Python",
        "AZUREML_COMMUNICATOR": definition.communicator,
        "AZUREML_OUTPUT_DIRECTORY": "./outputs",
        "AZUREML_LOGDIRECTORY_PATH": "./logs",
    }

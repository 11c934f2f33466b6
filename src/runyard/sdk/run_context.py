"""The run that a program belongs to, told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from runyard.client.addresses import parse_tracking_uri
from runyard.client.credentials import find_server
from runyard.errors import RunyardError

RUN_ID = ("RUNYARD_RUN_ID", "AZUREML_RUN_ID")
WORKSPACE = ("RUNYARD_WORKSPACE", "AZUREML_ARM_WORKSPACE_NAME")
TOKEN = ("RUNYARD_TOKEN", "AZUREML_RUN_TOKEN", "MLFLOW_TRACKING_TOKEN")
TRACKING_URI = "MLFLOW_TRACKING_URI"
DEFAULT_WORKSPACE = "default"


class JobEnvironment(msgspec.Struct, frozen=True):
    """What a job tells its program."""

    run_id: str
    server: str
    workspace: str
    token: str | None


def job_environment(environment: Mapping[str, str] = os.environ) -> JobEnvironment | None:
    """The run that this program is; None outside of a job.

    Where the server and workspace are not named, they are those of MLFLOW_TRACKING_URI.
    """
    run_id = _first(environment, RUN_ID)
    if run_id is None:
        return None
    workspace, token = _first(environment, WORKSPACE), _first(environment, TOKEN)
    server = environment.get("RUNYARD_SERVER")
    try:
        address = parse_tracking_uri(environment.get(TRACKING_URI, ""))
    except RunyardError:
        return JobEnvironment(run_id, find_server(server), workspace or DEFAULT_WORKSPACE, token)
    return JobEnvironment(
        run_id,
        server or address.server,
        workspace or address.workspace or DEFAULT_WORKSPACE,
        address.token or token,
    )


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)

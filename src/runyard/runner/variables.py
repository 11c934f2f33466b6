"""The environment of the script: the machine's, the job's, and nobody else's credentials."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from .job_file import JobFile
from .processes import MARK
from .ranks import node_rank

EXPIRES_S = 30 * 86_400  # the token renews itself as long as the job lives
_OF_JOBS = ("AZUREML_", "MLFLOW_EXPERIMENT_", "OMPI_COMM_WORLD_")
_OF_ONE = (
    *("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"),
    *("RUNYARD_TOKEN", "RUNYARD_RUN_ID", "RUNYARD_SERVER", "RUNYARD_WORKSPACE", "MLFLOW_RUN_ID", MARK),
    *("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK", "NODE_RANK", "TF_CONFIG"),
)
_CA_FILES = ("RUNYARD_CA_FILE", "MLFLOW_TRACKING_SERVER_CERT_PATH")
# MLflow tells its makers what it is used for, in a thread that changes os.environ while the script may be reading it.
_USUAL = {"PYTHONIOENCODING": "utf-8", "MLFLOW_DISABLE_TELEMETRY": "true"}
_OF_PYTHON = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "CONDA_PREFIX")


def of_machine(given: Mapping[str, str] = os.environ, *, own_python: bool = False) -> dict[str, str]:
    """What this machine has, without what tells of another job or carries a credential for a server.

    Args:
        own_python: the job brings an environment, which settings for another Python would disturb.
    """
    kept = {
        name: value
        for name, value in given.items()
        if not name.startswith(_OF_JOBS) and name not in _OF_ONE and not (own_python and name in _OF_PYTHON)
    }
    if kept.get("MPLBACKEND", "").startswith("module://"):
        del kept["MPLBACKEND"]  # of the notebook that submitted this
    return {**_USUAL, **kept}


def of_job(job: JobFile, told: Mapping[str, str], packages: Sequence[str]) -> dict[str, str]:
    """What the server tells the script, and the job's token.

    Args:
        packages: of the environment, as far as they are known.
    """
    found = dict(told)
    if "runyard" in packages and found.get("MLFLOW_TRACKING_URI", "").startswith("http"):
        found["MLFLOW_TRACKING_URI"] = journaled(found["MLFLOW_TRACKING_URI"])
    if job.ca_file:
        found.update({name: os.path.expanduser(job.ca_file) for name in _CA_FILES})
    return {
        **found,
        "RUNYARD_TOKEN": job.token,
        "MLFLOW_TRACKING_TOKEN": job.token,
        "AZUREML_RUN_TOKEN": job.token,
        "AZUREML_RUN_TOKEN_EXPIRY": str(int(time.time()) + EXPIRES_S),
        "PYTHONUNBUFFERED": "1",
        MARK: mark(job),
    }


def journaled(uri: str) -> str:
    """The tracking URI by which Runyard's plugin for MLflow keeps points while the server is away."""
    parts = urlsplit(uri)
    host = parts.hostname or ""
    near = host == "localhost" or host.endswith(".localhost") or host.startswith("127.") or host == "::1"
    usual = "http" if near else "https"
    tls = "" if parts.scheme == usual else f"?tls={'on' if parts.scheme == 'https' else 'off'}"
    return f"runyard://{parts.netloc}{parts.path}{tls}"


def mark(job: JobFile) -> str:
    """By which processes of a job are found: its folder, and the rank of the machine, as two may share a folder."""
    return f"{job.place.path}:{node_rank()};"

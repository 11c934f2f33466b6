"""Our errors as the client of MLflow raises what a server answers."""

from __future__ import annotations

from mlflow.exceptions import MlflowException, RestException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

from runyard.errors import RunyardError

MESSAGE_LIMIT = 4_000  # characters, as the server cuts it


def as_mlflow(error: RunyardError) -> MlflowException:
    """The same class, code and text as if the server had refused the request; MLflow's own error where that is its cause."""
    if isinstance(error.__cause__, MlflowException):
        return error.__cause__
    message = error.message if len(error.message) <= MESSAGE_LIMIT else error.message[:MESSAGE_LIMIT] + "…"
    return RestException({"error_code": error.code, "message": message})


def needs_server(request: str) -> MlflowException:
    """What cannot be done offline."""
    return MlflowException(
        f"{request} is answered by the server alone, and RUNYARD_MODE=offline asks none.",
        TEMPORARILY_UNAVAILABLE,
    )

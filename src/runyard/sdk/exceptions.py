"""Every error that the SDK raises on purpose: the names and texts that scripts of Azure ML know.

    RunyardError
    └── AzureMLException
        ├── UserErrorException              the call cannot work as it stands
        │   ├── AuthenticationException     nobody is known by that credential
        │   ├── RunEnvironmentException     no run where one is needed
        │   └── ModelPathNotFoundException  the run has no such file
        ├── WorkspaceException              no such workspace, or more than one
        ├── ActivityFailedException         a run that was waited for failed
        ├── ExperimentExecutionException    a run could not be started
        ├── ProjectSystemException
        ├── RunConfigurationException
        ├── SnapshotException
        ├── TrainingException
        ├── ComputeTargetException
        ├── DatasetTimestampMissingError
        ├── DiscoveryUrlNotFoundException
        ├── ModelNotFoundException
        └── WebserviceException

What the server answered is the `inner_exception`: an error of runyard.errors.
"""

from __future__ import annotations

import json
from typing import ClassVar

from runyard.errors import CallerError, RunyardError, Unauthenticated


class AzureMLException(RunyardError):
    """Root of what the SDK raises.

    Attributes:
        message: the bare text; `str` of the error has more lines.
        inner_exception: what caused it, if it was another error.
    """

    error_code: ClassVar[str] = ""

    def __init__(self, exception_message: str, inner_exception: Exception | None = None) -> None:
        super().__init__(exception_message)
        self.inner_exception = inner_exception

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}:\n\tMessage: {self.message}\n\tInnerException {self.inner_exception}\n"
            f"\tErrorResponse \n{json.dumps(self.error_response(), indent=4)}"
        )

    def error_response(self) -> dict[str, dict[str, str]]:
        """The error as the service writes it: {"error": {"message": ...}}."""
        code = {"code": self.error_code} if self.error_code else {}
        return {"error": {**code, "message": self.message}}


class UserErrorException(AzureMLException):
    """The call cannot work as it stands."""

    error_code = "UserError"


class AuthenticationException(UserErrorException):
    """Nobody is known by that credential."""


class RunEnvironmentException(UserErrorException):
    """No run where one is needed."""


class ModelPathNotFoundException(UserErrorException):
    """The run has no such file."""


class WorkspaceException(AzureMLException):
    """No such workspace, or more than one."""

    def __init__(
        self,
        exception_message: str,
        inner_exception: Exception | None = None,
        found_multiple: bool = False,
    ) -> None:
        super().__init__(exception_message, inner_exception)
        self.found_multiple = found_multiple


class ActivityFailedException(AzureMLException):
    """A run that was waited for failed."""

    def __init__(
        self,
        exception_message: str,
        inner_exception: Exception | None = None,
        error_details: str | None = None,
    ) -> None:
        super().__init__(exception_message, inner_exception)
        self.error_details = error_details


class ExperimentExecutionException(AzureMLException):
    """A run could not be started."""


class ProjectSystemException(AzureMLException):
    """The folder of a project is not as it should be."""


class RunConfigurationException(AzureMLException):
    """A run configuration that cannot be used."""


class SnapshotException(AzureMLException):
    """The source of a run could not be copied."""


class TrainingException(AzureMLException):
    """A training could not be described."""


class ComputeTargetException(AzureMLException):
    """No such compute target, or one that cannot be used."""


class DatasetTimestampMissingError(AzureMLException):
    """A dataset without the timestamp column that the call needs."""


class DiscoveryUrlNotFoundException(AzureMLException):
    """The server did not say where its parts are."""


class ModelNotFoundException(AzureMLException):
    """No such model."""


class WebserviceException(AzureMLException):
    """A registry or deployment call failed."""

    def __init__(
        self,
        exception_message: str,
        inner_exception: Exception | None = None,
        status_code: int | None = None,
    ) -> None:
        super().__init__(exception_message, inner_exception)
        self.status_code = status_code


def documented(error: RunyardError) -> AzureMLException:
    """The documented error for what the client below raised."""
    if isinstance(error, AzureMLException):
        return error
    if isinstance(error, Unauthenticated):
        return AuthenticationException(error.message, error)
    if isinstance(error, CallerError):
        return UserErrorException(error.message, error)
    return AzureMLException(error.message, error)

"""Texts of errors, and which class stands for what the server says."""

from __future__ import annotations

import pytest

from runyard.errors import (
    AlreadyExists,
    NotAllowed,
    NotFound,
    RunyardError,
    StorageUnavailable,
    Unauthenticated,
)
from runyard.sdk import exceptions
from runyard.sdk.exceptions import (
    AuthenticationException,
    AzureMLException,
    UserErrorException,
    WorkspaceException,
    documented,
)

NAMES = """AzureMLException ActivityFailedException AuthenticationException ComputeTargetException
    DatasetTimestampMissingError DiscoveryUrlNotFoundException ExperimentExecutionException ModelNotFoundException
    ModelPathNotFoundException ProjectSystemException RunConfigurationException RunEnvironmentException
    SnapshotException TrainingException UserErrorException WebserviceException WorkspaceException""".split()


def test_the_text_has_the_documented_layout() -> None:
    error = WorkspaceException("no such workspace", NotFound("gone"))
    assert str(error) == (
        "WorkspaceException:\n\tMessage: no such workspace\n\tInnerException gone\n\tErrorResponse \n"
        '{\n    "error": {\n        "message": "no such workspace"\n    }\n}'
    )
    assert (error.message, error.found_multiple) == ("no such workspace", False)


def test_an_error_of_the_user_has_a_code() -> None:
    assert '"code": "UserError"' in str(UserErrorException("m"))


@pytest.mark.parametrize("name", NAMES)
def test_every_documented_class_is_there(name: str) -> None:
    kind = getattr(exceptions, name)
    assert issubclass(kind, AzureMLException) and issubclass(kind, RunyardError)
    assert kind("text").message == "text"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Unauthenticated("m"), AuthenticationException),
        (NotAllowed("m"), UserErrorException),
        (NotFound("m"), UserErrorException),
        (AlreadyExists("m"), UserErrorException),
        (StorageUnavailable("m"), AzureMLException),
        (WorkspaceException("m"), WorkspaceException),
    ],
)
def test_what_the_server_says_becomes_a_documented_class(error: RunyardError, kind: type[Exception]) -> None:
    found = documented(error)
    assert type(found) is kind and found.message == "m"
    assert found is error or found.inner_exception is error

"""The SDK at a server that demands a credential."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from runyard.sdk.exceptions import (
    AuthenticationException,
    AzureMLException,
    UserErrorException,
    WorkspaceException,
)
from runyard.sdk.experiment import Experiment
from runyard.sdk.run import Run
from runyard.sdk.workspace import Workspace
from runyard.server.settings import Settings
from tests.api.live_server import live_server
from tests.api.people import People

READER = ("Reader", "/subscriptions/default/resourceGroups/default/workspaces/default")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, People]]:
    """Address and people of a server that demands a credential."""
    data = tmp_path_factory.mktemp("closed")
    with live_server(data, Settings(data=str(data), auth="required")) as client:
        yield f"http://127.0.0.1:{client.port}", People(data)


def token(people: People, *roles: tuple[str, str]) -> str:
    return people.token(people.add(*roles))


def test_without_a_credential_nobody_is_let_in(closed: tuple[str, People]) -> None:
    with pytest.raises(AuthenticationException):
        Workspace.get("default", server=closed[0])
    with pytest.raises(AuthenticationException):
        Workspace.get("default", auth="ry_wrong", server=closed[0])
    with pytest.raises(AuthenticationException, match="get_authentication_header"):
        Workspace.get("default", auth=5, server=closed[0])  # type: ignore[arg-type]


class Header:
    def __init__(self, secret: str) -> None:
        self._secret = secret

    def get_authentication_header(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._secret}"}


def test_a_token_is_given_or_in_the_environment(
    closed: tuple[str, People], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, people = closed
    secret = token(people, ("Owner", "/"))
    first = Workspace.get("default", auth=secret, server=server)
    assert Workspace.get("default", auth=Header(secret), server=server) == first
    monkeypatch.setenv("RUNYARD_TOKEN", secret)
    run = Experiment(Workspace.get("default", server=server), "e").start_logging(snapshot_directory=None)
    run.log("m", 1)
    run.complete()
    assert run.get_metrics() == {"m": 1}


def test_a_reader_reads_and_is_told_what_it_may_not(closed: tuple[str, People], place: Path) -> None:
    server, people = closed
    owner = Workspace.get("default", auth=token(people, ("Owner", "/")), server=server)
    made = Experiment(owner, "read").start_logging(snapshot_directory=None)
    made.log("m", 1)
    made.flush()
    reader = Workspace.get("default", auth=token(people, READER), server=server)
    run = reader.get_run(made.id)
    assert run.get_metrics() == {"m": 1}
    for change in (lambda: Experiment(reader, "mine"), lambda: run.tag("a"), reader.delete, run.complete):
        with pytest.raises(UserErrorException, match="may not"):
            change()
    run.log("m", 2)
    with pytest.raises(AzureMLException, match="may not"):
        run.flush()


def test_who_may_not_see_a_workspace_is_told_that_there_is_none(closed: tuple[str, People]) -> None:
    server, people = closed
    with pytest.raises(WorkspaceException, match="that you have access to"):
        Workspace.get("default", auth=token(people), server=server)


def test_the_tracking_token_of_a_job_is_enough_for_its_run(
    closed: tuple[str, People], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, people = closed
    owner = Workspace.get("default", auth=token(people, ("Owner", "/")), server=server)
    made = Experiment(owner, "job").start_logging(snapshot_directory=None)
    monkeypatch.delenv("RUNYARD_SERVER")
    monkeypatch.setenv("RUNYARD_RUN_ID", made.id)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", owner.get_mlflow_tracking_uri())
    run = Run.get_context()
    assert isinstance(run, Run) and run.id == made.id
    run.log("m", 1)
    assert run.get_metrics() == {"m": 1}

"""The server under test: `runyard up` by default, a stock `mlflow server` with RUNYARD_COMPAT_SERVER=stock."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .client_session import ClientSession
from .servers import running_server

collect_ignore = ["client"]


@pytest.fixture(scope="session")
def server_kind() -> str:
    return os.environ.get("RUNYARD_COMPAT_SERVER", "runyard")


@pytest.fixture(scope="session")
def server_url(server_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the one server that all client scenarios share."""
    given = os.environ.get("RUNYARD_COMPAT_URL")
    if given:
        yield given
        return
    with running_server(server_kind, tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture(scope="session")
def client_session(
    request: pytest.FixtureRequest,
    server_url: str,
    server_kind: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ClientSession]:
    """One process of the client release `request.param`, which runs all scenarios selected in this session."""
    release: str = request.param
    scenarios = [
        item.callspec.params["scenario"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and item.callspec.params.get("client_session") == release
    ]
    work: Path = tmp_path_factory.mktemp(f"client-{release}")
    session = ClientSession(release, scenarios, server_url, server_kind, work)
    yield session
    session.close()

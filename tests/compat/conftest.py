"""The server under test: `runyard up` by default, a stock `mlflow server` with RUNYARD_COMPAT_SERVER=stock."""

import os
from collections.abc import Iterator

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
def client_sessions(
    request: pytest.FixtureRequest,
    server_url: str,
    server_kind: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, ClientSession]]:
    """By client release, one process that runs all scenarios selected in this session; they run side by side."""
    selected: dict[str, list[str]] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and "client_sessions" in item.fixturenames:
            release, scenario = (str(item.callspec.params[name]) for name in ("release", "scenario"))
            selected.setdefault(release, []).append(scenario)
    sessions = {
        release: ClientSession(release, scenarios, server_url, server_kind, tmp_path_factory.mktemp(release))
        for release, scenarios in selected.items()
    }
    for session in sessions.values():
        session.start()
    yield sessions
    for session in sessions.values():
        session.close()

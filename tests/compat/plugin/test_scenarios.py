"""The scenarios of the plain client again, through runyard:// with a token in it, on a server that demands one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runyard.client.addresses import Address, tracking_uri
from runyard.client.transport import Connection
from runyard.server.settings import Settings
from tests.api.live_server import live_server
from tests.api.people import People
from tests.compat.client_session import ClientSession, scenarios_of
from tests.compat.environments import CLIENTS

from .installed import plugin_path

# Their own calls over HTTP carry no credential.
PLAIN_HTTP = ("test_workspaces.py",)
QUICK = ("test_artifacts.py", "test_logging.py", "test_models.py")


def _cases() -> Iterator[object]:
    for release in CLIENTS:
        for scenario in scenarios_of(release):
            file = scenario.partition("::")[0]
            if file in PLAIN_HTTP:
                continue
            quick = release == CLIENTS[0] and file in QUICK
            yield pytest.param(
                release, scenario, id=f"{release}-{scenario}", marks=[] if quick else [pytest.mark.long]
            )


@pytest.fixture(scope="module")
def sessions(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, ClientSession]]:
    """By client release, one process that runs the scenarios selected in this session."""
    selected: dict[str, list[str]] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and "sessions" in item.fixturenames:
            release, scenario = (str(item.callspec.params[name]) for name in ("release", "scenario"))
            selected.setdefault(release, []).append(scenario)
    data = tmp_path_factory.mktemp("server")
    variables = {"PYTHONPATH": plugin_path(tmp_path_factory.mktemp("plugin"))}
    with live_server(data, Settings(data=str(data), auth="required")) as client:
        person = People(data).with_roles(("Owner", "/"))
        server = Connection(f"127.0.0.1:{client.port}", "default", person)
        uri = tracking_uri(Address(server.server, "default", server.tracking_token()[0]))
        started = {
            release: ClientSession(release, some, uri, "runyard", tmp_path_factory.mktemp(release), variables)
            for release, some in selected.items()
        }
        for session in started.values():
            session.start()
        yield started
        for session in started.values():
            session.close()


@pytest.mark.parametrize(("release", "scenario"), list(_cases()))
def test_scenario_passes_through_the_plugin(
    sessions: dict[str, ClientSession], release: str, scenario: str
) -> None:
    failures = sessions[release].failures(scenario)
    if failures:
        pytest.fail("\n".join(failures), pytrace=False)

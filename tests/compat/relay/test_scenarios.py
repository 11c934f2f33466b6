"""The scenarios of the plain client again, through a relay that wants its token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runyard.client.journal.recorder import Recorder
from runyard.client.journal.target import Target
from runyard.relay.running import running
from tests.api.live_server import live_server
from tests.compat.client_session import ClientSession, scenarios_of
from tests.compat.environments import CLIENTS

OTHER_WORKSPACES = "test_workspaces.py"  # a relay serves one
CASES = [
    (release, scenario)
    for release in CLIENTS
    for scenario in scenarios_of(release)
    if not scenario.startswith(OTHER_WORKSPACES)
]
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def relay_sessions(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, ClientSession]]:
    """By client release, one process that runs the scenarios selected in this session."""
    selected: dict[str, list[str]] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and "relay_sessions" in item.fixturenames:
            release, scenario = (str(item.callspec.params[name]) for name in ("release", "scenario"))
            selected.setdefault(release, []).append(scenario)
    with pytest.MonkeyPatch.context() as patch, live_server(tmp_path_factory.mktemp("server")) as client:
        patch.setenv("RUNYARD_JOURNAL", str(tmp_path_factory.mktemp("journal")))
        recorder = Recorder(Target(f"http://127.0.0.1:{client.port}"))
        with running(recorder) as relay:
            told = relay.environment
            url = told.pop("MLFLOW_TRACKING_URI")
            started = {
                release: ClientSession(release, some, url, "runyard", tmp_path_factory.mktemp(release), told)
                for release, some in selected.items()
            }
            for session in started.values():
                session.start()
            yield started
            for session in started.values():
                session.close()
        recorder.close()


@pytest.mark.parametrize(("release", "scenario"), CASES, ids=[f"{r}-{s}" for r, s in CASES])
def test_scenario_passes_through_a_relay(
    relay_sessions: dict[str, ClientSession], release: str, scenario: str
) -> None:
    failures = relay_sessions[release].failures(scenario)
    if failures:
        pytest.fail("\n".join(failures), pytrace=False)

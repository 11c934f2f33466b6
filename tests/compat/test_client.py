"""The unmodified MLflow client, in two releases, against a real server process.

The scenarios are the tests in `client/`; each runs in the environment of the client release, and is asserted here.
"""

import pytest

from .client_session import ClientSession, scenarios_of
from .environments import CLIENTS

CASES = [(release, scenario) for release in CLIENTS for scenario in scenarios_of(release)]


@pytest.mark.parametrize(("release", "scenario"), CASES, ids=[f"{r}-{s}" for r, s in CASES])
def test_client_scenario_passes(
    client_sessions: dict[str, ClientSession], release: str, scenario: str
) -> None:
    failures = client_sessions[release].failures(scenario)
    if failures:
        pytest.fail("\n".join(failures), pytrace=False)

"""The unmodified MLflow client, in two releases, against a real server process.

The scenarios are the tests in `client/`; each runs in the environment of the client release, and is asserted here.
"""

import pytest

from .client_session import ClientSession, scenarios_of
from .environments import CLIENTS

CASES = [(release, scenario) for release in CLIENTS for scenario in scenarios_of(release)]


@pytest.mark.parametrize(
    ("client_session", "scenario"),
    CASES,
    indirect=["client_session"],
    ids=[f"{r}-{s}" for r, s in CASES],
    scope="session",
)
def test_client_scenario_passes(client_session: ClientSession, scenario: str) -> None:
    failures = client_session.failures(scenario)
    if failures:
        pytest.fail("\n".join(failures), pytrace=False)

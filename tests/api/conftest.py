from collections.abc import Iterator

import pytest

from tests.api.live_server import PREFIXES, Client, live_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server for all files here; records of one test do not disturb another."""
    with live_server(tmp_path_factory.mktemp("live")) as client:
        yield client


@pytest.fixture(params=PREFIXES)
def api(request: pytest.FixtureRequest, server: Client) -> Client:
    """The server below each of MLflow's prefixes."""
    server.prefix = request.param
    return server

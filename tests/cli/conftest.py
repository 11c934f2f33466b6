from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.live_server import Client, live_server
from tests.cli.command_line import CommandLine


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server for all files here; records of one test do not disturb another."""
    with live_server(tmp_path_factory.mktemp("live")) as client:
        yield client


@pytest.fixture
def cli(server: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line of somebody new, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return CommandLine(server, tmp_path / "home")

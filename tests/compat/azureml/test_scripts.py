"""Scripts as people wrote them for Azure ML, against a server that asks for a credential.

Everything comes from that server: the packages from its index, with the token in the URL. Each release of MLflow has an
environment of its own. What a script needs to know is in config.json and in one variable, its token.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import Client, live_server
from tests.compat.azureml.overlay import environment, pip_install, run
from tests.compat.environments import CLIENTS

SCRIPTS = Path(__file__).parent / "scripts"
PASSWORD = "correct horse battery"
WANTED = ("azureml-contrib-run", "azureml-mlflow", "azureml-widgets", "azureml-core", "runyard")
TOKEN_OF = {"service_principal.py": "AML_PRINCIPAL_PASS"}  # elsewhere MLFLOW_TRACKING_TOKEN
PLACE = {"subscription": "research", "group": "team"}


class Server(NamedTuple):
    """Where it is and a token that opens it."""

    url: str
    token: str

    @property
    def index_url(self) -> str:
        """The package index with a credential, as pip takes it."""
        return self.url.replace("http://", f"http://ada:{self.token}@") + "/simple/"


@pytest.fixture(scope="module", params=CLIENTS)
def release(request: pytest.FixtureRequest) -> str:
    """A release of MLflow."""
    return str(request.param)


@pytest.fixture(scope="module")
def server(release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for each release, with a workspace `lab` that a Contributor works in."""
    settings = Settings(data=str(tmp_path_factory.mktemp("data")))
    with live_server(Path(), settings) as client:
        prepare(client)
    with live_server(Path(), replace(settings, auth="required")) as client:
        token = client.ok("POST", "/api/v1/login", user="ada", password=PASSWORD)["token"]
        yield Server(f"http://127.0.0.1:{client.port}", token)


def prepare(client: Client) -> None:
    client.ok("POST", "/api/v1/users", name="ada", password=PASSWORD)
    client.ok("POST", "/api/v1/workspaces", name="lab", location="eastus2", create_group=True, **PLACE)
    client.ok(
        "POST",
        "/api/v1/role-assignments",
        principal="ada",
        role="Contributor",
        scope="/subscriptions/research",
    )


@pytest.fixture(scope="module")
def python(release: str, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has what a script's environment names."""
    made = environment(tmp_path_factory.mktemp("env") / "env", release)
    pip_install(made, server.index_url, "--no-deps", *WANTED)
    return made


@pytest.mark.parametrize("script", sorted(file.name for file in SCRIPTS.glob("*.py")))
def test_script_runs_as_it_is(server: Server, python: Path, script: str, tmp_path: Path) -> None:
    config = {"subscription_id": "research", "resource_group": "team", "workspace_name": "lab"}
    (tmp_path / "config.json").write_text(json.dumps({**config, "server": server.url}))
    shutil.copyfile(SCRIPTS / script, tmp_path / script)
    run(
        [str(python), script],
        cwd=tmp_path,
        **{TOKEN_OF.get(script, "MLFLOW_TRACKING_TOKEN"): server.token},
        MLFLOW_DISABLE_TELEMETRY="true",
        HOME=str(tmp_path),
        MPLCONFIGDIR=str(tmp_path),
    )

"""Remote runs as people wrote them for Azure ML, against a server that asks for a credential.

The environments of the runs are made for real, of what the index of this machine's pip has.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import live_server
from tests.compat.azureml.overlay import environment, pip_install, run
from tests.compat.azureml.test_scripts import PASSWORD, WANTED, Server, prepare
from tests.compat.environments import CLIENTS
from tests.components.processes import free_ports

SOURCES = Path(__file__).parent / "remote"
INDEX_S = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all, whose machine takes jobs, and has a size of Azure's."""
    if not has_index(tmp_path_factory.mktemp("index")):
        pytest.skip("there is no package index that environments could be made of")
    settings = Settings(data=str(tmp_path_factory.mktemp("data")), local_jobs=True)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with live_server(Path(), settings) as client:
        prepare(client)
        machine = {"name": "machine", "kind": "local", "settings": {"python": sys.executable}}
        client.ok("POST", "/workspaces/lab/api/v1/computes", **machine, server_url=url)
    with live_server(Path(), replace(settings, auth="required"), port=port) as client:
        token = client.ok("POST", "/api/v1/login", user="ada", password=PASSWORD)["token"]
        ada = replace(client, headers={"Authorization": f"Bearer {token}"}, base="/workspaces/lab")
        size = {"compute": "machine", "resources": {"cpus": 1}}
        ada.ok("PUT", "/api/v1/compute-sizes/STANDARD_D2_V2", **size)
        yield Server(url, token)


def has_index(folder: Path) -> bool:
    plain = str(Path(sys.base_prefix) / "bin" / "python3")  # a virtual environment may have no pip
    command = [plain, "-m", "pip", "download", "--no-deps", "--quiet", "-d", str(folder), "six"]
    return subprocess.run(command, capture_output=True, timeout=INDEX_S).returncode == 0


@pytest.fixture(scope="module", params=CLIENTS)
def python(request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with a release of MLflow and the packages of the server's index."""
    made = environment(tmp_path_factory.mktemp("env") / "env", str(request.param))
    pip_install(made, server.index_url, "--no-deps", *WANTED)
    return made


@pytest.mark.timeout(400)
@pytest.mark.parametrize("script", ["train_remote.py", "projects.py"])
def test_notebook_runs_as_it_is(server: Server, python: Path, script: str, tmp_path: Path) -> None:
    config = {"subscription_id": "research", "resource_group": "team", "workspace_name": "lab"}
    (tmp_path / "config.json").write_text(json.dumps({**config, "server": server.url}))
    shutil.copyfile(SOURCES / script, tmp_path / script)
    shutil.copytree(SOURCES / "project", tmp_path / "project")
    (tmp_path / "source").mkdir()
    shutil.copyfile(SOURCES / "train_diabetes.py", tmp_path / "source" / "train_diabetes.py")
    run(
        [str(python), script],
        cwd=tmp_path,
        MLFLOW_TRACKING_TOKEN=server.token,
        MLFLOW_DISABLE_TELEMETRY="true",
        HOME=str(tmp_path),
        MPLCONFIGDIR=str(tmp_path),
    )

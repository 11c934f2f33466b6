"""Real pip and uv against the package index."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.version import AZUREML_VERSION, __version__
from tests.api.live_server import Client, live_server
from tests.compat.azureml.overlay import environment, pip_install, run
from tests.compat.environments import ROOT

INSTALLED = """
from importlib import metadata
for name in ("azureml-contrib-run", "azureml-core", "azureml-mlflow", "runyard"):
    print(name, metadata.version(name))
import azureml.core, runyard
print(azureml.core.VERSION)
print(runyard.__file__)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with live_server(tmp_path_factory.mktemp("index")) as client:
        yield client


@pytest.fixture
def python(tmp_path: Path) -> Path:
    return environment(tmp_path / "env", "2.17.2")


def index_of(server: Client) -> str:
    return f"http://127.0.0.1:{server.port}/simple/"


def test_pip_resolves_everything_from_the_one_index(server: Client, python: Path) -> None:
    pip_install(python, index_of(server), "azureml-contrib-run")
    *versions, own_version, file = run([str(python), "-c", INSTALLED]).splitlines()
    assert versions == [
        f"azureml-contrib-run {AZUREML_VERSION}",
        f"azureml-core {AZUREML_VERSION}",
        f"azureml-mlflow {AZUREML_VERSION}",
        f"runyard {__version__}",
    ]
    assert own_version == AZUREML_VERSION
    assert Path(file).is_relative_to(python.parents[1])


def test_requirements_as_scripts_write_them_resolve(server: Client, python: Path, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("azureml-mlflow>=1.0.85\nazureml-core~=1.57\nazureml_contrib_run==1.*\n")
    pip_install(python, index_of(server), "--no-deps", "-r", str(requirements))


def test_uv_installs_from_the_index(server: Client, python: Path) -> None:
    uv = shutil.which("uv") or str(ROOT / ".cache" / "uv" / "bin" / "uv")
    arguments = ["--index-url", index_of(server), "--no-deps", "runyard", "azureml-core", "azureml-mlflow"]
    run([uv, "pip", "install", "--no-cache", "--python", str(python), *arguments, "azureml-contrib-run"])
    assert f"azureml-core {AZUREML_VERSION}" in run([str(python), "-c", INSTALLED])

"""Real pip and uv against the package index."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.services.wheel_format import pack
from runyard.version import AZUREML_VERSION, __version__
from tests.api.live_server import Client, live_server
from tests.compat.azureml.overlay import environment, pip_install, run
from tests.compat.environments import ROOT

OURS = ("runyard", "azureml-core", "azureml-mlflow")
INSTALLED = """
from importlib import metadata
for name in ("azureml-contrib-run", "azureml-core", "azureml-mlflow", "runyard"):
    print(name, metadata.version(name))
import azureml.core, runyard
print(azureml.core.VERSION)
print(runyard.__file__)
"""
USE_STORE = """
import mlflow
mlflow.set_tracking_uri("azureml://127.0.0.1:1/workspaces/x")
mlflow.search_experiments()
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


def test_uv_installs_from_the_index_and_a_mixture_is_refused(server: Client, python: Path) -> None:
    uv_install(python, "--index-url", index_of(server), "--no-deps", *OURS, "azureml-contrib-run")
    assert f"azureml-core {AZUREML_VERSION}" in run([str(python), "-c", INSTALLED])
    packages = next(python.parents[1].glob("lib/python*/site-packages"))
    described = packages / "azureml_train_core-1.57.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Name: azureml-train-core\nVersion: 1.57.0\n")
    (described / "RECORD").write_text("azureml/train/__init__.py,,\n")
    for statement in ("import azureml.core", "import azureml.mlflow", "from azureml.core import Workspace"):
        assert_names_the_mixture(python, statement, "azureml-train-core 1.57.0")
    told = failure(python, USE_STORE)
    assert "azureml-train-core 1.57.0" in told  # MLflow warns of it, and then knows no store for the scheme


def test_names_without_runyard_say_what_is_missing(server: Client, python: Path) -> None:
    uv_install(python, "--index-url", index_of(server), "--no-deps", "azureml-core", "azureml-mlflow")
    for statement in ("import azureml.core", "import azureml.mlflow"):
        assert "the package runyard that they need is not installed here" in failure(python, statement)


def test_genuine_package_over_ours_is_noticed_by_what_is_left_of_ours(
    server: Client, python: Path, tmp_path: Path
) -> None:
    uv_install(python, "--index-url", index_of(server), "--no-deps", *OURS)
    files = {"azureml/core/__init__.py": b"", "azureml/core/run.py": b"", "azureml/core/workspace.py": b""}
    genuine = pack("azureml-core", "1.57.0", files, {"METADATA": b"Name: azureml-core\nVersion: 1.57.0\n"})
    (tmp_path / genuine.filename).write_bytes(genuine.content)
    uv_install(python, "--no-deps", str(tmp_path / genuine.filename))
    assert_names_the_mixture(python, "import azureml.mlflow", "azureml-core 1.57.0")


def uv_install(python: Path, *arguments: str) -> None:
    uv = shutil.which("uv") or str(ROOT / ".cache" / "uv" / "bin" / "uv")
    run([uv, "pip", "install", "--no-cache", "--python", str(python), *arguments])


def assert_names_the_mixture(python: Path, statement: str, what: str) -> None:
    told = failure(python, statement)
    assert "MixedInstallation: The genuine Azure ML SDK is installed beside Runyard's names" in told
    assert what in told


def failure(python: Path, program: str) -> str:
    """The error output of a program that fails, with nothing but what is installed."""
    command = [str(python), "-E", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode != 0
    return done.stderr

"""Environments and what they install, without a server; with one in test_registered_environments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from runyard import CondaDependencies, Environment
from runyard.sdk.environment import described
from runyard.sdk.exceptions import UserErrorException


def test_create_has_what_is_given() -> None:
    made = CondaDependencies.create(
        conda_packages=["scikit-learn", "matplotlib"], pip_packages=["azureml-mlflow", "numpy"]
    )
    assert list(made.conda_packages) == ["scikit-learn", "matplotlib"]
    assert list(made.pip_packages) == ["azureml-mlflow", "numpy"]
    assert yaml.safe_load(made.serialize_to_string()) == {
        "name": "project_environment",
        "channels": ["conda-forge"],
        "dependencies": ["scikit-learn", "matplotlib", {"pip": ["azureml-mlflow", "numpy"]}],
    }


def test_without_pip_packages_there_is_what_runs_need() -> None:
    assert list(CondaDependencies.create().pip_packages) == ["azureml-defaults"]
    assert list(CondaDependencies().pip_packages) == ["azureml-defaults"]
    assert list(CondaDependencies.create(pip_packages=[]).pip_packages) == []


def test_packages_come_and_go_by_their_names() -> None:
    made = CondaDependencies.create(pip_packages=["NumPy==1.0"], python_version="3.11")
    made.add_pip_package("numpy==2.1")
    made.add_pip_package("pandas[excel]>=2")
    made.add_conda_package("scipy=1.14")
    made.remove_pip_package("Pandas")
    assert list(made.pip_packages) == ["numpy==2.1"]
    assert list(made.conda_packages) == ["python=3.11", "scipy=1.14"]
    made.set_python_version("3.12.1")
    made.remove_conda_package("scipy")
    assert made.python_version == "3.12.1" and list(made.conda_packages) == ["python=3.12.1"]
    made.add_channel("pytorch")
    made.remove_channel("conda-forge")
    assert list(made.conda_channels) == ["pytorch"]


def test_options_of_pip_are_kept_apart_from_packages() -> None:
    made = CondaDependencies.create(pip_indexurl="https://x/simple", pip_packages=["a"])
    made.set_pip_option("--pre")
    made.set_pip_index_url("https://y/simple")
    assert set(made.pip_options) == {"--pre", "--index-url https://y/simple"}
    made.remove_pip_option("--pre")
    made.remove_pip_index_url()
    assert list(made.pip_options) == [] and list(made.pip_packages) == ["a"]


@pytest.mark.parametrize("version", ["3", "3.11", "3.11.4"])
def test_versions_of_python_are_read_back(version: str) -> None:
    assert CondaDependencies.create(python_version=version).get_python_version() == version


def test_what_is_no_package_or_version_is_refused() -> None:
    made = CondaDependencies()
    with pytest.raises(UserErrorException, match="no version of Python"):
        made.set_python_version("three")
    with pytest.raises(UserErrorException, match="is no package"):
        made.add_pip_package("")


def test_requirements_are_merged() -> None:
    merged = CondaDependencies.merge_requirements(["a==1", "b", "A>0", "b<3"])
    assert merged == ["a==1,>0", "b<3"]


def test_a_conda_file_comes_and_goes(tmp_path: Path) -> None:
    made = CondaDependencies.create(pip_packages=["a"], python_version="3.11")
    path = made.save(tmp_path / "conda.yml")
    assert CondaDependencies(path) == made
    assert made.save_to_file(tmp_path) == "conda_dependencies.yml"
    environment = Environment.from_conda_specification("mine", path)
    assert environment.python.conda_dependencies == made
    by_attribute = Environment("other")
    by_attribute.python.conda_dependencies_file = path
    assert by_attribute.python.conda_dependencies == made
    with pytest.raises(UserErrorException, match="gone.yml cannot be read"):
        CondaDependencies(tmp_path / "gone.yml")


def test_a_requirements_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("--pre\nnumpy==2.1 # why\n")
    made = Environment.from_pip_requirements("mine", tmp_path / "requirements.txt")
    assert made.definition()["python"]["condaDependencies"]["dependencies"] == [
        {"pip": ["--pre", "numpy==2.1"]}
    ]


def test_sections_take_only_what_there_is() -> None:
    environment = Environment("mine")
    environment.docker.enabled = True
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = "/usr/bin/python3"
    environment.environment_variables = {"A": "1"}
    with pytest.raises(AttributeError, match="Environment has no attribute dockers"):
        environment.dockers = True
    with pytest.raises(AttributeError, match="DockerSection has no attribute image"):
        environment.docker.image = "x"
    assert environment.definition() == {
        "name": "mine",
        "python": {"userManagedDependencies": True, "interpreterPath": "/usr/bin/python3"},
        "docker": {"enabled": True},
        "environmentVariables": {"A": "1"},
    }


def test_text_and_repr_are_those_of_the_sdk() -> None:
    environment = Environment("mine")
    assert str(environment) == "Environment(Name: mine,\nVersion: None)"
    shown = json.loads(repr(environment))
    assert shown["python"]["condaDependencies"]["dependencies"] == [{"pip": ["azureml-defaults"]}]
    assert {"docker", "spark", "databricks", "environmentVariables"} <= set(shown)


def test_a_folder_holds_an_environment(tmp_path: Path) -> None:
    environment = Environment.from_dockerfile("mine", "FROM debian\nRUN true\n")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["a"])
    environment.save_to_directory(tmp_path / "env")
    assert sorted(file.name for file in (tmp_path / "env").iterdir()) == [
        "BaseDockerfile",
        "azureml_environment.json",
        "conda_dependencies.yml",
    ]
    assert Environment.load_from_directory(tmp_path / "env") == environment
    with pytest.raises(UserErrorException, match="overwrite=True"):
        environment.save_to_directory(tmp_path / "env")
    environment.save_to_directory(tmp_path / "env", overwrite=True)
    with pytest.raises(UserErrorException, match="cannot be read as an environment"):
        Environment.load_from_directory(tmp_path)


def test_a_clone_is_another_one_without_a_version() -> None:
    environment = Environment("mine", version="3")
    other = environment.clone("other")
    other.python.conda_dependencies.add_pip_package("a")
    assert (other.name, other.version) == ("other", None)
    assert list(environment.python.conda_dependencies.pip_packages) == ["azureml-defaults"]


def test_an_environment_of_which_nothing_was_said_is_told_apart() -> None:
    assert not described(Environment("any"))
    said = Environment("any")
    said.python.conda_dependencies.add_pip_package("a")
    assert described(said)


def test_an_image_is_used_as_it_is_unless_something_is_installed() -> None:
    plain = Environment.from_docker_image("mine", "python:3.11")
    assert plain.definition()["docker"] == {"enabled": True, "baseImage": "python:3.11"}
    assert plain.python.user_managed_dependencies


def test_without_conda_its_environments_cannot_be_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserErrorException, match="no conda"):
        Environment.from_existing_conda_environment("mine", "base")


def test_an_environment_of_conda_is_taken_with_its_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A program that answers as `conda env export` does."""
    program = tmp_path / "conda"
    program.write_text(
        "#!/bin/sh\n[ $4 = good ] || { echo no such environment >&2; exit 1; }\n"
        "printf 'name: good\\nchannels:\\n  - defaults\\ndependencies:\\n  - python=3.11.4\\n  - pip:\\n    - a==1\\nprefix: /opt/good\\n'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    made = Environment.from_existing_conda_environment("mine", "good")
    assert list(made.python.conda_dependencies.conda_packages) == ["python=3.11.4"]
    with pytest.raises(UserErrorException, match="no such environment"):
        Environment.from_existing_conda_environment("mine", "bad")

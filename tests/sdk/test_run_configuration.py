"""How a script is run, as files and as the definition that is submitted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from runyard import (
    CondaDependencies,
    DockerConfiguration,
    Environment,
    MpiConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
    ScriptRunConfig,
    TensorflowConfiguration,
)
from runyard.sdk.exceptions import RunConfigurationException, UserErrorException

OWN = {"userManagedDependencies": True, "interpreterPath": sys.executable}


def test_the_old_way_to_say_it() -> None:
    environment = Environment("experiment-env")
    environment.docker.enabled = True
    environment.python.conda_dependencies = CondaDependencies.create(
        conda_packages=["scikit-learn"], pip_packages=["azureml-mlflow"]
    )
    src = ScriptRunConfig(source_directory=".", script="train.py", arguments=["--alpha", 0.3, True])
    src.run_config.environment = environment
    src.run_config.target = "cpu-cluster"
    assert src.definition() == {
        "script": "train.py",
        "arguments": ["--alpha", "0.3", "True"],
        "environment": {
            "name": "experiment-env",
            "python": {
                "userManagedDependencies": False,
                "interpreterPath": "python",
                "condaDependencies": {
                    "name": "project_environment",
                    "channels": ["conda-forge"],
                    "dependencies": ["scikit-learn", {"pip": ["azureml-mlflow"]}],
                },
            },
            "docker": {"enabled": True},
        },
    }


def test_the_new_way_to_say_it() -> None:
    environment = Environment("mine")
    environment.environment_variables = {"A": "1"}
    src = ScriptRunConfig(
        ".",
        command=["python", "train.py", "--rate", 0.1],
        compute_target="cpu-cluster",
        environment=environment,
        max_run_duration_seconds=60,
        docker_runtime_config=DockerConfiguration(use_docker=True, shm_size="4g"),
    )
    found = src.definition()
    assert src.run_config.target == "cpu-cluster"
    assert found["command"] == ["python", "train.py", "--rate", "0.1"] and "script" not in found
    assert found["environment_variables"] == {"A": "1"} and found["max_seconds"] == 60
    assert found["environment"]["docker"] == {"shmSize": "4g"}


def test_on_this_machine_an_environment_of_which_nothing_was_said_is_this_python() -> None:
    assert ScriptRunConfig(".", "a.py").definition()["environment"]["python"] == OWN
    managed = ScriptRunConfig(".", "a.py")
    managed.run_config.environment.python.user_managed_dependencies = True
    assert managed.definition()["environment"]["python"] == OWN
    elsewhere = ScriptRunConfig(".", "a.py", compute_target="x").definition()["environment"]["python"]
    assert elsewhere["condaDependencies"]["dependencies"] == [{"pip": ["azureml-defaults"]}]


@pytest.mark.parametrize(
    ("job", "nodes", "processes", "communicator"),
    [
        (MpiConfiguration(process_count_per_node=2, node_count=3), 3, 2, "Mpi"),
        (PyTorchConfiguration(process_count=8, node_count=2), 2, 4, "PyTorch"),
        (PyTorchConfiguration(communication_backend="Gloo", node_count=2), 2, 1, "PyTorch"),
        (TensorflowConfiguration(worker_count=3, parameter_server_count=0), 3, 1, "TensorFlow"),
    ],
)
def test_several_processes(job: Any, nodes: int, processes: int, communicator: str) -> None:
    found = ScriptRunConfig(".", "a.py", compute_target="x", distributed_job_config=job).definition()
    shape = (found["node_count"], found.get("process_count", 1), found["communicator"])
    assert shape == (nodes, processes, communicator)


def test_several_processes_the_old_way() -> None:
    config = RunConfiguration(communicator="IntelMpi", framework="Python")
    config.node_count, config.mpi.process_count_per_node = 2, 4
    found = ScriptRunConfig(".", "a.py", run_config=config).definition()
    assert (found["node_count"], found["process_count"], found["communicator"]) == (2, 4, "Mpi")


def test_resources_folders_and_limits_are_told() -> None:
    config = RunConfiguration()
    config.resources.gpu, config.resources.memory_in_gb = 2, 1.5
    config.history.directories_to_watch = ["./logs", "user_logs/"]
    found = ScriptRunConfig(".", "a.py", run_config=config).definition()
    assert found["resources"] == {"memory_mb": 1536, "gpus": 2}
    assert found["watch"] == ["logs", "user_logs"]
    config.history.output_collection = False
    assert ScriptRunConfig(".", "a.py", run_config=config).definition()["outputs"] == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"arguments": [object()]}, "not a object"),
        ({"command": "ls"}, "not both"),
        ({"resume_from": "x"}, "resume_from"),
        ({"distributed_job_config": PyTorchConfiguration(process_count=3, node_count=2)}, "evenly"),
        ({"distributed_job_config": TensorflowConfiguration(2, 1)}, "Parameter servers"),
        ({"distributed_job_config": "mpi"}, "give an MpiConfiguration"),
        ({"compute_target": 3}, "compute target or its name"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(UserErrorException, match=why):
        ScriptRunConfig(".", "a.py", **change).definition()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("data_references", {"a": object()}, "nothing is mounted"),
        ("framework", "PySpark", "'PySpark' is not supported"),
        ("communicator", "Smoke", "'Smoke' is not known"),
    ],
)
def test_what_would_be_passed_over_is_refused(name: str, value: object, why: str) -> None:
    config = RunConfiguration()
    setattr(config, name, value)
    with pytest.raises(UserErrorException, match=why):
        ScriptRunConfig(".", "a.py", run_config=config).definition()


def test_commands_may_be_one_text() -> None:
    assert ScriptRunConfig(".", command="python 'a b.py'").definition()["command"] == ["python", "a b.py"]
    shell = ScriptRunConfig(".", command="a && b").definition()["command"]
    assert shell == ["sh", "-c", "a && b"]


def test_a_configuration_is_a_file(tmp_path: Path) -> None:
    config = RunConfiguration(script="a.py", arguments=["--x", 1])
    config.target, config.node_count = "cpu-cluster", 2
    config.environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["a"])
    config.environment_variables = {"A": "1"}
    path = config.save(tmp_path, "mine")
    assert path == tmp_path / ".azureml" / "mine.runconfig"
    text = yaml.safe_load(path.read_text())
    assert (text["target"], text["nodeCount"], text["maxRunDurationSeconds"]) == ("cpu-cluster", 2, 2592000)
    assert text["history"]["directoriesToWatch"] == ["logs"]
    assert RunConfiguration.load(tmp_path, "mine") == config
    assert RunConfiguration.load(path) == config
    RunConfiguration.delete(tmp_path, "mine")
    with pytest.raises(RunConfigurationException, match="no run configuration 'mine'"):
        RunConfiguration.load(tmp_path, "mine")


def test_a_file_of_azure_is_read(tmp_path: Path) -> None:
    (tmp_path / "aml_config").mkdir()
    (tmp_path / "aml_config" / "docker.runconfig").write_text(
        "script: train.py\narguments: []\nframework: Python\ncommunicator: None\ntarget: cpu\n"
        "maxRunDurationSeconds:\nnodeCount: 1\nenvironment:\n  name: project\n  python:\n    userManagedDependencies: false\n"
        "    interpreterPath: python\n    condaDependencies:\n      dependencies:\n      - python=3.11\n      - pip:\n        - x\n"
        "  environmentVariables:\n  docker: {enabled: true, baseImage: , arguments: }\nhdi:\n  yarnDeployMode: cluster\n"
    )
    found = RunConfiguration.load(tmp_path, "docker")
    assert (found.script, found.target, found.environment.docker.enabled) == ("train.py", "cpu", True)
    assert list(found.environment.python.conda_dependencies.pip_packages) == ["x"]
    assert found.environment.definition()["docker"] == {"enabled": True}


def test_only_attributes_that_there_are_can_be_set() -> None:
    with pytest.raises(AttributeError, match="RunConfiguration has no attribute enviroment"):
        RunConfiguration().enviroment = 1

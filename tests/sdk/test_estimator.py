"""Estimators of Azure ML as the script run configurations that they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from runyard import Environment, Experiment
from runyard.sdk.estimator import Estimator, PyTorch, SKLearn
from runyard.sdk.exceptions import TrainingException
from runyard.sdk.run_configuration import MpiConfiguration


def packages(estimator: Estimator) -> list[str]:
    return list(estimator.conda_dependencies.pip_packages)


def test_parameters_are_arguments_and_packages_are_installed() -> None:
    made = PyTorch(
        source_directory=".",
        entry_script="train.py",
        compute_target="gpu-cluster",
        script_params={"--rate": 0.1, "--fast": ""},
        node_count=2,
        process_count_per_node=2,
        use_gpu=True,
        pip_packages=["numpy"],
        framework_version="2.5.1",
        environment_variables={"A": "1"},
        max_run_duration_seconds=60,
    )
    found = made.definition()
    assert (found["script"], found["arguments"]) == ("train.py", ["--rate", "0.1", "--fast"])
    assert (found["node_count"], found["process_count"], found["communicator"]) == (2, 2, "Mpi")
    assert found["resources"] == {"gpus": 1} and found["max_seconds"] == 60
    assert found["environment_variables"] == {"A": "1"}
    assert packages(made) == ["azureml-defaults", "torch==2.5.1", "torchvision", "numpy"]
    assert made.run_config.target == "gpu-cluster"


def test_files_and_environments_say_what_is_installed(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("scikit-learn==1.5.2\n")
    made = SKLearn(tmp_path, entry_script="a.py", pip_requirements_file="r.txt", compute_target="x")
    assert "scikit-learn==1.5.2" in packages(made) and made.source_directory == str(tmp_path)
    own = Environment("own")
    own.python.user_managed_dependencies = True
    assert Estimator(".", entry_script="a.py", environment_definition=own).run_config.environment is own
    several = Estimator(".", entry_script="a.py", distributed_training=MpiConfiguration(4), node_count=3)
    assert several.definition()["process_count"] == 4 and several.definition()["node_count"] == 3


def test_what_is_not_supported_says_so() -> None:
    with pytest.raises(TrainingException, match="entry_script"):
        Estimator(".")
    with pytest.raises(TrainingException, match="Dataset.get_by_name"):
        Estimator(".", entry_script="a.py", inputs=[object()])
    with pytest.warns(UserWarning, match="vm_size"):
        Estimator(".", entry_script="a.py", vm_size="STANDARD_NC6")


def test_one_is_submitted(experiment: Experiment, place: Path) -> None:
    (place / "a.py").write_text("print('trained')")
    run = experiment.submit(Estimator(place, entry_script="a.py", user_managed=True))
    assert run.wait_for_completion()["status"] == "Completed"

"""Every name of Azure ML's SDK that exists is Runyard's; those of later releases say when they come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.compat.environments import ROOT

SOURCES = [ROOT / "src", *(ROOT / "compat" / "azureml").glob("*/src")]
ERRORS = (
    *("AzureMLException", "ActivityFailedException", "AuthenticationException", "ComputeTargetException"),
    *("DatasetTimestampMissingError", "DiscoveryUrlNotFoundException", "ExperimentExecutionException"),
    *("ModelNotFoundException", "ModelPathNotFoundException", "ProjectSystemException"),
    *("RunConfigurationException", "RunEnvironmentException", "SnapshotException", "TrainingException"),
    *("UserErrorException", "WebserviceException", "WorkspaceException"),
)
# module, name → the module of Runyard that its class or function is from
SAME = {
    ("azureml.core", "Experiment"): "runyard.sdk.experiment",
    ("azureml.core", "Run"): "runyard.sdk.run",
    ("azureml.core", "get_run"): "runyard.sdk.run",
    ("azureml.core", "Dataset"): "runyard.sdk.dataset",
    ("azureml.core", "Datastore"): "runyard.sdk.datastore",
    ("azureml.core", "Keyvault"): "runyard.sdk.keyvault",
    ("azureml.core", "Model"): "runyard.sdk.model",
    ("azureml.core.experiment", "Experiment"): "runyard.sdk.experiment",
    ("azureml.core.run", "Run"): "runyard.sdk.run",
    ("azureml.core.run", "get_run"): "runyard.sdk.run",
    ("azureml.core.dataset", "Dataset"): "runyard.sdk.dataset",
    ("azureml.core.datastore", "Datastore"): "runyard.sdk.datastore",
    ("azureml.core.keyvault", "Keyvault"): "runyard.sdk.keyvault",
    ("azureml.core.model", "Model"): "runyard.sdk.model",
    ("azureml.widgets", "RunDetails"): "runyard.sdk.run_widget",
    ("azureml.core.compute_target", "ComputeTargetException"): "runyard.sdk.exceptions",
    ("azureml.core.compute_target", "ComputeTarget"): "runyard.sdk.compute_target",
    ("azureml.core", "ComputeTarget"): "runyard.sdk.compute_target",
    ("azureml.core", "ContainerRegistry"): "runyard.sdk.environment_sections",
    ("azureml.core", "Environment"): "runyard.sdk.environment",
    ("azureml.core", "RunConfiguration"): "runyard.sdk.run_configuration",
    ("azureml.core", "ScriptRun"): "runyard.sdk.script_run",
    ("azureml.core", "ScriptRunConfig"): "runyard.sdk.script_run_config",
    ("azureml.core.environment", "Environment"): "runyard.sdk.environment",
    ("azureml.core.environment", "CondaDependencies"): "runyard.sdk.conda_dependencies",
    **{
        ("azureml.core.environment", f"{part}Section"): "runyard.sdk.environment_sections"
        for part in ("Databricks", "Docker", "Python", "Spark")
    },
    ("azureml.core.conda_dependencies", "CondaDependencies"): "runyard.sdk.conda_dependencies",
    **{
        ("azureml.core.runconfig", f"{part}Configuration"): "runyard.sdk.run_configuration"
        for part in ("Run", "Mpi", "PyTorch", "Tensorflow", "Docker", "History", "AmlCompute")
    },
    ("azureml.core.resource_configuration", "ResourceConfiguration"): "runyard.sdk.run_configuration",
    ("azureml.core.script_run", "ScriptRun"): "runyard.sdk.script_run",
    ("azureml.core.script_run_config", "ScriptRunConfig"): "runyard.sdk.script_run_config",
    ("azureml.core.compute", "ComputeTarget"): "runyard.sdk.compute_target",
    **{
        ("azureml.core.compute", f"{kind}Compute"): "runyard.sdk.compute_kinds"
        for kind in ("Local", "Ray", "Remote", "Slurm")
    },
    ("azureml.core.compute", "AmlCompute"): "runyard.sdk.compute_kinds",
    ("azureml.train.estimator", "Estimator"): "runyard.sdk.estimator",
    ("azureml.train.dnn", "PyTorch"): "runyard.sdk.estimator",
    ("azureml.train.dnn", "TensorFlow"): "runyard.sdk.estimator",
    ("azureml.train.dnn", "Mpi"): "runyard.sdk.run_configuration",
    ("azureml.train.sklearn", "SKLearn"): "runyard.sdk.estimator",
    ("azureml.train.hyperdrive", "HyperDriveConfig"): "runyard.sdk.hyperdrive",
    ("azureml.train.hyperdrive", "HyperDriveRunConfig"): "runyard.sdk.hyperdrive",
    ("azureml.train.hyperdrive", "HyperDriveRun"): "runyard.sdk.hyperdrive",
    **{
        ("azureml.train.hyperdrive", f"{kind}ParameterSampling"): "runyard.sdk.hyperdrive_space"
        for kind in ("Grid", "Random", "Bayesian")
    },
    **{
        ("azureml.train.hyperdrive", name): "runyard.sdk.hyperdrive_space"
        for name in (
            "BanditPolicy",
            "MedianStoppingPolicy",
            "PrimaryMetricGoal",
            "choice",
            "uniform",
            "loguniform",
        )
    },
    ("azureml.data", "FileDataset"): "runyard.sdk.dataset_file",
    ("azureml.data", "TabularDataset"): "runyard.sdk.dataset_tabular",
    ("azureml.data.file_dataset", "FileDataset"): "runyard.sdk.dataset_file",
    ("azureml.data.tabular_dataset", "TabularDataset"): "runyard.sdk.dataset_tabular",
    ("azureml.data.data_reference", "DataReference"): "runyard.sdk.data_reference",
    **{("azureml.exceptions", name): "runyard.sdk.exceptions" for name in ERRORS},
}
OURS = (
    *(("azureml.core", "VERSION"), ("azureml.core", "Workspace"), ("azureml.core.workspace", "Workspace")),
    *(
        ("azureml.core.authentication", f"{kind}Authentication")
        for kind in ("Abstract", "ArmToken", "AzureCli")
    ),
    *(("azureml.core.authentication", f"{kind}Authentication") for kind in ("InteractiveLogin", "Msi")),
    ("azureml.core.authentication", "ServicePrincipalAuthentication"),
)
LATER = (
    *(("azureml.core", name) for name in ("Image", "Webservice")),
    *(("azureml.core.compute", name) for name in ("AksCompute", "KubernetesCompute")),
    *(("azureml.core.image", "ContainerImage"), ("azureml.core.model", "InferenceConfig")),
    ("azureml.core.webservice", "AciWebservice"),
)
LOOK = """
import importlib, json, sys
found = {}
for module, name in json.load(sys.stdin):
    try:
        thing = getattr(importlib.import_module(module), name)
        found[f"{module}.{name}"] = getattr(thing, "__module__", repr(thing))
    except Exception as exc:
        found[f"{module}.{name}"] = f"{type(exc).__name__}: {exc}"
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    names = [*SAME, *OURS, *LATER, ("azureml.core", "Nonsense")]
    answer: dict[str, str] = json.loads(python(LOOK, json.dumps(names)))
    return answer


def python(program: str, said: str = "") -> str:
    """What a program prints that has the sources of Azure ML's names on its path."""
    path = os.pathsep.join(str(source) for source in SOURCES)
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(
        command, input=said, env=environment, capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.mark.parametrize(("module", "name"), SAME)
def test_name_is_that_of_runyard(found: dict[str, str], module: str, name: str) -> None:
    assert found[f"{module}.{name}"] == SAME[(module, name)]


@pytest.mark.parametrize(("module", "name"), OURS)
def test_name_is_there(found: dict[str, str], module: str, name: str) -> None:
    assert "Error" not in found[f"{module}.{name}"]


@pytest.mark.parametrize(("module", "name"), LATER)
def test_name_of_a_later_release_says_so(found: dict[str, str], module: str, name: str) -> None:
    assert found[f"{module}.{name}"].startswith(f"ImportError: {module}")
    assert "arrives with a later release" in found[f"{module}.{name}"]


def test_other_names_are_ordinary_attribute_errors(found: dict[str, str]) -> None:
    said = "AttributeError: module 'azureml.core' has no attribute 'Nonsense'"
    assert found["azureml.core.Nonsense"] == said


def test_statement_of_scripts_says_when_it_comes() -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        python("from azureml.core import Workspace, Webservice")
    assert "ImportError: azureml.core.Webservice is not in Runyard" in caught.value.stderr
    assert "building images and deploying models arrives with a later release" in caught.value.stderr


def test_workspace_is_runyards_with_another_tracking_uri() -> None:
    told = python(
        "import azureml.core, runyard\n"
        "from runyard.sdk.workspace_record import WorkspaceRecord\n"
        "print(issubclass(azureml.core.Workspace, runyard.Workspace), runyard.Workspace.tracking_scheme,\n"
        "      azureml.core.Workspace.tracking_scheme, WorkspaceRecord.public is azureml.core.Workspace)\n"
    )
    assert told.split() == ["True", "runyard", "azureml", "True"]


def test_without_azureml_mlflow_the_uri_is_one_that_mlflow_knows() -> None:
    told = python(
        "import sys\n"
        "sys.path = [one for one in sys.path if not one.endswith('azureml-mlflow/src')]\n"
        "import azureml.core\n"
        "print(azureml.core.Workspace.tracking_scheme)\n"
    )
    assert told.strip() == "runyard"


def test_authentication_gives_the_token_that_it_was_given() -> None:
    told = python(
        "from azureml.core.authentication import *\n"
        "from runyard.sdk.authentication import token_of\n"
        "print(token_of(ServicePrincipalAuthentication('t', 'id', 'ry_secret')),\n"
        "      token_of(ArmTokenAuthentication('ry_other')), token_of(InteractiveLoginAuthentication(tenant_id='t')),\n"
        "      token_of(MsiAuthentication()), token_of(AzureCliAuthentication()))\n"
    )
    assert told.split() == ["ry_secret", "ry_other", "None", "None", "None"]

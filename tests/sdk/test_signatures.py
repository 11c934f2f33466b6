"""Names, order and defaults of the parameters that scripts of Azure ML use. What we add comes after them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from runyard.sdk.compute_kinds import AmlCompute, RemoteCompute
from runyard.sdk.compute_target import ComputeTarget
from runyard.sdk.conda_dependencies import CondaDependencies
from runyard.sdk.environment import Environment
from runyard.sdk.experiment import Experiment
from runyard.sdk.run import Run
from runyard.sdk.run_configuration import MpiConfiguration, PyTorchConfiguration
from runyard.sdk.script_run_config import ScriptRunConfig
from runyard.sdk.workspace import Workspace

NEEDED = inspect.Parameter.empty
Wanted = Mapping[str, Any]

SIGNATURES: list[tuple[Callable[..., Any], Wanted]] = [
    (Workspace.__init__, {"subscription_id": NEEDED, "resource_group": NEEDED, "workspace_name": NEEDED, "auth": None}),
    (Workspace.from_config, {"path": None, "auth": None, "_logger": None, "_file_name": None}),
    (Workspace.get, {"name": NEEDED, "auth": None, "subscription_id": None, "resource_group": None}),
    (
        Workspace.create,
        {
            "name": NEEDED, "auth": None, "subscription_id": None, "resource_group": None, "location": None,
            "create_resource_group": True, "sku": "basic", "friendly_name": None, "storage_account": None,
            "key_vault": None, "app_insights": None, "container_registry": None, "cmk_keyvault": None,
            "resource_cmk_uri": None, "hbi_workspace": False, "default_cpu_compute_target": None,
            "default_gpu_compute_target": None, "exist_ok": False, "show_output": True,
        },
    ),
    (Workspace.list, {"subscription_id": NEEDED, "auth": None, "resource_group": None}),
    (Workspace.write_config, {"path": None, "file_name": None}),
    (Workspace.delete, {"delete_dependent_resources": False, "no_wait": False}),
    (Workspace.get_details, {}),
    (Workspace.get_mlflow_tracking_uri, {"with_auth": True}),
    (Workspace.get_run, {"run_id": NEEDED}),
    (Workspace.sync_keys, {}),
    (Workspace.list_keys, {}),
    (Experiment.__init__, {"workspace": NEEDED, "name": NEEDED}),
    (Experiment.submit, {"config": NEEDED, "tags": None}),
    (Experiment.get_runs, {"type": None, "tags": None, "properties": None, "include_children": False}),
    (Experiment.list, {"workspace": NEEDED, "experiment_name": None, "view_type": "ActiveOnly", "tags": None}),
    (Experiment.reactivate, {"new_name": None}),
    (Experiment.delete, {"workspace": NEEDED, "experiment_id": NEEDED}),
    (Experiment.get_portal_url, {}),
    (Run.__init__, {"experiment": NEEDED, "run_id": NEEDED, "outputs": None}),
    (Run.get, {"workspace": NEEDED, "run_id": NEEDED}),
    (Run.get_context, {"allow_offline": True}),
    (Run.get_metrics, {"name": None, "recursive": False, "run_type": None, "populate": False}),
    (Run.get_details, {}),
    (Run.get_details_with_logs, {}),
    (Run.get_all_logs, {"destination": None}),
    (Run.get_status, {}),
    (Run.wait_for_completion, {"show_output": False, "wait_post_processing": False, "raise_on_error": True}),
    (Run.get_portal_url, {}),
    (Run.log, {"name": NEEDED, "value": NEEDED, "description": "", "step": None}),
    (Run.log_list, {"name": NEEDED, "value": NEEDED, "description": ""}),
    (Run.log_row, {"name": NEEDED, "description": None}),
    (Run.log_table, {"name": NEEDED, "value": NEEDED, "description": ""}),
    (Run.log_image, {"name": NEEDED, "path": None, "plot": None, "description": ""}),
    (Run.log_confusion_matrix, {"name": NEEDED, "value": NEEDED, "description": ""}),
    (Run.log_accuracy_table, {"name": NEEDED, "value": NEEDED, "description": ""}),
    (Run.log_residuals, {"name": NEEDED, "value": NEEDED, "description": ""}),
    (Run.log_predictions, {"name": NEEDED, "value": NEEDED, "description": ""}),
    (Run.upload_file, {"name": NEEDED, "path_or_stream": NEEDED}),
    (Run.upload_files, {"names": NEEDED, "paths": NEEDED, "return_artifacts": False, "timeout_seconds": None}),
    (Run.upload_folder, {"name": NEEDED, "path": NEEDED}),
    (Run.download_file, {"name": NEEDED, "output_file_path": None}),
    (
        Run.download_files,
        {"prefix": None, "output_directory": None, "output_paths": None, "batch_size": 100, "append_prefix": True},
    ),
    (Run.get_file_names, {}),
    (Run.tag, {"key": NEEDED, "value": None}),
    (Run.set_tags, {"tags": NEEDED}),
    (Run.get_tags, {}),
    (Run.remove_tags, {"tags": NEEDED}),
    (Run.add_properties, {"properties": NEEDED}),
    (Run.get_properties, {}),
    (Run.child_run, {"name": None, "run_id": None, "outputs": None}),
    (Run.create_children, {"count": None, "tag_key": None, "tag_values": None}),
    (Run.get_children, {"recursive": False, "tags": None, "properties": None, "type": None, "status": None}),
    (Run.start, {}),
    (Run.complete, {"_set_status": True}),
    (Run.fail, {"error_details": None, "error_code": None}),
    (Run.cancel, {}),
    (Run.flush, {"timeout_seconds": 300}),
    (Run.submit_child, {"config": NEEDED, "tags": None}),
    (Run.restore_snapshot, {"snapshot_id": None, "path": None}),
    (Run.get_snapshot_id, {}),
    (Run.get_environment, {}),
    (Run.list_by_compute, {"compute": NEEDED, "type": None, "tags": None, "properties": None, "status": None}),
    (
        ScriptRunConfig.__init__,
        {
            "source_directory": None, "script": None, "arguments": None, "run_config": None, "_telemetry_values": None,
            "compute_target": None, "environment": None, "distributed_job_config": None, "resume_from": None,
            "max_run_duration_seconds": 2592000, "command": None, "docker_runtime_config": None,
        },
    ),
    (
        CondaDependencies.create,
        {
            "pip_indexurl": None, "pip_packages": None, "conda_packages": None, "python_version": None,
            "pin_sdk_version": True,
        },
    ),
    (Environment.get, {"workspace": NEEDED, "name": NEEDED, "version": None}),
    (Environment.list, {"workspace": NEEDED}),
    (Environment.register, {"workspace": NEEDED}),
    (Environment.from_conda_specification, {"name": NEEDED, "file_path": NEEDED}),
    (Environment.from_pip_requirements, {"name": NEEDED, "file_path": NEEDED}),
    (Environment.from_existing_conda_environment, {"name": NEEDED, "conda_environment_name": NEEDED}),
    (Environment.save_to_directory, {"path": NEEDED, "overwrite": False}),
    (Environment.load_from_directory, {"path": NEEDED}),
    (Environment.clone, {"new_name": NEEDED}),
    (Environment.build, {"workspace": NEEDED}),
    (ComputeTarget.create, {"workspace": NEEDED, "name": NEEDED, "provisioning_configuration": NEEDED}),
    (ComputeTarget.attach, {"workspace": NEEDED, "name": NEEDED, "attach_configuration": NEEDED}),
    (ComputeTarget.list, {"workspace": NEEDED}),
    (ComputeTarget.wait_for_completion, {"show_output": False}),
    (AmlCompute.wait_for_completion, {"show_output": False, "min_node_count": None, "timeout_in_minutes": 20}),
    (
        AmlCompute.provisioning_configuration,
        {
            "vm_size": "", "vm_priority": "dedicated", "min_nodes": 0, "max_nodes": None,
            "idle_seconds_before_scaledown": None, "admin_username": None, "admin_user_password": None,
            "admin_user_ssh_key": None, "vnet_resourcegroup_name": None, "vnet_name": None, "subnet_name": None,
            "tags": None, "description": None, "remote_login_port_public_access": "NotSpecified",
        },
    ),
    (
        RemoteCompute.attach_configuration,
        {
            "username": NEEDED, "address": NEEDED, "ssh_port": 22, "password": "", "private_key_file": "",
            "private_key_passphrase": "",
        },
    ),
    (MpiConfiguration.__init__, {"process_count_per_node": 1, "node_count": 1}),
    (PyTorchConfiguration.__init__, {"communication_backend": "Nccl", "process_count": None, "node_count": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("function", "wanted"), SIGNATURES, ids=lambda one: getattr(one, "__qualname__", ""))
def test_signature_begins_as_documented(function: Callable[..., Any], wanted: Wanted) -> None:
    parameters = inspect.signature(function).parameters
    plain = {
        name: one.default
        for name, one in parameters.items()
        if name != "self" and one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    }
    assert list(plain.items())[: len(wanted)] == list(wanted.items())
    assert NEEDED not in list(plain.values())[len(wanted) :]


def test_start_logging_takes_what_is_documented_by_name() -> None:
    parameters = inspect.signature(Experiment.start_logging).parameters
    defaults = {name: one.default for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY}
    assert defaults == {"outputs": None, "snapshot_directory": ".", "name": None, "run_id": None}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Workspace, "name subscription_id resource_group location sku service_context experiments compute_targets tags"),
        (Experiment, "id name archived_time tags portal_url"),
        (Run, "name type status tags properties parent input_datasets display_name description portal_url"),
    ],
)  # fmt: skip
def test_documented_properties_are_there(kind: type[Any], names: str) -> None:
    assert [name for name in names.split() if not isinstance(getattr(kind, name), property)] == []

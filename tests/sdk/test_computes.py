"""Compute targets from the SDK, against a real server."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from runyard import (
    AmlCompute,
    ComputeTarget,
    LocalCompute,
    RayCompute,
    RemoteCompute,
    SlurmCompute,
    Workspace,
)
from runyard.sdk.exceptions import ComputeTargetException, UserErrorException

_NUMBERS = itertools.count()


@pytest.fixture
def name() -> str:
    return f"compute-{next(_NUMBERS)}"


@pytest.fixture
def machine(ws: Workspace, name: str) -> ComputeTarget:
    made = LocalCompute.attach_configuration(
        jobs_at_once=2, server_url=ws.server, description="here", tags={"a": "1"}
    )
    return ComputeTarget.attach(ws, name, made)


def test_a_target_is_found_by_name_as_what_it_is(ws: Workspace, machine: ComputeTarget) -> None:
    found = ComputeTarget(ws, machine.name)
    assert found == machine and type(found) is LocalCompute and found.type == "Local"
    assert LocalCompute(ws, machine.name).settings == {"jobs_at_once": 2}
    assert machine in ComputeTarget.list(ws) and ws.compute_targets[machine.name] == machine
    assert (found.description, found.tags, found.is_attached) == ("here", {"a": "1"}, True)
    assert found.provisioning_state == "Succeeded" and found.provisioning_errors is None
    assert found.location == ws.location and found.id.endswith(f"/computes/{machine.name}")
    assert found.created_on.tzinfo is not None and found.modified_on >= found.created_on
    assert found.serialize()["properties"]["computeType"] == "Local"
    assert machine.name in repr(found) and "<table" in found._repr_html_()
    with pytest.raises(ComputeTargetException, match="is of type Local, not AmlCompute"):
        AmlCompute(ws, machine.name)


def test_one_that_is_not_there_says_so_in_the_words_of_the_sdk(ws: Workspace) -> None:
    said = "ComputeTargetNotFound: Compute Target with name nowhere not found in provided workspace"
    with pytest.raises(ComputeTargetException, match=said):
        ComputeTarget(workspace=ws, name="nowhere")


@pytest.mark.parametrize("reserved", ["local", "amlcompute", "containerinstance"])
def test_reserved_names_are_refused(ws: Workspace, reserved: str) -> None:
    with pytest.raises(UserErrorException, match="reserved"):
        ComputeTarget(ws, reserved)
    with pytest.raises(UserErrorException, match="reserved"):
        ComputeTarget.attach(ws, reserved, LocalCompute.attach_configuration())


def test_it_is_waited_for_in_the_words_of_the_sdk(
    machine: ComputeTarget, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.wait_for_completion(show_output=True)
    assert capsys.readouterr().out.splitlines() == [
        "Creating",
        "Succeeded",
        'Provisioning operation finished, operation "Succeeded"',
    ]
    assert machine.get_status() == "Succeeded"
    (node,) = machine.list_nodes()
    assert node["nodeState"] == node["state"] and node["cpus"] > 0


def test_it_is_stopped_started_and_deleted(ws: Workspace, machine: ComputeTarget) -> None:
    machine.stop()
    assert machine.state == "Stopped"
    machine.start()
    assert machine.state == "Running"
    machine.detach()
    with pytest.raises(ComputeTargetException):
        machine.refresh_state()


def test_a_pool_of_a_size(
    ws: Workspace, machine: ComputeTarget, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    size = {"compute": machine.name, "resources": {"cpus": 1, "memory_mb": 512}}
    ws.link.connection.put(f"/api/v1/compute-sizes/{name}-size", size)
    assert {"name": f"{name}-size", "vCPUs": 1, "gpus": 0, "memoryGB": 0.5, "maxResourceVolumeMB": 0} in (
        AmlCompute.supported_vmsizes(ws)
    )
    wanted = AmlCompute.provisioning_configuration(vm_size=f"{name}-size", max_nodes=2, description="small")
    pool = ComputeTarget.create(ws, f"{name}-pool", wanted)
    assert isinstance(pool, AmlCompute)
    pool.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=1)
    assert "AmlCompute wait for completion finished" in capsys.readouterr().out
    status = pool.get_status()
    scale = status.serialize()["scaleSettings"]
    assert scale == {"minNodeCount": 0, "maxNodeCount": 2, "nodeIdleTimeBeforeScaleDown": "PT120S"}
    assert (status.vm_size, status.allocation_state) == (f"{name}-size", "Steady")
    pool.update(max_nodes=1, idle_seconds_before_scaledown=60)
    assert pool.scale_settings.maximum_node_count == 1
    assert list(pool.get_active_runs()) == []
    with pytest.raises(ComputeTargetException, match="delete instead"):
        pool.detach()
    pool.delete()


def test_any_size_is_the_machine_where_nobody_logs_in(ws: Workspace, name: str) -> None:
    wanted = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", min_nodes=0, max_nodes=1)
    pool = ComputeTarget.create(ws, name, wanted)
    assert isinstance(pool, AmlCompute) and pool.vm_size == "STANDARD_D2_V2"
    pool.delete()


def test_what_has_no_meaning_here_is_said() -> None:
    with pytest.warns(UserWarning, match="admin_username, vnet_name"):
        AmlCompute.provisioning_configuration("small", admin_username="a", vnet_name="b")


def test_a_machine_that_does_not_answer_says_so(ws: Workspace, name: str) -> None:
    wanted = RemoteCompute.attach_configuration("nobody", "127.0.0.1", 1, password="very secret")
    assert "secret" not in repr(wanted)
    machine = ComputeTarget.attach(ws, name, wanted)
    assert isinstance(machine, RemoteCompute)
    assert (machine.address, machine.ssh_port, machine.username) == ("127.0.0.1", 1, "nobody")
    assert machine.provisioning_state == "Failed" and machine.provisioning_errors is not None
    with pytest.raises(ComputeTargetException, match="cannot be used"):
        machine.wait_for_completion()
    assert "secret" not in str(machine._record)
    machine.delete()


def test_clusters_are_described(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a key")
    slurm = SlurmCompute.attach_configuration(
        "ada", ["login1", "login2:2222"], private_key_file=tmp_path / "key", partition="gpu", max_running=4,
        groups=["vision"],
    )  # fmt: skip
    assert slurm.body("cluster") == {
        "name": "cluster",
        "kind": "slurm",
        "settings": {
            "hosts": [{"address": "login1", "port": 22}, {"address": "login2", "port": 2222}],
            "username": "ada",
            "partition": "gpu",
        },
        "credentials": {"private_key": "a key"},
        "limits": {"max_running": 4},
        "groups": ("vision",),
    }
    assert SlurmCompute.attach_configuration().body("here") == {"name": "here", "kind": "slurm"}
    ray = RayCompute.attach_configuration("http://127.0.0.1:8265", headers={"Authorization": "x"})
    assert ray.body("ray")["credentials"] == {"headers": {"Authorization": "x"}}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, "one of them"),
        ({"password": "a", "private_key_file": "b"}, "one of them"),
        ({"private_key_file": "gone"}, "cannot be read"),
        ({"password": "a", "max_jobs": 3}, "Unknown argument 'max_jobs'"),
    ],
)
def test_a_configuration_that_cannot_be_says_why(words: dict[str, object], why: str) -> None:
    with pytest.raises(ComputeTargetException, match=why):
        RemoteCompute.attach_configuration("ada", "host", **words)  # type: ignore[arg-type]


def test_what_is_no_configuration_or_taken_is_refused(ws: Workspace, machine: ComputeTarget) -> None:
    with pytest.raises(ComputeTargetException, match="A configuration is needed"):
        ComputeTarget.create(ws, "any", "STANDARD_D2_V2")  # type: ignore[arg-type]
    with pytest.raises(ComputeTargetException, match=machine.name):
        ComputeTarget.attach(ws, machine.name, LocalCompute.attach_configuration())


def test_the_default_targets_have_names(other: Workspace) -> None:
    assert other.get_default_compute_target("CPU") is None
    made = LocalCompute.attach_configuration(server_url=other.server)
    machine = ComputeTarget.attach(other, "cpu-cluster", made)
    assert other.get_default_compute_target("CPU") == machine

"""Requests to Ray's Jobs API and what it answers: pure, printable, without the token."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from runyard.engines.contracts import EngineRefused, Phase
from runyard.engines.ray.answers import RayJob, is_ghost, never_began, nodes_of, same_request, state_of
from runyard.engines.ray.http import RayHttp
from runyard.engines.ray.package import package
from runyard.engines.ray.request import JOB_VARIABLE, job_request, shown
from runyard.entities.compute import Node
from runyard.entities.compute_settings import RaySettings
from runyard.entities.job import Resources
from tests.engines.tickets import CODE, TOKEN, ticket

SETTINGS = RaySettings("http://127.0.0.1:8265")


def request(**changes: Any) -> dict[str, Any]:
    return dict(job_request(ticket(**changes), SETTINGS, "_ray_pkg_abc.zip"))


def job(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body["runtime_env"]["env_vars"][JOB_VARIABLE])
    return found


def test_the_token_is_not_recorded_by_ray_and_the_code_not_shown() -> None:
    body = request()
    assert TOKEN not in json.dumps(body) and job(body)["code"] == CODE
    assert CODE not in shown(body) and TOKEN not in shown(body)


def test_the_id_is_the_run_s() -> None:
    assert request()["submission_id"] == "runyard-train_1"
    with pytest.raises(EngineRefused, match="cannot be the name"):
        request(run_id="a/b")


def test_who_asks_for_nothing_gets_one_cpu() -> None:
    body = request()
    assert body["entrypoint_num_cpus"] == 1 and "entrypoint_num_gpus" not in body


def test_resources_of_one_node_are_the_entrypoint_s() -> None:
    body = request(resources=Resources(2, 1000, 1), options={"accelerator_type:A100": "0.001"})
    assert body["entrypoint_num_cpus"] == 2 and body["entrypoint_num_gpus"] == 1
    assert body["entrypoint_memory"] == 1000 * 1024 * 1024
    assert body["entrypoint_resources"] == {"accelerator_type:A100": 0.001}


def test_several_nodes_are_asked_for_by_the_driver() -> None:
    body = request(node_count=2, resources=Resources(cpus=2, gpus=1))
    assert not any(name.startswith("entrypoint_") for name in body)
    assert job(body)["nodes"] == {"count": 2, "each": {"CPU": 2, "GPU": 1}}


@pytest.mark.parametrize("options", [{"x": "y"}, {"x": "-1"}, {"x": "nan"}, {"x": "inf"}, {"a b": "1"}])
def test_options_of_a_size_are_resources_of_the_cluster(options: dict[str, str]) -> None:
    with pytest.raises(EngineRefused, match="resource of the cluster"):
        request(options=options)


def test_the_same_runner_is_the_same_package() -> None:
    name, content = package(b"runner")
    assert (name, content) == package(b"runner") and name != package(b"other")[0]
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert names == ["runner.pyz", "runyard_driver.py", "runyard_nodes.py"]


@pytest.mark.parametrize(
    ("told", "phase", "code"),
    [
        ({"status": "PENDING"}, Phase.WAITING, ""),
        ({"status": "RUNNING"}, Phase.RUNNING, ""),
        ({"status": "SUCCEEDED"}, Phase.ENDED, ""),
        ({"status": "STOPPED"}, Phase.ENDED, "Canceled"),
        ({"status": "FAILED", "driver_exit_code": 3}, Phase.ENDED, ""),
        ({"status": "FAILED", "error_type": "JOB_SUPERVISOR_ACTOR_DIED"}, Phase.ENDED, "NodeLost"),
        ({"status": "FAILED", "error_type": "RUNTIME_ENV_SETUP_FAILURE"}, Phase.ENDED, "EngineError"),
        ({"status": "FAILED", "message": "Task was killed due to OutOfMemory"}, Phase.ENDED, "OutOfMemory"),
        (
            {"status": "FAILED", "message": "The actor died because its node has died."},
            Phase.ENDED,
            "NodeLost",
        ),
        ({"status": "FAILED"}, Phase.ENDED, "EngineError"),
    ],
)
def test_each_state_is_told_apart(told: dict[str, Any], phase: Phase, code: str) -> None:
    state = state_of(RayJob(**told))
    assert (state.phase, state.code) == (phase, code)


@pytest.mark.parametrize(
    ("code", "expected"), [(3, (3, None)), (-9, (None, 9)), (143, (None, 15)), (0, (0, None))]
)
def test_exit_codes_and_signals(code: int, expected: tuple[int | None, int | None]) -> None:
    state = state_of(RayJob("FAILED", driver_exit_code=code))
    assert (state.exit_code, state.signal) == expected


def test_what_ray_gave_up_while_it_waited_can_be_asked_for_again() -> None:
    body = request()
    known = {name: value for name, value in body.items() if name in RayJob.__struct_fields__}
    given_up = RayJob("FAILED", error_type="JOB_SUPERVISOR_ACTOR_START_TIMEOUT", **known)
    assert never_began(given_up) and same_request(given_up) == body
    assert not never_began(RayJob("FAILED", driver_exit_code=1, error_type="JOB_ENTRYPOINT_COMMAND_ERROR"))


def test_ghosts_of_removed_jobs_are_known() -> None:
    ghost = RayJob("FAILED", "runyard-train_1", "Entrypoint not found.")
    assert is_ghost(ghost) and not is_ghost(RayJob("FAILED", "raysubmit_1", "Entrypoint not found."))


def test_nodes_count_the_jobs_on_them() -> None:
    rows = [
        {
            "node_id": "a",
            "node_ip": "10.0.0.1",
            "state": "ALIVE",
            "resources_total": {"CPU": 8.0, "memory": 2**30},
        },
        {
            "node_id": "b",
            "node_ip": "10.0.0.2",
            "state": "ALIVE",
            "resources_total": {"CPU": 4.0, "GPU": 2.0},
        },
        {"node_id": "c", "node_ip": "10.0.0.3", "state": "DEAD", "resources_total": {}},
    ]
    listed = {"data": {"result": {"result": rows}}}
    assert nodes_of(
        listed, [RayJob("RUNNING", driver_node_id="b"), RayJob("SUCCEEDED", driver_node_id="a")]
    ) == [
        Node("10.0.0.1", "idle", 8, 1024, 0, 0),
        Node("10.0.0.2", "running", 4, 0, 2, 1),
        Node("10.0.0.3", "unusable"),
    ]


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("ftp://x", {}),
        ("http://", {}),
        ("http://user:x@host", {}),
        ("http://host:port", {}),
        ("http://host", {"A": "b\r\nC: d"}),
        ("http://host", {"A": "ü"}),
    ],
)
def test_addresses_and_headers_are_checked(address: str, headers: dict[str, str]) -> None:
    with pytest.raises(EngineRefused):
        RayHttp(address, headers, lambda host, port: None)  # type: ignore[arg-type, return-value]

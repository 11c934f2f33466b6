"""Runs over HTTP, below both prefixes: create, get, update, delete, restore."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from tests.api.live_server import UNKNOWN_EXPERIMENT, UNKNOWN_RUN, Client

NOT_FOUND = (404, "RESOURCE_DOES_NOT_EXIST")
INVALID = (400, "INVALID_PARAMETER_VALUE")
BAD = (400, "BAD_REQUEST")


def get(api: Client, run: str) -> Any:
    return api.ok("GET", "runs/get", run_id=run)["run"]


def tags_of(run: Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}


def test_create_answers_the_whole_run(api: Client) -> None:
    experiment = api.experiment()
    fields = {"experiment_id": experiment, "user_id": "ada", "run_name": "n", "start_time": 1_000}
    run = api.ok("POST", "runs/create", **fields, tags=[{"key": "t", "value": "v"}])["run"]
    info = run["info"]
    assert re.fullmatch("[0-9a-f]{32}", info["run_id"]) and info["run_uuid"] == info["run_id"]
    assert info["artifact_uri"] == f"mlflow-artifacts:/{experiment}/{info['run_id']}/artifacts"
    assert (info["status"], info["lifecycle_stage"], info["start_time"]) == ("RUNNING", "active", 1_000)
    assert (info["user_id"], info["run_name"], info["experiment_id"]) == ("ada", "n", experiment)
    assert "end_time" not in info
    assert tags_of(run) == {"t": "v", "mlflow.runName": "n"}


def test_create_finds_a_name_when_none_is_given(api: Client) -> None:
    run = get(api, api.run())
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", run["info"]["run_name"])
    assert tags_of(run)["mlflow.runName"] == run["info"]["run_name"]


def test_create_takes_the_name_from_the_tag(api: Client) -> None:
    run = api.run(tags=[{"key": "mlflow.runName", "value": "from the tag"}])
    assert get(api, run)["info"]["run_name"] == "from the tag"


def test_create_puts_artifacts_below_the_experiment(api: Client) -> None:
    run = api.run(api.experiment(artifact_location="s3://bucket/e"))
    assert get(api, run)["info"]["artifact_uri"] == f"s3://bucket/e/{run}/artifacts"


def test_create_with_an_id_of_the_clients_choice_makes_one_run(api: Client) -> None:
    experiment, run_id = api.experiment(), uuid.uuid4().hex
    fields = {"experiment_id": experiment, "run_id": run_id, "run_name": "n"}
    made = api.ok("POST", "runs/create", **fields)["run"]
    assert made["info"]["run_id"] == run_id
    api.ok("POST", "runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)
    again = api.ok("POST", "runs/create", **fields)["run"]
    assert again["info"] == made["info"] and again["data"]["metrics"][0]["value"] == 1
    other = api.fails("POST", "runs/create", **{**fields, "experiment_id": api.experiment()})
    assert other == (400, "RESOURCE_ALREADY_EXISTS")
    for bad in ("x", "A" * 32, "a" * 31):
        assert api.fails("POST", "runs/create", **{**fields, "run_id": bad}) == INVALID


def test_create_refuses(api: Client) -> None:
    experiment = api.experiment()
    two_names = {"run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]}
    twice = [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]
    for fields, expected in (
        ({}, BAD),
        ({"experiment_id": "x"}, INVALID),
        ({"experiment_id": UNKNOWN_EXPERIMENT}, NOT_FOUND),
        ({"experiment_id": experiment, "start_time": "soon"}, INVALID),
        ({"experiment_id": experiment, "start_time": 2**63}, INVALID),
        ({"experiment_id": experiment, "start_time": 1.5}, INVALID),
        ({"experiment_id": experiment, "run_name": 7.5}, INVALID),
        ({"experiment_id": experiment, "run_name": "a\x00b"}, INVALID),
        ({"experiment_id": experiment, **two_names}, INVALID),
        ({"experiment_id": experiment, "tags": twice}, BAD),
        ({"experiment_id": experiment, "tags": {"k": "v"}}, INVALID),
    ):
        assert api.fails("POST", "runs/create", **fields) == expected, fields


def test_create_refuses_a_deleted_experiment(api: Client) -> None:
    experiment = api.experiment()
    api.ok("POST", "experiments/delete", experiment_id=experiment)
    assert api.fails("POST", "runs/create", experiment_id=experiment) == INVALID


@pytest.mark.parametrize("name", ["run_id", "run_uuid", "runId"])
def test_get_accepts_every_name_of_the_id(api: Client, name: str) -> None:
    run = api.run()
    assert api.ok("GET", "runs/get", **{name: run})["run"]["info"]["run_id"] == run


def test_get_has_inputs_and_outputs_even_when_empty(api: Client) -> None:
    run = get(api, api.run())
    assert (run["inputs"], run["outputs"]) == ({}, {})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, INVALID),
        ({"run_id": ""}, INVALID),
        ({"run_id": UNKNOWN_RUN}, NOT_FOUND),
        ({"run_id": "../0/artifacts"}, NOT_FOUND),
        ({"run_id": "x" * 5_000}, NOT_FOUND),
        ({"run_id": "a\x00b"}, NOT_FOUND),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_get_refuses(api: Client, fields: dict[str, str], expected: tuple[int, str]) -> None:
    assert api.fails("GET", "runs/get", **fields) == expected


def test_update_sets_status_end_and_name(api: Client) -> None:
    run = api.run(start_time=1)
    answer = api.ok("POST", "runs/update", run_id=run, status="FINISHED", end_time=9, run_name="done")
    assert list(answer) == ["run_info"]
    info = answer["run_info"]
    assert (info["status"], info["start_time"], info["end_time"], info["run_name"]) == (
        "FINISHED",
        1,
        9,
        "done",
    )
    stored = get(api, run)
    assert stored["info"] == info
    assert tags_of(stored)["mlflow.runName"] == "done"


@pytest.mark.parametrize(
    ("status", "text"), [("RUNNING", "RUNNING"), (2, "SCHEDULED"), ("4", "FAILED"), ("KILLED", "KILLED")]
)
def test_update_takes_a_status_by_name_or_number(api: Client, status: Any, text: str) -> None:
    assert api.ok("POST", "runs/update", run_id=api.run(), status=status)["run_info"]["status"] == text


def test_update_ignores_an_empty_name(api: Client) -> None:
    run = api.run(run_name="kept")
    assert api.ok("POST", "runs/update", run_id=run, run_name="")["run_info"]["run_name"] == "kept"


def test_a_repeated_update_changes_nothing(api: Client) -> None:
    run = api.run()
    one, two = (api.ok("POST", "runs/update", run_id=run, status="FINISHED", end_time=5) for _ in range(2))
    assert one == two


def test_update_refuses(api: Client) -> None:
    run = api.run()
    for fields, expected in (
        ({"status": "FINISHED"}, INVALID),
        ({"run_id": UNKNOWN_RUN, "status": "FINISHED"}, NOT_FOUND),
        ({"run_id": run, "status": "DREAMING"}, INVALID),
        ({"run_id": run, "status": 9}, INVALID),
        ({"run_id": run, "end_time": "later"}, INVALID),
        ({"run_id": run, "end_time": 2**63}, INVALID),
        ({"run_id": run, "run_name": []}, INVALID),
    ):
        assert api.fails("POST", "runs/update", **fields) == expected, fields


def test_delete_and_restore_may_be_repeated(api: Client) -> None:
    run = api.run()
    for verb, stage in (("delete", "deleted"), ("restore", "active")):
        for _ in range(2):
            assert api.ok("POST", f"runs/{verb}", run_id=run) == {}
            assert get(api, run)["info"]["lifecycle_stage"] == stage


@pytest.mark.parametrize("verb", ["delete", "restore"])
def test_delete_and_restore_refuse(api: Client, verb: str) -> None:
    assert api.fails("POST", f"runs/{verb}") == INVALID
    assert api.fails("POST", f"runs/{verb}", run_id=UNKNOWN_RUN) == NOT_FOUND


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("update", {"status": "FINISHED"}),
        ("log-metric", {"key": "m", "value": 1, "timestamp": 1}),
        ("log-parameter", {"key": "p", "value": "1"}),
        ("set-tag", {"key": "t", "value": "1"}),
        ("delete-tag", {"key": "mlflow.runName"}),
        ("log-batch", {"metrics": [{"key": "m", "value": 1, "timestamp": 1}]}),
    ],
)
def test_a_deleted_run_takes_nothing(api: Client, path: str, fields: dict[str, Any]) -> None:
    run = api.run()
    api.ok("POST", "runs/delete", run_id=run)
    answer = api.call("POST", f"runs/{path}", {"run_id": run, **fields})
    assert (answer.status, answer.json()["error_code"]) == INVALID
    assert "must be in the 'active' state" in answer.json()["message"]

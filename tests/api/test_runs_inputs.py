"""What a run read and wrote over HTTP, below both prefixes: log-inputs, outputs, log-model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.live_server import UNKNOWN_RUN, Client

NOT_FOUND = (404, "RESOURCE_DOES_NOT_EXIST")
INVALID = (400, "INVALID_PARAMETER_VALUE")
DATASET = {"name": "iris", "digest": "abc123", "source_type": "local", "source": "{}"}
MODEL = {"artifact_path": "m", "flavors": {}, "utc_time_created": "2026-01-01 00:00:00", "run_id": "r"}
INCOMPLETE = [json.dumps({key: MODEL[key] for key in MODEL if key != left_out}) for left_out in MODEL]


def get(api: Client, run: str) -> Any:
    return api.ok("GET", "runs/get", run_id=run)["run"]


def model(api: Client, experiment: str) -> str:
    made = api.ok("POST", "logged-models", experiment_id=experiment)["model"]
    return str(made["info"]["model_id"])


def test_a_dataset_is_stored_with_its_tags_once(api: Client) -> None:
    run = api.run()
    one = {"dataset": DATASET, "tags": [{"key": "mlflow.data.context", "value": "training"}]}
    for _ in range(2):
        assert api.ok("POST", "runs/log-inputs", run_id=run, datasets=[one]) == {}
    assert get(api, run)["inputs"]["dataset_inputs"] == [one]


def test_a_dataset_keeps_schema_and_profile(api: Client) -> None:
    run = api.run()
    full = {**DATASET, "schema": '{"a": 1}', "profile": "p" * 100_000}
    api.ok("POST", "runs/log-inputs", run_id=run, datasets=[{"dataset": full}])
    assert get(api, run)["inputs"]["dataset_inputs"][0]["dataset"] == full


def test_models_are_inputs_and_outputs(api: Client) -> None:
    experiment = api.experiment()
    run, made = api.run(experiment), model(api, experiment)
    assert api.ok("POST", "runs/log-inputs", run_id=run, models=[{"model_id": made}]) == {}
    assert api.ok("POST", "runs/outputs", run_id=run, models=[{"model_id": made, "step": 7}]) == {}
    found = get(api, run)
    assert [one["model_id"] for one in found["inputs"]["model_inputs"]] == [made]
    assert found["outputs"]["model_outputs"] == [{"model_id": made, "step": 7}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"run_id": None},
        {"datasets": [{}]},
        {"datasets": [{"dataset": {}}]},
        {"datasets": [{"dataset": {**DATASET, "name": ""}}]},
        {"datasets": [{"dataset": {**DATASET, "digest": ""}}]},
        {"datasets": [{"dataset": {**DATASET, "name": "n" * 501}}]},
        {"datasets": [{"dataset": {**DATASET, "digest": "d" * 37}}]},
        {"datasets": [{"dataset": {**DATASET, "source": "s" * 65_536}}]},
        {"datasets": [{"dataset": DATASET, "tags": [{"key": "k" * 256, "value": "v"}]}]},
        {"datasets": [{"dataset": DATASET, "tags": [{"key": "k", "value": "v" * 501}]}]},
        {"datasets": {"dataset": DATASET}},
        {"models": [{}]},
        {"models": [{"model_id": None}]},
    ],
    ids=lambda wrong: repr(wrong)[:80],
)
def test_log_inputs_refuses(api: Client, wrong: dict[str, Any]) -> None:
    assert api.fails("POST", "runs/log-inputs", **{"run_id": api.run(), **wrong}) == INVALID


@pytest.mark.parametrize(
    "wrong",
    [{"run_id": None}, {"models": [{}]}, {"models": [{"model_id": "m", "step": "x"}]}, {"models": 1}],
    ids=repr,
)
def test_outputs_refuses(api: Client, wrong: dict[str, Any]) -> None:
    assert api.fails("POST", "runs/outputs", **{"run_id": api.run(), **wrong}) == INVALID


@pytest.mark.parametrize("path", ["runs/log-inputs", "runs/outputs"])
def test_unknown_runs_are_not_found(api: Client, path: str) -> None:
    assert api.fails("POST", path, run_id=UNKNOWN_RUN, models=[{"model_id": "m-x"}]) == NOT_FOUND


def test_log_model_appends_to_the_history_tag(api: Client) -> None:
    run = api.run()
    for path in ("a", "b"):
        text = json.dumps({**MODEL, "artifact_path": path, "run_id": run})
        assert api.ok("POST", "runs/log-model", run_id=run, model_json=text) == {}
    tags = {tag["key"]: tag["value"] for tag in get(api, run)["data"]["tags"]}
    history = json.loads(tags["mlflow.log-model.history"])
    assert [one["artifact_path"] for one in history] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [None, "", "{", "[]", "1", "{}", "[" * 20_000, *INCOMPLETE],
    ids=lambda text: repr(text)[:40],
)
def test_log_model_refuses(api: Client, text: str | None) -> None:
    assert api.fails("POST", "runs/log-model", run_id=api.run(), model_json=text) == INVALID


def test_log_model_needs_a_run(api: Client) -> None:
    assert api.fails("POST", "runs/log-model", model_json=json.dumps(MODEL)) == INVALID
    assert api.fails("POST", "runs/log-model", run_id=UNKNOWN_RUN, model_json=json.dumps(MODEL)) == NOT_FOUND

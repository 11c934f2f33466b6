"""Logged models: create, finalize, read, tag, delete."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest

from runyard.errors import BadRequest
from tests.api.logged_model_server import RUN, Measured, Models, logged_model_server

UNKNOWN = "m-" + "0" * 32


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    with logged_model_server(tmp_path_factory.mktemp("data")) as models:
        yield models


@pytest.fixture
def experiment(models: Models, request: pytest.FixtureRequest) -> str:
    return models.experiment(request.node.name)


def test_a_new_model_is_pending_and_has_its_artifacts_below_the_experiment(
    models: Models, experiment: str
) -> None:
    made = models.create(
        experiment,
        name="net",
        model_type="Agent",
        source_run_id=RUN,
        params=[{"key": "p", "value": "1"}],
        tags=[{"key": "t", "value": "1"}],
    )
    info = made["info"]
    assert re.fullmatch(r"m-[0-9a-f]{32}", info["model_id"])
    assert info["artifact_uri"] == f"mlflow-artifacts:/{experiment}/models/{info['model_id']}/artifacts"
    assert (info["status"], info["source_run_id"], info["model_type"]) == (
        "LOGGED_MODEL_PENDING",
        RUN,
        "Agent",
    )
    assert info["tags"] == [{"key": "t", "value": "1"}]
    assert made["data"] == {"params": [{"key": "p", "value": "1"}]}
    assert models.model(info["model_id"]) == made


def test_a_model_without_name_gets_a_random_one_and_empty_texts(models: Models, experiment: str) -> None:
    made = models.create(experiment)
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", made["info"]["name"])
    assert (made["info"]["model_type"], made["info"]["source_run_id"], made["data"]) == ("", "", {})


def test_an_id_of_choice_makes_one_model_however_often_it_is_asked_for(
    models: Models, experiment: str
) -> None:
    chosen = "m-" + uuid.uuid4().hex
    made = models.create(experiment, model_id=chosen, name="net")
    assert made["info"]["model_id"] == chosen
    assert models.create(experiment, model_id=chosen, name="another") == made
    body = {"experiment_id": models.experiment("elsewhere"), "model_id": chosen}
    taken = models.call("POST", "", body)
    assert (taken.status, taken.json["error_code"]) == (400, "RESOURCE_ALREADY_EXISTS")


@pytest.mark.parametrize(
    "chosen", ["m-1", "0" * 32, "m-" + "A" * 32, "m-" + "0" * 33, "", "m-/../" + "0" * 28]
)
def test_an_id_of_another_form_is_refused(models: Models, experiment: str, chosen: str) -> None:
    answer = models.call("POST", "", {"experiment_id": experiment, "model_id": chosen})
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b", " ", "n" * 501, "a\0b"])
def test_a_name_that_no_uri_could_hold_is_refused(models: Models, experiment: str, name: str) -> None:
    answer = models.call("POST", "", {"experiment_id": experiment, "name": name})
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_a_model_in_an_unknown_experiment_is_refused(models: Models) -> None:
    answer = models.call("POST", "", {"experiment_id": "987654321"})
    assert (answer.status, answer.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize("status", ["LOGGED_MODEL_READY", 2])
def test_finalizing_sets_the_status(models: Models, experiment: str, status: str | int) -> None:
    model_id = models.create(experiment)["info"]["model_id"]
    answer = models.call("PATCH", f"/{model_id}", {"model_id": model_id, "status": status})
    assert answer.json["model"]["info"]["status"] == "LOGGED_MODEL_READY"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"status": 2}, "model_id"),
        ({"model_id": "x"}, "status"),
        ({"model_id": "x", "status": "NO"}, "status"),
    ],
)
def test_finalizing_with_a_bad_body_names_the_field(
    models: Models, experiment: str, fields: dict[str, object], named: str
) -> None:
    model_id = models.create(experiment)["info"]["model_id"]
    answer = models.call("PATCH", f"/{model_id}", fields)
    assert answer.status == 400
    assert f"'{named}'" in answer.json["message"]


def test_tags_are_overwritten_and_deleted_once(models: Models, experiment: str) -> None:
    model_id = models.create(experiment, tags=[{"key": "t", "value": "1"}])["info"]["model_id"]
    tags = [{"key": "t", "value": "2"}, {"key": "a/b", "value": "3"}]
    assert models.call("PATCH", f"/{model_id}/tags", {"model_id": model_id, "tags": tags}).json == {}
    assert models.model(model_id)["info"]["tags"] == sorted(tags, key=lambda tag: tag["key"])
    assert models.call("DELETE", f"/{model_id}/tags/a%2Fb").json == {}
    assert models.call("DELETE", f"/{model_id}/tags/a%2Fb").status == 404


def test_a_param_is_set_once_and_a_refused_batch_leaves_nothing(models: Models, experiment: str) -> None:
    model_id = models.create(experiment, params=[{"key": "p", "value": "1"}])["info"]["model_id"]
    batch = {"model_id": model_id, "params": [{"key": "q", "value": "2"}, {"key": "p", "value": "1"}]}
    refused = models.call("POST", f"/{model_id}/params", batch)
    assert (refused.status, refused.json["error_code"]) == (400, "BAD_REQUEST")
    assert models.model(model_id)["data"]["params"] == [{"key": "p", "value": "1"}]


def test_a_deleted_model_is_read_only_when_allowed_and_changed_never(models: Models, experiment: str) -> None:
    model_id = models.create(experiment, name="gone")["info"]["model_id"]
    assert models.call("DELETE", f"/{model_id}").json == {}
    assert models.call("DELETE", f"/{model_id}").json == {}
    assert models.call("GET", f"/{model_id}").status == 404
    assert models.call("GET", f"/{model_id}?allow_deleted=true").json["model"]["info"]["name"] == "gone"
    assert models.call("PATCH", f"/{model_id}/tags", {"tags": [{"key": "t"}]}).status == 404
    assert models.found(experiment) == []


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("PATCH", "", {"model_id": UNKNOWN, "status": 2}),
        ("PATCH", "/tags", {"tags": [{"key": "t"}]}),
        ("POST", "/params", {"model_id": UNKNOWN, "params": [{"key": "q"}]}),
    ],
)
def test_an_unknown_model_is_not_found(
    models: Models, method: str, path: str, fields: dict[str, object] | None
) -> None:
    answer = models.call(method, f"/{UNKNOWN}{path}", fields)
    assert (answer.status, answer.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize(
    ("points", "latest"),
    [
        ([(1.0, 5, 1), (2.0, 9, 0)], 1.0),
        ([(1.0, 5, 0), (2.0, 6, 0)], 2.0),
        ([(1.0, 5, 0), (0.5, 5, 0)], 1.0),
        ([(5.0, 1, 0), (float("nan"), 1, 0)], 5.0),
        ([(-1.0, 1, 0), (float("nan"), 1, 0)], "NaN"),
        ([(float("inf"), 1, 0)], 1.7976931348623157e308),
    ],
)
def test_a_metric_keeps_its_latest_value_by_step_then_time_then_value(
    models: Models, experiment: str, points: list[tuple[float, int, int]], latest: float | str
) -> None:
    together, apart = (models.create(experiment)["info"]["model_id"] for _ in range(2))
    models.measure(*(Measured(together, value=v, timestamp=ms, step=step) for v, ms, step in points))
    for value, ms, step in points:
        models.measure(Measured(apart, value=value, timestamp=ms, step=step))
    for model_id in (together, apart):
        assert [metric["value"] for metric in models.model(model_id)["data"]["metrics"]] == [latest]


def test_metrics_of_several_runs_and_datasets_stand_side_by_side(models: Models, experiment: str) -> None:
    model_id = models.create(experiment)["info"]["model_id"]
    models.measure(Measured(model_id), Measured(model_id, dataset_name="d", dataset_digest="x"))
    models.measure(Measured(model_id), run="f" * 32)
    plain = {"key": "acc", "value": 0.5, "timestamp": 1, "step": 0, "model_id": model_id}
    assert models.model(model_id)["data"]["metrics"] == [
        {**plain, "run_id": RUN},
        {**plain, "run_id": RUN, "dataset_name": "d", "dataset_digest": "x"},
        {**plain, "run_id": "f" * 32},
    ]


def test_metrics_of_an_unknown_model_are_refused_and_nothing_is_kept(models: Models, experiment: str) -> None:
    model_id = models.create(experiment)["info"]["model_id"]
    with pytest.raises(BadRequest, match=UNKNOWN):
        models.measure(Measured(model_id), Measured(UNKNOWN))
    assert models.model(model_id)["data"] == {}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/m%00"), ("DELETE", "/m%00"), ("DELETE", "/m/tags/a%00")]
)
def test_a_nul_in_an_id_is_refused(models: Models, method: str, path: str) -> None:
    assert models.call(method, path).status == 400


def test_a_nul_in_the_model_of_a_metric_is_refused(models: Models) -> None:
    with pytest.raises(BadRequest):
        models.measure(Measured("m\0"))

"""Logged models: search, order, pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.logged_model_server import RUN, Measured, Models, logged_model_server


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    with logged_model_server(tmp_path_factory.mktemp("data")) as models:
        yield models


@pytest.fixture(scope="module")
def experiment(models: Models) -> str:
    """Three models: a READY with acc 0.9 on d/x, b with acc 0.1, c without metrics."""
    made = models.experiment("searched")
    ids = {
        name: models.create(made, name=name, params=[{"key": "p", "value": name}])["info"]["model_id"]
        for name in "abc"
    }
    models.call("PATCH", f"/{ids['a']}", {"model_id": ids["a"], "status": "LOGGED_MODEL_READY"})
    models.measure(Measured(ids["a"], value=0.9, dataset_name="d", dataset_digest="x"))
    models.measure(Measured(ids["b"], value=0.1))
    other = models.experiment("other")
    models.create(other, name="elsewhere")
    return made


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ("", "abc"),
        ("name = 'b'", "b"),
        ("attributes.name LIKE 'a%'", "a"),
        ("metrics.acc > 0.5", "a"),
        ("metrics.acc > 0", "ab"),
        ("params.p IN ('a', 'c')", "ac"),
        ("status = 'READY'", "a"),
        ("creation_timestamp > 0", "abc"),
        (f"source_run_id = '{RUN}'", ""),
    ],
)
def test_a_filter_finds_its_models(models: Models, experiment: str, filter: str, names: str) -> None:
    assert sorted(models.found(experiment, filter=filter)) == list(names)


def test_a_page_tells_all_that_belongs_to_each_model(models: Models, experiment: str) -> None:
    found = models.call("POST", "/search", {"experiment_ids": [experiment]}).json["models"]
    assert found == [models.model(model["info"]["model_id"]) for model in found]


@pytest.mark.parametrize(
    ("datasets", "names"),
    [
        ([{"dataset_name": "d", "dataset_digest": "x"}], "a"),
        ([{"dataset_name": "d"}], "a"),
        ([{"dataset_name": "d", "dataset_digest": "y"}], ""),
    ],
)
def test_datasets_restrict_metric_clauses(
    models: Models, experiment: str, datasets: list[dict[str, str]], names: str
) -> None:
    assert models.found(experiment, datasets=datasets, filter="metrics.acc > 0") == list(names)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ({"field_name": "metrics.acc"}, "bac"),
        ({"field_name": "metrics.acc", "ascending": False}, "abc"),
        ({"field_name": "metrics.acc", "dataset_name": "d", "ascending": False}, "a"),
        ({"field_name": "name", "ascending": False}, "cba"),
    ],
)
def test_an_order_holds_with_missing_metrics_last(
    models: Models, experiment: str, order: dict[str, Any], names: str
) -> None:
    assert "".join(models.found(experiment, order_by=[order])).startswith(names)


def test_pages_hold_every_model_once(models: Models, experiment: str) -> None:
    names: list[str] = []
    fields: dict[str, Any] = {"experiment_ids": [experiment], "max_results": 1}
    for _ in range(3):
        page = models.call("POST", "/search", fields).json
        names += [model["info"]["name"] for model in page["models"]]
        fields["page_token"] = page.get("next_page_token")
    assert (sorted(names), fields["page_token"]) == (list("abc"), None)


def test_a_token_of_another_query_is_refused(models: Models, experiment: str) -> None:
    token = models.call("POST", "/search", {"experiment_ids": [experiment], "max_results": 1}).json
    fields = {"page_token": token["next_page_token"], "filter": "name = 'a'"}
    assert models.call("POST", "/search", {"experiment_ids": [experiment], **fields}).status == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"experiment_ids": []},
        {"max_results": -1},
        {"max_results": 50_001},
        {"page_token": "zzz"},
        {"filter": "name = 'a' OR name = 'b'"},
        {"filter": "foo = 'x'"},
        {"filter": "metrics.acc = 'x'"},
        {"filter": "metrics.acc LIKE 'x'"},
        {"filter": "params.p IS NULL"},
        {"order_by": ["name"]},
        {"order_by": [{"field_name": "foo"}]},
        {"order_by": [{"field_name": "name"}, {"field_name": "name"}]},
        {"datasets": [{"dataset_digest": "x"}]},
    ],
)
def test_a_search_that_makes_no_sense_is_refused(
    models: Models, experiment: str, fields: dict[str, Any]
) -> None:
    answer = models.call("POST", "/search", {"experiment_ids": [experiment], **fields})
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")

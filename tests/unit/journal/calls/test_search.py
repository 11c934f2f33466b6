"""Searches in memory: the same order, pages and refusals as the server's."""

from __future__ import annotations

import itertools
import math
import threading
from typing import Any

import pytest

from runyard.client.journal.calls import search
from runyard.client.journal.run_state import RunState
from runyard.entities.common import Stage, Tag
from runyard.entities.run import Dataset, DatasetInput, RunStatus
from runyard.errors import InvalidInput, StorageUnavailable
from runyard.wire.mlflow.experiments import SearchExperiments
from runyard.wire.mlflow.logged_models import (
    LoggedModelData,
    LoggedModelInfo,
    LoggedModelMessage,
    ModelMetricMessage,
    SearchDataset,
    SearchLoggedModels,
    SearchOrder,
)
from runyard.wire.mlflow.runs import SearchRuns


def run(name: str, start_ms: int, experiment: str = "1", **columns: Any) -> RunState:
    tags = {"mlflow.runName": name, **columns.pop("tags", {})}
    return RunState(name, experiment, f"runyard://{name}", start_ms=start_ms, tags=tags, **columns)


RUNS = [
    run("a", 1, latest={"m": (0, 0, 1.0), "m.max": (0, 0, 9.0)}, params={"p": "x"}),
    run("b", 3, latest={"m": (0, 0, math.nan)}, status=RunStatus.FINISHED, end_ms=9),
    run("c", 2, latest={"m": (0, 0, 3.0)}, tags={"t": "Yes"}, inputs=[
        DatasetInput(Dataset("d", "1", "local", "{}"), [Tag("mlflow.data.context", "train")])
    ]),
    run("gone", 9, stage=Stage.DELETED),
    run("elsewhere", 9, experiment="2"),
]  # fmt: skip


def names(**fields: Any) -> list[str]:
    found = search.runs(RUNS, ["1"], SearchRuns(**fields))
    return [one.info.run_id for one in found["runs"]]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ["b", "c", "a"]),
        ({"run_view_type": 3}, ["gone", "b", "c", "a"]),
        ({"run_view_type": "deleted_only"}, ["gone"]),
        ({"filter": "metrics.m >= 1"}, ["c", "a"]),
        ({"filter": "metrics.m != 1"}, ["b", "c"]),
        ({"filter": "metrics.m.max > 1"}, ["a"]),  # a metric of that name
        ({"filter": "metrics.m.last > 1 and tags.t ILIKE 'y%'"}, ["c"]),
        ({"filter": "params.p IS NULL and status = 'RUNNING'"}, ["c"]),
        ({"filter": "attributes.end_time > 1"}, ["b"]),
        ({"filter": "dataset.name = 'd' and dataset.context IN ('train')"}, ["c"]),
        ({"filter": "run_id IN ('a', 'gone')"}, ["a"]),
        ({"order_by": ["metrics.m DESC"]}, ["c", "a", "b"]),
        ({"order_by": ["tags.t", "start_time ASC"]}, ["c", "a", "b"]),
        ({"max_results": 1}, ["b"]),
    ],
)
def test_finds_the_runs_that_the_server_would(fields: dict[str, Any], found: list[str]) -> None:
    assert names(**fields) == found


@pytest.mark.parametrize(
    "fields",
    [{"filter": "metrics.`m`.min > 1"}, {"filter": "metrics.m.min > 1"}, {"order_by": ["metrics.m.mean"]}],
)
def test_what_is_in_no_journal_is_no_guess(fields: dict[str, Any]) -> None:
    with pytest.raises(StorageUnavailable, match="known to the server alone"):
        names(**fields)


def test_pages_join_and_belong_to_one_query() -> None:
    first = search.runs(RUNS, ["1"], SearchRuns(max_results=2))
    rest = search.runs(RUNS, ["1"], SearchRuns(max_results=2, page_token=first["next_page_token"]))
    assert [one.info.run_id for one in (*first["runs"], *rest["runs"])] == ["b", "c", "a"]
    assert "next_page_token" not in rest
    for token in (first["next_page_token"], "here-", "here-!", "here-gqFhAQ=="):
        with pytest.raises(InvalidInput, match="Invalid page token"):
            names(filter="metrics.m > 0", page_token=token)
    with pytest.raises(StorageUnavailable, match="next page"):
        names(page_token="a server's")


@pytest.mark.parametrize(
    "fields",
    [
        {"filter": "m > 1"},
        {"filter": "metrics.m > 'x'"},
        {"filter": "metrics.m > 1 OR metrics.m < 1"},
        {"order_by": ["nonsense"]},
        {"max_results": 0},
        {"max_results": 50_001},
        {"run_view_type": "some"},
    ],
)
def test_refuses_what_the_server_refuses(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        names(**fields)


def test_runs_may_be_logged_to_over_a_search() -> None:
    busy = run("busy", 1)
    ended = threading.Event()

    def log() -> None:
        for at in itertools.count():
            busy.point(f"m{at}", 1.0, 1, 1)
            busy.params[f"p{at}"] = busy.tags[f"t{at}"] = "x"
            if ended.is_set() or at > 20_000:
                return

    logging = threading.Thread(target=log)
    logging.start()
    try:
        for _ in range(10):
            assert len(search.runs([busy], ["1"], SearchRuns(filter="run_name = 'busy'"))["runs"]) == 1
    finally:
        ended.set()
        logging.join()


def test_experiments_by_name_tag_and_age() -> None:
    known: list[dict[str, Any]] = [
        {
            "experiment_id": "1",
            "name": "one",
            "creation_time": 5,
            "last_update_time": 5,
            "lifecycle_stage": "active",
        },
        {"experiment_id": "2", "name": "two", "creation_time": "7", "tags": [{"key": "a", "value": "b"}]},
        {"experiment_id": "3", "name": "gone", "creation_time": 9, "lifecycle_stage": "deleted"},
    ]

    def found(**fields: Any) -> list[str]:
        page = search.experiments(known, SearchExperiments(**fields))["experiments"]
        return [one["name"] for one in page]

    assert found() == ["two", "one"]
    assert found(view_type="ALL", order_by=["name"]) == ["gone", "one", "two"]
    assert found(filter="tags.a = 'b' and creation_time > 6") == ["two"]
    assert found(filter="name LIKE 'o%'") == found(filter="last_update_time = 5") == ["one"]
    assert found(filter="experiment_id = '2'") == ["two"]
    first = search.experiments(known, SearchExperiments(max_results=1))
    assert found(max_results=1, page_token=first["next_page_token"]) == ["one"]
    with pytest.raises(InvalidInput):
        found(filter="nonsense = 1")


def model(name: str, created_ms: int, *metrics: tuple[str, float, int, str | None]) -> LoggedModelMessage:
    info = LoggedModelInfo(name, "1", name, created_ms, created_ms, "", "LOGGED_MODEL_READY", "", "")
    told = [ModelMetricMessage(key, value, ms, 0, name, "r", on, on) for key, value, ms, on in metrics]
    return LoggedModelMessage(info, LoggedModelData([], told))


def test_models_by_metrics_on_datasets() -> None:
    known = [
        model("a", 1, ("acc", 0.5, 1, "train"), ("acc", 0.9, 2, "test")),
        model("b", 2, ("acc", 0.7, 1, "train")),
        model("c", 3),
    ]

    def found(**fields: Any) -> list[str]:
        page = search.models(known, ["1"], SearchLoggedModels(**fields))["models"]
        return [one.info.model_id for one in page]

    assert found() == ["c", "b", "a"]
    assert found(filter="metrics.acc > 0.6") == ["b", "a"]
    assert found(filter="metrics.acc > 0.6", datasets=[SearchDataset("train")]) == ["b"]
    assert found(datasets=[SearchDataset("test", "test")]) == ["a"]
    assert found(filter="status = 'READY' and name IN ('a', 'c')") == ["c", "a"]
    assert found(order_by=[SearchOrder("metrics.acc", False)]) == ["a", "b", "c"]
    assert found(order_by=[SearchOrder("metrics.acc", False, "train")]) == ["b", "a", "c"]
    assert found(order_by=[SearchOrder("creation_time")], max_results=2) == ["a", "b"]
    with pytest.raises(InvalidInput):
        found(order_by=[SearchOrder("name")] * 21)
    with pytest.raises(InvalidInput, match="experiment_ids"):
        search.models(known, [], SearchLoggedModels())

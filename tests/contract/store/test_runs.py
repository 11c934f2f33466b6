"""Runs: their life, their search and their inputs and outputs, on both databases."""

from __future__ import annotations

import json
import uuid

import pytest

from runyard.entities.common import Param, Stage, Tag, ViewType
from runyard.entities.run import Dataset, DatasetInput, MetricPoint, ModelEdge, NewRun, RunStatus
from runyard.errors import InvalidInput, NotFound
from tests.contract.store.stores import AWKWARD, Stores


def test_run_is_read_as_it_was_made(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run_id = stores.new_run(experiment, "first", [Tag("k", "v"), Tag("mlflow.user", "me")])
    run = stores.run(run_id)
    info = run["info"]
    assert (info["run_id"], info["run_name"], info["experiment_id"]) == (run_id, "first", str(experiment))
    assert (info["status"], info["lifecycle_stage"], info["start_time"]) == ("RUNNING", "active", 1_000)
    assert info["artifact_uri"].endswith(f"{experiment}/{run_id}/artifacts")
    assert stores.data(run_id, "tags") == {"k": "v", "mlflow.user": "me"}


def test_unknown_run_is_not_found(stores: Stores) -> None:
    nobody = uuid.uuid4().hex
    for work in (
        stores.runs.get(stores.workspace, nobody),
        stores.runs.log(stores.workspace, nobody, tags=[Tag("k", "v")]),
        stores.runs.update(stores.workspace, nobody, RunStatus.FINISHED, 1, None),
        stores.runs.set_stage(stores.workspace, nobody, Stage.DELETED),
        stores.runs.delete_tag(stores.workspace, nobody, "k"),
        stores.runs.log_inputs(stores.workspace, nobody, [], [ModelEdge("m-1")]),
        stores.runs.create(stores.workspace, NewRun(nobody, 2**62, "r", "u", 1, [])),
    ):
        with pytest.raises(NotFound):
            stores.do(work)


def test_run_of_another_workspace_is_not_found(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run_id = stores.new_run(experiment)
    stores.enter_new_workspace()
    with pytest.raises(NotFound):
        stores.run(run_id)
    with pytest.raises(NotFound):
        stores.log(run_id, tags=[Tag("k", "v")])
    assert stores.find_runs([experiment]) == []


def test_update_sets_what_is_given_and_again_changes_nothing(stores: Stores) -> None:
    run_id = stores.new_run()
    stores.do(stores.runs.update(stores.workspace, run_id, RunStatus.FINISHED, 2_000, None))
    for _ in range(2):
        stores.do(stores.runs.update(stores.workspace, run_id, None, None, "renamed"))
        info = stores.run(run_id)["info"]
        assert (info["status"], info["end_time"], info["run_name"]) == ("FINISHED", 2_000, "renamed")
    assert stores.data(run_id, "tags")["mlflow.runName"] == "renamed"


def test_deleted_run_is_read_but_not_written_until_it_is_restored(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run_id = stores.new_run(experiment)
    for _ in range(2):
        stores.do(stores.runs.set_stage(stores.workspace, run_id, Stage.DELETED))
    assert stores.run(run_id)["info"]["lifecycle_stage"] == "deleted"
    for rest in ({"tags": [Tag("k", "v")]}, {"params": [Param("k", "v")]}):
        with pytest.raises(InvalidInput, match="active"):
            stores.log(run_id, **rest)
    with pytest.raises(InvalidInput, match="active"):
        stores.log(run_id, MetricPoint("m", 1.0, 1))
    assert stores.find_runs([experiment]) == []
    assert stores.find_runs([experiment], view=ViewType.DELETED_ONLY) == [run_id]
    stores.do(stores.runs.set_stage(stores.workspace, run_id, Stage.ACTIVE))
    stores.log(run_id, MetricPoint("m", 1.0, 1))
    assert stores.find_runs([experiment]) == [run_id]


def test_batch_is_kept_whole_or_not_at_all(stores: Stores) -> None:
    run_id = stores.new_run()
    stores.log(run_id, params=[Param("p", "1")])
    with pytest.raises(InvalidInput):
        stores.log(run_id, MetricPoint("m", 1.0, 1), params=[Param("p", "2")], tags=[Tag("t", "1")])
    assert stores.data(run_id, "metrics") == {}
    assert stores.data(run_id, "tags") == {}
    assert stores.data(run_id, "params") == {"p": "1"}


def test_refused_batch_leaves_its_neighbours_of_the_same_moment_alone(stores: Stores) -> None:
    runs = [stores.new_run() for _ in range(20)]
    for run_id in runs:
        stores.log(run_id, params=[Param("p", "1")])
    answers = stores.at_once(
        *(
            stores.runs.log(
                stores.workspace,
                run_id,
                metrics=[MetricPoint("m", 1.0, 1)],
                params=[Param("p", "1" if number % 2 else "changed")],
            )
            for number, run_id in enumerate(runs)
        )
    )
    assert [type(answer) for answer in answers] == [InvalidInput, type(None)] * 10
    assert [bool(stores.data(run_id, "metrics")) for run_id in runs] == [False, True] * 10


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("metrics.m > 1", "cd"),
        ("metrics.m <= 1 and params.p = 'x'", "ab"),
        ("params.p != 'x'", "cd"),
        ("tags.t LIKE '%red%'", "ad"),
        ("tags.t ILIKE '%RED%'", "ad"),
        ("attributes.run_name LIKE '_'", "abcd"),
        ("status = 'FINISHED'", "b"),
        ("params.missing = '1'", ""),
    ],
)
def test_search_filters(stores: Stores, filter_string: str, found: str) -> None:
    experiment = stores.new_experiment()
    ids: dict[str, str] = {}
    for name, value, param, tag in (
        ("a", 0.0, "x", "red"),
        ("b", 1.0, "x", "blue"),
        ("c", 2.0, "y", "blue"),
        ("d", 3.0, "y", "dark red"),
    ):
        run_id = stores.new_run(experiment, name)
        ids[run_id] = name
        stores.log(run_id, MetricPoint("m", value, 1), params=[Param("p", param)], tags=[Tag("t", tag)])
        if name == "b":
            stores.do(stores.runs.update(stores.workspace, run_id, RunStatus.FINISHED, 1, None))
    assert {ids[run_id] for run_id in stores.find_runs([experiment], filter_string)} == set(found)


def test_search_orders_by_metrics_with_nan_and_missing_last(stores: Stores) -> None:
    experiment = stores.new_experiment()
    values = {"low": 1.0, "inf": float("inf"), "high": 2.0, "minus": float("-inf"), "nan": float("nan")}
    ids = {}
    for name in (*values, "none"):
        run_id = stores.new_run(experiment, name)
        ids[run_id] = name
        if name in values:
            stores.log(run_id, MetricPoint("m", values[name], 1))
    up = [ids[run_id] for run_id in stores.find_runs([experiment], order_by=["metrics.m"], size=2)]
    down = [ids[run_id] for run_id in stores.find_runs([experiment], order_by=["metrics.m DESC"], size=2)]
    assert up == ["minus", "low", "high", "inf", "nan", "none"]
    assert down == ["inf", "high", "low", "minus", "nan", "none"]


@pytest.mark.parametrize("order", [[], ["metrics.m"], ["params.p DESC"], ["start_time"], ["run_name"]])
def test_pages_show_each_run_once_while_others_are_written(stores: Stores, order: list[str]) -> None:
    experiment = stores.new_experiment()
    stay = [stores.new_run(experiment, f"n{number % 5}") for number in range(20)]
    leaving = [stores.new_run(experiment) for _ in range(40)]
    for number, run_id in enumerate(stay):
        stores.log(run_id, MetricPoint("m", number % 4, 1), params=[Param("p", str(number % 3))])

    def disturb() -> None:
        stores.log(stores.new_run(experiment, "n2"), MetricPoint("m", 1, 1), params=[Param("p", "1")])
        stores.do(stores.runs.set_stage(stores.workspace, leaving.pop(), Stage.DELETED))
        stores.log(stay[7], MetricPoint("other", 1, 1), tags=[Tag("k", uuid.uuid4().hex)])

    found = stores.find_runs([experiment], order_by=order, size=7, between_pages=disturb)
    assert len(found) == len(set(found))
    assert set(stay) <= set(found)


def test_search_shows_a_run_as_it_is_now_however_often_it_was_shown(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run_id = stores.new_run(experiment)
    for step in range(3):
        stores.log(run_id, MetricPoint("m", step, step, step))
        assert stores.find_runs([experiment], f"metrics.m = {step}") == [run_id]
        assert stores.data(run_id, "metrics") == {"m": (step, step, step)}


@pytest.mark.parametrize("name", AWKWARD)
def test_any_text_comes_back_and_is_found(stores: Stores, name: str) -> None:
    experiment = stores.new_experiment()
    run_id = stores.new_run(experiment, name)
    stores.log(run_id, MetricPoint(name, 1.0, 1), params=[Param(name, name)], tags=[Tag(name, name)])
    assert stores.run(run_id)["info"]["run_name"] == name
    for what in ("params", "tags"):
        assert stores.data(run_id, what)[name] == name
    assert name in stores.data(run_id, "metrics")
    if not set(name) & set("'\"\\\n`"):
        assert stores.find_runs([experiment], f'params."{name}" = "{name}"') == [run_id]


def test_same_inputs_are_kept_once(stores: Stores) -> None:
    run_id = stores.new_run()
    dataset = DatasetInput(
        Dataset("d", "1", "local", "{}", None, None), [Tag("mlflow.data.context", "training")]
    )
    for _ in range(2):
        stores.do(stores.runs.log_inputs(stores.workspace, run_id, [dataset], [ModelEdge("m-1", 0)]))
    inputs = stores.run(run_id)["inputs"]
    assert [one["dataset"]["name"] for one in inputs["dataset_inputs"]] == ["d"]
    assert [one["model_id"] for one in inputs["model_inputs"]] == ["m-1"]


def test_tag_that_holds_a_list_grows_by_one_item_each_time(stores: Stores) -> None:
    run_id = stores.new_run()
    for item in ({"a": 1}, {"b": "ü"}):
        stores.do(stores.runs.append_to_tag(stores.workspace, run_id, "log", item))
    assert json.loads(stores.data(run_id, "tags")["log"]) == [{"a": 1}, {"b": "ü"}]


def test_items_added_to_a_list_at_the_same_time_are_all_kept(stores: Stores, others: Stores) -> None:
    run_id = stores.new_run()
    writes = [
        (stores, others)[item % 2].runs.append_to_tag(stores.workspace, run_id, "log", item)
        for item in range(30)
    ]
    assert set(stores.at_once(*writes)) == {None}
    assert sorted(json.loads(stores.data(run_id, "tags")["log"])) == list(range(30))


def test_same_inputs_sent_at_the_same_time_are_kept_once(stores: Stores, others: Stores) -> None:
    run_id = stores.new_run()
    dataset = DatasetInput(Dataset("d", "1", "local", "{}", None, None))
    writes = [
        (stores, others)[number % 2].runs.log_inputs(
            stores.workspace, run_id, [dataset], [ModelEdge("m-1", 0)]
        )
        for number in range(10)
    ]
    assert set(stores.at_once(*writes)) == {None}
    inputs = stores.run(run_id)["inputs"]
    assert (len(inputs["dataset_inputs"]), len(inputs["model_inputs"])) == (1, 1)

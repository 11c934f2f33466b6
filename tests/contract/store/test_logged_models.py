"""Logged models, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from runyard.entities.common import Page, Param, Stage, Tag
from runyard.entities.logged_model import (
    DatasetRef,
    LoggedModel,
    LoggedModelQuery,
    ModelOrder,
    ModelStatus,
    NewLoggedModel,
)
from runyard.entities.run import MetricPoint
from runyard.errors import BadRequest, InvalidInput, NotFound, RunyardError
from tests.contract.store.stores import AWKWARD, Stores, all_pages, tags_of


def make(stores: Stores, experiment: int, name: str = "m", **rest: str) -> str:
    """The id of a model; rest are its params."""
    uid = f"m-{uuid.uuid4().hex}"
    params = [Param(*pair) for pair in rest.items()]
    new = NewLoggedModel(uid, experiment, name, "kind", "", [Tag("t", name)], params)
    return stores.do(stores.models.create(stores.workspace, new)).uuid


def get(stores: Stores, model_id: str) -> LoggedModel:
    return stores.do(stores.models.get(stores.workspace, model_id))


def find(
    stores: Stores,
    experiment: int,
    filter_string: str = "",
    *order: ModelOrder,
    size: int = 3,
    between_pages: Callable[[], None] = lambda: None,
) -> list[str]:
    def page(token: str | None) -> Page[LoggedModel]:
        query = LoggedModelQuery((experiment,), filter_string, (), order, size, token)
        return stores.do(stores.models.search(stores.workspace, query))

    return [found.name for found in all_pages(page, between_pages)]


@pytest.mark.parametrize("name", AWKWARD)
def test_model_is_read_as_it_was_made(stores: Stores, name: str) -> None:
    experiment = stores.new_experiment()
    found = get(stores, make(stores, experiment, name, key=name))
    assert (found.name, found.model_type, found.experiment_id) == (name, "kind", experiment)
    assert (found.status, found.stage) == (ModelStatus.PENDING, Stage.ACTIVE)
    assert (tags_of(found.tags), found.params) == ({"t": name}, [Param("key", name)])
    assert found.artifact_uri.endswith(f"{experiment}/models/{found.uuid}/artifacts")


def test_life_of_a_model(stores: Stores) -> None:
    model = make(stores, stores.new_experiment())
    for _ in range(2):
        stores.do(stores.models.finalize(stores.workspace, model, ModelStatus.READY))
    assert get(stores, model).status is ModelStatus.READY
    for _ in range(2):
        stores.do(stores.models.delete(stores.workspace, model))
    with pytest.raises(NotFound):
        get(stores, model)
    found = stores.do(stores.models.get(stores.workspace, model, allow_deleted=True))
    assert found.stage is Stage.DELETED


def test_unknown_model_or_experiment_is_not_found(stores: Stores) -> None:
    models, workspace = stores.models, stores.workspace
    for work in (
        models.get(workspace, "m-x"),
        models.finalize(workspace, "m-x", ModelStatus.READY),
        models.delete(workspace, "m-x"),
        models.set_tags(workspace, "m-x", [Tag("k", "v")]),
        models.add_params(workspace, "m-x", [Param("k", "v")]),
        models.artifact_uri(workspace, "m-x"),
        models.create(workspace, NewLoggedModel("m-y", 2**62, "n", "", "", [], [])),
    ):
        with pytest.raises(NotFound):
            stores.do(work)
    made = make(stores, stores.new_experiment())
    stores.enter_new_workspace()
    with pytest.raises(NotFound):
        get(stores, made)


def test_deleted_experiment_takes_no_model(stores: Stores) -> None:
    experiment = stores.new_experiment()
    stores.do(stores.experiments.delete(stores.workspace, experiment))
    with pytest.raises(InvalidInput):
        make(stores, experiment)


def test_tags_are_overwritten_and_params_are_not(stores: Stores) -> None:
    model = make(stores, stores.new_experiment(), p="1")
    for value in ("1", "2", "2"):
        stores.do(stores.models.set_tags(stores.workspace, model, [Tag("k", value)]))
    assert tags_of(get(stores, model).tags)["k"] == "2"
    with pytest.raises(BadRequest):
        stores.do(stores.models.add_params(stores.workspace, model, [Param("q", "1"), Param("p", "1")]))
    stores.do(stores.models.add_params(stores.workspace, model, [Param("q", "2")]))
    assert get(stores, model).params == [Param("p", "1"), Param("q", "2")]
    stores.do(stores.models.delete_tag(stores.workspace, model, "k"))
    with pytest.raises(NotFound):
        stores.do(stores.models.delete_tag(stores.workspace, model, "k"))


def test_param_added_at_the_same_time_is_refused_once(stores: Stores, others: Stores) -> None:
    for _ in range(10):
        model = make(stores, stores.new_experiment())
        answers = stores.at_once(
            *(
                server.models.add_params(stores.workspace, model, [Param("p", value)])
                for server, value in ((stores, "1"), (others, "2"))
            )
        )
        assert {type(answer) for answer in answers} == {type(None), BadRequest}
        assert len(get(stores, model).params) == 1


def test_metrics_keep_the_latest_value_per_run_and_dataset(stores: Stores) -> None:
    experiment = stores.new_experiment()
    model, run_id = make(stores, experiment), stores.new_run(experiment)
    for value, ms, step, dataset in (
        (1.0, 1, 2, None),
        (2.0, 9, 1, None),
        (3.0, 1, 1, "d"),
        (1.0, 1, 2, None),
    ):
        stores.log(run_id, MetricPoint("m", value, ms, step, model, dataset, dataset))
    found = {metric.dataset_name: (metric.value, metric.step) for metric in get(stores, model).metrics}
    assert found == {None: (1.0, 2), "d": (3.0, 1)}


def test_point_of_an_unknown_model_keeps_nothing_of_its_batch(stores: Stores) -> None:
    run_id = stores.new_run()
    with pytest.raises(RunyardError):
        stores.log(run_id, MetricPoint("a", 1.0, 1), MetricPoint("b", 1.0, 1, 0, "m-unknown"))
    assert stores.data(run_id, "metrics") == {}


def test_search_filters_and_orders(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run_id = stores.new_run(experiment)
    for name, value in (("a", 3.0), ("b", 1.0), ("c", float("nan")), ("d", 2.0)):
        model = make(stores, experiment, name, p="even" if name in "bd" else "odd")
        stores.log(run_id, MetricPoint("m", value, 1, 0, model, "data", "1"))
    make(stores, experiment, "e")
    by_metric = ModelOrder("metrics.m", True, DatasetRef("data"))
    assert find(stores, experiment, "", by_metric)[:3] == ["b", "d", "a"]
    assert find(stores, experiment, "metrics.m > 1.5", by_metric) == ["d", "a"]
    assert find(stores, experiment, "params.p = 'even'", ModelOrder("name")) == ["b", "d"]
    assert find(stores, experiment, "tags.t LIKE 'e'") == ["e"]
    assert find(stores, experiment, "name != 'e'", ModelOrder("name", False)) == ["d", "c", "b", "a"]


def test_pages_show_each_model_once_while_others_come_and_go(stores: Stores) -> None:
    experiment = stores.new_experiment()
    stay = [f"n{number:02}" for number in range(12)]
    for name in stay:
        make(stores, experiment, name)
    leaving = [make(stores, experiment, "gone") for _ in range(20)]

    def disturb() -> None:
        make(stores, experiment, f"new {uuid.uuid4().hex}")
        stores.do(stores.models.delete(stores.workspace, leaving.pop()))

    for order in ((), (ModelOrder("name"),), (ModelOrder("creation_timestamp"),)):
        found = find(stores, experiment, "", *order, size=5, between_pages=disturb)
        assert sorted(name for name in found if name in stay) == stay

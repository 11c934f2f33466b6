"""The page of a run, on both databases."""

from __future__ import annotations

import json
import uuid

import pytest

from runyard.entities.common import Stage, Tag
from runyard.entities.run import PARENT_TAG, MetricPoint
from runyard.entities.run_page import RunPage
from runyard.errors import NotFound
from runyard.store.contracts import Seen
from runyard.store.sql.run_page import SHOWN, SqlRunPage
from runyard.wire.mlflow.runs import render
from tests.contract.store.stores import Stores

NONE = Seen(frozenset(), False)


def page(
    stores: Stores,
    run_id: str,
    seen: Seen | None = None,
    models: Seen | None = None,
    *,
    versions: bool = True,
) -> RunPage:
    store = SqlRunPage(stores.database, render)
    return stores.do(store.page(stores.workspace, run_id, seen, models, versions=versions))


def test_it_holds_the_document_and_its_surroundings(stores: Stores) -> None:
    experiment = stores.new_experiment("around")
    parent = stores.new_run(experiment, "above")
    run_id = stores.new_run(experiment, "one", [Tag(PARENT_TAG, parent)])
    children = [stores.new_run(experiment, f"c{at}", [Tag(PARENT_TAG, run_id)]) for at in range(3)]
    stores.log(run_id, MetricPoint("a", 1.0, 1), MetricPoint("a", 2.0, 2, 1), MetricPoint("b", 1.0, 1))
    found = page(stores, run_id)
    assert json.loads(found.document) == stores.run(run_id)
    assert (found.experiment_id, found.experiment_name) == (experiment, "around")
    assert found.parent is not None and found.parent.name == "above"
    assert [one.run_id for one in found.children] == children[::-1] and not found.more_children
    assert (found.series, found.points, found.life, found.lost) == (2, 3, None, None)
    stores.do(stores.runs.set_stage(stores.workspace, children[0], Stage.DELETED))
    assert len(page(stores, run_id).children) == 2


def test_of_many_children_some_are_shown(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run_id = stores.new_run(experiment)
    for at in range(SHOWN + 1):
        stores.new_run(experiment, f"c{at}", [Tag(PARENT_TAG, run_id)])
    found = page(stores, run_id)
    assert (len(found.children), found.more_children) == (SHOWN, True)


def test_a_parent_elsewhere_is_shown_to_whom_it_may_be(stores: Stores) -> None:
    other = stores.new_experiment()
    parent = stores.new_run(other)
    run_id = stores.new_run(tags=[Tag(PARENT_TAG, parent)])
    shown = page(stores, run_id).parent
    assert shown is not None and (shown.run_id, shown.experiment_id) == (parent, other)
    assert page(stores, run_id, Seen(frozenset({other}), True)).parent is None
    orphan = stores.new_run(tags=[Tag(PARENT_TAG, uuid.uuid4().hex)])
    assert page(stores, orphan).parent is None


def test_unknown_and_foreign_runs_are_not_found(stores: Stores) -> None:
    run_id = stores.new_run()
    with pytest.raises(NotFound):
        page(stores, uuid.uuid4().hex)
    stores.enter_new_workspace()
    with pytest.raises(NotFound):
        page(stores, run_id)

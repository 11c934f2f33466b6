"""Experiments and their tags, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

import pytest

from runyard.entities.common import Page, Stage, Tag, ViewType
from runyard.entities.experiment import Experiment
from runyard.errors import AlreadyExists, InvalidInput, InvalidState, NotFound
from tests.contract.store.stores import AWKWARD, ROOT, Stores, all_pages, tags_of


def names(
    stores: Stores,
    filter_string: str = "",
    order_by: Sequence[str] = (),
    *,
    view: ViewType = ViewType.ACTIVE_ONLY,
    size: int = 2,
    between_pages: Callable[[], None] = lambda: None,
) -> list[str]:
    def page(token: str | None) -> Page[Experiment]:
        return stores.do(
            stores.experiments.search(
                stores.workspace,
                view=view,
                filter_string=filter_string,
                order_by=order_by,
                max_results=size,
                page_token=token,
            )
        )

    return [found.name for found in all_pages(page, between_pages)]


def get(stores: Stores, experiment_id: int) -> Experiment:
    return stores.do(stores.experiments.get(stores.workspace, experiment_id))


def test_experiment_is_found_by_id_and_by_name(stores: Stores) -> None:
    tags = [Tag("k", "v"), Tag("empty", "")]
    made = stores.do(stores.experiments.create(stores.workspace, "first", ROOT, None, tags))
    found = get(stores, made)
    assert found == stores.do(stores.experiments.get_by_name(stores.workspace, "first"))
    assert (found.name, found.stage, found.artifact_location) == ("first", Stage.ACTIVE, f"{ROOT}/{made}")
    assert tags_of(found.tags) == {"k": "v", "empty": ""}
    assert 0 < found.created_ms <= found.updated_ms


def test_given_location_is_kept(stores: Stores) -> None:
    made = stores.do(stores.experiments.create(stores.workspace, "e", ROOT, "s3://bucket/x", []))
    assert get(stores, made).artifact_location == "s3://bucket/x"


@pytest.mark.parametrize("name", AWKWARD)
def test_names_come_back_as_they_were_given(stores: Stores, name: str) -> None:
    made = stores.new_experiment(name)
    stores.do(stores.experiments.set_tag(stores.workspace, made, Tag(name, name)))
    found = stores.do(stores.experiments.get_by_name(stores.workspace, name))
    assert (found.id, found.name, tags_of(found.tags)) == (made, name, {name: name})


def test_unknown_experiment_is_not_found(stores: Stores) -> None:
    for work in (
        stores.experiments.get(stores.workspace, 2**62),
        stores.experiments.get_by_name(stores.workspace, "nobody"),
        stores.experiments.rename(stores.workspace, 2**62, "x"),
        stores.experiments.delete(stores.workspace, 2**62),
        stores.experiments.set_tag(stores.workspace, 2**62, Tag("k", "v")),
    ):
        with pytest.raises(NotFound):
            stores.do(work)


def test_experiment_of_another_workspace_is_not_found(stores: Stores) -> None:
    made = stores.new_experiment("shared name")
    stores.enter_new_workspace()
    with pytest.raises(NotFound):
        get(stores, made)
    assert stores.new_experiment("shared name") != made
    assert names(stores) == ["shared name"]


def test_name_is_taken_also_by_a_deleted_experiment(stores: Stores) -> None:
    made = stores.new_experiment("taken")
    with pytest.raises(AlreadyExists):
        stores.new_experiment("taken")
    stores.do(stores.experiments.delete(stores.workspace, made))
    with pytest.raises(AlreadyExists, match="deleted"):
        stores.new_experiment("taken")


def test_rename_frees_the_old_name(stores: Stores) -> None:
    made, other = stores.new_experiment("old"), stores.new_experiment("other")
    stores.do(stores.experiments.rename(stores.workspace, made, "new"))
    stores.do(stores.experiments.rename(stores.workspace, made, "new"))
    assert get(stores, made).name == "new"
    with pytest.raises(AlreadyExists):
        stores.do(stores.experiments.rename(stores.workspace, other, "new"))
    assert stores.new_experiment("old") not in (made, other)


def test_deleting_and_restoring_takes_the_runs_along(stores: Stores) -> None:
    made = stores.new_experiment()
    run_id = stores.new_run(made)
    stores.do(stores.experiments.delete(stores.workspace, made))
    assert get(stores, made).stage is Stage.DELETED
    assert stores.run(run_id)["info"]["lifecycle_stage"] == "deleted"
    with pytest.raises(NotFound):
        stores.do(stores.experiments.delete(stores.workspace, made))
    with pytest.raises(InvalidInput):
        stores.log(run_id, tags=[Tag("k", "v")])
    stores.do(stores.experiments.restore(stores.workspace, made))
    assert stores.run(run_id)["info"]["lifecycle_stage"] == "active"
    stores.log(run_id, tags=[Tag("k", "v")])
    with pytest.raises(NotFound):
        stores.do(stores.experiments.restore(stores.workspace, made))


def test_deleted_experiment_takes_no_change(stores: Stores) -> None:
    made = stores.new_experiment()
    stores.do(stores.experiments.delete(stores.workspace, made))
    with pytest.raises(InvalidState):
        stores.do(stores.experiments.rename(stores.workspace, made, uuid.uuid4().hex))
    with pytest.raises(InvalidInput):
        stores.do(stores.experiments.set_tag(stores.workspace, made, Tag("k", "v")))
    with pytest.raises(InvalidInput):
        stores.new_run(made)


def test_tags_are_overwritten_and_deleted_once(stores: Stores) -> None:
    made = stores.new_experiment()
    for value in ("1", "2", "2"):
        stores.do(stores.experiments.set_tag(stores.workspace, made, Tag("k", value)))
    assert tags_of(get(stores, made).tags) == {"k": "2"}
    stores.do(stores.experiments.delete_tag(stores.workspace, made, "k"))
    with pytest.raises(NotFound):
        stores.do(stores.experiments.delete_tag(stores.workspace, made, "k"))


def test_search_filters_orders_and_shows_the_stages_asked_for(stores: Stores) -> None:
    ids = {name: stores.new_experiment(name) for name in ("b", "a", "C", "ab")}
    stores.do(stores.experiments.set_tag(stores.workspace, ids["a"], Tag("team", "red")))
    stores.do(stores.experiments.delete(stores.workspace, ids["b"]))
    assert names(stores, order_by=["name ASC"]) == ["C", "a", "ab"]
    assert names(stores, order_by=["name DESC"], view=ViewType.ALL) == ["b", "ab", "a", "C"]
    assert names(stores, view=ViewType.DELETED_ONLY) == ["b"]
    assert names(stores, "name LIKE 'a%'", ["name"]) == ["a", "ab"]
    assert names(stores, "name ILIKE 'c'") == ["C"]
    assert names(stores, "tags.team = 'red'") == ["a"]
    assert names(stores, "tags.team != 'red'") == []


def test_pages_show_each_experiment_once_while_others_are_made_renamed_and_deleted(stores: Stores) -> None:
    stay = [f"n{number:02}" for number in range(12)]
    ids = {name: stores.new_experiment(name) for name in stay}
    leaving = [stores.new_experiment(f"leaving {number}") for number in range(40)]

    def disturb() -> None:
        stores.new_experiment(f"n00 {uuid.uuid4().hex}")
        stores.do(stores.experiments.set_tag(stores.workspace, ids["n05"], Tag("k", uuid.uuid4().hex)))
        stores.do(stores.experiments.delete(stores.workspace, leaving.pop()))

    for order in (["name"], ["name DESC"], ["creation_time"]):
        found = names(stores, order_by=order, size=5, between_pages=disturb)
        assert len(found) == len(set(found))
        assert set(stay) <= set(found)
        if order[0].startswith("name"):
            assert found == sorted(found, reverse="DESC" in order[0])


def test_replays_change_nothing_but_the_name_that_is_taken(stores: Stores) -> None:
    made = stores.new_experiment("once")
    before = get(stores, made)
    with pytest.raises(AlreadyExists):
        stores.new_experiment("once")
    stores.do(stores.experiments.rename(stores.workspace, made, "once"))
    after = get(stores, made)
    assert (after.id, after.name, after.tags) == (before.id, before.name, before.tags)
    assert names(stores) == ["once"]


def test_the_number_after_one_that_no_counter_reaches_is_a_small_one(stores: Stores) -> None:
    before = stores.new_experiment()
    sql = "INSERT INTO experiments (id, workspace_id, name, artifact_location, created_ms, updated_ms) VALUES (?, ?, 'r', '', 0, 0)"
    random = 10**17 + stores.workspace
    stores.do(stores.database.write(lambda tx: tx.execute(sql, (random, stores.workspace))))
    assert before < stores.new_experiment() < 10**12

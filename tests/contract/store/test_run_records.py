"""Run records and properties, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import pytest

from runyard.entities.common import Page, Stage, Tag
from runyard.entities.run import NewRun, Run
from runyard.entities.run_record import RunRecord
from runyard.errors import AlreadyExists, InvalidInput, NotFound
from runyard.store.sql.run_records import PAGE_CHARS
from tests.contract.store.stores import AWKWARD, Stores, all_pages


def record(number: int, name: str = "n", kind: str = "list", body: str = "{}") -> RunRecord:
    return RunRecord(f"u{number}", name, kind, number, body)


def add(stores: Stores, run_id: str, *records: RunRecord) -> None:
    stores.do(stores.records.add(stores.workspace, run_id, records))


def read(
    stores: Stores, run_id: str, name: str | None = None, kind: str | None = None, size: int = 100
) -> list[RunRecord]:
    def page(token: str | None) -> Page[RunRecord]:
        return stores.do(
            stores.records.records(
                stores.workspace, run_id, name=name, kind=kind, max_results=size, page_token=token
            )
        )

    return all_pages(page)


def create(stores: Stores, new: NewRun, properties: Mapping[str, str] = {}) -> Run:  # noqa: B006
    return stores.do(stores.records.create(stores.workspace, new, properties))


def properties(stores: Stores, *run_ids: str) -> Mapping[str, Mapping[str, str]]:
    return stores.do(stores.records.properties(stores.workspace, run_ids))


def test_records_come_back_in_the_order_in_which_they_came(stores: Stores) -> None:
    run_id = stores.new_run()
    sent = [record(number, name) for number, name in enumerate(AWKWARD)]
    add(stores, run_id, *sent[5:], *sent[:5])
    assert read(stores, run_id, size=3) == sent[5:] + sent[:5]
    assert read(stores, run_id, name=AWKWARD[2]) == [sent[2]]


def test_a_replay_adds_nothing(stores: Stores) -> None:
    run_id = stores.new_run()
    add(stores, run_id, record(1), record(2))
    add(stores, run_id, record(2, body='{"other":1}'), record(3))
    assert read(stores, run_id) == [record(1), record(2), record(3)]


def test_the_same_uuid_in_two_runs_is_two_records(stores: Stores) -> None:
    first, second = stores.new_run(), stores.new_run()
    add(stores, first, record(1))
    add(stores, second, record(1))
    assert read(stores, first) == read(stores, second) == [record(1)]


def test_records_are_found_by_kind(stores: Stores) -> None:
    run_id = stores.new_run()
    add(stores, run_id, record(1, kind="row"), record(2), record(3, kind="row"))
    assert [one.logged_ms for one in read(stores, run_id, kind="row", size=1)] == [1, 3]


def test_a_page_of_large_bodies_ends_early(stores: Stores) -> None:
    run_id = stores.new_run()
    large = '"' + "x" * (PAGE_CHARS // 3) + '"'
    add(stores, run_id, *[record(number, body=large) for number in range(5)])
    page = stores.do(
        stores.records.records(
            stores.workspace, run_id, name=None, kind=None, max_results=1_000, page_token=None
        )
    )
    assert len(page.items) == 2
    assert len(read(stores, run_id, size=1_000)) == 5


def test_records_of_a_deleted_run_are_read_and_not_added(stores: Stores) -> None:
    run_id = stores.new_run()
    add(stores, run_id, record(1))
    stores.do(stores.runs.set_stage(stores.workspace, run_id, Stage.DELETED))
    assert read(stores, run_id) == [record(1)]
    with pytest.raises(InvalidInput):
        add(stores, run_id, record(2))
    with pytest.raises(InvalidInput):
        stores.do(stores.records.set_properties(stores.workspace, run_id, {"a": "b"}))


def test_a_run_of_another_workspace_is_not_found(stores: Stores) -> None:
    run_id = stores.new_run()
    add(stores, run_id, record(1))
    home = stores.workspace
    stores.enter_new_workspace()
    with pytest.raises(NotFound):
        read(stores, run_id)
    with pytest.raises(NotFound):
        add(stores, run_id, record(2))
    with pytest.raises(NotFound):
        stores.do(stores.records.set_properties(stores.workspace, run_id, {"a": "b"}))
    with pytest.raises(NotFound):
        stores.do(stores.records.experiment_of(stores.workspace, run_id))
    assert properties(stores, run_id) == {}
    stores.workspace = home
    assert properties(stores, run_id) == {run_id: {}}


def test_properties_are_set_once(stores: Stores) -> None:
    run_id = stores.new_run()
    set_ = stores.records.set_properties
    stores.do(set_(stores.workspace, run_id, {"a": "1", "B": ""}))
    stores.do(set_(stores.workspace, run_id, {"a": "1", "c": "2"}))
    with pytest.raises(AlreadyExists, match="properties cannot be changed"):
        stores.do(set_(stores.workspace, run_id, {"d": "3", "a": "2"}))
    assert properties(stores, run_id, uuid.uuid4().hex) == {run_id: {"a": "1", "B": "", "c": "2"}}


def test_of_two_servers_that_set_a_property_one_is_refused(stores: Stores, others: Stores) -> None:
    run_id = stores.new_run()
    answers = stores.at_once(
        stores.records.set_properties(stores.workspace, run_id, {"a": "1"}),
        others.records.set_properties(others.workspace, run_id, {"a": "2"}),
    )
    assert [type(one) for one in answers if one is not None] == [AlreadyExists]


def test_a_run_with_an_id_of_its_own_is_made_once(stores: Stores) -> None:
    experiment = stores.new_experiment()
    new = NewRun(f"exp_1_{uuid.uuid4().hex[:8]}", experiment, "first", "me", 5, [Tag("k", "v")])
    assert create(stores, new, {"p": "q"}).name == "first"
    again = create(stores, NewRun(new.id, experiment, "second", "you", 6, []), {"p": "other"})
    assert (again.name, again.start_ms, again.tags) == ("first", 5, [Tag("k", "v")])
    assert properties(stores, new.id) == {new.id: {"p": "q"}}
    assert stores.run(new.id)["info"]["run_name"] == "first"


def test_an_id_that_another_run_has_is_refused(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run_id = stores.new_run(experiment)
    with pytest.raises(AlreadyExists, match="taken"):
        create(stores, NewRun(run_id, stores.new_experiment(), "r", "", 1, []))
    stores.enter_new_workspace()
    assert create(stores, NewRun(run_id, stores.new_experiment(), "free here", "", 1, [])).name == "free here"


def test_of_two_servers_that_make_a_run_both_get_the_same(stores: Stores, others: Stores) -> None:
    new = NewRun(uuid.uuid4().hex, stores.new_experiment(), "r", "", 1, [])
    answers = stores.at_once(
        stores.records.create(stores.workspace, new, {}), others.records.create(others.workspace, new, {})
    )
    assert [one.id for one in answers if isinstance(one, Run)] == [new.id, new.id]


def test_an_experiment_is_found_by_its_name(stores: Stores) -> None:
    experiment = stores.new_experiment("ünï")
    assert stores.do(stores.records.experiment_named(stores.workspace, "ünï")) == experiment
    with pytest.raises(NotFound):
        stores.do(stores.records.experiment_named(stores.workspace, "uni"))


def test_runs_are_numbered_within_their_experiment(stores: Stores) -> None:
    first, other = stores.new_experiment(), stores.new_experiment()
    made = [
        create(stores, NewRun(uuid.uuid4().hex, home, "r", "u", 1, [])).id
        for home in (first, other, first, first, other)
    ]
    stores.do(stores.runs.set_stage(stores.workspace, made[0], Stage.DELETED))
    numbers = [stores.do(stores.records.number(stores.workspace, run_id)) for run_id in made]
    assert numbers == [1, 1, 2, 3, 2]
    with pytest.raises(NotFound):
        stores.do(stores.records.number(stores.workspace, "none"))

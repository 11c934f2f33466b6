"""Saved views, on both databases."""

from __future__ import annotations

import uuid

import msgspec
import pytest

from runyard.entities.common import Page
from runyard.entities.principal import LOCAL, Principal, PrincipalKind
from runyard.entities.saved_view import NewView, SavedView
from runyard.errors import InvalidInput, NotFound
from runyard.store.principal_contracts import NewPrincipal
from runyard.store.sql.saved_views import SqlSavedViews
from tests.contract.store.stores import AWKWARD, PAGE_KEY, Stores, all_pages

OTHER = msgspec.structs.replace(LOCAL, id=2, uuid="f" * 32, name="other")


def views(stores: Stores) -> SqlSavedViews:
    return SqlSavedViews(stores.database, PAGE_KEY)


def save(
    stores: Stores,
    name: str = "v",
    *,
    owner: Principal = LOCAL,
    shared: bool = False,
    page: str = "runs",
    experiment: int | None = None,
    limit: int = 100,
) -> SavedView:
    new = NewView(name, page, experiment, shared, '{"a":[1]}')
    return stores.do(views(stores).create(stores.workspace, owner, new, limit))


def names(
    stores: Stores, owner: Principal = LOCAL, page: str | None = None, experiment: int | None = None
) -> list[str]:
    def cut(token: str | None) -> Page[SavedView]:
        listing = views(stores).list(
            stores.workspace, owner.uuid, page, experiment, max_results=2, page_token=token
        )
        return stores.do(listing)

    return [one.name for one in all_pages(cut)]


def test_a_view_comes_back_as_it_was(stores: Stores) -> None:
    made = save(stores, "mine", page="compare")
    assert stores.do(views(stores).find(stores.workspace, made.id)) == made
    assert (made.name, made.page, made.experiment_id, made.shared, made.state) == (
        "mine",
        "compare",
        None,
        False,
        '{"a":[1]}',
    )
    assert (made.owner, made.owner_uuid) == ("local", LOCAL.uuid)
    assert made.created_ms == made.updated_ms > 0


@pytest.mark.parametrize("name", AWKWARD)
def test_names_are_kept_as_they_are(stores: Stores, name: str) -> None:
    assert save(stores, name).name == name


def test_others_see_what_is_shared(stores: Stores) -> None:
    for name, shared in (("a", False), ("b", True), ("c", True), ("d", False)):
        save(stores, name, shared=shared)
    save(stores, "theirs", owner=OTHER)
    assert names(stores) == ["a", "b", "c", "d"]
    assert names(stores, OTHER) == ["b", "c", "theirs"]


def test_lists_are_cut_by_page_and_experiment(stores: Stores) -> None:
    experiment = stores.new_experiment()
    save(stores, "of the workspace")
    save(stores, "of the experiment", experiment=experiment)
    save(stores, "elsewhere", page="compare", experiment=experiment)
    assert names(stores, page="runs") == ["of the workspace", "of the experiment"]
    assert names(stores, experiment=experiment) == ["of the experiment", "elsewhere"]
    assert names(stores, page="compare", experiment=experiment) == ["elsewhere"]
    assert names(stores, page="none") == []


def test_a_token_of_one_list_is_none_of_another(stores: Stores) -> None:
    for name in "abc":
        save(stores, name)
    page = stores.do(
        views(stores).list(stores.workspace, LOCAL.uuid, None, None, max_results=2, page_token=None)
    )
    assert page.next_page_token is not None
    for token in (page.next_page_token, "nonsense"):
        with pytest.raises(InvalidInput):
            stores.do(
                views(stores).list(
                    stores.workspace, LOCAL.uuid, "runs", None, max_results=2, page_token=token
                )
            )


def test_a_view_is_replaced(stores: Stores) -> None:
    made = save(stores)
    new = NewView("renamed", "compare", None, True, "{}")
    done = stores.do(views(stores).replace(stores.workspace, made.id, new))
    assert (done.id, done.name, done.page, done.shared, done.state) == (
        made.id,
        "renamed",
        "compare",
        True,
        "{}",
    )
    assert done.created_ms == made.created_ms and done.updated_ms >= made.updated_ms


def test_what_is_gone_is_not_found(stores: Stores) -> None:
    made = save(stores)
    stores.do(views(stores).delete(stores.workspace, made.id))
    assert stores.do(views(stores).find(stores.workspace, made.id)) is None
    for work in (
        lambda: views(stores).delete(stores.workspace, made.id),
        lambda: views(stores).replace(stores.workspace, made.id, NewView("n", "p", None, False, "{}")),
    ):
        with pytest.raises(NotFound):
            stores.do(work())


def test_another_workspace_has_none_of_them(stores: Stores) -> None:
    made = save(stores, shared=True)
    elsewhere = stores.workspace + 1_000_000
    assert stores.do(views(stores).find(elsewhere, made.id)) is None
    with pytest.raises(NotFound):
        stores.do(views(stores).delete(elsewhere, made.id))


def test_an_experiment_must_be_there(stores: Stores) -> None:
    with pytest.raises(NotFound):
        save(stores, experiment=987_654_321)


def test_nobody_has_more_than_the_limit(stores: Stores) -> None:
    for name in "ab":
        save(stores, name, limit=2)
    with pytest.raises(InvalidInput, match="2 saved views"):
        save(stores, "c", limit=2)
    save(stores, "c", owner=OTHER, limit=2)


def test_who_goes_takes_along_what_nobody_else_sees(stores: Stores) -> None:
    new = NewPrincipal(PrincipalKind.USER, uuid.uuid4().hex)
    person = stores.do(stores.principals.create(new))
    for name, shared in (("private", False), ("shared", True)):
        save(stores, name, owner=person, shared=shared)
    stores.do(stores.principals.delete(person.id, keep_owner=False))
    assert names(stores, person) == ["shared"]

"""Workspaces and resource groups, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from runyard.entities.common import Page
from runyard.entities.workspace import ResourceGroup, Workspace
from runyard.errors import AlreadyExists, InvalidInput, InvalidState, NotFound
from runyard.store.sql.workspaces import SqlWorkspaces
from runyard.store.workspace_contracts import NewWorkspace, Places, WorkspaceChanges
from tests.contract.store.stores import AWKWARD, PAGE_KEY, ROOT, Stores, all_pages

SOMEBODY = 1


def workspaces_of(stores: Stores) -> SqlWorkspaces:
    return SqlWorkspaces(stores.database, PAGE_KEY, ROOT)


def wanted(name: str = "", group: str = "default", owner: int | None = None, **rest: Any) -> NewWorkspace:
    texts = {"location": "local", "sku": "basic", "friendly_name": "", "description": "", "tags": {}, **rest}
    name = name or f"w-{uuid.uuid4().hex[:12]}"
    return NewWorkspace(name, "default", group, created_by="me", owner=owner, **texts)


def create(stores: Stores, name: str = "", group: str = "default", **rest: Any) -> Workspace:
    return stores.do(workspaces_of(stores).create(wanted(name, group, **rest), create_group=True))


def delete(stores: Stores, *which: Workspace, **how: bool) -> None:
    ids = [one.id for one in which]
    stores.do(workspaces_of(stores).delete(ids, **{"delete_files": False, **how}))


def rows(stores: Stores, sql: str, *params: object) -> list[tuple[Any, ...]]:
    return stores.do(stores.database.read(lambda c: c.all(sql, params)))


def new_group() -> str:
    return f"g-{uuid.uuid4().hex[:12]}"


def listed(
    stores: Stores, places: Places, shown: Callable[[Workspace], bool] = lambda one: True
) -> list[str]:
    """Names on all pages."""

    def page(token: str | None) -> Page[Workspace]:
        asked = Places(places.subscription, places.group, places.scopes, places.limit, token)
        return stores.do(workspaces_of(stores).list_workspaces(asked, shown))

    return [one.name for one in all_pages(page)]


@pytest.mark.parametrize("text", AWKWARD)
def test_a_workspace_is_read_as_it_was_made(stores: Stores, text: str) -> None:
    made = create(stores, friendly_name=text, description=text, tags={text: text})
    found = stores.do(workspaces_of(stores).find(made.name))
    assert found == made
    assert (made.friendly_name, made.description, made.tags) == (text, text, {text: text})


def test_a_workspace_has_a_default_experiment_of_its_own(stores: Stores) -> None:
    made = create(stores)
    experiment = stores.do(stores.experiments.get(made.id, made.default_experiment))
    assert (experiment.name, experiment.artifact_location) == ("Default", f"{ROOT}/{experiment.id}")


def test_of_two_workspaces_of_one_name_one_is_made(stores: Stores, others: Stores) -> None:
    new = wanted()
    first, second = (workspaces_of(each).create(new, create_group=True) for each in (stores, others))
    outcomes = stores.at_once(first, second)
    assert sorted(type(one).__name__ for one in outcomes) == ["AlreadyExists", "Workspace"]
    experiments = rows(stores, "SELECT count(*) FROM experiments e JOIN workspaces w ON w.id = e.workspace_id WHERE w.name = ?", new.name)  # fmt: skip
    assert experiments == [(1,)]


def test_workspaces_made_at_once_share_one_new_group(stores: Stores, others: Stores) -> None:
    group = new_group()
    works = [workspaces_of((stores, others)[n % 2]).create(wanted("", group), create_group=True) for n in range(8)]  # fmt: skip
    assert all(isinstance(one, Workspace) for one in stores.at_once(*works))
    assert len(listed(stores, Places("default", group))) == 8


def test_a_group_that_is_not_there_is_made_only_when_asked(stores: Stores) -> None:
    store, group = workspaces_of(stores), new_group()
    with pytest.raises(NotFound):
        stores.do(store.create(wanted("", group), create_group=False))
    stores.do(store.create_group("default", group, {"a": "b"}))
    assert stores.do(store.create(wanted("", group), create_group=False)).group == group
    with pytest.raises(AlreadyExists):
        stores.do(store.create_group("default", group, {}))


def test_the_maker_becomes_owner_where_asked(stores: Stores) -> None:
    made = create(stores, owner=SOMEBODY)
    found = rows(
        stores, "SELECT principal_id, role, effect FROM role_assignments WHERE scope = ?", made.scope
    )
    assert found == [(SOMEBODY, "Owner", 1)]


def test_pages_hold_all_and_each_once(stores: Stores) -> None:
    group = new_group()
    names = sorted(create(stores, group=group).name for _ in range(7))
    for limit in (1, 2, 3, 7, 100):
        assert listed(stores, Places("default", group, limit=limit)) == names
        assert listed(stores, Places("default", group, limit=limit), lambda one: one.name in names[::2]) == names[::2]  # fmt: skip


def test_scopes_say_which_are_found(stores: Stores) -> None:
    group, other = new_group(), new_group()
    first, second, third = (
        create(stores, group=group),
        create(stores, group=group),
        create(stores, group=other),
    )
    here = f"/subscriptions/default/resourceGroups/{group}"
    for scopes, found in (
        ([first.scope], [first]),
        ([f"{first.scope}/experiments/5"], [first]),
        ([here], [first, second]),
        ([here, third.scope], [first, second, third]),
        ([], []),
        (["/subscriptions/elsewhere"], []),
    ):
        for one in (group, other):
            names = sorted(each.name for each in found if each.group == one)
            assert listed(stores, Places(None, one, scopes)) == names


def test_page_tokens_belong_to_their_list(stores: Stores) -> None:
    group, store = new_group(), workspaces_of(stores)
    for _ in range(2):
        create(stores, group=group)
    page = stores.do(store.list_workspaces(Places("default", group, limit=1), lambda one: True))
    for other in (Places("default", None, None, 1, page.next_page_token), Places("default", group, [], 1, page.next_page_token)):  # fmt: skip
        with pytest.raises(InvalidInput):
            stores.do(store.list_workspaces(other, lambda one: True))
    with pytest.raises(InvalidInput):
        groups = Places("default", group, None, 1, page.next_page_token)
        stores.do(store.list_groups(groups, lambda one: True))


def test_groups_are_listed_page_by_page(stores: Stores) -> None:
    store, subscription = workspaces_of(stores), new_group()
    for name in ("b", "a", "c"):
        stores.do(store.create_group(subscription, name, {}))

    def page(token: str | None) -> Page[ResourceGroup]:
        return stores.do(store.list_groups(Places(subscription, None, None, 1, token), lambda one: one.name != "b"))  # fmt: skip

    assert [one.name for one in all_pages(page)] == ["a", "c"]
    scope = f"/subscriptions/{subscription}/resourceGroups/c/workspaces/w/experiments/1"
    found = stores.do(store.list_groups(Places(subscription, None, [scope]), lambda one: True))
    assert [one.name for one in found.items] == ["c"]


def test_an_update_changes_what_is_given(stores: Stores) -> None:
    made, store = create(stores, description="old", tags={"a": "1"}), workspaces_of(stores)
    changed = stores.do(store.update(made.id, WorkspaceChanges(friendly_name="F", tags={})))
    assert (changed.friendly_name, changed.description, changed.tags) == ("F", "old", {})
    with pytest.raises(NotFound):
        stores.do(store.update(made.id, WorkspaceChanges(default_datastore="no-such")))


def test_a_deleted_workspace_is_gone_and_its_name_free(stores: Stores) -> None:
    made = create(stores, owner=SOMEBODY)
    deeper = f"{made.scope}/experiments/7"
    assign = "INSERT INTO role_assignments (uuid, principal_id, role, scope, created_ms) VALUES (?, 1, 'Reader', ?, 1)"
    neighbour = f"{made.scope}0"
    roles = [(uuid.uuid4().hex, scope) for scope in (deeper, neighbour)]
    stores.do(stores.database.write(lambda tx: tx.many(assign, roles)))
    token = """INSERT INTO access_tokens (uuid, principal_id, kind, name, hash, workspace_id, created_ms, expires_ms)
        VALUES (?, 1, 0, 't', ?, ?, 1, 2)"""
    uid = uuid.uuid4().hex
    stores.do(stores.database.write(lambda tx: tx.execute(token, (uid, uid, made.id))))
    delete(stores, made)
    delete(stores, made)
    assert stores.do(workspaces_of(stores).find(made.name)) is None
    assert made.name not in listed(stores, Places())
    scopes = rows(stores, "SELECT scope FROM role_assignments WHERE scope LIKE ? || '%'", made.scope)
    assert scopes == [(neighbour,)]
    assert rows(stores, "SELECT revoked_ms IS NOT NULL FROM access_tokens WHERE uuid = ?", uid)[0][0]
    with pytest.raises(NotFound):
        stores.do(workspaces_of(stores).update(made.id, WorkspaceChanges(description="x")))
    assert create(stores, made.name).guid != made.guid


def test_only_an_empty_workspace_goes_when_that_is_asked(stores: Stores) -> None:
    empty, full = create(stores), create(stores)
    stores.workspace = full.id
    stores.new_run(full.default_experiment)
    delete(stores, empty, only_empty=True)
    with pytest.raises(InvalidState):
        delete(stores, full, only_empty=True)
    assert stores.do(workspaces_of(stores).find(full.name)) == full


def test_a_group_goes_with_all_in_it(stores: Stores) -> None:
    store, name = workspaces_of(stores), new_group()
    inside, outside = [create(stores, group=name, owner=SOMEBODY) for _ in range(2)], create(stores)
    group = stores.do(store.find_group("default", name))
    assert group is not None
    assert stores.do(store.delete_group(group, delete_files=True)) == 2
    assert stores.do(store.delete_group(group, delete_files=True)) == 0
    assert stores.do(store.find_group("default", name)) is None
    assert [stores.do(store.find(one.name)) for one in (*inside, outside)] == [None, None, outside]
    assert rows(stores, "SELECT 1 FROM role_assignments WHERE scope LIKE ? || '%'", group.scope) == []


def test_nothing_is_left_in_a_group_that_goes_while_workspaces_are_made(
    stores: Stores, others: Stores
) -> None:
    store, name = workspaces_of(stores), new_group()
    group = stores.do(store.create_group("default", name, {}))
    makers = [workspaces_of(others).create(wanted("", name), create_group=False) for _ in range(6)]
    outcomes = stores.at_once(*makers[:3], store.delete_group(group, delete_files=False), *makers[3:])
    assert all(isinstance(one, Workspace | NotFound | int) for one in outcomes)
    assert listed(stores, Places("default", name)) == []
    assert rows(stores, "SELECT 1 FROM workspaces WHERE group_id = ? AND deleted_ms IS NULL", group.id) == []

"""Environments, on both databases."""

from __future__ import annotations

import pytest

from runyard.entities.common import Page
from runyard.entities.environment import Environment, EnvironmentLock
from runyard.errors import InvalidInput
from runyard.store.sql.environments import SqlEnvironments
from tests.contract.store.stores import AWKWARD, PAGE_KEY, Stores, all_pages


def environments(stores: Stores) -> SqlEnvironments:
    return SqlEnvironments(stores.database, PAGE_KEY)


def register(stores: Stores, name: str = "e", definition: str = "{}", hash: str = "h") -> Environment:
    return stores.do(environments(stores).register(stores.workspace, name, definition, hash, "me"))


def names(stores: Stores) -> list[str]:
    def cut(token: str | None) -> Page[Environment]:
        return stores.do(environments(stores).list(stores.workspace, max_results=2, page_token=token))

    return [f"{one.name}:{one.version}" for one in all_pages(cut)]


def versions(stores: Stores, name: str) -> list[str]:
    def cut(token: str | None) -> Page[Environment]:
        work = environments(stores).versions(stores.workspace, name, max_results=2, page_token=token)
        return stores.do(work)

    return [one.version for one in all_pages(cut)]


def test_versions_count_up_and_the_same_again_is_the_last(stores: Stores) -> None:
    made = [register(stores, definition=text) for text in ('{"a":1}', '{"a":1}', '{"a":2}', '{"a":1}')]
    assert [one.version for one in made] == ["1", "1", "2", "3"]
    assert made[0] == made[1]
    assert made[2].definition == {"name": "e", "version": "2", "a": 2}
    assert (made[2].hash, made[2].created_by) == ("h", "me") and made[2].created_ms > 0
    store = environments(stores)
    assert stores.do(store.find(stores.workspace, "e", None)) == made[3]
    assert stores.do(store.find(stores.workspace, "e", 2)) == made[2]
    for name, version in (("e", 4), ("e", 0), ("other", None), ("other", 1)):
        assert stores.do(store.find(stores.workspace, name, version)) is None


def test_lists_come_in_pages(stores: Stores) -> None:
    for name in ("c", "a", "b", "d", "e"):
        register(stores, name)
    register(stores, "a", '{"x":1}')
    assert names(stores) == ["a:2", "b:1", "c:1", "d:1", "e:1"]
    for number in range(5):
        register(stores, "v", f"[{number}]".replace("[", '{"x":').replace("]", "}"))
    assert versions(stores, "v") == ["5", "4", "3", "2", "1"]
    assert versions(stores, "absent") == []
    with pytest.raises(InvalidInput):
        stores.do(environments(stores).list(stores.workspace, max_results=2, page_token="x"))


@pytest.mark.parametrize("name", AWKWARD)
def test_names_are_kept_as_they_are(stores: Stores, name: str) -> None:
    assert register(stores, name).name == name
    assert names(stores) == [f"{name}:1"]


def test_two_servers_register_at_once(stores: Stores, others: Stores) -> None:
    works = [
        environments(some).register(stores.workspace, "e", f'{{"x":{number}}}', "h", "me")
        for number in range(4)
        for some in (stores, others)
    ]
    made = stores.at_once(*works)
    assert all(isinstance(one, Environment) for one in made), made
    found = versions(stores, "e")
    assert found == [str(number) for number in range(len(found), 0, -1)] and 4 <= len(found) <= 8


def test_another_workspace_has_its_own(stores: Stores) -> None:
    register(stores)
    stores.enter_new_workspace()
    assert names(stores) == []
    assert register(stores, definition='{"x":1}').version == "1"


def test_the_first_lock_stays(stores: Stores) -> None:
    store = environments(stores)
    first = EnvironmentLock("h", "linux-x86_64", "3.11", "a==1", 0, "me")
    kept = stores.do(store.keep_lock(stores.workspace, first))
    assert (kept.text, kept.created_by) == ("a==1", "me") and kept.created_ms > 0
    second = EnvironmentLock("h", "linux-x86_64", "3.11", "a==2", 0, "you")
    assert stores.do(store.keep_lock(stores.workspace, second)) == kept
    assert stores.do(store.find_lock(stores.workspace, "h", "linux-x86_64", "3.11")) == kept
    for which in (("x", "linux-x86_64", "3.11"), ("h", "x", "3.11"), ("h", "linux-x86_64", "x")):
        assert stores.do(store.find_lock(stores.workspace, *which)) is None
    stores.enter_new_workspace()
    assert stores.do(store.find_lock(stores.workspace, "h", "linux-x86_64", "3.11")) is None

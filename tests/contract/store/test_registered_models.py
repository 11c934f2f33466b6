"""Registered models, their tags and aliases, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

import pytest

from runyard.entities.common import Page, Tag
from runyard.entities.registry import Alias, NewVersion, RegisteredModel
from runyard.errors import AlreadyExists, NotFound
from tests.contract.store.stores import AWKWARD, Stores, all_pages, tags_of


def make(stores: Stores, name: str, *tags: Tag, description: str | None = None) -> RegisteredModel:
    return stores.do(stores.registry.create_model(stores.workspace, name, description, tags))


def get(stores: Stores, name: str) -> RegisteredModel:
    return stores.do(stores.registry.get_model(stores.workspace, name))


def names(
    stores: Stores,
    filter_string: str = "",
    order_by: Sequence[str] = (),
    size: int = 2,
    between_pages: Callable[[], None] = lambda: None,
) -> list[str]:
    def page(token: str | None) -> Page[RegisteredModel]:
        return stores.do(
            stores.registry.search_models(
                stores.workspace,
                filter_string=filter_string,
                order_by=order_by,
                max_results=size,
                page_token=token,
            )
        )

    return [found.name for found in all_pages(page, between_pages)]


@pytest.mark.parametrize("name", AWKWARD)
def test_model_is_read_as_it_was_made(stores: Stores, name: str) -> None:
    made = make(stores, name, Tag("k", name), description=name)
    assert made == get(stores, name)
    assert (made.name, made.description, tags_of(made.tags)) == (name, name, {"k": name})
    assert (made.aliases, made.latest_versions) == ([], [])


def test_name_is_taken_once_per_workspace(stores: Stores) -> None:
    make(stores, "m")
    with pytest.raises(AlreadyExists):
        make(stores, "m")
    stores.enter_new_workspace()
    with pytest.raises(NotFound):
        get(stores, "m")
    make(stores, "m")


def test_unknown_model_is_not_found(stores: Stores) -> None:
    registry, workspace = stores.registry, stores.workspace
    for work in (
        registry.get_model(workspace, "x"),
        registry.rename_model(workspace, "x", "y"),
        registry.describe_model(workspace, "x", "d"),
        registry.delete_model(workspace, "x"),
        registry.set_model_tag(workspace, "x", Tag("k", "v")),
        registry.delete_model_tag(workspace, "x", "k"),
        registry.set_alias(workspace, "x", "a", 1),
        registry.create_version(workspace, "x", NewVersion("s", "s")),
    ):
        with pytest.raises(NotFound):
            stores.do(work)


def test_rename_takes_versions_tags_and_aliases_along(stores: Stores) -> None:
    make(stores, "old", Tag("k", "v"))
    stores.do(stores.registry.create_version(stores.workspace, "old", NewVersion("s", "s")))
    stores.do(stores.registry.set_alias(stores.workspace, "old", "best", 1))
    stores.do(stores.registry.rename_model(stores.workspace, "old", "new"))
    found = get(stores, "new")
    assert (tags_of(found.tags), found.aliases) == ({"k": "v"}, [Alias("best", 1)])
    assert [(version.name, version.version) for version in found.latest_versions] == [("new", 1)]
    make(stores, "old")
    with pytest.raises(AlreadyExists):
        stores.do(stores.registry.rename_model(stores.workspace, "old", "new"))


def test_deleted_model_is_gone_with_all_that_belongs_to_it(stores: Stores) -> None:
    make(stores, "m", Tag("k", "v"))
    stores.do(
        stores.registry.create_version(stores.workspace, "m", NewVersion("s", "s", tags=[Tag("a", "b")]))
    )
    stores.do(stores.registry.set_alias(stores.workspace, "m", "best", 1))
    stores.do(stores.registry.delete_model(stores.workspace, "m"))
    with pytest.raises(NotFound):
        stores.do(stores.registry.get_version(stores.workspace, "m", 1))
    fresh = make(stores, "m")
    assert (fresh.tags, fresh.aliases, fresh.latest_versions) == ([], [], [])


def test_tags_and_aliases_again_change_nothing(stores: Stores) -> None:
    make(stores, "m")
    for _ in range(2):
        stores.do(stores.registry.create_version(stores.workspace, "m", NewVersion("s", "s")))
    for _ in range(2):
        stores.do(stores.registry.set_model_tag(stores.workspace, "m", Tag("k", "v")))
        stores.do(stores.registry.set_alias(stores.workspace, "m", "best", 1))
    assert (tags_of(get(stores, "m").tags), get(stores, "m").aliases) == ({"k": "v"}, [Alias("best", 1)])
    stores.do(stores.registry.set_alias(stores.workspace, "m", "best", 2))
    assert get(stores, "m").aliases == [Alias("best", 2)]
    for _ in range(2):
        stores.do(stores.registry.delete_model_tag(stores.workspace, "m", "k"))
        stores.do(stores.registry.delete_alias(stores.workspace, "m", "best"))
    assert (get(stores, "m").tags, get(stores, "m").aliases) == ([], [])
    with pytest.raises(NotFound):
        stores.do(stores.registry.set_alias(stores.workspace, "m", "best", 3))


def test_search_filters_and_orders(stores: Stores) -> None:
    for name, tag in (("b", "1"), ("a", "2"), ("B", "1")):
        make(stores, name, Tag("t", tag))
    make(stores, "prompt", Tag("mlflow.prompt.is_prompt", "true"))
    assert names(stores) == ["B", "a", "b"]
    assert names(stores, order_by=["name DESC"]) == ["b", "a", "B"]
    assert names(stores, "name = 'b'") == ["b"]
    assert names(stores, "name ILIKE 'b'") == ["B", "b"]
    assert names(stores, "tags.t = '1'") == ["B", "b"]
    assert names(stores, "tags.`mlflow.prompt.is_prompt` = 'true'") == ["prompt"]


def test_pages_show_each_model_once_while_others_come_and_go(stores: Stores) -> None:
    stay = [f"m{number:02}" for number in range(15)]
    for name in stay:
        make(stores, name)
    leaving = [make(stores, f"gone{number}").name for number in range(20)]

    def disturb() -> None:
        make(stores, f"m00 {uuid.uuid4().hex}")
        stores.do(stores.registry.delete_model(stores.workspace, leaving.pop()))
        stores.do(stores.registry.set_model_tag(stores.workspace, "m07", Tag("k", uuid.uuid4().hex)))

    for order in (["name"], ["name DESC"]):
        found = names(stores, order_by=order, size=4, between_pages=disturb)
        assert len(found) == len(set(found))
        assert [name for name in found if name in stay] == (stay[::-1] if "DESC" in order[0] else stay)

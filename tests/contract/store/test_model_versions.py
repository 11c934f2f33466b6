"""Versions of registered models, on both databases."""

from __future__ import annotations

import uuid

import pytest

from runyard.entities.common import Page, Tag
from runyard.entities.registry import ModelVersion, NewVersion, VersionStage
from runyard.errors import InvalidInput, NotFound
from tests.contract.store.stores import Stores, all_pages, tags_of


@pytest.fixture
def model(stores: Stores) -> str:
    """A registered model without versions."""
    stores.do(stores.registry.create_model(stores.workspace, "m", None, []))
    return "m"


def add(stores: Stores, name: str = "m", **rest: object) -> ModelVersion:
    new = NewVersion("s3://source", "s3://location", **rest)  # type: ignore[arg-type]
    return stores.do(stores.registry.create_version(stores.workspace, name, new))


def get(stores: Stores, version: int) -> ModelVersion:
    return stores.do(stores.registry.get_version(stores.workspace, "m", version))


def move(stores: Stores, version: int, stage: VersionStage, archive_others: bool = False) -> None:
    stores.do(
        stores.registry.move_version(stores.workspace, "m", version, stage, archive_others=archive_others)
    )


def test_version_is_read_as_it_was_made(stores: Stores, model: str) -> None:
    made = add(stores, run_id="r", run_link="l", description="ü", tags=[Tag("k", "v")])
    assert made == get(stores, 1)
    assert (made.run_id, made.run_link, made.description) == ("r", "l", "ü")
    assert (made.stage, tags_of(made.tags)) == (VersionStage.NONE, {"k": "v"})
    assert stores.do(stores.registry.download_uri(stores.workspace, model, 1)) == "s3://location"


def test_numbers_are_never_given_twice(stores: Stores, model: str) -> None:
    assert [add(stores).version for _ in range(3)] == [1, 2, 3]
    stores.do(stores.registry.delete_version(stores.workspace, model, 3))
    assert add(stores).version == 4


def test_versions_made_at_the_same_time_have_numbers_of_their_own(
    stores: Stores, others: Stores, model: str
) -> None:
    new = NewVersion("s", "s")
    made = stores.at_once(
        *((stores, others)[n % 2].registry.create_version(stores.workspace, model, new) for n in range(40))
    )
    assert sorted(version.version for version in made if isinstance(version, ModelVersion)) == list(
        range(1, 41)
    )


def test_unknown_version_is_not_found(stores: Stores, model: str) -> None:
    registry, workspace = stores.registry, stores.workspace
    for work in (
        registry.get_version(workspace, model, 1),
        registry.describe_version(workspace, model, 1, "d"),
        registry.move_version(workspace, model, 1, VersionStage.STAGING, archive_others=False),
        registry.delete_version(workspace, model, 1),
        registry.set_version_tag(workspace, model, 1, Tag("k", "v")),
        registry.download_uri(workspace, model, 1),
        registry.get_version_by_alias(workspace, "nobody", "a"),
    ):
        with pytest.raises(NotFound):
            stores.do(work)
    with pytest.raises(InvalidInput):
        stores.do(registry.get_version_by_alias(workspace, model, "a"))


def test_latest_versions_are_the_greatest_of_each_stage(stores: Stores, model: str) -> None:
    for _ in range(4):
        add(stores)
    move(stores, 1, VersionStage.PRODUCTION)
    move(stores, 2, VersionStage.PRODUCTION)
    move(stores, 3, VersionStage.STAGING)
    found = stores.do(stores.registry.latest_versions(stores.workspace, model, list(VersionStage)))
    assert [(one.stage.value, one.version) for one in found] == [
        ("None", 4),
        ("Staging", 3),
        ("Production", 2),
    ]
    move(stores, 3, VersionStage.PRODUCTION, archive_others=True)
    assert [get(stores, number).stage.value for number in (1, 2, 3)] == ["Archived", "Archived", "Production"]


def test_deleted_version_takes_its_aliases_along(stores: Stores, model: str) -> None:
    add(stores)
    add(stores)
    for alias, version in (("a", 1), ("b", 2)):
        stores.do(stores.registry.set_alias(stores.workspace, model, alias, version))
    assert stores.do(stores.registry.get_version_by_alias(stores.workspace, model, "a")).version == 1
    stores.do(stores.registry.delete_version(stores.workspace, model, 1))
    left = stores.do(stores.registry.get_model(stores.workspace, model)).aliases
    assert [(alias.alias, alias.version) for alias in left] == [("b", 2)]


def test_tags_again_change_nothing(stores: Stores, model: str) -> None:
    add(stores)
    for _ in range(2):
        stores.do(stores.registry.set_version_tag(stores.workspace, model, 1, Tag("k", "v")))
    assert tags_of(get(stores, 1).tags) == {"k": "v"}
    for _ in range(2):
        stores.do(stores.registry.delete_version_tag(stores.workspace, model, 1, "k"))
    assert get(stores, 1).tags == []


def test_pages_show_each_version_once_while_more_are_made(stores: Stores, model: str) -> None:
    for number in range(15):
        add(stores, run_id=f"r{number % 2}", tags=[Tag("t", str(number % 3))])

    def page(token: str | None) -> Page[ModelVersion]:
        return stores.do(
            stores.registry.search_versions(
                stores.workspace,
                filter_string="name = 'm' and tags.t = '1'",
                order_by=["version_number ASC"],
                max_results=2,
                page_token=token,
            )
        )

    def disturb() -> None:
        add(stores, tags=[Tag("t", "0")])
        stores.do(stores.registry.set_version_tag(stores.workspace, model, 5, Tag("k", uuid.uuid4().hex)))

    assert [found.version for found in all_pages(page, disturb)] == [2, 5, 8, 11, 14]


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("name = 'm'", [2, 1]),
        ("run_id = 'r1'", [1]),
        ("source_path LIKE 's3:%'", [2, 1]),
        ("tags.t = 'ü'", [2]),
    ],
)
def test_search_filters(stores: Stores, model: str, filter_string: str, found: list[int]) -> None:
    add(stores, run_id="r1")
    add(stores, run_id="r2", tags=[Tag("t", "ü")])
    page = stores.do(
        stores.registry.search_versions(
            stores.workspace,
            filter_string=filter_string,
            order_by=["version_number DESC"],
            max_results=10,
            page_token=None,
        )
    )
    assert [version.version for version in page.items] == found

"""Registered models: names, tags, aliases, search."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.registry_server import S3, Registry, registry_server


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry_server(tmp_path_factory.mktemp("data")) as registry:
        yield registry


BAD_VALUE = (400, "INVALID_PARAMETER_VALUE")
ABSENT = (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_new_model_is_found_with_its_tags_and_description(registry: Registry) -> None:
    made = registry.model(
        "new", description="d", tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    )
    assert made == registry.get("new")
    assert (made["description"], made["tags"]) == ("d", [{"key": "a", "value": "2"}])
    assert made["creation_timestamp"] == made["last_updated_timestamp"]


def test_a_taken_name_is_refused(registry: Registry) -> None:
    registry.model("taken")
    registry.model("free")
    taken = (400, "RESOURCE_ALREADY_EXISTS")
    assert registry.fails("POST", "registered-models/create", name="taken") == taken
    assert registry.fails("POST", "registered-models/rename", name="free", new_name="taken") == taken
    assert registry.get("free")["name"] == "free"


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a:b", ".", "..", "a\x00b", "n" * 501])
def test_a_name_that_no_uri_could_hold_is_refused(registry: Registry, name: str) -> None:
    assert registry.fails("POST", "registered-models/create", name=name) == BAD_VALUE


def test_a_name_in_any_script_is_found_again(registry: Registry) -> None:
    for name in ("modèle 模型", "a'b", 'q"', "100%", "x" * 500):
        registry.model(name)
        assert registry.get(name)["name"] == name


def test_a_renamed_model_keeps_versions_aliases_and_tags(registry: Registry) -> None:
    registry.model("before", tags=[{"key": "t", "value": "1"}])
    registry.version("before")
    registry.ok("POST", "registered-models/alias", name="before", alias="best", version="1")
    registry.ok("POST", "registered-models/rename", name="before", new_name="after")
    after = registry.get("after")
    assert after["aliases"] == [{"alias": "best", "version": "1"}]
    assert after["tags"] == [{"key": "t", "value": "1"}]
    assert [found["name"] for found in after["latest_versions"]] == ["after"]
    assert registry.fails("GET", "registered-models/get", name="before") == ABSENT


def test_an_update_without_description_clears_it(registry: Registry) -> None:
    registry.model("described", description="d")
    registry.ok("PATCH", "registered-models/update", name="described")
    assert "description" not in registry.get("described")


def test_a_deleted_model_takes_its_versions_along_and_its_name_is_free_again(registry: Registry) -> None:
    registry.model("gone")
    registry.version("gone", tags=[{"key": "t", "value": "1"}])
    registry.ok("POST", "registered-models/alias", name="gone", alias="best", version="1")
    registry.ok("DELETE", "registered-models/delete", name="gone")
    assert registry.fails("GET", "model-versions/get", name="gone", version="1") == ABSENT
    again = registry.model("gone")
    assert "aliases" not in again
    assert registry.version("gone")["version"] == "1"


def test_tags_are_overwritten_and_deleted_any_number_of_times(registry: Registry) -> None:
    registry.model("tagged")
    for value in ("1", "2"):
        registry.ok("POST", "registered-models/set-tag", name="tagged", key="k", value=value)
    assert registry.get("tagged")["tags"] == [{"key": "k", "value": "2"}]
    for _ in range(2):
        registry.ok("DELETE", "registered-models/delete-tag", name="tagged", key="k")
    assert "tags" not in registry.get("tagged")


def test_an_alias_moves_and_leads_to_its_version(registry: Registry) -> None:
    registry.model("aliased")
    for version in ("1", "2"):
        registry.version("aliased")
        registry.ok("POST", "registered-models/alias", name="aliased", alias="best", version=version)
    found = registry.ok("GET", "registered-models/alias", name="aliased", alias="best")["model_version"]
    assert (found["version"], found["aliases"]) == ("2", ["best"])
    assert "aliases" not in registry.get_version("aliased", "1")
    registry.ok("DELETE", "registered-models/alias", name="aliased", alias="best")
    assert registry.fails("GET", "registered-models/alias", name="aliased", alias="best") == BAD_VALUE


def test_the_alias_latest_is_the_greatest_version(registry: Registry) -> None:
    registry.model("newest")
    assert registry.fails("GET", "registered-models/alias", name="newest", alias="latest") == BAD_VALUE
    for _ in range(2):
        registry.version("newest")
    found = registry.ok("GET", "registered-models/alias", name="newest", alias="latest")["model_version"]
    assert found["version"] == "2"


@pytest.mark.parametrize("alias", ["latest", "LATEST", "v1", "V12", "a b", "a/b", "a.b", "", "x" * 256])
def test_a_reserved_or_unspeakable_alias_is_refused(registry: Registry, alias: str) -> None:
    assert (
        registry.fails("POST", "registered-models/alias", name="any", alias=alias, version="1") == BAD_VALUE
    )


def test_search_walks_all_models_once_in_order(registry: Registry) -> None:
    names = [f"page-{number:02}" for number in range(7)]
    for name in names:
        registry.model(name)
        registry.version(name)
    pages = registry.pages("registered-models", 3, filter="name LIKE 'page-%'", order_by=["name DESC"])
    assert [[item["name"] for item in page] for page in pages] == [
        ["page-06", "page-05", "page-04"],
        ["page-03", "page-02", "page-01"],
        ["page-00"],
    ]
    assert all(item["latest_versions"][0]["source"] == S3 for page in pages for item in page)


def test_search_leaves_prompts_out_unless_asked_for_them(registry: Registry) -> None:
    registry.model("say-hello", tags=[{"key": "mlflow.prompt.is_prompt", "value": "true"}])
    assert registry.pages("registered-models", 10, filter="name = 'say-hello'") == [[]]
    prompts = registry.pages("registered-models", 10, filter="tags.`mlflow.prompt.is_prompt` = 'true'")
    assert [item["name"] for item in prompts[0]] == ["say-hello"]


def test_a_page_token_of_another_query_is_refused(registry: Registry) -> None:
    for name in ("token-a", "token-b"):
        registry.model(name)
    first = registry.ok("GET", "registered-models/search", filter="name LIKE 'token-%'", max_results=1)
    token = first["next_page_token"]
    assert registry.fails("GET", "registered-models/search", max_results=1, page_token=token) == BAD_VALUE


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x"])
def test_a_page_size_out_of_range_is_refused(registry: Registry, limit: str) -> None:
    assert registry.fails("GET", "registered-models/search", max_results=limit) == BAD_VALUE

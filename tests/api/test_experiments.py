"""Experiments over HTTP, below both prefixes: create, get, search, update, delete, restore, tags."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.live_server import UNKNOWN_EXPERIMENT, Client

NOT_FOUND = (404, "RESOURCE_DOES_NOT_EXIST")
INVALID = (400, "INVALID_PARAMETER_VALUE")
TAKEN = (400, "RESOURCE_ALREADY_EXISTS")


def get(api: Client, experiment: str) -> Any:
    return api.ok("GET", "experiments/get", experiment_id=experiment)["experiment"]


def test_the_default_experiment_is_there(api: Client) -> None:
    found = get(api, "0")
    assert (found["name"], found["lifecycle_stage"]) == ("Default", "active")


def test_create_answers_the_id_alone(api: Client) -> None:
    answer = api.ok("POST", "experiments/create", name=api.name())
    assert list(answer) == ["experiment_id"] and answer["experiment_id"].isdigit()


def test_a_created_experiment_has_a_place_times_and_tags(api: Client) -> None:
    name = api.name()
    found = get(api, api.experiment(name=name, tags=[{"key": "team", "value": "vision"}]))
    assert found["name"] == name
    assert found["artifact_location"] == f"mlflow-artifacts:/{found['experiment_id']}"
    assert found["creation_time"] == found["last_update_time"] > 1_600_000_000_000
    assert found["tags"] == [{"key": "team", "value": "vision"}]


def test_create_keeps_a_given_artifact_location(api: Client) -> None:
    assert get(api, api.experiment(artifact_location="s3://bucket/e"))["artifact_location"] == "s3://bucket/e"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "n" * 501},
        {"name": 5.5},
        {"name": ["n"]},
        {"name": "n", "artifact_location": "runs:/x"},
        {"name": "n", "artifact_location": "s3://bucket/a#b"},
        {"name": "n", "artifact_location": "s3://" + "x" * 2_100},
        {"name": "n", "tags": [{"key": "k" * 251, "value": "v"}]},
        {"name": "n", "tags": [{"key": "k", "value": "v" * 20_001}]},
        {"name": "n", "tags": [{"value": "v"}]},
        {"name": "n", "tags": "k"},
    ],
    ids=lambda fields: repr(fields)[:60],
)
def test_create_refuses(api: Client, fields: dict[str, Any]) -> None:
    assert api.fails("POST", "experiments/create", **fields) == INVALID


def test_create_refuses_a_name_that_is_taken(api: Client) -> None:
    name = api.name()
    api.experiment(name=name)
    assert api.fails("POST", "experiments/create", name=name) == TAKEN


def test_create_refuses_the_name_of_a_deleted_experiment(api: Client) -> None:
    name = api.name()
    api.ok("POST", "experiments/delete", experiment_id=api.experiment(name=name))
    assert api.fails("POST", "experiments/create", name=name) == TAKEN


def test_names_that_differ_in_case_are_two(api: Client) -> None:
    name = api.name()
    assert api.experiment(name=name) != api.experiment(name=name.upper())


def test_get_by_name_finds_deleted_ones_too(api: Client) -> None:
    name = api.name("späte Läufe 😀")
    made = api.experiment(name=name)
    api.ok("POST", "experiments/delete", experiment_id=made)
    found = api.ok("GET", "experiments/get-by-name", experiment_name=name)["experiment"]
    assert (found["experiment_id"], found["lifecycle_stage"]) == (made, "deleted")


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("get", {}, INVALID),
        ("get", {"experiment_id": ""}, INVALID),
        ("get", {"experiment_id": "x"}, INVALID),
        ("get", {"experiment_id": "1" * 40}, INVALID),
        ("get", {"experiment_id": UNKNOWN_EXPERIMENT}, NOT_FOUND),
        ("get-by-name", {}, INVALID),
        ("get-by-name", {"experiment_name": "nobody has this"}, NOT_FOUND),
    ],
)
def test_get_refuses(api: Client, path: str, fields: dict[str, str], expected: tuple[int, str]) -> None:
    assert api.fails("GET", f"experiments/{path}", **fields) == expected


def test_update_renames(api: Client) -> None:
    made, name = api.experiment(), api.name()
    assert api.ok("POST", "experiments/update", experiment_id=made, new_name=name) == {}
    assert get(api, made)["name"] == name


def test_update_refuses(api: Client) -> None:
    made, name = api.experiment(), api.name()
    api.experiment(name=name)
    assert api.fails("POST", "experiments/update", experiment_id=made) == INVALID
    assert api.fails("POST", "experiments/update", experiment_id=made, new_name="") == INVALID
    assert api.fails("POST", "experiments/update", experiment_id=made, new_name="n" * 501) == INVALID
    assert api.fails("POST", "experiments/update", experiment_id=made, new_name=name) == TAKEN
    assert (
        api.fails("POST", "experiments/update", experiment_id=UNKNOWN_EXPERIMENT, new_name="n") == NOT_FOUND
    )


def test_a_deleted_experiment_cannot_be_renamed(api: Client) -> None:
    made = api.experiment()
    api.ok("POST", "experiments/delete", experiment_id=made)
    status, code = api.fails("POST", "experiments/update", experiment_id=made, new_name=api.name())
    assert status == 400, code


def test_delete_takes_the_runs_along_and_restore_brings_them_back(api: Client) -> None:
    made = api.experiment()
    run = api.run(made)
    for verb, stage in (("delete", "deleted"), ("restore", "active")):
        assert api.ok("POST", f"experiments/{verb}", experiment_id=made) == {}
        assert get(api, made)["lifecycle_stage"] == stage
        assert api.ok("GET", "runs/get", run_id=run)["run"]["info"]["lifecycle_stage"] == stage


def test_delete_and_restore_twice_are_not_found(api: Client) -> None:
    made = api.experiment()
    assert api.fails("POST", "experiments/restore", experiment_id=made) == NOT_FOUND
    api.ok("POST", "experiments/delete", experiment_id=made)
    assert api.fails("POST", "experiments/delete", experiment_id=made) == NOT_FOUND


@pytest.mark.parametrize("verb", ["delete", "restore"])
def test_delete_and_restore_refuse(api: Client, verb: str) -> None:
    assert api.fails("POST", f"experiments/{verb}") == INVALID
    assert api.fails("POST", f"experiments/{verb}", experiment_id="x") == INVALID
    assert api.fails("POST", f"experiments/{verb}", experiment_id=UNKNOWN_EXPERIMENT) == NOT_FOUND


def test_tags_are_set_overwritten_and_deleted(api: Client) -> None:
    made = api.experiment()
    for value in ("a", "b"):
        assert (
            api.ok("POST", "experiments/set-experiment-tag", experiment_id=made, key="k", value=value) == {}
        )
    assert get(api, made)["tags"] == [{"key": "k", "value": "b"}]
    assert api.ok("POST", "experiments/delete-experiment-tag", experiment_id=made, key="k") == {}
    assert "tags" not in get(api, made)


def test_set_tag_refuses(api: Client) -> None:
    made = api.experiment()
    path = "experiments/set-experiment-tag"
    assert api.fails("POST", path, experiment_id=made, value="v") == INVALID
    assert api.fails("POST", path, experiment_id=made, key="", value="v") == INVALID
    assert api.fails("POST", path, experiment_id=made, key="k" * 251, value="v") == INVALID
    assert api.fails("POST", path, experiment_id=made, key="a\tb", value="v") == INVALID
    assert api.fails("POST", path, experiment_id=made, key="../k", value="v") == INVALID
    assert api.fails("POST", path, experiment_id=made, key="k", value="v" * 20_001) == INVALID
    assert api.fails("POST", path, experiment_id=UNKNOWN_EXPERIMENT, key="k", value="v") == NOT_FOUND
    api.ok("POST", "experiments/delete", experiment_id=made)
    assert api.fails("POST", path, experiment_id=made, key="k", value="v") == INVALID


def test_delete_tag_refuses(api: Client) -> None:
    made = api.experiment()
    path = "experiments/delete-experiment-tag"
    assert api.fails("POST", path, experiment_id=made, key="absent") == NOT_FOUND
    assert api.fails("POST", path, experiment_id=made) == INVALID
    assert api.fails("POST", path, experiment_id=UNKNOWN_EXPERIMENT, key="k") == NOT_FOUND


def names(answer: Any) -> list[str]:
    return [found["name"] for found in answer.get("experiments", [])]


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_search_by_name_and_tag(api: Client, method: str) -> None:
    prefix = api.name("find")
    for number in range(3):
        api.experiment(name=f"{prefix}-{number}", tags=[{"key": "n", "value": str(number)}])
    by_name = {"max_results": 10, "filter": f"name LIKE '{prefix}-%'"}
    assert names(api.ok(method, "experiments/search", **by_name, order_by=["name DESC"])) == [
        f"{prefix}-2",
        f"{prefix}-1",
        f"{prefix}-0",
    ]
    by_tag = {"max_results": 10, "filter": f"name LIKE '{prefix}-%' AND tags.n = '1'"}
    assert names(api.ok(method, "experiments/search", **by_tag)) == [f"{prefix}-1"]


def test_search_pages_see_each_experiment_once(api: Client) -> None:
    prefix = api.name("page")
    made = [api.experiment(name=f"{prefix}-{number}") for number in range(5)]
    found: list[str] = []
    token = None
    while token != "":
        fields = {
            "max_results": 2,
            "filter": f"name LIKE '{prefix}-%'",
            **({"page_token": token} if token else {}),
        }
        answer = api.ok("POST", "experiments/search", **fields)
        assert len(answer["experiments"]) <= 2
        found += [one["experiment_id"] for one in answer["experiments"]]
        token = answer.get("next_page_token", "")
    assert sorted(found) == sorted(made)


@pytest.mark.parametrize(
    ("view", "expected"),
    [("ACTIVE_ONLY", {"a"}), ("DELETED_ONLY", {"d"}), ("ALL", {"a", "d"}), (None, {"a"})],
)
def test_search_sees_the_stages_that_are_asked_for(api: Client, view: str | None, expected: set[str]) -> None:
    prefix = api.name("view")
    api.experiment(name=f"{prefix}a")
    api.ok("POST", "experiments/delete", experiment_id=api.experiment(name=f"{prefix}d"))
    fields = {"max_results": 9, "filter": f"name LIKE '{prefix}%'", **({"view_type": view} if view else {})}
    assert {name[-1] for name in names(api.ok("POST", "experiments/search", **fields))} == expected


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"max_results": 0},
        {"max_results": -1},
        {"max_results": 50_001},
        {"max_results": "many"},
        {"max_results": 5, "filter": "name ~ 'x'"},
        {"max_results": 5, "filter": "metrics.m > 1"},
        {"max_results": 5, "filter": "name = 'a' OR name = 'b'"},
        {"max_results": 5, "order_by": ["nothing"]},
        {"max_results": 5, "order_by": ["name SIDEWAYS"]},
        {"max_results": 5, "page_token": "made up"},
        {"max_results": 5, "view_type": "SOME"},
    ],
    ids=lambda fields: repr(fields),
)
def test_search_refuses(api: Client, fields: dict[str, Any]) -> None:
    assert api.fails("POST", "experiments/search", **fields) == INVALID


@pytest.mark.parametrize("path", ["create", "update", "delete", "restore", "set-experiment-tag"])
def test_writing_routes_answer_no_get(api: Client, path: str) -> None:
    assert api.fails("GET", f"experiments/{path}") == (405, "ENDPOINT_NOT_FOUND")

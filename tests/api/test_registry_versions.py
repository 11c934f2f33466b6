"""Model versions: numbers, sources, stages, search."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.registry_server import (
    FILE_RUN,
    MODEL_ID,
    MODEL_ROOT,
    OTHER_RUN,
    RUN,
    RUN_ROOT,
    S3,
    Registry,
    registry_server,
)

BAD_VALUE = (400, "INVALID_PARAMETER_VALUE")
ABSENT = (404, "RESOURCE_DOES_NOT_EXIST")
PROMPT = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry_server(tmp_path_factory.mktemp("data")) as registry:
        registry.model("net")
        yield registry


@pytest.fixture
def net(registry: Registry) -> Iterator[Registry]:
    """The registry with a model "net" that has no versions and has given out no numbers."""
    registry.ok("DELETE", "registered-models/delete", name="net")
    registry.model("net")
    yield registry


def _location(registry: Registry, version: str) -> str:
    uri: str = registry.ok("GET", "model-versions/get-download-uri", name="net", version=version)[
        "artifact_uri"
    ]
    return uri


def test_a_version_is_ready_at_once_with_all_that_was_given(net: Registry) -> None:
    tags = [{"key": "t", "value": "1"}]
    made = net.version("net", f"{RUN_ROOT}/model", run_id=RUN, run_link="l", description="d", tags=tags)
    assert made == net.get_version("net", "1")
    assert (made["status"], made["current_stage"], made["run_id"]) == ("READY", "None", RUN)
    assert (made["run_link"], made["description"], made["tags"]) == ("l", "d", tags)


def test_numbers_are_never_given_out_twice(net: Registry) -> None:
    assert [net.version("net")["version"] for _ in range(3)] == ["1", "2", "3"]
    net.ok("DELETE", "model-versions/delete", name="net", version="3")
    assert net.version("net")["version"] == "4"


def test_versions_made_at_the_same_time_get_different_numbers(net: Registry) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: net.version("net")["version"], range(24)))
    assert sorted(map(int, made)) == list(range(1, 25))


def test_a_deleted_version_takes_its_aliases_along(net: Registry) -> None:
    net.version("net")
    net.ok("POST", "registered-models/alias", name="net", alias="best", version="1")
    net.ok("DELETE", "model-versions/delete", name="net", version="1")
    assert net.fails("GET", "model-versions/get", name="net", version="1") == ABSENT
    assert net.fails("GET", "registered-models/alias", name="net", alias="best") == BAD_VALUE
    assert "aliases" not in net.get("net")


@pytest.mark.parametrize(
    ("source", "given", "location"),
    [
        (S3, {}, S3),
        (f"{RUN_ROOT}/model", {"run_id": RUN}, f"{RUN_ROOT}/model"),
        (f"{MODEL_ROOT}/x", {"model_id": MODEL_ID}, f"{MODEL_ROOT}/x"),
        (f"runs:/{RUN}/model", {"run_id": RUN}, f"runs:/{RUN}/model"),
        (f"models:/{MODEL_ID}", {"model_id": MODEL_ID}, MODEL_ROOT),
        (f"models:/{MODEL_ID}/x", {"model_id": MODEL_ID}, f"{MODEL_ROOT}/x"),
        ("/data/exp/run/artifacts/model", {"run_id": FILE_RUN}, "/data/exp/run/artifacts/model"),
        ("file:///data/exp/run/artifacts", {"run_id": FILE_RUN}, "file:///data/exp/run/artifacts"),
        ("dummy-source", {"tags": PROMPT}, "dummy-source"),
    ],
)
def test_a_source_leads_to_its_files(
    net: Registry, source: str, given: dict[str, str], location: str
) -> None:
    made = net.version("net", source, **given)
    assert (made["source"], _location(net, made["version"])) == (source, location)


def test_a_source_that_names_another_version_leads_to_the_files_of_that(net: Registry) -> None:
    net.version("net", f"models:/{MODEL_ID}", model_id=MODEL_ID)
    net.ok("POST", "registered-models/alias", name="net", alias="best", version="1")
    for source in ("models:/net/1", "models:/net@best"):
        assert _location(net, net.version("net", source)["version"]) == MODEL_ROOT
    assert net.fails("POST", "model-versions/create", name="net", source="models:/net/9") == ABSENT


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("dummy-source", {}),
        ("/etc/passwd", {}),
        ("/etc/passwd", {"run_id": RUN}),
        ("/etc/passwd", {"run_id": FILE_RUN}),
        ("/data/exp/run/artifacts-of-others", {"run_id": FILE_RUN}),
        ("/data/exp/run/artifacts/../x", {"run_id": FILE_RUN}),
        ("/data/exp/run/artifacts/%2e%2e/x", {"run_id": FILE_RUN}),
        ("file://host/data/exp/run/artifacts", {"run_id": FILE_RUN}),
        (f"runs:/{RUN}/model", {}),
        (f"runs:/{RUN}/model", {"run_id": OTHER_RUN}),
        (f"runs:/{RUN}/../x", {"run_id": RUN}),
        (f"{RUN_ROOT}/model", {}),
        (f"{RUN_ROOT}/model", {"run_id": OTHER_RUN}),
        (f"{RUN_ROOT}-of-others/model", {"run_id": RUN}),
        (f"{RUN_ROOT}/../../{OTHER_RUN}/artifacts", {"run_id": RUN}),
        (f"{RUN_ROOT}/%2e%2e/x", {"run_id": RUN}),
        (f"{RUN_ROOT}/%252e%252e/x", {"run_id": RUN}),
        (f"mlflow-artifacts://evil{RUN_ROOT.removeprefix('mlflow-artifacts:')}", {"run_id": RUN}),
        (f"models:/{MODEL_ID}", {}),
        (f"models:/{MODEL_ID}", {"model_id": "m-" + "0" * 32}),
        ("http://169.254.169.254/x", {"run_id": RUN}),
        ("s3://user:secret@bucket/x", {}),
        ("s3://bucket/../x", {}),
        ("", {}),
    ],
)
def test_a_source_elsewhere_is_refused(net: Registry, source: str, given: dict[str, str]) -> None:
    assert net.fails("POST", "model-versions/create", name="net", source=source, **given) == BAD_VALUE


def test_stages_are_read_in_any_case_and_others_are_archived_on_request(net: Registry) -> None:
    for _ in range(2):
        net.version("net")
    move = "model-versions/transition-stage"
    net.ok("POST", move, name="net", version="1", stage="PRODUCTION", archive_existing_versions=False)
    net.ok("POST", move, name="net", version="2", stage="production", archive_existing_versions=True)
    stages = [net.get_version("net", version)["current_stage"] for version in ("1", "2")]
    assert stages == ["Archived", "Production"]
    call = {"name": "net", "version": "1", "archive_existing_versions": True}
    assert net.fails("POST", move, stage="None", **call) == BAD_VALUE
    assert net.fails("POST", move, stage="Nowhere", **call) == BAD_VALUE


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_latest_versions_are_the_greatest_of_each_stage(net: Registry, method: str) -> None:
    for stage in ("Staging", "Staging", "None", "None"):
        version = net.version("net")["version"]
        move = {"name": "net", "version": version, "stage": stage, "archive_existing_versions": False}
        net.ok("POST", "model-versions/transition-stage", **move)
    latest = "registered-models/get-latest-versions"
    found = net.ok(method, latest, name="net")["model_versions"]
    assert [(item["current_stage"], item["version"]) for item in found] == [("None", "4"), ("Staging", "2")]
    staged = net.ok(method, latest, name="net", stages=["staging"])["model_versions"]
    assert [item["version"] for item in staged] == ["2"]


@pytest.mark.parametrize("version", ["one", "1.5", "", "١"])
def test_a_version_that_is_no_number_is_refused(net: Registry, version: str) -> None:
    assert net.fails("GET", "model-versions/get", name="net", version=version) == BAD_VALUE


@pytest.mark.parametrize("version", ["0", "-1", "99", "9" * 30])
def test_an_unknown_version_is_not_found(net: Registry, version: str) -> None:
    assert net.fails("GET", "model-versions/get", name="net", version=version) == ABSENT


def test_search_walks_all_versions_once_in_order(net: Registry) -> None:
    for number in range(7):
        net.version("net", run_id=RUN, tags=[{"key": "odd", "value": str(number % 2)}])
    pages = net.pages("model-versions", 3, filter="name = 'net'", order_by=["version_number ASC"])
    assert [[item["version"] for item in page] for page in pages] == [["1", "2", "3"], ["4", "5", "6"], ["7"]]
    odd = net.pages(
        "model-versions", 10, filter="name = 'net' AND tags.odd = '1'", order_by=["version_number"]
    )
    assert [item["version"] for item in odd[0]] == ["2", "4", "6"]
    assert odd[0][0]["tags"] == [{"key": "odd", "value": "1"}]


def test_more_versions_than_one_statement_loads_come_in_order(net: Registry) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: net.version("net", tags=[{"key": "k", "value": "v"}]), range(260)))
    (page,) = net.pages("model-versions", 1000, filter="name = 'net'", order_by=["version_number DESC"])
    assert [int(item["version"]) for item in page] == list(range(260, 0, -1))
    assert all(item["tags"] == [{"key": "k", "value": "v"}] for item in page)


@pytest.mark.parametrize("limit", ["0", "-1", "200001"])
def test_a_page_size_out_of_range_is_refused(registry: Registry, limit: str) -> None:
    assert registry.fails("GET", "model-versions/search", max_results=limit) == BAD_VALUE

"""Artifacts by run, logged model and model version."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.api.artifact_server import MODEL, PROXY, RUN, RUN_ROOT, Client, Records, artifact_server

FOREIGN = "f" * 32
API = "/api/2.0/mlflow"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    root = tmp_path_factory.mktemp("data")
    records = Records()
    records.runs[FOREIGN] = "s3://elsewhere/0/artifacts"
    records.runs["inroot"] = f"file://{root}/artifacts/direct/artifacts"
    records.versions["net", "2"] = f"models:/{MODEL}"
    records.versions["net", "3"] = f"mlflow-artifacts:/{RUN_ROOT}/model"
    records.versions["net", "4"] = "file:///etc"
    records.versions["net", "5"] = "models:/net/1"
    with artifact_server(str(root / "artifacts"), records=records) as client:
        client.put(f"{PROXY}/{RUN_ROOT}/model/MLmodel", b"flavors")
        client.put(f"{PROXY}/{RUN_ROOT}/plot.png", b"png")
        client.put(f"{PROXY}/0/models/{MODEL}/artifacts/data/w.bin", b"weights")
        client.put(f"{PROXY}/direct/artifacts/f", b"direct")
        yield client


def test_a_run_lists_paths_relative_to_its_root(client: Client) -> None:
    root = f"mlflow-artifacts:/{RUN_ROOT}"
    assert client.get(f"{API}/artifacts/list?run_id={RUN}").json == {
        "root_uri": root,
        "files": [{"path": "model", "is_dir": True}, {"path": "plot.png", "is_dir": False, "file_size": 3}],
    }
    assert client.get(f"{API}/artifacts/list?run_uuid={RUN}&path=model").json == {
        "root_uri": root,
        "files": [{"path": "model/MLmodel", "is_dir": False, "file_size": 7}],
    }


@pytest.mark.parametrize("path", ["plot.png", "nothing"])
def test_listing_a_file_of_a_run_shows_its_root_only(client: Client, path: str) -> None:
    assert client.get(f"{API}/artifacts/list?run_id={RUN}&path={path}").json == {
        "root_uri": f"mlflow-artifacts:/{RUN_ROOT}"
    }


def test_a_run_must_be_named_and_exist(client: Client) -> None:
    assert client.get(f"{API}/artifacts/list").status == 400
    assert client.get(f"{API}/artifacts/list?run_id=nope").status == 404


def test_a_run_elsewhere_is_refused(client: Client) -> None:
    answer = client.get(f"{API}/artifacts/list?run_id={FOREIGN}")
    assert answer.status == 400 and "datastore" in answer.json["message"]


def test_a_run_located_inside_the_root_directly_is_served(client: Client) -> None:
    assert client.get("/get-artifact?run_id=inroot&path=f").body == b"direct"


def test_get_artifact_sends_a_file_of_a_run(client: Client) -> None:
    answer = client.get(f"/get-artifact?run_uuid={RUN}&path=model/MLmodel")
    assert (answer.status, answer.body) == (200, b"flavors")
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"run_id={RUN}", 400),
        ("path=x", 400),
        (f"run_id={RUN}&path=nope", 404),
        ("run_id=nope&path=x", 404),
        (f"run_id={RUN}&path=model", 400),
    ],
)
def test_get_artifact_errors(client: Client, query: str, status: int) -> None:
    answer = client.get(f"/get-artifact?{query}")
    assert answer.status == status and answer.json["message"]


@pytest.mark.parametrize(("version", "path"), [("1", "MLmodel"), ("3", "MLmodel"), ("2", "data/w.bin")])
def test_a_model_version_sends_its_file(client: Client, version: str, path: str) -> None:
    answer = client.get(f"/model-versions/get-artifact?name=net&version={version}&path={path}")
    assert answer.status == 200 and answer.body in (b"flavors", b"weights")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("name=net&version=4&path=passwd", 400),
        ("name=net&version=5&path=x", 400),
        ("name=net&version=9&path=x", 404),
        ("name=net&path=x", 400),
        ("version=1&path=x", 400),
        ("name=net&version=1", 400),
        ("name=net&version=1&path=MLmodel&presigned=true", 501),
    ],
)
def test_model_version_errors(client: Client, query: str, status: int) -> None:
    answer = client.get(f"/model-versions/get-artifact?{query}")
    assert answer.status == status and b"root:" not in answer.body


def test_a_logged_model_lists_and_sends_its_files(client: Client) -> None:
    base = f"{API}/logged-models/{MODEL}/artifacts"
    assert client.get(f"{base}/directories").json["files"] == [{"path": "data", "is_dir": True}]
    assert client.get(f"{base}/directories?artifact_directory_path=data").json["files"] == [
        {"path": "data/w.bin", "is_dir": False, "file_size": 7}
    ]
    assert client.get(f"{base}/files?artifact_file_path=data/w.bin").body == b"weights"
    assert client.get(f"{base}/files").status == 400
    assert client.get(f"{API}/logged-models/m-nope/artifacts/files?artifact_file_path=x").status == 404


def test_upload_artifact_stores_a_file_of_a_run(client: Client) -> None:
    url = f"/ajax-api/2.0/mlflow/upload-artifact?run_id={RUN}&path=up/f"
    assert client.send("POST", url, b"data").status == 200
    assert client.get(f"/get-artifact?run_id={RUN}&path=up/f").body == b"data"


def test_upload_artifact_refuses_an_empty_or_large_body(client: Client) -> None:
    url = f"/ajax-api/2.0/mlflow/upload-artifact?run_id={RUN}&path=up/refused"
    large = os.urandom(10 * 1024 * 1024 + 1)
    assert client.send("POST", url, b"").status == 400
    assert client.send("POST", url, iter([]), encode_chunked=True).status == 400
    assert client.send("POST", url, iter([large]), encode_chunked=True).status == 413
    assert client.get(f"/get-artifact?run_id={RUN}&path=up/refused").status == 404


def test_a_directory_has_no_parts_and_no_signed_urls(client: Client) -> None:
    for answer in (
        client.post("/api/2.0/mlflow-artifacts/mpu/create/d", {"path": "f", "num_parts": 2}),
        client.get("/api/2.0/mlflow-artifacts/presigned/d/f"),
        client.post(f"{API}/artifacts/presigned-upload-url", {"run_id": RUN, "path": "f"}),
        client.post(f"{API}/artifacts/presigned-download-url", {"run_id": RUN, "path": "plot.png"}),
    ):
        assert (answer.status, answer.json["error_code"]) == (501, "NOT_IMPLEMENTED")


@pytest.mark.parametrize("fields", [{"path": "f"}, {"path": "f", "run_id": RUN, "model_id": MODEL}])
def test_signed_urls_need_exactly_one_owner(client: Client, fields: dict[str, str]) -> None:
    assert client.post(f"{API}/artifacts/presigned-upload-url", fields).status == 400

"""Transfers past the server, on a real S3 server and on Azurite."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import urllib3

from tests.api.artifact_server import MODEL, PROXY, RUN, RUN_ROOT, Client, artifact_server
from tests.components import azurite, s3

API = "/api/2.0/mlflow"
MPU = "/api/2.0/mlflow-artifacts/mpu"
PART = 5 * 1024 * 1024


@pytest.fixture(scope="module", params=["s3", "azure"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    if request.param == "s3":
        if s3.missing_programs():
            pytest.skip("Ceph is not installed; run scripts/install-components")
        with s3.s3_server() as server:
            server.create_bucket("bucket")
            with artifact_server("s3://bucket/root", server.environment) as client:
                yield client
    else:
        if azurite.script() is None:
            pytest.skip("Azurite is not installed; run scripts/install-components")
        with azurite.azurite_server() as blobs:
            blobs.create_container("bucket")
            with artifact_server("az://bucket/root", blobs.environment) as client:
                yield client


def test_server_info_promises_what_the_store_can_do(client: Client) -> None:
    info = client.get("/api/3.0/mlflow/server-info").json
    assert info["multipart_uploads_enabled"] and info["multipart_downloads_enabled"]
    assert info["presigned_upload_run_id_supported"] and not info["artifacts_presigned_only"]


def test_plain_upload_download_list_and_delete_work_too(client: Client) -> None:
    data = os.urandom(1_500_000)
    assert client.put(f"{PROXY}/plain/a%20b", data).status == 200
    assert client.names("plain") == ["a b"]
    assert client.get(f"{PROXY}/plain/a%20b").body == data
    assert client.get(f"{PROXY}/plain/a%20b", Range="bytes=10-19").body == data[10:20]
    assert client.get(f"{PROXY}/plain").status == 400
    assert client.send("DELETE", f"{PROXY}/plain").status == 200
    assert client.get(f"{PROXY}/plain/a%20b").status == 404


def test_a_file_is_uploaded_in_parts_without_passing_the_server(client: Client) -> None:
    data = os.urandom(PART + 1_000)
    fields = {"path": "big file.bin", "num_parts": 2}
    made = client.post(f"{MPU}/create/{RUN_ROOT}/model", fields).json
    parts = []
    for credential in made["credentials"]:
        number = credential["part_number"]
        chunk = data[(number - 1) * PART : number * PART]
        answer = urllib3.request("PUT", credential["url"], body=chunk, headers=credential["headers"])
        assert answer.status in (200, 201)
        parts.append(
            {"part_number": number, "etag": answer.headers.get("ETag", ""), "url": credential["url"]}
        )
    done = {"path": "big file.bin", "upload_id": made["upload_id"], "parts": parts}
    assert client.post(f"{MPU}/complete/{RUN_ROOT}/model", done).json == {}
    assert client.get(f"{PROXY}/{RUN_ROOT}/model/big%20file.bin").body == data


def test_an_old_client_sends_its_local_path_as_name(client: Client) -> None:
    made = client.post(f"{MPU}/create/dir", {"path": "/home/me/file.bin", "num_parts": 1}).json
    assert "/dir/file.bin?" in made["credentials"][0]["url"]
    abort = {"path": "/home/me/file.bin", "upload_id": made["upload_id"]}
    assert client.post(f"{MPU}/abort/dir", abort).json == {}


@pytest.mark.parametrize("parts", [0, -1, 10_001])
def test_an_impossible_number_of_parts_is_refused(client: Client, parts: int) -> None:
    assert client.post(f"{MPU}/create/d", {"path": "f", "num_parts": parts}).status == 400


def test_a_proxied_file_is_downloaded_by_signed_url(client: Client) -> None:
    client.put(f"{PROXY}/signed/f%25x", b"0123456789")
    answer = client.get("/api/2.0/mlflow-artifacts/presigned/signed/f%25x").json
    assert answer["file_size"] == 10
    got = urllib3.request("GET", answer["url"], headers={**answer["headers"], "Range": "bytes=2-4"})
    assert (got.status, got.data) == (206, b"234")
    assert client.get("/api/2.0/mlflow-artifacts/presigned/signed/nope").status == 404


@pytest.mark.parametrize("owner", [{"run_id": RUN}, {"model_id": MODEL}])
def test_a_run_or_model_gets_signed_urls(client: Client, owner: dict[str, str]) -> None:
    fields = {**owner, "path": "direct.bin"}
    upload = client.post(f"{API}/artifacts/presigned-upload-url", fields).json
    headers = upload.get("headers", {})
    assert urllib3.request("PUT", upload["presigned_url"], body=b"abc", headers=headers).status in (200, 201)
    download = client.post(f"{API}/artifacts/presigned-download-url", {**fields, "expiration": 60}).json
    assert download["file_size"] == 3
    assert urllib3.request("GET", download["presigned_url"]).data == b"abc"


@pytest.mark.parametrize("expiration", [0, -5, 604_801])
def test_an_impossible_expiry_is_refused(client: Client, expiration: int) -> None:
    client.put(f"{PROXY}/{RUN_ROOT}/f", b"x")
    fields = {"run_id": RUN, "path": "f", "expiration": expiration}
    assert client.post(f"{API}/artifacts/presigned-download-url", fields).status == 400

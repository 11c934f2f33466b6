"""Where files of a source lie in an object store, and what is said when they cannot be had."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from runyard.transfer import cloud_files
from runyard.transfer.artifacts import Places
from runyard.transfer.cloud_files import CloudFiles
from runyard.transfer.source import SourceFault

CLOSED = {
    "MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"
}  # fmt: skip


@pytest.mark.parametrize(
    ("place", "bucket", "path"),
    [
        ("s3://b/a b/p%20q/", "s3://b", "a b/p%20q"),
        ("s3a://b", "s3a://b", ""),
        ("gcs://b/x", "gs://b", "x"),
        ("az://c/x/y", "az://c", "x/y"),
        ("abfss://c@a.dfs.core.windows.net/x", "abfss://c@a.dfs.core.windows.net", "x"),
        ("wasbs://c@a.blob.core.windows.net/x/y", "abfss://c@a.dfs.core.windows.net", "x/y"),
    ],
)
def test_a_place_is_a_bucket_and_a_path_in_it(place: str, bucket: str, path: str) -> None:
    assert cloud_files._split(place) == (bucket, path)


def test_a_bucket_that_does_not_answer_is_not_asked_for_each_record(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    open_bucket = cloud_files.open_bucket

    def counted(bucket: str, environment: Mapping[str, str]) -> object:
        opened.append(bucket)
        return open_bucket(bucket, environment)

    monkeypatch.setattr(cloud_files, "open_bucket", counted)
    files = CloudFiles(CLOSED)
    for record in ("a", "b"):
        with pytest.raises(SourceFault, match=r"s3://b cannot be read: no answer from http://127.0.0.1:9"):
            list(files.files(f"s3://b/{record}"))
        files._stores.clear()
    assert len(opened) == 1


def test_a_place_without_a_bucket_is_told() -> None:
    with pytest.raises(SourceFault, match="names no bucket"):
        list(CloudFiles(CLOSED).files("s3:///x"))


def test_the_library_is_named_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> object:
        raise ModuleNotFoundError("No module named 'obstore'", name="obstore")

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(SourceFault, match=r"pip install 'runyard\[cloud\]'"):
        list(Places().files("s3://b/x"))


@pytest.mark.parametrize(
    ("environment", "keys"),
    [
        ({"AWS_ACCESS_KEY_ID": "own", "AWS_SECRET_ACCESS_KEY": "s"}, ("own", "s")),
        ({}, ("first", "1")),
        ({"AWS_PROFILE": "second"}, ("second", "2")),
        ({"AWS_PROFILE": "third"}, None),
    ],
)
def test_keys_come_from_the_environment_then_from_the_file_of_aws(
    tmp_path: Path, environment: dict[str, str], keys: tuple[str, str] | None
) -> None:
    path = tmp_path / "credentials"
    path.write_text(
        "[default]\naws_access_key_id = first\naws_secret_access_key = 1\n"
        "[second]\naws_access_key_id=second\naws_secret_access_key=2\n"
    )
    found = cloud_files._credentials({**environment, "AWS_SHARED_CREDENTIALS_FILE": str(path)})
    assert tuple(found.values()) == (keys or ())


def test_a_certificate_file_that_is_not_there_is_told() -> None:
    with pytest.raises(SourceFault, match="No such file"):
        list(CloudFiles({**CLOSED, "AWS_CA_BUNDLE": "/absent.pem"}).files("s3://b/x"))

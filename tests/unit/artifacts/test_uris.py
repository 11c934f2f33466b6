"""Artifact URIs: the known forms are parsed, everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.artifacts.uris import (
    LoggedModelUri,
    ProxiedUri,
    RegisteredModelUri,
    RunUri,
    StorageUri,
    check_location,
    parse_artifact_uri,
    parse_storage_location,
)
from runyard.errors import InvalidInput

MODEL = "m-0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mlflow-artifacts:/0/abc/artifacts", ProxiedUri("0/abc/artifacts")),
        ("mlflow-artifacts:/0/a%20b/100%25", ProxiedUri("0/a b/100%")),
        ("mlflow-artifacts:/", ProxiedUri("")),
        ("mlflow-artifacts:///0/abc", ProxiedUri("0/abc")),
        ("runs:/abc/model/data", RunUri("abc", "model/data")),
        ("runs:/abc", RunUri("abc", "")),
        (f"models:/{MODEL}/x/y", LoggedModelUri(MODEL, "x/y")),
        (f"models:/{MODEL}", LoggedModelUri(MODEL, "")),
        ("models:/my net/3", RegisteredModelUri("my net", "3", None)),
        ("models:/net/Production", RegisteredModelUri("net", "Production", None)),
        ("models:/net@champion", RegisteredModelUri("net", None, "champion")),
        ("s3://bucket/some/key", StorageUri("s3", "bucket", None, "some/key")),
        ("s3://bucket", StorageUri("s3", "bucket", None, "")),
        ("gs://my_bucket/x/", StorageUri("gs", "my_bucket", None, "x")),
        ("az://container/x", StorageUri("az", "container", None, "x")),
        ("abfss://box@acct.dfs.core.windows.net/x", StorageUri("az", "box", "acct", "x")),
        ("wasbs://box@acct.blob.core.windows.net/x", StorageUri("az", "box", "acct", "x")),
        ("file:/data/x", StorageUri("file", "", None, "/data/x")),
        ("file:///data/x", StorageUri("file", "", None, "/data/x")),
    ],
)
def test_known_forms_are_parsed(text: str, expected: object) -> None:
    assert parse_artifact_uri(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "relative/path",
        "../../etc",
        "http://host/x",
        "https://host/x",
        "http:///?/../../etc/",
        "http:///#/../../../etc/",
        "http:///;/../../etc",
        "ftp://x/y",
        "dbfs:/x",
        "FILE:///etc",
        "File:/etc",
        "file:etc",
        "file://localhost/etc",
        "file://./etc",
        "file://../etc",
        "file:////etc",
        "file:///a/../etc",
        "file:///%2e%2e/etc",
        "file:///a%252f..%252f",
        "file:///a?b",
        "file:///a#b",
        "mlflow-artifacts://host/x",
        "mlflow-artifacts://user:pw@host/x",
        "mlflow-artifacts:/a/../b",
        "mlflow-artifacts:/a//b",
        "mlflow-artifacts://///etc",
        "mlflow-artifacts:/a;b",
        "runs://host/abc/x",
        "runs:/../x",
        "runs:/a b/x",
        "runs:/abc/../x",
        "runs:/",
        "models:/",
        "models:/net",
        "models:/net/1/2",
        "models://profile/net/1",
        "s3://",
        "s3://user:pw@bucket/x",
        "s3://bucket:80/x",
        "s3://bucket/../x",
        "s3://bucket//x",
        "s3://bucket/x?versionId=1",
        "s3:bucket/x",
        "abfss://acct.dfs.core.windows.net/x",
        "abfss://box@evil/x",
        "az:///x",
        "c:\\x",
    ],
)
def test_everything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput, match="Invalid"):
        parse_artifact_uri(text)


@given(st.text(alphabet=st.sampled_from(list("filesrun3:/%.2e5c\\?#;@a-")), max_size=40))
def test_no_text_yields_a_path_that_leaves_its_root(text: str) -> None:
    try:
        uri = parse_artifact_uri(text)
    except InvalidInput:
        return
    path = getattr(uri, "path", "")
    assert ".." not in path.split("/") and "\\" not in path


@pytest.mark.parametrize(
    ("text", "root", "expected"),
    [
        ("s3://b/root/x/y", "s3://b/root", "x/y"),
        ("s3://b/root", "s3://b/root", ""),
        ("s3://b/x", "s3://b", "x"),
        ("s3://b/rootless/x", "s3://b/root", None),
        ("s3://c/root/x", "s3://b/root", None),
        ("gs://b/root/x", "s3://b/root", None),
        ("file:/data/a/b", "/data/a", "b"),
        ("file:/data/ab", "/data/a", None),
        ("file:/etc/passwd", "/data", None),
        ("abfss://box@one.dfs.core.windows.net/x", "abfss://box@two.dfs.core.windows.net", None),
        ("abfss://box@one.dfs.core.windows.net/x", "az://box", "x"),
    ],
)
def test_a_location_is_below_another_or_not(text: str, root: str, expected: str | None) -> None:
    uri = parse_artifact_uri(text)
    assert isinstance(uri, StorageUri)
    assert uri.below(parse_storage_location(root)) == expected


@pytest.mark.parametrize("text", ["s3://b/x", "mlflow-artifacts:/x", "file:/tmp/x", "/tmp/x", "az://box/x"])
def test_locations_that_clients_may_choose(text: str) -> None:
    check_location(text)


@pytest.mark.parametrize(
    "text", ["runs:/abc", f"models:/{MODEL}", "http:///#/../etc", "../x", "/a/../b", "dbfs:/x"]
)
def test_locations_that_clients_may_not_choose(text: str) -> None:
    with pytest.raises(InvalidInput, match="Invalid"):
        check_location(text)

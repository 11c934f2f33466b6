"""Datastore: up, down, registered with each documented signature, and never outside of the target."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard import Datastore, Workspace
from runyard.sdk.exceptions import UserErrorException
from tests.components.s3 import S3Server, missing_programs, s3_server
from tests.components.sshd import SshServer, missing_program, ssh_server


@pytest.fixture
def store(other: Workspace) -> Datastore:
    """The default datastore of a workspace of the test's own."""
    return Datastore.get_default(other)


def tree(root: Path, *names: str) -> Path:
    """Files whose content is their name."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def paths(store: Datastore, prefix: str = "") -> list[str]:
    return [path for path, _ in store.files(prefix)]


def test_the_default_is_the_blob_store(other: Workspace, store: Datastore) -> None:
    assert store.name == "workspaceblobstore" and store.is_default
    assert Datastore(other).name == Datastore.get(other, "workspaceblobstore").name == store.name
    assert set(other.datastores) == {"workspaceblobstore", "workspacefilestore"}
    Datastore.get(other, "workspacefilestore").set_as_default()
    assert other.get_default_datastore().name == "workspacefilestore"
    other.set_default_datastore("workspaceblobstore")
    assert other.get_default_datastore().name == "workspaceblobstore"


def test_an_unknown_datastore_is_named(other: Workspace) -> None:
    with pytest.raises(UserErrorException, match="nothere"):
        Datastore.get(other, "nothere")
    with pytest.raises(UserErrorException):
        Datastore.get(other, "../x")


def test_a_folder_goes_up_and_comes_down(store: Datastore, place: Path) -> None:
    tree(place / "src", "a.txt", "b/c d.txt", "b/ü/e", "empty/.hidden")
    reference = store.upload(place / "src", target_path="data/in", show_progress=False)
    assert reference.path_on_datastore == "data/in"
    assert paths(store) == ["data/in/a.txt", "data/in/b/c d.txt", "data/in/b/ü/e", "data/in/empty/.hidden"]
    assert store.download("down", prefix="data/in/b", show_progress=False) == 2
    assert (place / "down/data/in/b/c d.txt").read_text() == "b/c d.txt"
    assert store.download("down", show_progress=False) == 2
    assert store.download("down", overwrite=True, show_progress=False) == 4


def test_what_is_there_is_kept_unless_overwritten(
    store: Datastore, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree(place / "src", "a")
    store.upload("src")
    assert "Uploaded 1 files" in capsys.readouterr().out
    (place / "src/a").write_text("new")
    store.upload("src")
    assert "Target already exists. Skipping upload for a" in capsys.readouterr().out
    store.download("one", show_progress=False)
    store.upload("src", overwrite=True, show_progress=False)
    store.download("two", show_progress=False)
    assert ((place / "one/a").read_text(), (place / "two/a").read_text()) == ("a", "new")
    (place / "two/a").write_text("mine")
    store.download("two", show_progress=False)
    assert (place / "two/a").read_text() == "mine"
    assert capsys.readouterr().out == ""


def test_files_keep_their_place_below_the_relative_root(store: Datastore, place: Path) -> None:
    tree(place, "x/y/a", "x/b")
    store.upload_files(["x/y/a", "x/b"], relative_root="x", target_path="t", show_progress=False)
    store.upload_files(["x/y/a"], target_path="flat", show_progress=False)
    assert paths(store) == ["flat/a", "t/b", "t/y/a"]
    with pytest.raises(UserErrorException, match="relative_root"):
        store.upload_files(["x/b"], relative_root="x/y")
    with pytest.raises(UserErrorException, match="no files"):
        store.upload_files(["nothing"])
    with pytest.raises(UserErrorException, match="folder"):
        store.upload("nothing")


def test_files_are_deleted_by_name_only(store: Datastore, place: Path) -> None:
    store.upload(tree(place / "src", "a", "d/b"), show_progress=False)
    store.delete_files("d")
    assert paths(store) == ["a"]
    with pytest.raises(UserErrorException):
        store.delete_files("/")


@pytest.mark.parametrize("name", ["../up", "/etc/x", "a/../../up", "link/x", "C:/x", "a\\..\\..\\x"])
def test_a_download_never_leaves_the_target(
    store: Datastore, place: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "down").mkdir()
    (place / "down/link").symlink_to(place)
    monkeypatch.setattr(Datastore, "files", lambda self, prefix="": iter([(name, 1)]))
    with pytest.raises(UserErrorException):
        store.download("down", show_progress=False)
    assert not (place / "up").exists() and not (place / "x").exists()


def test_references_say_where_and_how(store: Datastore) -> None:
    reference = store.path("data").path("in")
    assert (reference.datastore, reference.path_on_datastore, reference.mode) == (store, "data/in", "mount")
    assert reference.as_download("/tmp/x").mode == store.as_download().mode == "download"
    assert reference.as_download("/tmp/x").path_on_compute == "/tmp/x"
    assert store.as_upload(overwrite=True).overwrite and store.as_mount().mode == "mount"


def test_the_blob_container_has_the_documented_signature() -> None:
    found = list(inspect.signature(Datastore.register_azure_blob_container).parameters)
    assert found == [
        *("workspace", "datastore_name", "container_name", "account_name", "sas_token", "account_key", "protocol"),
        *("endpoint", "overwrite", "create_if_not_exists", "skip_validation", "blob_cache_timeout"),
        *("grant_workspace_access", "subscription_id", "resource_group"),
    ]  # fmt: skip


def test_a_blob_container_is_registered(other: Workspace) -> None:
    fields: dict[str, Any] = {"container_name": "cont", "account_name": "account", "skip_validation": True}
    made = Datastore.register_azure_blob_container(other, "blobs", account_key="a2V5", **fields)
    assert (made.datastore_type, made.container_name, made.account_name) == ("azure", "cont", "account")
    assert "a2V5" not in repr(made) and "a2V5" not in str(made.config)
    with pytest.raises(UserErrorException, match="overwrite"):
        Datastore.register_azure_blob_container(other, "blobs", sas_token="sig", **fields)
    again = Datastore.register_azure_blob_container(
        other, "blobs", sas_token="sig", protocol="http", endpoint="localhost:1", overwrite=True, **fields
    )
    assert again.endpoint == "http://account.blob.localhost:1"
    again.unregister()
    assert "blobs" not in other.datastores


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    if missing_programs():
        pytest.skip("Ceph is not installed; run scripts/install-components")
    with s3_server() as server:
        server.create_bucket("data")
        yield server


@pytest.fixture(scope="module")
def sshd() -> Iterator[SshServer]:
    if missing_program():
        pytest.skip("openssh-server is not installed; run scripts/install-components")
    with ssh_server() as server:
        yield server


def test_a_bucket_is_filled_and_read(other: Workspace, s3: S3Server, place: Path) -> None:
    made = Datastore.register_s3(
        other, "bucket", "data", s3.access_key, s3.secret_key, endpoint=s3.url, prefix="team"
    )
    made.upload(tree(place / "src", "a", "b/c"), show_progress=False)
    assert paths(made) == ["a", "b/c"]
    with pytest.raises(UserErrorException, match="skip_validation"):
        Datastore.register_s3(other, "wrong", "absent", s3.access_key, s3.secret_key, endpoint=s3.url)


def test_an_sftp_directory_is_filled_and_read(other: Workspace, sshd: SshServer, place: Path) -> None:
    (place / "key").write_text(sshd.private_key)
    where: dict[str, Any] = {"path": str(sshd.files), "port": sshd.port, "private_key_file": "key"}
    made = Datastore.register_sftp(other, "far", "127.0.0.1", sshd.user, sshd.host_key, **where)
    made.upload(tree(place / "src", "a", "b/c"), show_progress=False)
    assert (sshd.files / "b/c").read_text() == "b/c"
    assert made.download("down", show_progress=False) == 2


def test_a_directory_needs_the_administrator(other: Workspace, place: Path) -> None:
    with pytest.raises(UserErrorException, match="datastore-roots"):
        Datastore.register_local(other, "local", place)


@pytest.mark.parametrize(
    ("kind", "instead"),
    [
        ("azure_file_share", "register that"),
        ("azure_data_lake", "register that"),
        ("azure_data_lake_gen2", "register_azure_blob_container"),
        ("azure_sql_database", "from_parquet_files"),
        ("azure_postgre_sql", "from_parquet_files"),
        ("azure_my_sql", "from_parquet_files"),
        ("dbfs", "register that"),
    ],
)
def test_kinds_that_are_not_served_say_what_is(ws: Workspace, kind: str, instead: str) -> None:
    with pytest.raises(UserErrorException, match=instead):
        getattr(Datastore, f"register_{kind}")(ws, "name", server_name="x")

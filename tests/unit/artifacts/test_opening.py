"""From a URL to a datastore, and what is refused on the way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from runyard.artifacts.cloud.store import CloudDatastore
from runyard.artifacts.contracts import Capabilities
from runyard.artifacts.local.store import LocalDatastore
from runyard.artifacts.opening import mount_datastore, open_datastore
from runyard.artifacts.uris import ProxiedUri, StorageUri
from runyard.errors import InvalidInput, StorageUnavailable

AWS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
AZURE = {"AZURE_STORAGE_ACCOUNT_NAME": "acct", "AZURE_STORAGE_ACCOUNT_KEY": "a2V5"}
CONNECTION = {
    "AZURE_STORAGE_CONNECTION_STRING": "AccountName=acct;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/acct"
}


@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}"])
def test_a_directory_is_made_and_opened(tmp_path: Path, form: str) -> None:
    store = open_datastore(form.format(tmp_path / "new" / "artifacts"))
    assert isinstance(store, LocalDatastore) and (tmp_path / "new" / "artifacts").is_dir()
    asyncio.run(store.aclose())


@pytest.mark.parametrize(
    ("url", "environment", "able"),
    [
        ("s3://bucket/prefix", AWS, Capabilities(presigned=True, multipart=True)),
        ("s3://bucket/prefix", {}, Capabilities(presigned=True)),
        ("az://container", AZURE, Capabilities(presigned=True, multipart=True)),
        ("az://container", CONNECTION, Capabilities(presigned=True, multipart=True)),
        ("abfss://container@acct.dfs.core.windows.net/x", {}, Capabilities()),
    ],
)
def test_a_cloud_store_says_what_its_credentials_allow(
    url: str, environment: dict[str, str], able: Capabilities
) -> None:
    store = open_datastore(url, environment)
    assert isinstance(store, CloudDatastore) and store.capabilities == able


@pytest.mark.parametrize("url", ["http://host/x", "ftp://x", "memory://", "hdfs://x/y", "runs:/x", "s3://"])
def test_an_unknown_url_is_one_clear_sentence(url: str) -> None:
    with pytest.raises(InvalidInput, match="Invalid artifact URI"):
        open_datastore(url, {})


def test_credentials_that_cannot_be_read_are_not_shown() -> None:
    options = {"GOOGLE_SERVICE_ACCOUNT_KEY": "{a secret that is no JSON"}
    with pytest.raises(InvalidInput, match="of gs://bucket cannot be read") as caught:
        open_datastore("gs://bucket", options)
    assert "secret" not in caught.value.message and caught.value.__suppress_context__


def test_without_the_library_a_cloud_store_says_what_to_install() -> None:
    done = _alone("sys.modules['obstore'] = None; open_datastore('s3://bucket', {})")
    assert done.returncode != 0 and done.stderr.strip().endswith(
        "NotImplementedHere: This server cannot reach S3, Azure Blob Storage and Google Cloud Storage; its administrator "
        "can `pip install 'runyard[cloud]'`."
    )


def test_a_server_on_directories_loads_no_library_for_object_stores() -> None:
    code = "import runyard.server.app, runyard.transfer.opening; print('obstore' in sys.modules, 'asyncssh' in sys.modules)"
    assert _alone(code).stdout.split() == ["False", "False"]


def _alone(code: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter: what is loaded here is loaded for good."""
    whole = f"import sys; from runyard.artifacts.opening import open_datastore; {code}"
    return subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, timeout=60)


def test_azure_without_an_account_says_what_to_set() -> None:
    with pytest.raises(InvalidInput, match="AZURE_STORAGE_ACCOUNT_NAME"):
        open_datastore("az://container", {})


def test_a_directory_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageUnavailable, match="cannot be used"):
        open_datastore(str(tmp_path / "file" / "below"))


def test_a_mount_finds_its_own_uris_only(tmp_path: Path) -> None:
    mount = mount_datastore(str(tmp_path / "root"))
    assert mount.path_of(ProxiedUri("0/x")) == "0/x"
    assert mount.path_of(StorageUri("file", "", None, f"{tmp_path}/root/0/x")) == "0/x"
    with pytest.raises(InvalidInput, match="not in the datastore"):
        mount.path_of(StorageUri("file", "", None, f"{tmp_path}/other"))
    asyncio.run(mount.datastore.aclose())

"""From the URL of a datastore to the datastore, and from an artifact's URI to its place in one."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from runyard.artifacts.contracts import Datastore
from runyard.artifacts.local.store import LocalDatastore
from runyard.artifacts.local.syncing import make_directories
from runyard.artifacts.local.tree import DIRECTORY_MODE
from runyard.artifacts.paths import shortened
from runyard.artifacts.uris import (
    ProxiedUri,
    StorageUri,
    parse_storage_location,
)
from runyard.errors import InvalidInput, NotImplementedHere, StorageUnavailable


def open_datastore(
    url: str, environment: Mapping[str, str] | None = None, *, proxy_url: str | None = None
) -> Datastore:
    """Open the datastore at `url`.

    Args:
        url: a directory (made when it is missing), `file:/directory`, `s3://bucket/prefix`,
            `az://container/prefix`, `abfss://container@account.dfs.core.windows.net/prefix` (`wasbs:` likewise),
            or `gs://bucket/prefix`.
        environment: where credentials and addresses are looked up; the process's own when absent.
        proxy_url: what all requests to an object store go through; then it signs nothing.
    Raises: InvalidInput for any other URL, StorageUnavailable when a directory cannot be used, NotImplementedHere for an
        object store when the library for them is not installed.
    """
    return mount_datastore(url, environment, proxy_url=proxy_url).datastore


def mount_datastore(
    url: str, environment: Mapping[str, str] | None = None, *, proxy_url: str | None = None
) -> Mount:
    """Like `open_datastore`; the answer also knows which URIs lie in the datastore."""
    uri = parse_storage_location(url)
    if uri.scheme == "file":
        root = os.path.realpath(uri.path)
        return Mount(_open_directory(root), StorageUri("file", "", None, root))
    variables = os.environ if environment is None else environment
    return Mount(_cloud().open_cloud(uri, variables, proxy_url), uri)


@dataclass(frozen=True, slots=True)
class Mount:
    """A datastore and where it is."""

    datastore: Datastore
    root: StorageUri

    def path_of(self, uri: ProxiedUri | StorageUri) -> str:
        """The path of an artifact's URI within this datastore; empty for its root.

        Raises: InvalidInput, when the URI lies elsewhere: this server reads and writes its own datastore only.
        """
        if isinstance(uri, ProxiedUri):
            return uri.path
        path = uri.below(self.root)
        if path is None:
            shown = shortened(f"{uri.scheme}:{uri.bucket}{uri.path}")
            raise InvalidInput(f"Invalid artifact URI {shown}: it is not in the datastore of this server.")
        return path


def _cloud() -> ModuleType:
    """Loaded when it is first needed: most servers keep their files in a directory."""
    try:
        return importlib.import_module("runyard.artifacts.cloud.opening")
    except ModuleNotFoundError as exc:
        if exc.name is None or not exc.name.startswith("obstore"):
            raise
        raise NotImplementedHere(
            "This server cannot reach S3, Azure Blob Storage and Google Cloud Storage; its administrator can "
            "`pip install 'runyard[cloud]'`."
        ) from None


def _open_directory(root: str) -> LocalDatastore:
    try:
        make_directories(Path(root).absolute(), DIRECTORY_MODE)
        return LocalDatastore(root)
    except OSError as exc:
        raise StorageUnavailable(f"The artifact directory {root} cannot be used: {exc.strerror}.") from exc

"""What the services of datastores, datasets and secrets ask of a store. The rules of `contracts.py` hold here too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runyard.entities.common import Page
from runyard.entities.dataset import NewDataset, RegisteredDataset
from runyard.entities.datastore import DatastoreRecord
from runyard.entities.secret import SecretInfo


class DatastoreStore(Protocol):
    """Registered datastores; secrets are encrypted before they come here."""

    async def put_datastore(self, workspace_id: int, record: DatastoreRecord, *, overwrite: bool) -> None:
        """Register, or replace. Times and id are the store's. Raises: AlreadyExists unless overwrite."""
        ...

    async def find_datastore(self, workspace_id: int, name: str) -> DatastoreRecord | None:
        """One by its name."""
        ...

    async def list_datastores(self, workspace_id: int, after: str, limit: int) -> Sequence[DatastoreRecord]:
        """Those whose name comes after `after`, by name."""
        ...

    async def delete_datastore(self, workspace_id: int, name: str, fallback: str) -> bool:
        """Forget one, its files stay; tells whether it was there. `fallback` becomes the default if it was that."""
        ...

    async def default_datastore(self, workspace_id: int) -> str:
        """The name of the workspace's default."""
        ...

    async def set_default_datastore(self, workspace_id: int, name: str) -> None:
        """Replace the workspace's default."""
        ...


class DatasetStore(Protocol):
    """Registered datasets and their versions."""

    async def register(
        self, workspace_id: int, new: NewDataset, created_by: str, *, new_version: bool
    ) -> RegisteredDataset:
        """The first version of a new name; of a known one the latest when it says the same, else the next version.

        Raises: AlreadyExists for a known name unless new_version.
        """
        ...

    async def get(self, workspace_id: int, name: str, version: int | None) -> RegisteredDataset:
        """One version, the latest when None. Raises: NotFound."""
        ...

    async def get_by_id(self, workspace_id: int, dataset_id: str) -> RegisteredDataset:
        """One version by its id. Raises: NotFound."""
        ...

    async def list_datasets(
        self, workspace_id: int, *, archived: bool, max_results: int, page_token: str | None
    ) -> Page[RegisteredDataset]:
        """The latest version of each, by name; archived ones instead of the others when asked for."""
        ...

    async def set_archived(self, workspace_id: int, name: str, *, archived: bool) -> None:
        """Hide from lists, or show again. May be called twice. Raises: NotFound."""
        ...

    async def unregister(self, workspace_id: int, name: str) -> None:
        """Forget all versions; the data stay. Raises: NotFound."""
        ...


class SecretStore(Protocol):
    """Encrypted values by name."""

    async def put_secret(self, workspace_id: int, name: str, value: bytes, created_by: str) -> None:
        """Set or replace."""
        ...

    async def find_secret(self, workspace_id: int, name: str) -> bytes | None:
        """The encrypted value."""
        ...

    async def list_secrets(
        self, workspace_id: int, *, max_results: int, page_token: str | None
    ) -> Page[SecretInfo]:
        """Names, never values, by name."""
        ...

    async def delete_secret(self, workspace_id: int, name: str) -> bool:
        """Forget it; tells whether it was there."""
        ...

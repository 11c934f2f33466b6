"""Requests and answers about datastores."""

from __future__ import annotations

from typing import Any

import msgspec

from runyard.entities.common import Page
from runyard.entities.datastore import BUILT_IN_STORES, ConfigValue, DatastoreRecord, StoredFile


class ListDatastores(msgspec.Struct):
    max_results: int | None = None
    page_token: str | None = None


class RegisterDatastore(msgspec.Struct):
    """`secret` is an object of texts. It has no type, so that no error about its type repeats it."""

    name: str
    kind: str
    config: dict[str, ConfigValue] = {}
    secret: Any = None
    overwrite: bool = False
    skip_validation: bool = False


class DatastoreName(msgspec.Struct):
    name: str


class DatastoreMessage(msgspec.Struct):
    """Everything but the secret."""

    name: str
    kind: str
    config: dict[str, ConfigValue]
    has_secret: bool
    is_default: bool
    built_in: bool
    created_by: str
    created_ms: int
    updated_ms: int

    @classmethod
    def of(cls, record: DatastoreRecord, default: str) -> DatastoreMessage:
        """The message of a record."""
        return cls(
            record.name,
            record.kind,
            dict(record.config),
            record.secret is not None,
            record.name == default,
            record.name in BUILT_IN_STORES,
            record.created_by,
            record.created_ms,
            record.updated_ms,
        )


class DatastoreList(msgspec.Struct):
    items: list[DatastoreMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[DatastoreRecord], default: str) -> DatastoreList:
        """The message of a page."""
        return cls([DatastoreMessage.of(record, default) for record in page.items], page.next_page_token)


class ListFiles(msgspec.Struct):
    name: str
    path: str = ""
    recursive: bool = False
    max_results: int | None = None
    page_token: str | None = None


class FileEntryPage(msgspec.Struct):
    items: list[StoredFile]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[StoredFile]) -> FileEntryPage:
        """The message of a page."""
        return cls(page.items, page.next_page_token)

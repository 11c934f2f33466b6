"""Requests and answers about registered datasets."""

from __future__ import annotations

import msgspec

from runyard.entities.common import Page
from runyard.entities.dataset import DatasetDefinition, NewDataset, RegisteredDataset


class RegisterDataset(msgspec.Struct):
    name: str
    kind: str
    definition: DatasetDefinition
    description: str = ""
    tags: dict[str, str] = {}
    create_new_version: bool = False

    def new(self) -> NewDataset:
        """What is registered."""
        return NewDataset(self.name, self.kind, self.definition, self.description, self.tags)


class ListDatasets(msgspec.Struct):
    archived: bool = False
    max_results: int | None = None
    page_token: str | None = None


class GetDataset(msgspec.Struct):
    """A version is a number, or `latest`."""

    name: str
    version: str | None = None


class DatasetName(msgspec.Struct):
    name: str


class DatasetVersionId(msgspec.Struct):
    id: str


class DatasetMessage(msgspec.Struct):
    id: str
    name: str
    version: int
    latest_version: int
    kind: str
    definition: DatasetDefinition
    description: str
    tags: dict[str, str]
    archived: bool
    created_by: str
    created_ms: int

    @classmethod
    def of(cls, found: RegisteredDataset) -> DatasetMessage:
        """The message of a version."""
        return cls(
            found.id,
            found.name,
            found.version,
            found.latest_version,
            found.kind,
            found.definition,
            found.description,
            dict(found.tags),
            found.archived,
            found.created_by,
            found.created_ms,
        )


class DatasetPage(msgspec.Struct):
    items: list[DatasetMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[RegisteredDataset]) -> DatasetPage:
        """The message of a page."""
        return cls([DatasetMessage.of(one) for one in page.items], page.next_page_token)

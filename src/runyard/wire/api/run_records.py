"""Run records and properties as our API spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from runyard.entities.common import Page
from runyard.entities.run_record import RunRecord
from runyard.wire.mlflow.runs import RunMessage
from runyard.wire.mlflow.scalars import Int32, Int64


class CreateRunHere(msgspec.Struct):
    experiment_id: str | int | None = None
    experiment_name: str | None = None
    run_id: str | None = None
    name: str | None = None
    parent_run_id: str | None = None
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    start_ms: Int64 | None = None


class CreatedRun(msgspec.Struct):
    run: RunMessage


class NumberAnswer(msgspec.Struct):
    """The first run of an experiment is number 1."""

    number: int


class NewRecord(msgspec.Struct):
    uuid: str
    name: str
    kind: str
    logged_ms: Int64
    body: dict[str, Any] = {}


class AddRecords(msgspec.Struct):
    run_id: str
    records: list[NewRecord]


class ListRecords(msgspec.Struct):
    run_id: str
    name: str | None = None
    kind: str | None = None
    max_results: Int32 = 100
    page_token: str | None = None


class RecordMessage(msgspec.Struct):
    uuid: str
    name: str
    kind: str
    logged_ms: int
    body: msgspec.Raw


class RecordPage(msgspec.Struct, omit_defaults=True):
    items: list[RecordMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[RunRecord]) -> RecordPage:
        """The message of one page."""
        items = [
            RecordMessage(one.uuid, one.name, one.kind, one.logged_ms, msgspec.Raw(one.body.encode()))
            for one in page.items
        ]
        return cls(items, page.next_page_token)


class RunOfPath(msgspec.Struct):
    run_id: str


class SetProperties(msgspec.Struct):
    run_id: str
    properties: dict[str, str]


class PropertiesAnswer(msgspec.Struct):
    properties: Mapping[str, str]


class PropertiesOfRuns(msgspec.Struct):
    run_ids: list[str]


class PropertiesOfRun(msgspec.Struct):
    run_id: str
    properties: Mapping[str, str]


class PropertiesPage(msgspec.Struct):
    items: list[PropertiesOfRun]

"""Registered datasets: named, versioned definitions of where data are and how they are read."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

KINDS = ("tabular", "file")
FORMATS = ("delimited", "parquet", "json_lines")
STEPS = ("keep", "drop", "take", "skip", "sample", "part", "time")


class DataPath(msgspec.Struct, frozen=True, omit_defaults=True):
    """Files of a datastore by path or glob; without a datastore a path or URL that the client itself can read."""

    path: str
    datastore: str = ""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done to the rows, in order.

    keep, drop: `columns`. take, skip: `count` rows. sample: a share of `fraction` of the rows, chosen by `seed`. part:
    rows whose chance, drawn by `seed`, lies from `start` to `stop` (0 to 1), so that parts of one seed share no row.
    time: rows whose column `columns[0]` lies from `start_ms` to `stop_ms` (0: open), the bounds with `inclusive`;
    `recent_ms` counts back from now.
    """

    op: str
    columns: list[str] = []
    count: int = 0
    fraction: float = 0.0
    seed: int = 0
    start: float = 0.0
    stop: float = 1.0
    start_ms: int = 0
    stop_ms: int = 0
    recent_ms: int = 0
    inclusive: bool = True


class DatasetDefinition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Files, for tabular data how they are read, and what is done to the rows."""

    paths: list[DataPath]
    format: str = ""
    separator: str = ","
    header: bool = True
    encoding: str = "utf8"
    text_only: bool = False
    include_path: bool = False
    timestamp: str = ""
    coarse_timestamp: str = ""
    steps: list[Step] = []


class NewDataset(msgspec.Struct, frozen=True):
    """What is registered."""

    name: str
    kind: str
    definition: DatasetDefinition
    description: str = ""
    tags: Mapping[str, str] = {}


class RegisteredDataset(msgspec.Struct, frozen=True):
    """One version of a dataset; times are milliseconds UTC, `id` is unique and never comes again."""

    id: str
    name: str
    version: int
    latest_version: int
    kind: str
    definition: DatasetDefinition
    description: str
    tags: Mapping[str, str]
    archived: bool
    created_by: str
    created_ms: int

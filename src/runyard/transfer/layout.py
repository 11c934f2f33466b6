"""Where things are in an exported folder.

manifest.json                        counts, and size and SHA-256 of every file but artifacts; written last
workspace.json                       what the workspace said of itself
experiments.jsonl                    one record a line, as in `entities.transfer`
registered_models.jsonl  datasets.jsonl  datastores.jsonl
experiments/ID/runs.jsonl            runs with params, tags, properties, inputs
experiments/ID/points.parquet        run_id, key, step, timestamp_ms, value
experiments/ID/logged.jsonl          what the SDK logged beside numbers, with run_id
experiments/ID/logged_models.jsonl  traces.jsonl
experiments/ID/artifacts.jsonl       kind, id, path, file, bytes, sha256 of each artifact
artifacts/KIND/ID/PATH               the artifacts, plain files
tables/runs.parquet  params.parquet  tags.parquet  metrics.parquet     for reading, not for import
"""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

import msgspec

from runyard.entities.transfer import LoggedRecord
from runyard.transfer.source import Owner

FORMAT = "runyard export"
VERSION = 1
MANIFEST = "manifest.json"
POINT_COLUMNS = ("run_id", "key", "step", "timestamp_ms", "value")


class ListedFile(msgspec.Struct, frozen=True):
    """A file of the folder that is no artifact."""

    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a folder should hold."""

    format: str
    version: int
    runyard: str
    exported_ms: int
    workspace: str
    counts: dict[str, int]
    files: list[ListedFile]


class LoggedLine(LoggedRecord, frozen=True, kw_only=True):
    """What the SDK logged, with the run that it belongs to."""

    run_id: str


class ArtifactLine(msgspec.Struct, frozen=True):
    """One artifact: whose it is, its path there, and where it lies in the folder."""

    kind: str
    id: str
    path: str
    file: str
    bytes: int
    sha256: str


def experiment_file(id: str, name: str) -> str:
    """The path of a file of one experiment."""
    return f"experiments/{quote(id, safe='')}/{name}"


def artifact_folder(owner: Owner) -> str:
    """The path of the folder of a record's artifacts."""
    return f"artifacts/{owner.kind}s/{quote(owner.id, safe='')}"


def is_inside(path: str) -> bool:
    """Whether a path from a manifest leads nowhere but into the folder."""
    pure = PurePosixPath(path)
    return (
        bool(path)
        and not pure.is_absolute()
        and ".." not in pure.parts
        and "\\" not in path
        and "\x00" not in path
    )

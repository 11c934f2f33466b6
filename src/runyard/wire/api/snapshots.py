"""Snapshots as our API spells them."""

from __future__ import annotations

import msgspec

from runyard.entities.snapshot import Snapshot
from runyard.wire.mlflow.scalars import Int64


class FileOfSnapshot(msgspec.Struct):
    """`sha256` of the content, in hex; `path` relative, by `/`."""

    path: str
    sha256: str
    size: Int64
    executable: bool = False


class KeepSnapshot(msgspec.Struct):
    files: list[FileOfSnapshot]


class KeptSnapshot(msgspec.Struct):
    """`missing`: hashes of contents that are to be sent before the same request is sent again; none: it is kept."""

    snapshot_id: str
    missing: list[str]


class SnapshotOfRun(msgspec.Struct):
    run_id: str


class FileOfRun(msgspec.Struct):
    """The query of a download."""

    run_id: str
    path: str


class SnapshotMessage(msgspec.Struct):
    snapshot_id: str
    files: list[FileOfSnapshot]
    created_ms: int

    @classmethod
    def of(cls, one: Snapshot) -> SnapshotMessage:
        """The message of one."""
        files = [FileOfSnapshot(file.path, file.sha256, file.size, file.executable) for file in one.files]
        return cls(one.id, files, one.created_ms)

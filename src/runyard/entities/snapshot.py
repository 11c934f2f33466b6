"""Sources that a submitted run takes along: a manifest of files, each known by the hash of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec


class SnapshotFile(msgspec.Struct, frozen=True):
    """A file of a snapshot.

    Attributes:
        path: relative, by `/`.
        sha256: of the content, in hex.
        size: in bytes.
    """

    path: str
    sha256: str
    size: int
    executable: bool = False


class Snapshot(msgspec.Struct, frozen=True):
    """Files that were kept, by path. `id` is the hash of the manifest."""

    id: str
    files: Sequence[SnapshotFile]
    created_ms: int


class Blob(msgspec.Struct, frozen=True):
    """The content of files.

    Attributes:
        place: path below the workspace's snapshots.
        guid: of the workspace; empty for the default one.
    """

    row: int
    guid: str
    place: str


def manifest_of(files: Iterable[SnapshotFile]) -> bytes:
    """The canonical manifest: JSON without blanks, keys and files in the order of their code points."""
    ordered = sorted(files, key=lambda one: one.path)
    return msgspec.json.encode({"files": ordered}, order="sorted")


def snapshot_id(manifest: bytes) -> str:
    """What a snapshot is known by."""
    return hashlib.sha256(manifest).hexdigest()

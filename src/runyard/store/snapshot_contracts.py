"""What the services ask of a store about snapshots; the rules of store.contracts hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from runyard.entities.snapshot import Blob, Snapshot, SnapshotFile


class SnapshotStore(Protocol):
    """Manifests, and which contents are kept where. Contents are removed when no snapshot needs them any more, and
    snapshots when no job names them any more and nobody has asked for them for a while.
    """

    async def keep(self, workspace_id: int, manifest: bytes, grace_ms: int) -> Sequence[str]:
        """Keep a snapshot whose contents are all here; the hashes of those that are not. Again is fine.

        What is here stays for `grace_ms` at least, so that the others can follow.
        Raises: InvalidInput, when the manifest gives another size for a content.
        """
        ...

    async def find(self, workspace_id: int, snapshot_id: str) -> Snapshot | None: ...

    async def of_run(self, workspace_id: int, run_id: str) -> Snapshot | None:
        """The one that the run's job names. Raises: NotFound for the run."""
        ...

    async def touch(self, workspace_id: int, snapshot_id: str) -> bool:
        """Whether it is here; it stays for a while, so that a job that names it can be made."""
        ...

    async def has_blob(self, workspace_id: int, sha256: str) -> bool: ...

    async def begin_blob(self, workspace_id: int, sha256: str, size: int, place: str, grace_ms: int) -> int:
        """A content is about to be written to a place that nothing else had; returns its row."""
        ...

    async def end_blob(self, row: int, size: int, grace_ms: int) -> None:
        """It is written. Of two that were written at once one stays."""
        ...

    async def abandon_blob(self, row: int) -> None:
        """It was not written; what is at its place goes."""
        ...

    async def places(self, workspace_id: int, files: Sequence[SnapshotFile]) -> Mapping[str, str]:
        """Where the contents of a snapshot's files are, by hash."""
        ...

    async def drop_unused(self, grace_ms: int, recheck_ms: int, limit: int) -> bool:
        """Look at snapshots that were not looked at for `recheck_ms`, and remove those that no job names and nobody asked
        for in `grace_ms`; returns whether there may be more to look at. Cost: an index lookup for each, and its rows.
        """
        ...

    async def doomed(self, limit: int) -> Sequence[Blob]:
        """Contents that nothing needs; from now on they are found by nobody else."""
        ...

    async def forget(self, rows: Sequence[int]) -> None:
        """What was at their places is gone."""
        ...

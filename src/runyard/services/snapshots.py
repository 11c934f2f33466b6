"""Rules for snapshots: which files a run may take along, where they are kept, and when they go."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Sequence

import msgspec

from runyard.artifacts import paths
from runyard.artifacts.contracts import ByteRange, Datastore, Download, FileInfo
from runyard.artifacts.finishing import finish
from runyard.entities.snapshot import Snapshot, SnapshotFile, manifest_of, snapshot_id
from runyard.errors import InvalidInput, NotFound, shown
from runyard.services.context import Context
from runyard.services.jobs_access import refuse_job
from runyard.services.places import OTHERS, SNAPSHOTS
from runyard.services.snapshot_archive import tar_gz
from runyard.store.snapshot_contracts import SnapshotStore

LARGEST = 5  # files that an error names
AT_ONCE = 50
_WAY_OUT = (
    "Name what the script does not need in an .amlignore or .gitignore file, write results to ./outputs, and keep data in "
    "a datastore."
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class SnapshotLimits(msgspec.Struct, frozen=True):
    """How large a snapshot may be, how long one that no job names is kept, and how often that is looked at."""

    files: int
    bytes: int
    grace_ms: int
    recheck_ms: int


class Kept(msgspec.Struct, frozen=True):
    """What a manifest comes to: it is kept once nothing is missing."""

    id: str
    missing: Sequence[str]


class SnapshotService:
    """Files are kept by the hash of their content, each once in a workspace, where no artifact route leads.

    Args:
        datastore: the server's own.
    """

    def __init__(self, store: SnapshotStore, datastore: Datastore, limits: SnapshotLimits) -> None:
        self._store = store
        self._datastore = datastore
        self._limits = limits

    async def keep(self, ctx: Context, files: Sequence[SnapshotFile]) -> Kept:
        """Keep a snapshot, or tell which contents are to be sent first. Again is fine.

        Raises: InvalidInput for paths that lead elsewhere, and for too much; NotAllowed for a job's own token.
        """
        refuse_job(ctx)
        self._check(files)
        manifest = manifest_of(files)
        missing = await self._store.keep(ctx.workspace_id, manifest, self._limits.grace_ms)
        return Kept(snapshot_id(manifest), missing)

    async def put(self, ctx: Context, sha256: str, pieces: AsyncIterator[bytes], size: int | None) -> None:
        """Keep a content. Again is fine.

        Raises: InvalidInput, when its hash is another one, or it is larger than a snapshot may be.
        """
        refuse_job(ctx)
        _check_hash(sha256)
        if size is not None and size > self._limits.bytes:
            raise self._too_large(size)
        grace = self._limits.grace_ms
        if await self._store.has_blob(ctx.workspace_id, sha256):
            async for _ in self._checked(sha256, pieces):
                pass
            return
        place = f"{sha256[:2]}/{sha256}-{secrets.token_hex(8)}"
        row = await self._store.begin_blob(ctx.workspace_id, sha256, size or 0, place, grace)
        try:
            path = _path(ctx.workspace_guid, place)
            written = await self._datastore.put(path, self._checked(sha256, pieces), size)
        except BaseException:
            await finish(self._store.abandon_blob(row))
            raise
        await self._store.end_blob(row, written, grace)

    async def of_run(self, ctx: Context, run_id: str) -> Snapshot:
        """The snapshot that a run took along. Raises: NotFound."""
        found = await self._store.of_run(ctx.workspace_id, run_id)
        if found is None:
            raise NotFound(f"Run {shown(run_id)} took no snapshot of its sources along.")
        return found

    async def archive(self, ctx: Context, run_id: str) -> AsyncIterator[bytes]:
        """A run's snapshot as a gzipped tar archive, piece by piece."""
        found = await self.of_run(ctx, run_id)
        places = await self._store.places(ctx.workspace_id, found.files)

        async def open_file(one: SnapshotFile) -> Download:
            return await self._datastore.get(_path(ctx.workspace_guid, places[one.sha256]))

        return tar_gz(found.files, open_file)

    async def path_of(self, ctx: Context, run_id: str, path: str) -> str:
        """Where a file of a run's snapshot is kept. Raises: NotFound, InvalidInput."""
        clean = paths.clean_file_path(path)
        found = await self.of_run(ctx, run_id)
        for one in found.files:
            if one.path == clean:
                places = await self._store.places(ctx.workspace_id, [one])
                return _path(ctx.workspace_guid, places[one.sha256])
        raise NotFound(f"The snapshot of run {shown(run_id)} has no file {paths.shortened(clean)}.")

    async def get(self, kept: str, byte_range: ByteRange | None) -> Download:
        """Open what is kept there; the caller closes it."""
        return await self._datastore.get(kept, byte_range)

    async def head(self, kept: str) -> FileInfo:
        """Metadata of what is kept there."""
        return await self._datastore.head(kept)

    async def require(self, workspace_id: int, snapshot_id: str) -> None:
        """A job is about to name it; it stays until that is made.

        Raises: InvalidInput, when it is not here.
        """
        known = _SHA256.fullmatch(snapshot_id) is not None
        if not known or not await self._store.touch(workspace_id, snapshot_id):
            raise InvalidInput(
                f"There is no snapshot {shown(snapshot_id, 100)} in this workspace. Send its files first (POST /snapshots)."
            )

    async def clean(self) -> bool:
        """Remove some of what nothing needs any more; returns whether there may be more to do at once."""
        limits = self._limits
        more = await self._store.drop_unused(limits.grace_ms, limits.recheck_ms, AT_ONCE)
        gone = []
        for one in await self._store.doomed(AT_ONCE):
            await self._datastore.delete(_path(one.guid, one.place))
            gone.append(one.row)
        if gone:
            await self._store.forget(gone)
        return more or len(gone) == AT_ONCE

    def _check(self, files: Sequence[SnapshotFile]) -> None:
        limits = self._limits
        if len(files) > limits.files:
            raise InvalidInput(
                f"The snapshot has {len(files):,} files; {limits.files:,} is the most. {_WAY_OUT}"
            )
        total = 0
        for one in files:
            _check_file(one)
            total += one.size
        if total > limits.bytes:
            largest = sorted(files, key=lambda one: one.size, reverse=True)[:LARGEST]
            raise self._too_large(total, [f"{one.path} ({_megabytes(one.size)})" for one in largest])
        _check_tree([one.path for one in files])

    def _too_large(self, size: int, largest: Sequence[str] = ()) -> InvalidInput:
        named = f" The largest: {', '.join(paths.shortened(one) for one in largest)}." if largest else ""
        return InvalidInput(
            f"The snapshot has {_exactly(size)}; {_exactly(self._limits.bytes)} is the most.{named} {_WAY_OUT}"
        )

    async def _checked(self, sha256: str, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Raises: InvalidInput before the end, so that nothing of a wrong content is kept."""
        digest, size = hashlib.sha256(), 0
        async for piece in pieces:
            size += len(piece)
            if size > self._limits.bytes:
                raise self._too_large(size)
            digest.update(piece)
            yield piece
        if digest.hexdigest() != sha256:
            raise InvalidInput(
                f"The {size} bytes that came have the hash {digest.hexdigest()}, not {sha256}: the file changed, or not all of "
                "it came. Make the manifest again."
            )


def _path(guid: str, place: str) -> str:
    return f"{OTHERS}/{guid}/{SNAPSHOTS}/{place}" if guid else f"{SNAPSHOTS}/{place}"


def _check_hash(sha256: str) -> None:
    if not _SHA256.fullmatch(sha256):
        raise InvalidInput(f"Invalid hash {shown(sha256, 100)}: 64 digits of a SHA-256 in lower-case hex.")


def _exactly(size: int) -> str:
    return f"{size:,} bytes ({size / 2**20:,.1f} MB)"


def _megabytes(size: int) -> str:
    return f"{size:,} bytes" if size < 1 << 17 else f"{size / 2**20:,.1f} MB"


def _check_file(one: SnapshotFile) -> None:
    if paths.clean_file_path(one.path) != one.path:
        raise InvalidInput(f"Invalid path {paths.shortened(one.path)}: it holds '.'.")
    _check_hash(one.sha256)
    if one.size < 0:
        raise InvalidInput(f"The file {paths.shortened(one.path)} has {shown(one.size)} bytes.")


def _check_tree(names: Sequence[str]) -> None:
    """Each path once, and none below another one."""
    known: set[str] = set()
    for name in names:
        if name in known:
            raise InvalidInput(f"The path {paths.shortened(name)} is in the manifest twice.")
        known.add(name)
    for name in names:
        above = name.rpartition("/")[0]
        while above:
            if above in known:
                raise InvalidInput(
                    f"The manifest has {paths.shortened(above)} as a file and as a directory of {paths.shortened(name)}."
                )
            above = above.rpartition("/")[0]

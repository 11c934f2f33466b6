"""Rules for artifacts: which file of the datastore a run, a logged model or a model version means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from runyard.artifacts import paths
from runyard.artifacts.contracts import (
    DEFAULT_EXPIRY_S,
    LONGEST_EXPIRY_S,
    ByteRange,
    Capabilities,
    Download,
    Entry,
    FileInfo,
    SignedRequest,
    UploadedPart,
)
from runyard.artifacts.opening import Mount
from runyard.artifacts.uris import (
    LoggedModelUri,
    RegisteredModelUri,
    RunUri,
    parse_artifact_uri,
)
from runyard.artifacts.walking import files_below
from runyard.errors import InvalidInput, NotFound, NotImplementedHere, RunyardError
from runyard.services.context import Context
from runyard.services.folder_zip import zipped
from runyard.services.places import DATASTORES, OTHERS, SNAPSHOTS, PathOwners, may_at, path_in_workspace

MOST_PARTS = 10_000
_SIGNED_PER_STEP = 100


class ArtifactRoots(Protocol):
    """Where records keep their artifacts; the URIs are as stored. Each raises NotFound."""

    async def run(self, ctx: Context, run_id: str) -> str:
        """The artifact URI of a run."""
        ...

    async def logged_model(self, ctx: Context, model_id: str) -> str:
        """The artifact URI of a logged model that is not deleted."""
        ...

    async def model_version(self, ctx: Context, name: str, version: str) -> str:
        """The URI from which a registered model's version is downloaded."""
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """One directory of a record: where the record keeps its artifacts, and entries with paths relative to that."""

    root_uri: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class SignedDownload:
    """A signed request and the size of the file behind it."""

    request: SignedRequest
    size: int


@dataclass(frozen=True, slots=True)
class MultipartUpload:
    """An upload under way and one signed request per part, from part 1 on."""

    upload_id: str
    parts: Sequence[SignedRequest]


class ArtifactService:
    """Checks paths, finds the place in the datastore, and hands on.

    Every path is decoded once already and relative to the files of the workspace: those of the default one lie at the
    root of the datastore, those of every other one below `workspaces/<guid>`, and no path leads from one to another.
    All methods may raise InvalidInput for a path, and what `Datastore` raises.

    Args:
        mount: the server's datastore.
        roots: asks the stores of runs and models.
        owners: tell whose files a path leads to.
    """

    def __init__(self, mount: Mount, roots: ArtifactRoots, owners: PathOwners) -> None:
        self._mount = mount
        self._store = mount.datastore
        self._roots = roots
        self._owners = owners
        self.accepted_bytes = 0

    @property
    def capabilities(self) -> Capabilities:
        """What the datastore can do beyond the basics."""
        return self._store.capabilities

    async def put(self, ctx: Context, path: str, pieces: AsyncIterator[bytes], size: int | None) -> None:
        """Store a file. An upload that ends early leaves nothing."""
        place = self._place(ctx, paths.clean_file_path(path))
        with _as_they_know_it(ctx, place):
            self.accepted_bytes += await self._store.put(place, pieces, size)

    async def get(self, ctx: Context, path: str, byte_range: ByteRange | None) -> Download:
        """Open a file; the caller closes it."""
        place = self._place(ctx, paths.clean_file_path(path))
        with _as_they_know_it(ctx, place):
            return await self._store.get(place, byte_range)

    async def head(self, ctx: Context, path: str) -> FileInfo:
        """Metadata of a file."""
        place = self._place(ctx, paths.clean_file_path(path))
        with _as_they_know_it(ctx, place):
            return await self._store.head(place)

    async def list_dir(self, ctx: Context, path: str) -> Sequence[Entry]:
        """Names directly below a directory."""
        clean = paths.clean_directory_path(path)
        place = self._place(ctx, clean)
        with _as_they_know_it(ctx, place):
            found = await self._store.list_dir(place)
        return _without_others(ctx, clean, found)

    async def delete(self, ctx: Context, path: str) -> None:
        """Delete a file or directory; the root is refused, what is not there is fine."""
        clean = paths.clean_directory_path(path)
        if not clean and ctx.workspace_guid:
            raise InvalidInput(
                "The root of the artifacts cannot be deleted; name a file or directory below it."
            )
        place = self._place(ctx, clean)
        with _as_they_know_it(ctx, place):
            await self._store.delete(place)

    async def delete_workspace(self, guid: str) -> None:
        """All files of a workspace that is no more; again is fine."""
        await self._store.delete(f"{OTHERS}/{guid}")

    async def delete_directory(self, guid: str, path: str) -> None:
        """A directory of the workspace with this guid, empty for the default one, whose record is no more; again is fine."""
        clean = paths.clean_directory_path(path)
        if not clean:
            raise InvalidInput("The root of the artifacts is no record's own.")
        await self._store.delete(f"{OTHERS}/{guid}/{clean}" if guid else clean)

    async def measure(self, ctx: Context, path: str, limit: int) -> tuple[int, int, bool]:
        """How many files are below a directory, their bytes, and whether these are all; counted up to the limit."""
        count = size = 0
        async for entry in files_below(self._store, self._place(ctx, paths.clean_directory_path(path))):
            if count >= limit:
                return count, size, False
            count += 1
            size += entry.size or 0
        return count, size, True

    async def file_of_run(self, ctx: Context, run_id: str, path: str) -> str:
        """The path of a run's file."""
        return await self._below(ctx, await self._roots.run(ctx, run_id), path)

    async def file_of_logged_model(self, ctx: Context, model_id: str, path: str) -> str:
        """The path of a logged model's file."""
        return await self._below(ctx, await self._roots.logged_model(ctx, model_id), path)

    async def file_of_model_version(self, ctx: Context, name: str, version: str, path: str) -> str:
        """The path of a model version's file."""
        return await self._below(ctx, await self._roots.model_version(ctx, name, version), path)

    async def file_below(self, ctx: Context, root_uri: str, path: str) -> str:
        """The path of a file below an artifact location."""
        return await self._below(ctx, root_uri, path)

    async def list_run(self, ctx: Context, run_id: str, path: str) -> Listing:
        """One directory of a run."""
        return await self._listing(ctx, await self._roots.run(ctx, run_id), path)

    async def files_of_run(self, ctx: Context, run_id: str, directory: str, limit: int) -> Sequence[Entry]:
        """Files below a directory of a run, with their paths relative to the run's; the first so many."""
        root = await self._root_path(ctx, await self._roots.run(ctx, run_id))
        clean = paths.join(root, paths.clean_directory_path(directory))
        await self._check_owner(ctx, clean)
        found: list[Entry] = []
        place = self._place(ctx, clean)
        cut = len(place) - len(clean) + len(root)
        async for entry in files_below(self._store, place):
            if len(found) == limit:
                break
            found.append(Entry(entry.name[cut:].lstrip("/"), False, entry.size))
        return found

    async def zip_of_run(self, ctx: Context, run_id: str, directory: str) -> AsyncIterator[bytes]:
        """The files below a directory of a run as a ZIP archive. Cost: one pass over them, a piece at a time.

        Raises: NotFound, when there are none.
        """
        relative = paths.clean_directory_path(directory)
        clean = paths.join(await self._root_path(ctx, await self._roots.run(ctx, run_id)), relative)
        await self._check_owner(ctx, clean)
        place = self._place(ctx, clean)
        below = files_below(self._store, place)
        first = await anext(below, None)
        if first is None:
            raise NotFound(
                f"No files below {paths.shortened(relative)}." if relative else "The run has no files."
            )

        async def files() -> AsyncIterator[Entry]:
            yield first
            async for entry in below:
                yield entry

        async def named() -> AsyncIterator[Entry]:
            async for entry in files():
                yield Entry(entry.name.removeprefix(place).lstrip("/"), False, entry.size)

        return zipped(named(), lambda entry: self._store.get(paths.join(place, entry.name), None))

    async def list_logged_model(self, ctx: Context, model_id: str, path: str) -> Listing:
        """One directory of a logged model."""
        return await self._listing(ctx, await self._roots.logged_model(ctx, model_id), path)

    async def sign_download(self, ctx: Context, path: str, expires_s: int | None = None) -> SignedDownload:
        """A URL from which a client downloads a file directly. Raises: NotImplementedHere."""
        if not self.capabilities.presigned:
            raise NotImplementedHere("This server's datastore has no presigned URLs; use the plain download.")
        clean = self._place(ctx, paths.clean_file_path(path))
        with _as_they_know_it(ctx, clean):
            info = await self._store.head(clean)
        return SignedDownload(await self._store.presign_get(clean, check_expiry(expires_s)), info.size)

    async def sign_upload(self, ctx: Context, path: str, expires_s: int | None = None) -> SignedRequest:
        """A URL to which a client uploads a file directly. Raises: NotImplementedHere."""
        return await self._store.presign_put(
            self._place(ctx, paths.clean_file_path(path)), check_expiry(expires_s)
        )

    async def begin_multipart(self, ctx: Context, directory: str, name: str, parts: int) -> MultipartUpload:
        """Begin an upload in parts. Raises: NotImplementedHere, InvalidInput for the number of parts."""
        path = self._place(ctx, part_path(directory, name))
        if not self.capabilities.multipart:
            raise NotImplementedHere(
                "This server's datastore has no multipart uploads; use the plain upload."
            )
        if not 1 <= parts <= MOST_PARTS:
            raise InvalidInput(
                f"Invalid value {parts} for parameter 'num_parts': it must be 1 to {MOST_PARTS}."
            )
        upload_id = await self._store.create_multipart(path)
        return MultipartUpload(upload_id, await self._sign_parts(path, upload_id, parts))

    async def complete_multipart(
        self, ctx: Context, directory: str, name: str, upload_id: str, parts: Sequence[UploadedPart]
    ) -> None:
        """Make the parts visible as one file."""
        await self._store.complete_multipart(self._place(ctx, part_path(directory, name)), upload_id, parts)

    async def abort_multipart(self, ctx: Context, directory: str, name: str, upload_id: str) -> None:
        """Forget the parts."""
        await self._store.abort_multipart(self._place(ctx, part_path(directory, name)), upload_id)

    async def _sign_parts(self, path: str, upload_id: str, count: int) -> list[SignedRequest]:
        signed = []
        for number in range(1, count + 1):
            signed.append(await self._store.presign_part(path, upload_id, number, LONGEST_EXPIRY_S))
            if number % _SIGNED_PER_STEP == 0:
                await asyncio.sleep(0)
        return signed

    async def _listing(self, ctx: Context, root_uri: str, path: str) -> Listing:
        relative = paths.clean_directory_path(path)
        clean = paths.join(await self._root_path(ctx, root_uri), relative)
        await self._check_owner(ctx, clean)
        place = self._place(ctx, clean)
        with _as_they_know_it(ctx, place):
            found = _without_others(ctx, clean, await self._store.list_dir(place))
        entries = [Entry(paths.join(relative, one.name), one.is_dir, one.size) for one in found]
        return Listing(root_uri, entries)

    async def _below(self, ctx: Context, root_uri: str, path: str) -> str:
        relative = paths.clean_file_path(path)
        clean = paths.join(await self._root_path(ctx, root_uri), relative)
        await self._check_owner(ctx, clean)
        return clean

    async def _check_owner(self, ctx: Context, path: str) -> None:
        """Files of an experiment are its own, whichever record's location leads to them.

        Raises: NotFound, as for what is not there.
        """
        if ctx.grants.experiments and not await may_at(self._owners, ctx, "artifacts/read", path):
            raise NotFound(f"No file or directory {paths.shortened(path)}.")

    async def _root_path(self, ctx: Context, root_uri: str) -> str:
        """The path of a stored artifact URI, through at most one run or logged model."""
        uri = parse_artifact_uri(f"file:{root_uri}" if root_uri.startswith("/") else root_uri)
        relative = ""
        if isinstance(uri, RunUri):
            relative, uri = uri.path, parse_artifact_uri(await self._roots.run(ctx, uri.run_id))
        elif isinstance(uri, LoggedModelUri):
            relative, uri = uri.path, parse_artifact_uri(await self._roots.logged_model(ctx, uri.model_id))
        if isinstance(uri, RunUri | LoggedModelUri | RegisteredModelUri):
            raise InvalidInput(f"The artifact location {paths.shortened(root_uri)} leads to no datastore.")
        return paths.join(path_in_workspace(self._mount, ctx, uri), relative)

    def _place(self, ctx: Context, path: str) -> str:
        """The path of a clean path of the workspace."""
        first = paths.folded(path).partition("/")[0]
        if first == DATASTORES:
            raise InvalidInput(
                f"Invalid path {paths.shortened(path)}: it holds the files of datastores; use their own routes."
            )
        if first == SNAPSHOTS:
            raise InvalidInput(
                f"Invalid path {paths.shortened(path)}: it holds the sources of runs; use their own routes."
            )
        if ctx.workspace_guid:
            return paths.join(f"{OTHERS}/{ctx.workspace_guid}", path)
        if first == OTHERS:
            raise InvalidInput(
                f"Invalid path {paths.shortened(path)}: it holds the files of other workspaces."
            )
        return path


def _without_others(ctx: Context, path: str, found: Sequence[Entry]) -> Sequence[Entry]:
    """What a directory shows: at the root neither datastores nor snapshots nor other workspaces."""
    hidden = (DATASTORES, SNAPSHOTS) if ctx.workspace_guid else (DATASTORES, SNAPSHOTS, OTHERS)
    return found if path else [entry for entry in found if entry.name not in hidden]


@contextmanager
def _as_they_know_it(ctx: Context, place: str) -> Iterator[None]:
    """Errors name paths as those of the workspace, which is what its people know."""
    try:
        yield
    except RunyardError as exc:
        if ctx.workspace_guid:
            inside = place.removeprefix(f"{OTHERS}/{ctx.workspace_guid}").lstrip("/")
            exc.message = exc.message.replace(paths.shortened(place), paths.shortened(inside))
        raise


def part_path(directory: str, name: str) -> str:
    """The path of a multipart upload. MLflow before 3.18 sends a whole local path as name; its last part counts.

    Raises: InvalidInput.
    """
    pieces = name.replace("\\", "/").split("/")
    if ".." in pieces:
        raise InvalidInput(f"Invalid path {paths.shortened(name)}: it holds '..'.")
    return paths.join(paths.clean_directory_path(directory), paths.clean_file_path(pieces[-1]))


def check_expiry(expires_s: int | None) -> int:
    """Seconds that a signed URL is good for. Raises: InvalidInput outside 1 second to 7 days."""
    if expires_s is None:
        return DEFAULT_EXPIRY_S
    if not 1 <= expires_s <= LONGEST_EXPIRY_S:
        raise InvalidInput(
            f"Invalid value {expires_s} for parameter 'expiration': it must be 1 to {LONGEST_EXPIRY_S} seconds."
        )
    return expires_s


def exactly_one(run_id: str | None, model_id: str | None) -> None:
    """Raises: InvalidInput unless just one of the two is given."""
    if bool(run_id) == bool(model_id):
        raise InvalidInput("Exactly one of 'run_id' and 'model_id' must be given.")

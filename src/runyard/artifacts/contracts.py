"""What every datastore promises.

A path here is relative, clean and decoded: what `paths.clean_path` returns. A datastore checks it no further, except
that the empty path names the root, which can be listed and never written, read or deleted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from runyard.errors import RangeNotSatisfiable

PIECE_BYTES = 256 * 1024
DEFAULT_EXPIRY_S = 900
LONGEST_EXPIRY_S = 604_800


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One stored file. `etag` has no quotes and changes with the content; `modified_s` is seconds since 1970, UTC."""

    size: int
    etag: str
    modified_s: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One name directly below a listed directory; directories have no size."""

    name: str
    is_dir: bool
    size: int | None


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A range as HTTP writes it: `first-last`, `first-` (last is None), or the last `last` bytes (first is None)."""

    first: int | None
    last: int | None

    def within(self, size: int) -> tuple[int, int]:
        """Return (start, stop) of the bytes that a file of `size` bytes has in this range; start < stop.

        Raises: RangeNotSatisfiable, when it has none.
        """
        if self.first is None:
            start, stop = max(0, size - (self.last or 0)), size
        else:
            start, stop = self.first, size if self.last is None else min(self.last + 1, size)
        if start >= stop:
            raise RangeNotSatisfiable(f"The file has {size} bytes; the requested range lies outside.")
        return start, stop


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a datastore can do beyond the basics."""

    presigned: bool = False
    multipart: bool = False


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A URL that whoever holds it may use for a while, with the headers that must be sent along."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """One part as the client reports it: its number from 1 on and the ETag that the store answered."""

    number: int
    etag: str


class Download:
    """An open file: its metadata, the range `start` to `stop` and the bytes in it.

    Iterate `pieces` (1 byte to 256 KiB each) at most once, and close in every case. The file stays readable when it is
    replaced or deleted meanwhile, or the iteration raises StorageUnavailable: pieces of two versions never mix.
    """

    def __init__(self, info: FileInfo, start: int, stop: int) -> None:
        self.info = info
        self.start = start
        self.stop = stop

    def pieces(self) -> AsyncIterator[bytes | bytearray | memoryview]:
        """The bytes, in order."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Release what is held. May be called twice."""
        raise NotImplementedError


class Datastore(Protocol):
    """A place for files.

    Every method may raise StorageUnavailable (503, try again) when the store does not answer, and InvalidInput for a
    path that this store cannot hold. `describe` names the store in errors and logs, without secrets.
    """

    describe: str
    capabilities: Capabilities

    async def put(self, path: str, pieces: AsyncIterator[bytes], size: int | None) -> int:
        """Write a file, or replace it; return its size.

        Nothing is visible before all is; once this returned, the file survives a crash. When `pieces` raises, when
        they are not `size` bytes (if given), or when this task is cancelled, nothing remains and an older version
        stays. Two writers of one path: one of the two versions stays, whole. Memory: a few MiB, whatever the size.

        Raises: InvalidInput (path names a directory, or lies below a file; wrong size), StorageFull.
        """
        ...

    async def get(self, path: str, byte_range: ByteRange | None = None) -> Download:
        """Open a file for reading.

        Raises: NotFound, InvalidInput (path names a directory), RangeNotSatisfiable.
        """
        ...

    async def head(self, path: str) -> FileInfo:
        """Metadata of a file. Raises: NotFound, InvalidInput (path names a directory)."""
        ...

    async def list_dir(self, path: str) -> Sequence[Entry]:
        """Files and directories directly below `path`, sorted by name; none for a file or what does not exist."""
        ...

    async def delete(self, path: str) -> None:
        """Delete a file, or a directory with all below it; what does not exist is fine.

        Large directories go in bounded pieces; after a crash, or a cancellation, call it again.

        Raises: InvalidInput for the root, which is never deleted.
        """
        ...

    async def presign_get(self, path: str, expires_s: int) -> SignedRequest:
        """A URL that downloads a file without the server. Raises: NotImplementedHere."""
        ...

    async def presign_put(self, path: str, expires_s: int) -> SignedRequest:
        """A URL that uploads a file without the server. Raises: NotImplementedHere."""
        ...

    async def create_multipart(self, path: str) -> str:
        """Begin an upload in parts; nothing is visible before it is completed. Raises: NotImplementedHere."""
        ...

    async def presign_part(self, path: str, upload_id: str, number: int, expires_s: int) -> SignedRequest:
        """A URL that uploads part `number` (from 1 on). A part may be sent again: the last one counts."""
        ...

    async def complete_multipart(self, path: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        """Make the file of these parts visible. Raises: InvalidInput, when a part is missing or differs."""
        ...

    async def abort_multipart(self, path: str, upload_id: str) -> None:
        """Forget an upload and its parts; an unknown one is fine."""
        ...

    async def aclose(self) -> None:
        """Release threads and connections; no method may be called afterwards."""
        ...

"""An object store as a datastore, through obstore."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import obstore
from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from runyard.artifacts.cloud.signing import MOST_PARTS, Signing
from runyard.artifacts.contracts import (
    PIECE_BYTES,
    ByteRange,
    Capabilities,
    Download,
    Entry,
    FileInfo,
    SignedRequest,
    UploadedPart,
)
from runyard.artifacts.finishing import finish
from runyard.artifacts.grouping import grouped
from runyard.artifacts.paths import join, shortened
from runyard.errors import InvalidInput, NotFound, StorageUnavailable

logger = logging.getLogger(__name__)

_LONGEST_KEY_BYTES = 1_024
_PART_BYTES = 8 * 1024 * 1024
_PARALLEL_PARTS = 4
_STREAM_BYTES = 64 * 1024
_DELETED_PER_STEP = 1_000
_LISTED_PER_STEP = 1_000
_RACES = 3
_QUERY = re.compile(r"\?[^\s\"']*")


class CloudDatastore:
    """The objects of one bucket below a prefix.

    Files up to 8 MiB are one request, larger ones a multipart upload that becomes visible when it completes; memory
    per upload is at most five parts. Directories are what common prefixes make of keys, so one that has lost its last
    file is gone.

    Args:
        describe: bucket for errors and logs.
        store: limited to `prefix` already.
        prefix: clean path within the bucket, may be empty.
    """

    def __init__(
        self, describe: str, store: S3Store | AzureStore | GCSStore, prefix: str, signing: Signing
    ) -> None:
        self.describe = describe
        self.capabilities: Capabilities = signing.capabilities
        self._store = store
        self._prefix = prefix
        self._signing = signing

    async def put(self, path: str, pieces: AsyncIterator[bytes], size: int | None) -> int:
        self._key(path)
        part = max(_PART_BYTES, -(-(size or 0) // (MOST_PARTS - 1)))
        written = 0
        writer: Any = obstore.open_writer_async(
            self._store, path, buffer_size=part, max_concurrency=_PARALLEL_PARTS
        )
        with self._translated(path):
            try:
                async for group in grouped(pieces, size):
                    written += sum(map(len, group))
                    await writer.write(b"".join(group))
            except BaseException as exc:
                with contextlib.suppress(BaseError, OSError):
                    await finish(writer.__aexit__(type(exc), exc, None))
                raise
            await finish(writer.close())
        return written

    async def get(self, path: str, byte_range: ByteRange | None = None) -> Download:
        self._key(path)
        options: Any = {}
        if byte_range is not None:
            info = await self.head(path)
            start, stop = byte_range.within(info.size)
            options = {"range": (start, stop), "if_match": f'"{info.etag}"'}
        with self._translated(path):
            try:
                result = await obstore.get_async(self._store, path, options=options)
            except FileNotFoundError as exc:
                raise await self._missing(path) from exc
        return CloudDownload(self, path, result)

    async def head(self, path: str) -> FileInfo:
        self._key(path)
        with self._translated(path):
            try:
                return _info(await obstore.head_async(self._store, path))
            except FileNotFoundError as exc:
                raise await self._missing(path) from exc

    async def list_dir(self, path: str) -> Sequence[Entry]:
        with self._translated(path):
            found = await obstore.list_with_delimiter_async(self._store, path or None)
        skip = len(path) + 1 if path else 0
        names: dict[str, Entry] = {}
        for meta in found["objects"]:
            name = meta["path"][skip:]
            if name:
                names[name] = Entry(name, False, meta["size"])
        for prefix in found["common_prefixes"]:
            name = prefix[skip:]
            names[name] = Entry(name, True, None)
        return [names[name] for name in sorted(names)]

    async def files_below(self, directory: str, after: str) -> AsyncIterator[Entry]:
        """See walking.files_below; one request per 1,000 keys."""
        with self._translated(directory):
            found = obstore.list(
                self._store, directory or None, offset=after or None, chunk_size=_LISTED_PER_STEP
            )
            async for metas in found:
                for meta in metas:
                    if not meta["path"].endswith("/"):
                        yield Entry(meta["path"], False, meta["size"])

    async def delete(self, path: str) -> None:
        if not path:
            raise InvalidInput(
                "The root of a datastore cannot be deleted. Name a file or directory below it."
            )
        with self._translated(path):
            for attempt in range(_RACES):
                try:
                    await self._delete_below(path)
                    break
                except FileNotFoundError:
                    if attempt == _RACES - 1:
                        raise
            with contextlib.suppress(FileNotFoundError):
                await obstore.delete_async(self._store, path)

    async def presign_get(self, path: str, expires_s: int) -> SignedRequest:
        return await self._signing.presign_get(self._key(path), expires_s)

    async def presign_put(self, path: str, expires_s: int) -> SignedRequest:
        return await self._signing.presign_put(self._key(path), expires_s)

    async def create_multipart(self, path: str) -> str:
        return await self._signing.create_multipart(self._key(path))

    async def presign_part(self, path: str, upload_id: str, number: int, expires_s: int) -> SignedRequest:
        return await self._signing.presign_part(self._key(path), upload_id, number, expires_s)

    async def complete_multipart(self, path: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        await self._signing.complete_multipart(self._key(path), upload_id, parts)

    async def abort_multipart(self, path: str, upload_id: str) -> None:
        await self._signing.abort_multipart(self._key(path), upload_id)

    async def aclose(self) -> None:
        """Nothing to release: the library closes its connections with its last reference."""

    async def _delete_below(self, path: str) -> None:
        async for metas in obstore.list(self._store, path, chunk_size=_DELETED_PER_STEP):
            await obstore.delete_async(self._store, [meta["path"] for meta in metas])

    async def _missing(self, path: str) -> InvalidInput | NotFound:
        async for metas in obstore.list(self._store, path, chunk_size=1):
            if metas:
                return InvalidInput(f"{shortened(path)} is a directory. Name a file in it.")
        return NotFound(f"No such artifact: {shortened(path)}.")

    def _key(self, path: str) -> str:
        if not path:
            raise InvalidInput("'' is a directory. Name a file in it.")
        key = join(self._prefix, path)
        if len(key.encode()) > _LONGEST_KEY_BYTES:
            raise InvalidInput(
                f"Invalid path {shortened(path)}: keys have at most {_LONGEST_KEY_BYTES} bytes here."
            )
        return key

    @contextlib.contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        """Turn errors of the library into ours. Its messages may hold keys in a query, so they are only logged."""
        try:
            yield
        except FileNotFoundError as exc:
            raise NotFound(f"No such artifact: {shortened(path)}.") from exc
        except (InvalidPathError, ValueError) as exc:
            raise InvalidInput(f"Invalid path {shortened(path)}: {self.describe} cannot store it.") from exc
        except PreconditionError as exc:
            raise StorageUnavailable(
                f"{shortened(path)} was replaced while it was opened; try again."
            ) from exc
        except (PermissionDeniedError, UnauthenticatedError) as exc:
            logger.error("%s refuses our credentials: %s", self.describe, _redacted(exc))
            raise StorageUnavailable(f"{self.describe} refuses the server's credentials.") from exc
        except (BaseError, OSError) as exc:
            logger.warning("%s: %s", self.describe, _redacted(exc))
            raise StorageUnavailable(
                f"{self.describe} does not answer as expected; try again later."
            ) from exc


class CloudDownload(Download):
    """An object being read."""

    def __init__(self, datastore: CloudDatastore, path: str, result: Any) -> None:
        super().__init__(_info(result.meta), *result.range)
        self._datastore = datastore
        self._path = path
        self._result = result

    async def pieces(self) -> AsyncIterator[bytes | bytearray | memoryview]:
        with self._datastore._translated(self._path):
            async for chunk in self._result.stream(min_chunk_size=_STREAM_BYTES):
                view = memoryview(chunk)
                for start in range(0, len(view), PIECE_BYTES):
                    yield view[start : start + PIECE_BYTES]

    async def aclose(self) -> None:
        self._result = None


def _info(meta: Any) -> FileInfo:
    etag = (meta["e_tag"] or "").removeprefix("W/").strip('"')
    modified_s = meta["last_modified"].timestamp()
    return FileInfo(meta["size"], etag or f"{modified_s:.0f}-{meta['size']:x}", modified_s)


def _redacted(exc: Exception) -> str:
    return _QUERY.sub("?…", str(exc).partition("\n")[0])[:500]

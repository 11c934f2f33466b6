"""A directory as a datastore: durable, atomic, and out of reach of links."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from runyard.artifacts.contracts import (
    ByteRange,
    Capabilities,
    Download,
    Entry,
    FileInfo,
    SignedRequest,
    UploadedPart,
)
from runyard.artifacts.finishing import finish
from runyard.artifacts.grouping import GROUP_BYTES, grouped
from runyard.artifacts.local.reading import LocalDownload, open_download
from runyard.artifacts.local.syncing import DirectorySync
from runyard.artifacts.local.tree import IsLink, Tree, removal
from runyard.artifacts.local.writing import HIDDEN, Upload, Uploads, file_info
from runyard.artifacts.paths import shortened
from runyard.errors import InvalidInput, NotFound, NotImplementedHere, StorageFull, StorageUnavailable

T = TypeVar("T")
logger = logging.getLogger(__name__)

_THREADS = 16
_RESERVE_BYTES = 64 * 1024 * 1024
_RESERVE_SHARE = 0.02
_FULL = (errno.ENOSPC, errno.EDQUOT)


class LocalDatastore:
    """Files below one directory of this machine, or of a network file system.

    Uploads are collected to 1 MiB before they are handed to a thread, and a small file costs one such hop. A put
    returns after fsync of the file and of its directory; concurrent puts share the latter. The last 64 MiB (2 % of a
    small disk) are left free for the database.

    Args:
        root: an existing directory.
    Raises: OSError, when the directory cannot be opened.
    """

    capabilities = Capabilities()

    def __init__(self, root: str) -> None:
        self.describe = f"directory {root}"
        self._syncs = DirectorySync()
        self._tree = Tree(root, self._syncs.sync)
        self._uploads = Uploads(self._tree, self._syncs)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="artifacts")
        self._sweeping = self._pool.submit(self._sweep)

    async def put(self, path: str, pieces: AsyncIterator[bytes], size: int | None) -> int:
        _check_writable(path)
        with _translated(path):
            return await self._put(path, grouped(pieces, size), size)

    async def get(self, path: str, byte_range: ByteRange | None = None) -> Download:
        _check_readable(path)
        with _translated(path):
            opening = self._start(lambda: open_download(self._tree, path, byte_range, self._pool))
            try:
                return await asyncio.shield(opening)
            except asyncio.CancelledError:
                opening.add_done_callback(_close_unused)
                raise

    async def head(self, path: str) -> FileInfo:
        _check_readable(path)
        with _translated(path):
            return await self._hop(lambda: self._head(path))

    async def list_dir(self, path: str) -> Sequence[Entry]:
        if _is_hidden(path):
            return []
        with _translated(path):
            return await self._hop(lambda: self._list(path))

    async def delete(self, path: str) -> None:
        if not path:
            raise InvalidInput(
                "The root of a datastore cannot be deleted. Name a file or directory below it."
            )
        _check_writable(path)
        with _translated(path):
            trash = await self._hop(lambda: self._detach(path))
            if trash is not None:
                await self._remove(trash)

    async def presign_get(self, path: str, expires_s: int) -> SignedRequest:
        raise _not_here("presigned URLs")

    async def presign_put(self, path: str, expires_s: int) -> SignedRequest:
        raise _not_here("presigned URLs")

    async def create_multipart(self, path: str) -> str:
        raise _not_here("multipart uploads")

    async def presign_part(self, path: str, upload_id: str, number: int, expires_s: int) -> SignedRequest:
        raise _not_here("multipart uploads")

    async def complete_multipart(self, path: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        raise _not_here("multipart uploads")

    async def abort_multipart(self, path: str, upload_id: str) -> None:
        raise _not_here("multipart uploads")

    async def aclose(self) -> None:
        await asyncio.to_thread(self._pool.shutdown, wait=True)
        self._tree.close()

    async def _put(self, path: str, groups: AsyncIterator[list[bytes]], size: int | None) -> int:
        first: list[bytes] = await anext(groups, [])
        if sum(map(len, first)) < GROUP_BYTES:
            return await self._hop(lambda: self._store(path, first))
        self._check_space(size or GROUP_BYTES)
        upload = Upload(self._uploads)
        try:
            await self._write_all(upload, first, groups)
            return await finish(self._start(lambda: upload.finish(path)))
        except BaseException:
            await finish(self._start(upload.abort))
            raise

    async def _write_all(
        self, upload: Upload, first: list[bytes], groups: AsyncIterator[list[bytes]]
    ) -> None:
        """Write each group while the next one arrives; begin to flush early, so that the last fsync is short."""
        under_way = self._start(lambda: upload.write(first))
        flushing: asyncio.Future[None] | None = None
        try:
            async for group in groups:
                await asyncio.shield(under_way)
                under_way = self._start(lambda group=group: upload.write(group))  # type: ignore[misc]
                if upload.flush_due() and (flushing is None or flushing.done()):
                    flushing = self._start(upload.flush)
            await asyncio.shield(under_way)
        finally:
            await finish(asyncio.wait([under_way] if flushing is None else [under_way, flushing]))
        if flushing is not None:
            flushing.result()

    def _store(self, path: str, parts: list[bytes]) -> int:
        self._check_space(sum(map(len, parts)))
        return self._uploads.store(path, parts)

    def _check_space(self, size: int) -> None:
        free, total = self._tree.free_bytes()
        reserve = min(_RESERVE_BYTES, int(total * _RESERVE_SHARE))
        if free < size + reserve:
            raise StorageFull(
                f"The artifact directory has {free} bytes free; {size} are needed and {reserve} are kept for the "
                "database. Delete runs and purge them, or enlarge the disk."
            )

    def _head(self, path: str) -> FileInfo:
        fd = self._tree.open_file(path)
        try:
            return file_info(fd)
        finally:
            os.close(fd)

    def _list(self, path: str) -> list[Entry]:
        try:
            found = self._tree.entries(path)
        except (FileNotFoundError, NotADirectoryError, IsLink):
            return []
        return [
            Entry(one.name, one.is_dir, None if one.is_dir else one.size)
            for one in found
            if path or one.name != HIDDEN
        ]

    def _detach(self, path: str) -> str | None:
        """Take a file or directory out of the tree; return the hidden name of a directory still to be removed."""
        trash = None
        try:
            trash = self._uploads.trash(path)
        except NotADirectoryError:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                self._tree.in_parent(path, self._unlink)
        self._tree.prune(path.rpartition("/")[0])
        return trash

    def _unlink(self, parent: int, name: str) -> None:
        os.unlink(name, dir_fd=parent)
        self._syncs.sync(parent)

    async def _remove(self, trash: str) -> None:
        with self._tree.directory(HIDDEN) as hidden:
            steps: Iterator[None] = removal(hidden, trash)
            more = True
            while more:
                more = await finish(self._start(lambda: next(steps, True) is None))

    def _sweep(self) -> None:
        try:
            self._uploads.sweep()
        except OSError as exc:
            logger.warning("cannot clean %s/%s: %s", self.describe, HIDDEN, exc)

    async def _hop(self, work: Callable[[], T]) -> T:
        return await self._start(work)

    def _start(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._pool, work)


def _close_unused(opening: asyncio.Future[LocalDownload]) -> None:
    """Close what was opened for a caller who left meanwhile."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


@contextlib.contextmanager
def _translated(path: str) -> Iterator[None]:
    """Turn errors of the operating system into ours; the message names the path inside the datastore only."""
    try:
        yield
    except FileNotFoundError as exc:
        raise NotFound(f"No such artifact: {shortened(path)}.") from exc
    except IsADirectoryError as exc:
        raise InvalidInput(f"{shortened(path)} is a directory. Name a file in it.") from exc
    except IsLink as exc:
        raise NotFound(f"No such artifact: {shortened(path)}.") from exc
    except NotADirectoryError as exc:
        raise InvalidInput(f"A part of {shortened(path)} is a file, so nothing can lie below it.") from exc
    except OSError as exc:
        if exc.errno in _FULL:
            raise StorageFull(
                "The disk of the artifact directory is full; nothing of the upload was kept."
            ) from exc
        if exc.errno == errno.ENAMETOOLONG:
            raise InvalidInput(f"{shortened(path)} is too long for the file system.") from exc
        logger.warning("artifact directory: %s", exc)
        raise StorageUnavailable(
            f"The artifact directory answers '{exc.strerror}'; try again later."
        ) from exc


def _check_writable(path: str) -> None:
    if not path or _is_hidden(path):
        raise InvalidInput(f"Invalid path {shortened(path)}: it is not a file that can be written.")


def _check_readable(path: str) -> None:
    if not path:
        raise InvalidInput("'' is a directory. Name a file in it.")
    if _is_hidden(path):
        raise NotFound(f"No such artifact: {shortened(path)}.")


def _is_hidden(path: str) -> bool:
    return path == HIDDEN or path.startswith(f"{HIDDEN}/")


def _not_here(what: str) -> NotImplementedHere:
    return NotImplementedHere(f"A local directory has no {what}; use the plain upload and download.")

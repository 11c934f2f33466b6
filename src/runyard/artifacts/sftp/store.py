"""A directory of an SFTP server as a datastore."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import asyncssh

from runyard.artifacts.contracts import PIECE_BYTES, ByteRange, Download, Entry, FileInfo
from runyard.artifacts.finishing import finish
from runyard.artifacts.grouping import grouped
from runyard.artifacts.paths import shortened
from runyard.artifacts.sftp.connection import SftpConnection
from runyard.artifacts.sftp.login import SftpLogin
from runyard.artifacts.sftp.tree import SftpTree, info_of, is_directory, is_file, missing
from runyard.artifacts.unsigned import Unsigned
from runyard.errors import InvalidInput, NotFound, StorageFull, StorageUnavailable

HIDDEN = ".runyard-uploads"
_FULL = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)


def open_sftp(
    login: SftpLogin, root: str, connect: Callable[[str, int], Awaitable[socket.socket]]
) -> SftpDatastore:
    """Open the directory `root` of a server; nothing is sent yet.

    Args:
        connect: see SftpConnection.
    Raises: InvalidInput for keys that are none.
    """
    return SftpDatastore(login.describe, SftpConnection(login, connect), root)


class SftpDatastore(Unsigned):
    """Files are written beside the tree, flushed where the server can, and renamed to their place in one step."""

    def __init__(self, describe: str, connection: SftpConnection, root: str) -> None:
        self.describe = describe
        self._connection = connection
        self._tree = SftpTree(connection, root)

    async def put(self, path: str, pieces: AsyncIterator[bytes], size: int | None) -> int:
        _check_writable(path)
        with self._translated(path):
            found = await self._tree.attributes(path)
            if found is not None and is_directory(found):
                raise InvalidInput(f"{shortened(path)} is a directory. Name a file in it.")
            hidden = f"{HIDDEN}/{secrets.token_hex(12)}"
            await self._tree.make_parents(hidden)
            try:
                written = await self._write(hidden, grouped(pieces, size))
                await self._tree.make_parents(path)
                await finish(self._move(hidden, path))
            except BaseException:
                await finish(self._forget(hidden))
                raise
            return written

    async def get(self, path: str, byte_range: ByteRange | None = None) -> Download:
        _check_readable(path)
        with self._translated(path):
            client = await self._tree.client()
            await self._regular(path)
            file = await client.open(self._tree.place(path), "rb", encoding=None)
            try:
                await self._tree.checked(path)
                info = info_of(await file.stat())
                start, stop = (0, info.size) if byte_range is None else byte_range.within(info.size)
            except BaseException:
                await finish(file.close())
                raise
            return SftpDownload(self, path, file, info, start, stop)

    async def head(self, path: str) -> FileInfo:
        _check_readable(path)
        with self._translated(path):
            return info_of(await self._regular(path))

    async def list_dir(self, path: str) -> Sequence[Entry]:
        if _is_hidden(path):
            return []
        with self._translated(path):
            client = await self._tree.client()
            try:
                place = await self._tree.checked(path)
                found = [entry async for entry in client.scandir(place.encode())]
            except (NotFound, asyncssh.SFTPFailure, asyncssh.SFTPNoSuchFile, asyncssh.SFTPNotADirectory):
                return []
        entries = (_entry(one) for one in found)
        return sorted(
            (one for one in entries if one and (path or one.name != HIDDEN)), key=lambda one: one.name
        )

    async def delete(self, path: str) -> None:
        if not path:
            raise InvalidInput(
                "The root of a datastore cannot be deleted. Name a file or directory below it."
            )
        _check_writable(path)
        with self._translated(path):
            found = await self._tree.attributes(path)
            if found is None:
                return
            client = await self._tree.client()
            if is_directory(found):
                hidden = f"{HIDDEN}/trash-{secrets.token_hex(12)}"
                await self._tree.make_parents(hidden)
                await client.rename(self._tree.place(path), self._tree.place(hidden))
                await self._tree.remove_all(self._tree.place(hidden))
            else:
                with contextlib.suppress(asyncssh.SFTPNoSuchFile):
                    await client.remove(self._tree.place(path))
            await self._tree.prune(path)

    async def aclose(self) -> None:
        await self._connection.aclose()

    async def _regular(self, path: str) -> asyncssh.SFTPAttrs:
        found = await self._tree.attributes(path)
        if found is not None and is_directory(found):
            raise InvalidInput(f"{shortened(path)} is a directory. Name a file in it.")
        if found is None or not is_file(found):
            raise missing(path)
        return found

    async def _write(self, hidden: str, groups: AsyncIterator[list[bytes]]) -> int:
        client = await self._tree.client()
        await self._tree.checked(HIDDEN)
        written = 0
        file = await client.open(self._tree.place(hidden), "xb", encoding=None)
        try:
            async for group in groups:
                data = b"".join(group)
                await file.write(data, written)
                written += len(data)
            with contextlib.suppress(asyncssh.SFTPOpUnsupported):
                await file.fsync()
        finally:
            await finish(file.close())
        return written

    async def _move(self, hidden: str, path: str) -> None:
        client = await self._tree.client()
        source, target = self._tree.place(hidden), self._tree.place(path)
        try:
            await client.posix_rename(source, target)
        except asyncssh.SFTPOpUnsupported:  # servers without it cannot replace a file in one step
            with contextlib.suppress(asyncssh.SFTPNoSuchFile):
                await client.remove(target)
            await client.rename(source, target)

    async def _forget(self, hidden: str) -> None:
        with contextlib.suppress(asyncssh.Error, OSError, StorageUnavailable):
            client = await self._tree.client()
            await client.remove(self._tree.place(hidden))

    @contextlib.contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        """Turn the server's errors into ours; what it says about its own paths stays here."""
        with self._connection.translated():
            try:
                yield
            except asyncssh.SFTPConnectionLost:
                raise
            except asyncssh.SFTPNoSuchFile as exc:
                raise missing(path) from exc
            except _FULL as exc:
                raise StorageFull(f"{self.describe} is full; nothing of the upload was kept.") from exc
            except asyncssh.SFTPPermissionDenied as exc:
                raise StorageUnavailable(
                    f"{self.describe} does not let its user {self.describe.partition('@')[0].rpartition('/')[2]} "
                    f"use {shortened(path)}."
                ) from exc
            except asyncssh.SFTPError as exc:
                raise StorageUnavailable(
                    f"{self.describe} does not answer as expected ({type(exc).__name__}); try again later."
                ) from exc


class SftpDownload(Download):
    """An open file of the server."""

    def __init__(
        self,
        store: SftpDatastore,
        path: str,
        file: asyncssh.SFTPClientFile,
        info: FileInfo,
        start: int,
        stop: int,
    ) -> None:
        super().__init__(info, start, stop)
        self._store = store
        self._path = path
        self._file: asyncssh.SFTPClientFile | None = file

    async def pieces(self) -> AsyncIterator[bytes | bytearray | memoryview]:
        position = self.start
        while position < self.stop:
            assert self._file is not None
            with self._store._translated(self._path):
                piece = await self._file.read(min(PIECE_BYTES, self.stop - position), position)
            if not piece:
                raise StorageUnavailable("The file became shorter while it was read; try again.")
            position += len(piece)
            yield piece.encode() if isinstance(piece, str) else piece

    async def aclose(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(asyncssh.Error, OSError):
                await finish(file.close())


def _entry(found: asyncssh.SFTPName) -> Entry | None:
    """A file or directory; None for links, devices and names that are not UTF-8."""
    name = found.filename if isinstance(found.filename, bytes) else found.filename.encode()
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return None
    if text in (".", ".."):
        return None
    if is_directory(found.attrs):
        return Entry(text, True, None)
    return Entry(text, False, found.attrs.size or 0) if is_file(found.attrs) else None


def _is_hidden(path: str) -> bool:
    return path == HIDDEN or path.startswith(f"{HIDDEN}/")


def _check_writable(path: str) -> None:
    if not path or _is_hidden(path):
        raise InvalidInput(f"Invalid path {shortened(path)}: it is not a file that can be written.")


def _check_readable(path: str) -> None:
    if not path:
        raise InvalidInput("'' is a directory. Name a file in it.")
    if _is_hidden(path):
        raise missing(path)

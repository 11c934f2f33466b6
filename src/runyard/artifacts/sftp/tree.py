"""The files below one directory of an SFTP server.

Links are never followed: before a path is used, the server says where it really lies, and any other place than the one
meant counts as absent. SFTP has no way to do both in one step, so somebody who may change directories on that machine
in the very moment between could still win a race; such a person reaches the files there without us.
"""

from __future__ import annotations

import contextlib
import stat

import asyncssh

from runyard.artifacts.contracts import FileInfo
from runyard.artifacts.paths import join, shortened
from runyard.artifacts.sftp.connection import SftpConnection
from runyard.errors import InvalidInput, NotFound, StorageUnavailable

ABSENT = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory)
_DIRECTORY_MODE = 0o750


class SftpTree:
    """Paths are clean and relative to `root`; `real` is where the server says that the root lies."""

    def __init__(self, connection: SftpConnection, root: str) -> None:
        self._connection = connection
        self._root = root
        self._real: str | None = None

    async def client(self) -> asyncssh.SFTPClient:
        """The session, once it is known where the root is. Raises: StorageUnavailable, NotFound."""
        client = await self._connection.client()
        if self._real is None:
            try:
                real = str(await client.realpath(self._root))
                attributes = await client.stat(real)
            except asyncssh.SFTPError as exc:
                raise StorageUnavailable(
                    f"The directory {shortened(self._root)} cannot be used there."
                ) from exc
            if not stat.S_ISDIR(attributes.permissions or 0):
                raise StorageUnavailable(f"{shortened(self._root)} is no directory there.")
            self._real = real
        return client

    def place(self, path: str) -> str:
        """Where a path of ours lies on the server."""
        assert self._real is not None
        return f"{self._real.rstrip('/')}/{path}" if path else self._real

    async def checked(self, path: str) -> str:
        """The place of a path, which holds no link up to its end. Raises: NotFound."""
        client, place = await self.client(), self.place(path)
        try:
            real = str(await client.realpath(place))
        except asyncssh.SFTPError as exc:
            raise missing(path) from exc
        if real != place:
            raise missing(path)
        return place

    async def attributes(self, path: str) -> asyncssh.SFTPAttrs | None:
        """What a path is; None when it is not there."""
        client = await self.client()
        try:
            return await client.lstat(await self.checked(path))
        except (NotFound, *ABSENT):
            return None

    async def make_parents(self, path: str) -> None:
        """Make the directories above a file. Raises: InvalidInput, when one of them is a file or a link."""
        client, parent = await self.client(), ""
        for name in path.split("/")[:-1]:
            parent = join(parent, name)
            with contextlib.suppress(asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
                await client.mkdir(
                    self.place(parent), asyncssh.SFTPAttrs(permissions=stat.S_IFDIR | _DIRECTORY_MODE)
                )
            found = await self.attributes(parent)
            if found is None or not is_directory(found):
                raise InvalidInput(f"A part of {shortened(path)} is a file, so nothing can lie below it.")

    async def remove_all(self, place: str) -> None:
        """Remove a directory of the server with all below it; links in it are removed, not followed."""
        client = await self.client()
        async for entry in client.scandir(place):
            if entry.filename in (".", ".."):
                continue
            inner = f"{place}/{entry.filename!s}"
            if is_directory(entry.attrs):
                await self.remove_all(inner)
            else:
                with contextlib.suppress(*ABSENT):
                    await client.remove(inner)
        with contextlib.suppress(*ABSENT):
            await client.rmdir(place)

    async def prune(self, path: str) -> None:
        """Remove the directories above a path that are empty."""
        client = await self.client()
        parent = path.rpartition("/")[0]
        while parent:
            try:
                await client.rmdir(self.place(parent))
            except asyncssh.SFTPError:
                return
            parent = parent.rpartition("/")[0]


def is_directory(attributes: asyncssh.SFTPAttrs) -> bool:
    """Whether it is a directory itself, not a link to one."""
    return stat.S_ISDIR(attributes.permissions or 0)


def is_file(attributes: asyncssh.SFTPAttrs) -> bool:
    """Whether it is a regular file."""
    return stat.S_ISREG(attributes.permissions or 0)


def info_of(attributes: asyncssh.SFTPAttrs) -> FileInfo:
    """Size, time and what tells versions apart."""
    size, modified = attributes.size or 0, attributes.mtime or 0
    return FileInfo(size, f"{modified:x}-{size:x}", float(modified))


def missing(path: str) -> NotFound:
    """The error for what is not there."""
    return NotFound(f"No such artifact: {shortened(path)}.")

"""An archive taken out so that nothing of it lands outside its folder."""

from __future__ import annotations

import http.client
import os
import re
import tarfile
import zlib
from typing import BinaryIO

PIECE_BYTES = 1 << 18
MOST_FILES = 1_000_000
_DRIVE = re.compile(r"[A-Za-z]:")


class ArchiveWrong(Exception):
    """The archive has something in it that sources do not have, or ends too early."""


def extract(stream: BinaryIO, folder: str, most_bytes: int) -> int:
    """Take out regular files and folders of a compressed tar; anything else in it is refused.

    Args:
        folder: new and empty, so that nothing in it leads elsewhere.
        most_bytes: that it may hold in all.
    Returns: how many files there were.
    Raises: ArchiveWrong.
    """
    root = os.path.realpath(folder)
    files = total = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|gz") as archive:
            for member in archive:
                total += member.size
                files += 1
                if member.size < 0 or total > most_bytes or files > MOST_FILES:
                    raise ArchiveWrong(
                        f"The archive holds more than {most_bytes} bytes or {MOST_FILES} files."
                    )
                _take(archive, member, root)
    except (tarfile.TarError, zlib.error, http.client.HTTPException, EOFError, OSError) as exc:
        raise ArchiveWrong(f"The archive cannot be read: {exc}") from exc
    return files


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, root: str) -> None:
    target = os.path.join(root, *_parts(member.name))
    if member.isdir():
        os.makedirs(target, mode=0o755, exist_ok=True)
        return
    if not member.isreg():
        raise ArchiveWrong(f"The archive has {member.name!r}, which is neither a file nor a folder.")
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    source = archive.extractfile(member)
    assert source is not None  # of a regular file there is always one
    mode = 0o755 if member.mode & 0o100 else 0o644
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(target, flags, mode), "wb") as file:
        left = member.size
        while left:
            piece = source.read(min(left, PIECE_BYTES))
            if not piece:
                raise ArchiveWrong(f"{member.name!r} ends {left} bytes too early.")
            file.write(piece)
            left -= len(piece)


def _parts(name: str) -> list[str]:
    """The path of a member, which lies below the archive's root.

    Raises: ArchiveWrong.
    """
    parts = name.split("/")
    wrong = name.startswith("/") or "\\" in name or "\0" in name or _DRIVE.match(name) or ".." in parts
    kept = [part for part in parts if part not in ("", ".")]
    if wrong or (not kept and name.strip("./")):
        raise ArchiveWrong(f"The archive has {name!r}, which lies outside of its folder.")
    return kept

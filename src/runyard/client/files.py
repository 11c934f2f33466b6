"""Files on their way: what is read while it is sent, and what is written so that a crash leaves nothing half."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from runyard.errors import InvalidInput

Progress = Callable[[int, int | None], None]
"""Called with the bytes done so far and the bytes in total, None where nobody knows."""


class Counted:
    """A file that is sent: from where it stands, `size` bytes at most, telling how far it came."""

    def __init__(self, file: BinaryIO, size: int, progress: Progress | None) -> None:
        self._file = file
        self._left = size
        self._size = size
        self._progress = progress

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(piece)
        if self._progress is not None and piece:
            self._progress(self._size - self._left, self._size)
        return piece


def place_inside(directory: Path, name: str) -> Path:
    """Where a file that a server names belongs below a directory. Symbolic links do not lead out of it.

    Raises: InvalidInput.
    """
    parts = PurePosixPath(name).parts
    if (
        not parts
        or name.startswith("/")
        or ".." in parts
        or "\\" in name
        or "\0" in name
        or ":" in parts[0][1:2]
    ):
        raise InvalidInput(f"The file name {name!r} does not lie inside the folder that files are saved to.")
    root = directory.resolve()
    target = root.joinpath(*parts)
    if not target.parent.resolve().is_relative_to(root):
        raise InvalidInput(f"{name!r} leads out of {directory} through a link.")
    return target


def write_whole(target: Path, pieces: Iterable[bytes], total: int | None, progress: Progress | None) -> None:
    """Write a file beside its target, make it durable, and rename it. On an error the former file is still there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.parent / f".{target.name[:100]}.{secrets.token_hex(8)}.part"
    try:
        with beside.open("xb") as file:
            done = 0
            for piece in pieces:
                file.write(piece)
                done += len(piece)
                if progress is not None:
                    progress(done, total)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise

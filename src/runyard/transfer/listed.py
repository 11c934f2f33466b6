"""Files of a source that lists them by name and gives their bytes in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from runyard.transfer.source import SourceFault


def safe_name(path: str, place: str) -> str:
    """A relative path from a listing.

    Raises: SourceFault, when it leads elsewhere.
    """
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\\" in path or "\x00" in path:
        raise SourceFault(f"The name {path[:100]!r} in {place[:200]} leads elsewhere.")
    return path


class Pieces:
    """Reads what an iterator gives; each piece is anything that bytes() takes."""

    def __init__(self, pieces: Iterator[Any]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """At most size bytes; less only at the end."""
        parts, have = [self._rest], len(self._rest)
        while size < 0 or have < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            parts.append(bytes(piece))
            have += len(parts[-1])
        whole = b"".join(parts)
        cut = len(whole) if size < 0 else size
        self._rest = whole[cut:]
        return whole[:cut]

    def seekable(self) -> bool:
        """Pieces come once."""
        return False

"""A digest of a file that can be taken piece by piece, so that no request has to read a large file to its end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

PIECE_BYTES = 32 * 1024 * 1024


def digest_of_pieces(digests: Sequence[str]) -> str:
    """The digest of a file, from the SHA-256 of each of its pieces of PIECE_BYTES, in hex and in order.

    That of a file of one piece is its SHA-256; that of a longer one the SHA-256 of its pieces' digests.
    """
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256(b"".join(bytes.fromhex(one) for one in digests)).hexdigest()


class PieceHash:
    """Takes the bytes of a file as they come."""

    def __init__(self, piece_bytes: int = PIECE_BYTES) -> None:
        self._piece_bytes = piece_bytes
        self._full: list[str] = []
        self._hash = hashlib.sha256()
        self._held = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """More bytes."""
        view = memoryview(data)
        while len(view):
            if self._held == self._piece_bytes:
                self._full.append(self._hash.hexdigest())
                self._hash, self._held = hashlib.sha256(), 0
            part = view[: self._piece_bytes - self._held]
            self._hash.update(part)
            self._held += len(part)
            view = view[len(part) :]

    def hexdigest(self) -> str:
        """The digest of all bytes so far."""
        return digest_of_pieces([*self._full, self._hash.hexdigest()])

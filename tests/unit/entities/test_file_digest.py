"""Digests of files, piece by piece."""

from __future__ import annotations

import hashlib
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runyard.entities.file_digest import PieceHash, digest_of_pieces


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@given(data=st.binary(max_size=40), cuts=st.lists(st.integers(0, 40), max_size=5), size=st.integers(1, 45))
def test_the_digest_depends_on_the_bytes_and_not_on_how_they_came(
    data: bytes, cuts: list[int], size: int
) -> None:
    hashed = PieceHash(size)
    places = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(places):
        hashed.update(data[start:end])
    pieces = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
    assert hashed.hexdigest() == digest_of_pieces([sha256(piece) for piece in pieces])
    assert len(data) > size or hashed.hexdigest() == sha256(data)


def test_the_order_of_pieces_counts() -> None:
    one, two = sha256(b"1"), sha256(b"2")
    assert digest_of_pieces([one, two]) != digest_of_pieces([two, one])

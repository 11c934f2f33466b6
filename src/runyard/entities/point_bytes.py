"""Points of one metric as bytes, and a digest of them that does not depend on their order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

POINT = np.dtype([("step", "<i8"), ("ms", "<i8"), ("value", "<f8")])
POINT_BYTES = POINT.itemsize
Points = npt.NDArray[np.void]
Words = npt.NDArray[np.uint64]

_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def points_of(steps: Sequence[int], ms: Sequence[int], values: Sequence[float]) -> Points:
    """Columns of one length as rows.

    Raises: OverflowError, when a number does not fit into 64 bits.
    """
    points = np.empty(len(values), POINT)
    points["step"], points["ms"], points["value"] = steps, ms, values
    return points


def parse_points(data: bytes) -> Points:
    """A read-only view of the rows.

    Raises: ValueError, when the bytes are not whole rows.
    """
    if len(data) % POINT_BYTES:
        raise ValueError(f"{len(data)} bytes are not whole points of {POINT_BYTES} bytes")
    return np.frombuffer(data, POINT)


def hashes_of(points: Points) -> Words:
    """A 64-bit hash of each point, shape (n,); every NaN counts as the same value."""
    values = points["value"].astype(np.float64)
    values[np.isnan(values)] = np.nan
    words = [
        points["step"].astype(np.int64).view(np.uint64),
        points["ms"].astype(np.int64).view(np.uint64),
        values.view(np.uint64),
    ]
    mixed = np.zeros(points.size, np.uint64)
    for word, odd in zip(words, _ODD, strict=True):
        mixed = _mix((mixed ^ word) * odd + odd)
    return mixed


def _mix(words: Words) -> Words:
    """The finaliser of splitmix64."""
    words = (words ^ (words >> np.uint64(30))) * _FIRST
    words = (words ^ (words >> np.uint64(27))) * _SECOND
    return words ^ (words >> np.uint64(31))


class PointDigest:
    """Collects the points of one series; each must come once."""

    def __init__(self) -> None:
        self.count = 0
        self._low = 0
        self._high = 0

    def add(self, points: Points) -> None:
        """More points."""
        hashes = hashes_of(points)
        self.count += int(points.size)
        self._low = (self._low + int(hashes.sum(dtype=np.uint64))) % 2**64
        self._high = (self._high + int(_mix(hashes * _ODD[0] + _ODD[1]).sum(dtype=np.uint64))) % 2**64

    def merge(self, count: int, text: str) -> None:
        """What another digest collected of the same series, count points that are not here. Raises: ValueError."""
        high, low = int(text[:16], 16), int(text[16:], 16)
        self.count += count
        self._low = (self._low + low) % 2**64
        self._high = (self._high + high) % 2**64

    @property
    def text(self) -> str:
        """32 hex digits."""
        return f"{self._high:016x}{self._low:016x}"

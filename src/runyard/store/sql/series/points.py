"""Points of metric series as arrays: the packed form of one request, and the two total orders.

A value has a *rank*, an int64 that orders all doubles: -inf < ... < -0.0 < 0.0 < NaN < smallest denormal < ... < inf.
NaN counts as zero, just after it, as MLflow's databases order it. Ranks are equal exactly when the stored bits are.

- history order: (ms, step, rank), ascending; an exact duplicate has the same three.
- last order: (step, ms, rank); the greatest point of a series is its "latest" value.
"""

import math
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from runyard.entities.point_order import value_rank as value_rank

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Points = npt.NDArray[np.void]

POINT = np.dtype([("key", "<u4"), ("step", "<i8"), ("ms", "<i8"), ("value", "<f8")])
POINT_BYTES = POINT.itemsize
ROW = struct.Struct("<Iqqd")

_NAN = math.nan
_FEW = 40
_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)


class Columns(NamedTuple):
    """Points of one series: three arrays of one length, int64, int64 and float64."""

    steps: Ints
    ms: Ints
    values: Floats

    def rows(self, index: slice | Ints | Bools) -> "Columns":
        """The rows that a slice, an index array or a mask selects."""
        return Columns(self.steps[index], self.ms[index], self.values[index])

    @property
    def size(self) -> int:
        """Number of points (`len()` of the tuple is 3)."""
        return self.steps.size


def pack_one(key: int, step: int, ms: int, value: float) -> bytes:
    """`pack` for one point."""
    return ROW.pack(key, step, ms, value if value == value else _NAN)


def pack(keys: Sequence[int], steps: Sequence[int], ms: Sequence[int], values: Sequence[float]) -> bytes:
    """Points as rows of `POINT`, in the order given; every NaN gets the same bits.

    Args:
        keys: key ids, 0 to 2**32 - 1; steps, ms: int64; values: any float. All of one length.
    Raises: ValueError, if lengths differ; struct.error, if a number does not fit its column.
    """
    count = len(keys)
    if not (count == len(steps) == len(ms) == len(values)):
        raise ValueError(f"columns differ in length: {count}, {len(steps)}, {len(ms)}, {len(values)}")
    if count == 1:
        return pack_one(keys[0], steps[0], ms[0], values[0])
    if count <= _FEW:
        total = sum(values)
        if math.isnan(total):
            values = [_NAN if math.isnan(value) else value for value in values]
        return b"".join(map(ROW.pack, keys, steps, ms, values))
    return _pack_many(count, keys, steps, ms, values)


def _pack_many(
    count: int, keys: Sequence[int], steps: Sequence[int], ms: Sequence[int], values: Sequence[float]
) -> bytes:
    points = np.empty(count, POINT)
    points["key"] = np.frombuffer(struct.pack(f"<{count}I", *keys), "<u4")
    points["step"] = np.frombuffer(struct.pack(f"<{count}q", *steps), "<i8")
    points["ms"] = np.frombuffer(struct.pack(f"<{count}q", *ms), "<i8")
    floats = np.frombuffer(struct.pack(f"<{count}d", *values), "<f8")
    points["value"] = canonical(floats)
    return points.tobytes()


def unpack(blob: bytes | bytearray | memoryview) -> Points:
    """A read-only view of packed points, shape (n,), without a copy.

    Raises: ValueError, if the length is not a multiple of 28 bytes.
    """
    if len(blob) % POINT_BYTES:
        raise ValueError(f"{len(blob)} bytes are not whole points of {POINT_BYTES} bytes: the row was cut")
    return np.frombuffer(blob, POINT)


def canonical(values: Floats) -> Floats:
    """The same values, every NaN with the same bits; the array itself when it has none."""
    nans = np.isnan(values)
    return np.where(nans, _NAN, values) if nans.any() else values


def columns_of(points: Points) -> Columns:
    """Contiguous, aligned copies of step, ms and value, in the order of `points`."""
    return Columns(
        points["step"].astype(np.int64),
        points["ms"].astype(np.int64),
        points["value"].astype(np.float64),
    )


def points_of(keys: npt.NDArray[Any], columns: Columns) -> Points:
    """Points with the given keys, shape (n,) or a scalar key for all."""
    points = np.empty(columns.size, POINT)
    points["key"] = keys
    points["step"], points["ms"], points["value"] = columns
    return points


def no_points() -> Columns:
    """Columns of length 0."""
    return Columns(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))


def value_ranks(values: Floats) -> Ints:
    """Rank of each value, see the module; shape (n,)."""
    bits = values.astype(np.float64, copy=False).view(np.int64)
    ranks = bits ^ ((bits >> np.int64(63)) & _MAGNITUDE)
    ranks = ranks + (ranks > 0)
    return np.where(np.isnan(values), np.int64(1), ranks)


def ascending_pairs(major: Ints, minor: Ints, values: Floats) -> Bools:
    """Whether each row comes strictly after its predecessor by (major, minor, rank), shape (n - 1,).

    In sorted rows a False marks an exact duplicate. Ranks are computed only when major and minor tie.
    """
    up: Bools = major[1:] > major[:-1]
    if up.all():
        return up
    tie = major[1:] == major[:-1]
    up |= tie & (minor[1:] > minor[:-1])
    tie &= minor[1:] == minor[:-1]
    if tie.any():
        ranks = value_ranks(values)
        up |= tie & (ranks[1:] > ranks[:-1])
    return up


def history_order(columns: Columns) -> Ints:
    """Indices that sort one series in history order, shape (n,)."""
    order: Ints = columns.ms.argsort(
        kind="stable"
    )  # merges sorted pieces, a fifth of the cost of all three columns
    times = columns.ms[order]
    if (times[1:] > times[:-1]).all():
        return order
    return np.lexsort((value_ranks(columns.values), columns.steps, columns.ms))


def sort_columns(columns: Columns) -> Columns:
    """One series in history order without exact duplicates; the same arrays when it already is."""
    up = ascending_pairs(columns.ms, columns.steps, columns.values)
    if up.all():
        return columns
    ordered = columns.rows(history_order(columns))
    return ordered.rows(_kept(ascending_pairs(ordered.ms, ordered.steps, ordered.values)))


def sort_history(points: Points) -> Points:
    """Points of any number of series by (key, ms, step, rank); duplicates stay."""
    ranks = value_ranks(points["value"])
    return points[np.lexsort((ranks, points["step"], points["ms"], points["key"]))]


def dedupe(points: Points) -> Points:
    """Points sorted by `sort_history` without exact duplicates (key, ms, step, value; NaN equals NaN)."""
    if points.size < 2:
        return points
    ranks = value_ranks(points["value"])
    changed = ranks[1:] != ranks[:-1]
    for name in ("key", "ms", "step"):
        changed |= points[name][1:] != points[name][:-1]
    return points if changed.all() else points[_kept(changed)]


def _kept(changed: Bools) -> Bools:
    return np.concatenate((np.ones(1, np.bool_), changed))


def group_by_key(keys: npt.NDArray[Any]) -> tuple[Ints | None, Ints]:
    """How to bring points of the same key together, each key's points in the order they came.

    Returns: (order, starts): indices of the points by ascending key, or None if they lie so already; and the
    position in that order at which each key begins.
    """
    order: Ints | None = None
    if keys.size > 1 and (keys[1:] < keys[:-1]).any():
        order = _stable_order(keys)
        keys = keys[order]
    starts = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    return order, np.concatenate((np.zeros(min(keys.size, 1), np.int64), starts))


def _stable_order(keys: npt.NDArray[Any]) -> Ints:
    lowest = keys.min()
    if keys.max() - lowest < 65_536:
        keys = (keys - lowest).astype(np.uint16)  # numpy has a radix sort for 16 bits only
    return keys.argsort(kind="stable")

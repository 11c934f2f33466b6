"""The overview of a chunk: summaries of its pieces of 256 points, in history order.

    head    check, 0: narrow | 1: wide, 1: steps never fall, pieces, lowest step, lowest ms
    piece   points, numbers, first and last step and ms (from the lowest, 4 bytes each; 8 where wide), min, max, last, sum

Minimum, maximum and sum leave NaN out; they are NaN where there is no number (the sum: 0), and the sum is NaN where it
has no value.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from runyard.store.sql.series.points import Bools, Columns, Floats, Ints

PIECE_POINTS: Final = 256
OVERVIEW_FROM: Final = 1024
"""A chunk of fewer points is read itself."""

_VALUES = [("min", "<f8"), ("max", "<f8"), ("last", "<f8"), ("sum", "<f8")]
_PLACES = ("first_step", "last_step", "first_ms", "last_ms")
_HEAD = np.dtype(
    [("check", "<u4"), ("wide", "u1"), ("rising", "u1"), ("pieces", "<u2"), ("step", "<i8"), ("ms", "<i8")]
)
_PIECES: Final = tuple(
    np.dtype([("points", "<u2"), ("numbers", "<u2"), *((name, kind) for name in _PLACES), *_VALUES])
    for kind in ("<u4", "<u8")
)
Arrays = list[npt.NDArray[Any]]


class Pieces(NamedTuple):
    """Summaries in arrays of one length; `chunk` is the place of each one's chunk in the list that was read."""

    chunk: Ints
    points: Ints
    numbers: Ints
    first_step: Ints
    last_step: Ints
    first_ms: Ints
    last_ms: Ints
    min: Floats
    max: Floats
    last: Floats
    sum: Floats


def overview_of(columns: Columns) -> bytes:
    """The overview of a chunk's points, which are in history order.

    First and last step of a piece are those of its first and last point; where steps fall, they bound nothing.
    """
    starts = np.arange(0, columns.size, PIECE_POINTS)
    ends = np.append(starts[1:], columns.size) - 1
    steps, ms, values = columns
    there = ~np.isnan(values)
    low_step, low_ms = steps.min(), ms.min()
    spans = [
        (steps[starts], low_step),
        (steps[ends], low_step),
        (ms[starts], low_ms),
        (ms[ends], low_ms),
    ]
    offsets = [column.view(np.uint64) - low.view(np.uint64) for column, low in spans]
    wide = any(int(one.max()) >= 1 << 32 for one in offsets)
    pieces = np.empty(starts.size, _PIECES[wide])
    pieces["points"] = ends - starts + 1
    pieces["numbers"] = np.add.reduceat(there, starts, dtype=np.int64)
    for name, offset in zip(_PLACES, offsets, strict=True):
        pieces[name] = offset
    pieces["min"] = np.fmin.reduceat(values, starts)
    pieces["max"] = np.fmax.reduceat(values, starts)
    pieces["last"] = values[ends]
    with np.errstate(all="ignore"):
        pieces["sum"] = np.add.reduceat(np.where(there, values, 0.0), starts)
    head = np.zeros((), _HEAD)
    head["wide"], head["rising"], head["pieces"] = wide, bool((steps[1:] >= steps[:-1]).all()), starts.size
    head["step"], head["ms"] = low_step, low_ms
    data = head.tobytes() + pieces.tobytes()
    check = _check_of(np.frombuffer(data, "<u4").reshape(1, -1))
    return check.astype("<u4").tobytes() + data[4:]


def are_sound(overviews: Sequence[bytes | None], points: Ints) -> Bools:
    """Whether each is the overview of a chunk of so many points, as it was written."""
    sound = np.zeros(len(overviews), np.bool_)
    for one in _alike(overviews):
        words = np.frombuffer(one.data, "<u4").reshape(one.places.size, -1)
        whole = words[:, 0] == _check_of(words)
        sound[one.places] = whole & (one.pieces == -(-points[one.places] // PIECE_POINTS))
    return sound


def _check_of(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """A sum of all words but the first, each times an odd number of its own, so that each change of one is seen."""
    weights = np.arange(1, words.shape[1], dtype=np.uint32) * np.uint32(0x9E3779B2) | np.uint32(1)
    total: npt.NDArray[np.uint32] = (words[:, 1:] * weights).sum(axis=1, dtype=np.uint32) + np.uint32(
        words.shape[1]
    )
    return total


class _Alike(NamedTuple):
    """Overviews of one length and kind: their places in the list, and all their bytes."""

    wide: int
    pieces: int
    places: Ints
    data: bytes


def _alike(overviews: Sequence[bytes | None]) -> Iterator[_Alike]:
    """All that have the length of their kind."""
    lengths = np.fromiter((len(data or b"") for data in overviews), np.int64, len(overviews))
    for length in np.unique(lengths).tolist():
        if length <= _HEAD.itemsize:
            continue
        places = np.flatnonzero(lengths == length)
        data = b"".join([overviews[place] for place in places.tolist()])  # type: ignore[misc]
        rows = np.frombuffer(data, np.uint8).reshape(-1, length)
        for wide, kind in enumerate(_PIECES):
            pieces, rest = divmod(length - _HEAD.itemsize, kind.itemsize)
            chosen = rows[:, 4] == wide
            if rest or not chosen.any():
                continue
            if chosen.all():
                yield _Alike(wide, pieces, places, data)
            else:
                yield _Alike(wide, pieces, places[chosen], rows[chosen].tobytes())


def is_rising(overviews: Sequence[bytes]) -> Bools:
    """Whether the steps of each chunk never fall in history order, so that the steps of its pieces are bounds."""
    return np.fromiter((data[5] == 1 for data in overviews), np.bool_, len(overviews))


def read_overviews(overviews: Sequence[bytes]) -> Pieces:
    """All pieces of sound overviews, one after the other. Cost: some array operations for each length among them."""
    parts = [_read_alike(one) for one in _alike(overviews)]
    if not parts:
        return Pieces._make([np.empty(0, np.int64)] * 7 + [np.empty(0, np.float64)] * 4)
    if len(parts) == 1:
        return Pieces._make(parts[0])
    columns = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    order = columns[0].argsort(kind="stable")
    return Pieces._make(column[order] for column in columns)


def _read_alike(one: _Alike) -> Arrays:
    """The columns of `Pieces`."""
    kind = np.dtype([("head", _HEAD), ("pieces", _PIECES[one.wide], (one.pieces,))])
    whole = np.frombuffer(one.data, kind)
    head, pieces = whole["head"], whole["pieces"]
    columns: Arrays = [np.repeat(one.places, one.pieces)]
    columns += [pieces[name].astype(np.int64).ravel() for name in ("points", "numbers")]
    for name in _PLACES:
        low = head[name.partition("_")[2]].astype(np.int64)[:, None]
        columns.append((pieces[name].astype(np.uint64) + low.view(np.uint64)).view(np.int64).ravel())
    return columns + [pieces[name].astype(np.float64).ravel() for name, _ in _VALUES]

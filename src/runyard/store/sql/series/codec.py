"""Bytes of stored points: chunks of one series, and the tail that holds the short series of a run together.

Codec ids, kept with each blob:
- 0 raw: in the log, rows of `POINT`; in a chunk, a head and three little-endian columns.
- 1 pcodec: a chunk's columns, each compressed; steps or times at one distance are kept as start and distance.
- 2 tail: points of several series, by ascending key; only in the log.

Chunks and tails start with a CRC-32 over all that follows, seeded with the codec id.
"""

import struct
import zlib
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from pcodec import ChunkConfig, DeltaSpec, ModeSpec, standalone  # type: ignore[import-untyped]

from runyard.store.sql.series.overview import OVERVIEW_FROM, overview_of
from runyard.store.sql.series.points import (
    POINT_BYTES,
    Columns,
    Ints,
    Points,
    canonical,
    columns_of,
    points_of,
    unpack,
)

RAW: Final = 0
PCODEC: Final = 1
TAIL: Final = 2

CHUNK_POINTS: Final = 4096
MAX_POINTS: Final = 1 << 26

_RAW_HEAD = struct.Struct("<II")  # crc, points
_PCODEC_HEAD = struct.Struct("<IIII")  # crc, points, bytes of steps, bytes of ms; the highest bit says _EVEN
_EVEN = struct.Struct("<qq")  # first number, distance to the next
_IS_EVEN: Final = 1 << 31
_TAIL_HEAD = struct.Struct("<III")  # crc, points, series
_PART_HEAD = struct.Struct("<BI")  # how, bytes
_ZLIB: Final = 2
_ZLIB_LIMIT = 2048
_PCODEC_FROM = 32
_NOT_OURS = (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError)

# Steps and times are nearly regular: differences, without pcodec's search for a scheme (4 times the cost, no gain).
_INTEGERS = ChunkConfig(mode_spec=ModeSpec.classic(), delta_spec=DeltaSpec.try_consecutive(1))
# The default level 8 takes 1.5 to 3 times as long for 1 % fewer bytes.
_FLOATS = ChunkConfig(compression_level=6)

_Column = TypeVar("_Column", bound=npt.NDArray[Any])


class CorruptChunk(ValueError):
    """Stored bytes do not hold what was written: a checksum, a length or a column is wrong."""


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """One sealed piece of a series, in history order. `numbers` and the value fields leave NaN out; None if all are.

    A long one has an overview.
    """

    count: int
    min_ms: int
    max_ms: int
    min_step: int
    max_step: int
    numbers: int
    min_value: float | None
    max_value: float | None
    sum_value: float
    codec: int
    data: bytes
    overview: bytes | None = None


def encode(columns: Columns, chunk_points: int = CHUNK_POINTS) -> list[Chunk]:
    """One series, in history order and without duplicates, as chunks of at most `chunk_points`.

    A last piece below a quarter of that shares its points with the piece before it. No points give no chunk.
    """
    cuts = _cuts(columns.size, chunk_points)
    return [_chunk(columns.rows(slice(start, end))) for start, end in pairwise(cuts)]


def decode(codec: int, data: bytes) -> Columns:
    """The points of a chunk, in history order.

    Raises: CorruptChunk, if the bytes are not what `encode` wrote.
    """
    if codec == PCODEC:
        return _decode_pcodec(data)
    if codec == RAW:
        return _decode_raw(data)
    raise CorruptChunk(
        f"chunk has codec {codec}; this release reads {RAW} and {PCODEC}: it was written by a newer one"
    )


def encode_tail(points: Points) -> bytes:
    """Points of several series, by ascending key, as one log row of codec 2."""
    keys, counts = np.unique(points["key"], return_counts=True)
    parts = (
        _part(np.diff(keys, prepend=np.uint32(0)).astype(np.uint32)),
        _part(counts.astype(np.uint32)),
        *(_part(column) for column in columns_of(points)),
    )
    return _sealed(TAIL, _TAIL_HEAD.pack(0, points.size, keys.size) + b"".join(parts))


def decode_log(codec: int, data: bytes) -> Points:
    """The points of a log row, of codec 0 or 2, as a read-only array in stored order.

    Raises: CorruptChunk, if the bytes are not what `pack` or `encode_tail` wrote.
    """
    if codec == TAIL:
        return _decode_tail(data)
    if codec != RAW:
        raise CorruptChunk(f"log row has codec {codec}; this release reads {RAW} and {TAIL}")
    if len(data) % POINT_BYTES:
        raise CorruptChunk(f"log row of {len(data)} bytes is not whole points of {POINT_BYTES} bytes")
    return unpack(data)


def _cuts(count: int, chunk_points: int) -> list[int]:
    cuts = [*range(0, count, chunk_points), count]
    if len(cuts) > 2 and count - cuts[-2] < chunk_points // 4:
        cuts[-2] = (cuts[-3] + count) // 2
    return cuts


def _chunk(columns: Columns) -> Chunk:
    values = columns.values
    numbers = values[~np.isnan(values)]
    codec, data = _smallest(Columns(columns.steps, columns.ms, canonical(values)))
    with np.errstate(all="ignore"):
        total = float(numbers.sum())
    return Chunk(
        count=columns.size,
        min_ms=int(columns.ms.min()),
        max_ms=int(columns.ms.max()),
        min_step=int(columns.steps.min()),
        max_step=int(columns.steps.max()),
        numbers=numbers.size,
        min_value=float(numbers.min()) + 0.0 if numbers.size else None,
        max_value=float(numbers.max()) + 0.0 if numbers.size else None,
        sum_value=total,
        codec=codec,
        data=data,
        overview=overview_of(columns) if columns.size >= OVERVIEW_FROM else None,
    )


def _smallest(columns: Columns) -> tuple[int, bytes]:
    count = columns.size
    (steps_bytes, steps), (ms_bytes, ms) = _integers(columns.steps), _integers(columns.ms)
    values = _compressed(columns.values)
    if len(steps) + len(ms) + len(values) + _PCODEC_HEAD.size < 24 * count + _RAW_HEAD.size:
        head = _PCODEC_HEAD.pack(0, count, steps_bytes, ms_bytes)
        return PCODEC, _sealed(PCODEC, b"".join((head, steps, ms, values)))
    raw = (_RAW_HEAD.pack(0, count), *(column.tobytes() for column in columns))
    return RAW, _sealed(RAW, b"".join(raw))


def _integers(column: Ints) -> tuple[int, bytes]:
    """(number of bytes for the head, bytes) of steps or times."""
    first, distance = int(column[0]), int(column[1]) - int(column[0]) if column.size > 1 else 0
    even = int(column[-1]) == first + distance * (column.size - 1) and (np.diff(column) == distance).all()
    if even and -(1 << 63) <= distance < 1 << 63:
        return _EVEN.size | _IS_EVEN, _EVEN.pack(first, distance)
    packed = _compressed(column)
    return len(packed), packed


def _compressed(column: npt.NDArray[Any]) -> bytes:
    config = _FLOATS if column.dtype.kind == "f" else _INTEGERS
    return bytes(standalone.simple_compress(column, config))


def _sealed(codec: int, data: bytes) -> bytes:
    body = data[4:]
    return zlib.crc32(body, codec).to_bytes(4, "little") + body


def _head(codec: int, data: bytes, shape: struct.Struct) -> list[int]:
    """The head's numbers after the checksum, once the checksum holds and the count is possible."""
    if len(data) < shape.size:
        raise CorruptChunk(f"{len(data)} bytes are too few for codec {codec}")
    crc, *numbers = shape.unpack_from(data)
    if crc != zlib.crc32(memoryview(data)[4:], codec):
        raise CorruptChunk(
            f"checksum of {len(data)} bytes (codec {codec}) does not match: restore from a backup"
        )
    if numbers[0] > MAX_POINTS:
        raise CorruptChunk(f"{numbers[0]} points are more than one blob may hold ({MAX_POINTS})")
    return numbers


def _decode_raw(data: bytes) -> Columns:
    (count,) = _head(RAW, data, _RAW_HEAD)
    if len(data) != _RAW_HEAD.size + 24 * count:
        raise CorruptChunk(f"{len(data)} bytes do not hold {count} raw points")
    step, ms, value = (_RAW_HEAD.size + 8 * count * column for column in range(3))
    return Columns(
        np.frombuffer(data, "<i8", count, step).copy(),
        np.frombuffer(data, "<i8", count, ms).copy(),
        np.frombuffer(data, "<f8", count, value).copy(),
    )


def _decode_pcodec(data: bytes) -> Columns:
    packed = _unsealed(data)
    return Columns(
        _read_integers(packed.steps, packed.points),
        _read_integers(packed.ms, packed.points),
        _decompressed(packed.values, np.empty(packed.points, np.float64)),
    )


class _Packed(NamedTuple):
    """The columns of a chunk, not yet read: an even column as (first, distance), others as bytes."""

    points: int
    steps: tuple[int, int] | bytes
    ms: tuple[int, int] | bytes
    values: bytes


def _unsealed(data: bytes) -> _Packed:
    count, steps_bytes, ms_bytes = _head(PCODEC, data, _PCODEC_HEAD)
    steps_end = _PCODEC_HEAD.size + (steps_bytes & ~_IS_EVEN)
    ms_end = steps_end + (ms_bytes & ~_IS_EVEN)
    steps, ms = data[_PCODEC_HEAD.size : steps_end], data[steps_end:ms_end]
    return _Packed(
        count,
        _even(steps) if steps_bytes & _IS_EVEN else steps,
        _even(ms) if ms_bytes & _IS_EVEN else ms,
        data[ms_end:],
    )


def _even(data: bytes) -> tuple[int, int]:
    if len(data) != _EVEN.size:
        raise CorruptChunk(f"{len(data)} bytes do not hold the first number and the distance of a column")
    first, distance = _EVEN.unpack(data)
    return first, distance


def _read_integers(column: tuple[int, int] | bytes, rows: int | Ints) -> Ints:
    """All numbers of a column, given how many there are, or those at some rows of an even column."""
    if isinstance(column, tuple):
        places = np.arange(rows, dtype=np.int64) if isinstance(rows, int) else rows
        return places * np.int64(column[1]) + np.int64(column[0])
    assert isinstance(rows, int)
    return _decompressed(column, np.empty(rows, np.int64))


def pick(codec: int, data: bytes, rows: Ints) -> Columns | None:
    """Rows of a chunk counted by step, when its steps are evenly rising, so that only some columns must be read.

    Returns: None for other chunks.
    Raises: CorruptChunk.
    """
    if codec != PCODEC:
        return None
    packed = _unsealed(data)
    if not isinstance(packed.steps, tuple) or packed.steps[1] <= 0 or (rows >= packed.points).any():
        return None
    even_ms = isinstance(packed.ms, tuple)
    ms = _read_integers(packed.ms, rows) if even_ms else _read_integers(packed.ms, packed.points)[rows]
    values = _decompressed(packed.values, np.empty(packed.points, np.float64))[rows]
    return Columns(_read_integers(packed.steps, rows), ms, values)


def _decompressed(data: bytes, into: _Column) -> _Column:
    """`into`, filled from bytes that hold exactly as many numbers."""
    try:
        progress = standalone.simple_decompress_into(data, into)
    except _NOT_OURS:
        raise
    except BaseException as exc:  # a panic of the codec is no Exception
        raise CorruptChunk(f"column of {into.size} numbers cannot be read: {exc}") from exc
    if progress.n_processed != into.size or not progress.finished:
        raise CorruptChunk(f"column holds {progress.n_processed} numbers instead of {into.size}")
    return into


def _part(column: npt.NDArray[Any]) -> bytes:
    """One column in the smallest of raw, pcodec (longer ones) and zlib (shorter ones)."""
    how, data = RAW, column.tobytes()
    if column.size > _PCODEC_FROM:
        packed = _compressed(column)
        if len(packed) < len(data):
            how, data = PCODEC, packed
    if column.nbytes <= _ZLIB_LIMIT:
        zipped = zlib.compress(column.tobytes(), 6)
        if len(zipped) < len(data):
            how, data = _ZLIB, zipped
    return _PART_HEAD.pack(how, len(data)) + data


def _decode_tail(data: bytes) -> Points:
    count, series = _head(TAIL, data, _TAIL_HEAD)
    position = _TAIL_HEAD.size
    columns: list[npt.NDArray[Any]] = []
    for size, dtype in ((series, "<u4"), (series, "<u4"), (count, "<i8"), (count, "<i8"), (count, "<f8")):
        column, position = _read_part(data, position, size, dtype)
        columns.append(column)
    steps_of_keys, counts, steps, ms, values = columns
    if position != len(data) or int(counts.sum(dtype=np.int64)) != count:
        raise CorruptChunk(f"tail of {len(data)} bytes does not hold {count} points of {series} series")
    keys = np.cumsum(steps_of_keys, dtype=np.uint32)
    points = points_of(np.repeat(keys, counts), Columns(steps, ms, values))
    points.flags.writeable = False
    return points


def _read_part(data: bytes, position: int, count: int, dtype: str) -> tuple[npt.NDArray[Any], int]:
    if len(data) < position + _PART_HEAD.size:
        raise CorruptChunk(f"tail of {len(data)} bytes ends inside a column")
    how, length = _PART_HEAD.unpack_from(data, position)
    start = position + _PART_HEAD.size
    body = data[start : start + length]
    if how == PCODEC:
        column = _decompressed(body, np.empty(count, dtype))
    else:
        column = _plain(_unzipped(body, count * 8) if how == _ZLIB else body, count, dtype)
    return column, start + length


def _unzipped(data: bytes, limit: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, limit + 1)
    except zlib.error as exc:
        raise CorruptChunk(f"zlib column of {len(data)} bytes cannot be read: {exc}") from exc


def _plain(data: bytes, count: int, dtype: str) -> npt.NDArray[Any]:
    column = np.frombuffer(data, np.uint8)
    if column.size != count * np.dtype(dtype).itemsize:
        raise CorruptChunk(f"column of {column.size} bytes does not hold {count} numbers")
    return column.view(dtype)

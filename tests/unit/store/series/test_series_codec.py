import math
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_strategies import ROWS, bits, expected_history, identities, packed, series

from runyard.store.sql.series.codec import (
    PCODEC,
    RAW,
    TAIL,
    CorruptChunk,
    decode,
    decode_log,
    encode,
    encode_tail,
    pick,
)
from runyard.store.sql.series.points import Columns, dedupe, sort_columns, sort_history, unpack


def curve(count: int) -> Columns:
    """A loss of float32 numbers, a point about every 100 ms."""
    rng = np.random.default_rng(3)
    loss = (np.exp(-3 * np.arange(count) / count) + rng.normal(0, 0.02, count)).astype(np.float32)
    ms = 1_700_000_000_000 + np.cumsum(rng.integers(80, 120, count))
    return Columns(np.arange(count), ms, loss.astype(np.float64))


@given(ROWS)
def test_chunks_return_every_bit(rows: list[Any]) -> None:
    chunks = encode(sort_columns(series(rows)))
    found = [row for chunk in chunks for row in identities(decode(chunk.codec, chunk.data))]
    assert found == expected_history(rows)


@given(ROWS)
def test_tails_return_every_bit(rows: list[Any]) -> None:
    points = dedupe(sort_history(unpack(packed(rows))))
    assert decode_log(TAIL, encode_tail(points)).tobytes() == points.tobytes()


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (0, []),
        (1, [1]),
        (4096, [4096]),
        (4097, [2048, 2049]),
        (5119, [2559, 2560]),
        (5120, [4096, 1024]),
        (9000, [4096, 2452, 2452]),
    ],
)
def test_series_are_cut_without_short_pieces(count: int, sizes: list[int]) -> None:
    chunks = encode(curve(max(count, 1)).rows(slice(0, count)))
    assert [chunk.count for chunk in chunks] == sizes


def test_a_chunk_tells_its_ranges() -> None:
    (chunk,) = encode(series([(0, 5, 10, 2.0), (0, 3, 20, math.nan), (0, 4, 30, -1.0)]))
    assert (chunk.count, chunk.min_ms, chunk.max_ms, chunk.min_step, chunk.max_step) == (3, 10, 30, 3, 5)
    assert (chunk.min_value, chunk.max_value, chunk.sum_value) == (-1.0, 2.0, 1.0)


def test_a_chunk_of_nan_has_no_extremes() -> None:
    (chunk,) = encode(series([(0, 1, 1, math.nan)]))
    assert (chunk.min_value, chunk.max_value, chunk.sum_value) == (None, None, 0.0)


@pytest.mark.parametrize(("count", "limit"), [(64, 7.0), (1000, 5.0), (4096, 4.5)])
def test_a_loss_curve_takes_few_bytes(count: int, limit: float) -> None:
    (chunk,) = encode(curve(count))
    assert chunk.codec == PCODEC
    assert len(chunk.data) / count < limit


def even(first: int, distance: int, count: int) -> list[int]:
    return [first + distance * i for i in range(count)]


EVEN = [
    even(0, 1, 300),
    even(-(2**63), 1, 300),
    even(2**63 - 300, 1, 300),
    even(2**63 - 1, -7, 300),
    even(5, 0, 300),
    even(-(2**63), 2**56, 256),
    [*even(0, 1, 299), 300],
    [-(2**63), 2**63 - 1] * 150,
]


@pytest.mark.parametrize("steps", EVEN)
@pytest.mark.parametrize("ms", EVEN)
def test_even_columns_return_every_number(steps: list[int], ms: list[int]) -> None:
    count = min(len(steps), len(ms))
    columns = Columns(np.array(steps[:count]), np.array(ms[:count]), curve(count).values)
    (chunk,) = encode(columns)
    assert identities(decode(chunk.codec, chunk.data)) == identities(columns)


def test_even_steps_and_times_take_no_bytes_of_their_own() -> None:
    values = np.random.default_rng(1).random(4096)
    (chunk,) = encode(Columns(np.arange(4096), np.arange(4096) * 1000, values))
    (alone,) = encode(Columns(np.zeros(4096, np.int64), np.zeros(4096, np.int64), values))
    assert len(chunk.data) == len(alone.data)


@pytest.mark.parametrize("ms", EVEN)
def test_rows_of_evenly_rising_steps_are_picked_as_if_all_were_read(ms: list[int]) -> None:
    columns = Columns(np.arange(len(ms)) * 3, np.sort(np.array(ms)), curve(len(ms)).values)
    (chunk,) = encode(columns)
    rows = np.array([0, 17, 100, len(ms) - 1])
    found = pick(chunk.codec, chunk.data, rows)
    assert found is not None
    assert identities(found) == identities(columns.rows(rows))


@pytest.mark.parametrize("steps", [even(9, 0, 300), even(900, -1, 300), [*even(0, 1, 299), 300]])
def test_rows_of_other_steps_are_not_picked(steps: list[int]) -> None:
    (chunk,) = encode(Columns(np.array(steps), np.arange(300), curve(300).values))
    assert pick(chunk.codec, chunk.data, np.array([1])) is None
    assert pick(RAW, chunk.data, np.array([1])) is None


def test_few_points_are_kept_raw() -> None:
    (chunk,) = encode(curve(1))
    assert (chunk.codec, len(chunk.data)) == (RAW, 8 + 24)


def stored(count: int) -> tuple[int, bytes]:
    (chunk,) = encode(curve(count))
    return chunk.codec, chunk.data


def tail() -> tuple[int, bytes]:
    return TAIL, encode_tail(
        unpack(packed([(key, step, step, key / 3) for key in range(5) for step in range(9)]))
    )


def read(codec: int, data: bytes) -> object:
    return decode_log(codec, data) if codec == TAIL else decode(codec, data)


BLOBS = st.sampled_from([stored(1), stored(300), tail()])


@given(BLOBS, st.integers(0, 10**6), st.integers(1, 255))
def test_any_changed_byte_is_found(blob: tuple[int, bytes], place: int, change: int) -> None:
    codec, data = blob
    broken = bytearray(data)
    broken[place % len(data)] ^= change
    with pytest.raises(CorruptChunk):
        read(codec, bytes(broken))


@given(BLOBS, st.integers(0, 10**6))
def test_any_cut_is_found(blob: tuple[int, bytes], length: int) -> None:
    codec, data = blob
    with pytest.raises(CorruptChunk):
        read(codec, data[: length % len(data)])


@given(BLOBS, st.integers(4, 10**6), st.binary(min_size=1, max_size=8))
def test_a_forged_checksum_never_gives_another_error(
    blob: tuple[int, bytes], place: int, patch: bytes
) -> None:
    codec, data = blob
    start = 4 + place % (len(data) - 4)
    body = (data[:start] + patch + data[start + len(patch) :])[4:]
    try:
        read(codec, struct.pack("<I", zlib.crc32(body, codec)) + body)
    except CorruptChunk:
        pass


@pytest.mark.parametrize("blob", [stored(1), stored(300), tail()])
def test_a_blob_read_with_the_wrong_codec_is_corrupt(blob: tuple[int, bytes]) -> None:
    codec, data = blob
    for other in {RAW, PCODEC, 9} - {codec}:
        with pytest.raises(CorruptChunk):
            decode(other, data)


@pytest.mark.parametrize("codec", [PCODEC, 9])
def test_a_log_row_of_a_codec_that_logs_do_not_have_is_corrupt(codec: int) -> None:
    with pytest.raises(CorruptChunk, match=f"codec {codec}"):
        decode_log(codec, b"")


def test_a_cut_log_row_is_corrupt() -> None:
    with pytest.raises(CorruptChunk, match="27 bytes"):
        decode_log(RAW, bytes(27))


def test_raw_log_rows_are_read_as_they_were_packed() -> None:
    blob = packed([(3, 2, 1, -0.0)])
    (point,) = decode_log(RAW, blob)
    assert (point["key"], point["step"], point["ms"], bits(point["value"])) == (3, 2, 1, bits(-0.0))

"""Overviews of chunks: what they say of each piece is what its points say, and damage is seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_strategies import ROWS, Row, bits, series

from runyard.store.sql.series import overview
from runyard.store.sql.series.overview import PIECE_POINTS, are_sound, is_rising, overview_of, read_overviews
from runyard.store.sql.series.points import Columns, sort_columns


@pytest.fixture(scope="module", autouse=True)
def small_pieces() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overview, "PIECE_POINTS", 4)
        yield


@given(st.lists(ROWS.filter(len), min_size=1, max_size=4))
def test_pieces_say_what_their_points_say(chunks: list[list[Row]]) -> None:
    made = [sort_columns(series(rows)) for rows in chunks]
    overviews = [overview_of(columns) for columns in made]
    assert are_sound(overviews, np.array([columns.size for columns in made])).all()
    found = read_overviews(overviews)
    place = 0
    for number, columns in enumerate(made):
        steps = columns.steps
        assert is_rising(overviews)[number] == bool((steps[1:] >= steps[:-1]).all())
        for start in range(0, columns.size, 4):
            piece = columns.rows(slice(start, start + 4))
            values = [value for value in piece.values.tolist() if not math.isnan(value)]
            assert found.chunk[place] == number and found.points[place] == piece.size
            assert found.numbers[place] == len(values)
            assert (found.first_step[place], found.last_step[place]) == (piece.steps[0], piece.steps[-1])
            assert (found.first_ms[place], found.last_ms[place]) == (piece.ms[0], piece.ms[-1])
            assert bits(float(found.last[place])) == bits(float(piece.values[-1]))
            if values:
                assert (found.min[place], found.max[place]) == (min(values), max(values))
            else:
                assert math.isnan(found.min[place]) and math.isnan(found.max[place]) and not found.sum[place]
            place += 1
    assert place == found.chunk.size


@given(ROWS.filter(len), st.data())
def test_a_changed_byte_is_seen(rows: list[Row], data: st.DataObject) -> None:
    columns = sort_columns(series(rows))
    written = bytearray(overview_of(columns))
    written[data.draw(st.integers(0, len(written) - 1))] ^= data.draw(st.integers(1, 255))
    sound = overview_of(columns)
    sizes = np.full(2, columns.size)
    assert are_sound([bytes(written), sound], sizes).tolist() == [False, True]


def test_what_is_no_overview_of_the_chunk_is_seen() -> None:
    columns = Columns(np.arange(9), np.arange(9), np.arange(9.0))
    data = overview_of(columns)
    assert are_sound(
        [data, data[:-1], data[:-52], b"", None, data], np.array([9, 9, 9, 9, 9, 8])
    ).tolist() == [*(True, False, False, False, False, False)]
    assert read_overviews([]).chunk.size == 0


def test_an_overview_fits_into_a_quarter_of_a_page_unless_steps_leap() -> None:
    chunk = np.arange(16 * 4)
    usual = overview_of(Columns(chunk, chunk * 1_000, chunk.astype(np.float64)))
    leaping = overview_of(Columns(chunk << 40, chunk, chunk.astype(np.float64)))
    assert len(usual) <= 16 * 52 + 24 < 1_002 < len(leaping)
    assert PIECE_POINTS == 256

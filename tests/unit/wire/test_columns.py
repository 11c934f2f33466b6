"""Columns of packed answers: what is read is what was written, values that are not there included."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.wire.api import columns

words = st.one_of(st.none(), st.text(max_size=3))


def sent(column: columns.Column) -> Any:
    return columns.read(columns.unpack(columns.pack({"c": column}))["c"])


@given(st.lists(words))
def test_texts_come_back(values: list[str | None]) -> None:
    assert sent(columns.texts(values)) == values


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False))))
def test_numbers_come_back(values: list[float | None]) -> None:
    assert sent(columns.floats(values)) == values


@given(st.lists(st.tuples(st.one_of(st.none(), st.floats(allow_nan=False)), st.booleans())))
def test_a_metric_that_is_nan_is_not_one_that_is_absent(rows: list[tuple[float | None, bool]]) -> None:
    values = [value if there else None for value, there in rows]
    found = sent(columns.metric_values(values, [there for _, there in rows]))
    for (value, there), one in zip(rows, found, strict=True):
        if not there:
            assert one is None
        elif value is None:
            assert math.isnan(one)
        else:
            assert one == value


def test_texts_that_repeat_are_places() -> None:
    column = columns.texts(["a", "b", None, "a", "a"])
    assert column == {"t": "dict", "v": ["a", "b"], "d": b"\0\0\0\0\1\0\0\0\xff\xff\xff\xff" + b"\0" * 8}
    assert columns.texts(["a", "b", None]) == ["a", "b", None]


@pytest.mark.parametrize(("make", "most"), [(columns.counts, 2**32 - 1), (columns.codes, 255)])
def test_whole_numbers_are_refused_beyond_their_column(make: Any, most: int) -> None:
    assert sent(make([0, most])) == [0, most]
    assert sent(make(np.empty(0, np.int64))) == []
    for bad in (-1, most + 1):
        with pytest.raises(OverflowError):
            make([0, bad])


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x91\x01", b"{}x"])
def test_what_is_no_packed_answer_is_told(body: bytes) -> None:
    with pytest.raises(ValueError, match="no packed answer"):
        columns.unpack(body)


def test_a_column_of_a_later_release_is_told() -> None:
    with pytest.raises(ValueError, match="'f2'"):
        columns.read({"t": "f2", "d": b""})

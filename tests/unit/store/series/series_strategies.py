"""Points as hypothesis draws them: few keys, steps and times, so that ties and duplicates are common."""

import math
import struct

from hypothesis import strategies as st

from runyard.store.sql.series.points import Columns, columns_of, pack, unpack

INT64 = st.one_of(st.integers(0, 6), st.integers(-(2**63), 2**63 - 1), st.sampled_from([-(2**63), 2**63 - 1]))
VALUES = st.one_of(
    st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 1.0, -1.0, 5e-324, -5e-324, 1.7e308]),
    st.floats(width=64),
)
ROW = st.tuples(st.integers(0, 3), INT64, INT64, VALUES)
ROWS = st.lists(ROW, max_size=40)
# Sums of these are exact in any order.
COUNTABLE = st.one_of(st.integers(-50, 50).map(float), st.sampled_from([math.nan, -0.0]))
COUNTABLE_ROWS = st.lists(st.tuples(st.integers(0, 3), INT64, INT64, COUNTABLE), min_size=1, max_size=40)

Row = tuple[int, int, int, float]


def packed(rows: list[Row]) -> bytes:
    return pack(*([row[i] for row in rows] for i in range(4)))  # type: ignore[arg-type]


def series(rows: list[Row]) -> Columns:
    """One series from rows, whatever their keys."""
    return columns_of(unpack(packed(rows)))


def bits(value: float) -> int:
    """Identity of a value: its bits, the same for every NaN."""
    number: int = struct.unpack("<q", struct.pack("<d", math.nan if math.isnan(value) else value))[0]
    return number


def value_order(value: float) -> tuple[float, bool, float]:
    """The order of values as told, without ranks: NaN as 0 and after it, -0.0 before 0.0."""
    if math.isnan(value):
        return 0.0, True, 1.0
    return value, False, math.copysign(1.0, value)


def history_key(row: Row) -> tuple[object, ...]:
    return row[2], row[1], value_order(row[3])


def last_key(row: Row) -> tuple[object, ...]:
    return row[1], row[2], value_order(row[3])


def identity(row: Row) -> tuple[int, int, int]:
    return row[1], row[2], bits(row[3])


def identities(columns: Columns) -> list[tuple[int, int, int]]:
    """(step, ms, bits of the value) of each row."""
    return [
        (step, ms, bits(value))
        for step, ms, value in zip(*(column.tolist() for column in columns), strict=True)
    ]


def expected_history(rows: list[Row]) -> list[tuple[int, int, int]]:
    """Identities in history order without duplicates, the plain way."""
    return list(dict.fromkeys(identity(row) for row in sorted(rows, key=history_key)))

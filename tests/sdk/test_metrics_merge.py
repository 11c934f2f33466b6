"""What get_metrics answers, row by row of the table, and for anything that was logged."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.sdk.metrics_merge import Record, Series, merged
from runyard.sdk.scalars import from_json, to_json

IMAGE = "aml://artifactId/ExperimentRun/dcid.r/i.png"


def points(*values: float | str) -> Series:
    return Series([100 + at for at in range(len(values))], list(values))


def records(*bodies: tuple[str, dict[str, Any]], first_ms: int = 100) -> list[Record]:
    return [Record("m", kind, first_ms + at, body) for at, (kind, body) in enumerate(bodies)]


def scalar(value: Any) -> tuple[str, dict[str, Any]]:
    return "scalar", {"value": value}


def declared(kind: str) -> tuple[str, dict[str, Any]]:
    return "scalar", {"type": kind}


def row(**columns: Any) -> tuple[str, dict[str, Any]]:
    return "row", {"columns": columns}


ROWS: list[tuple[str, Series | list[Any], list[Record], Any]] = [
    ("a number once", points(0.5), [], 0.5),
    ("a number several times", points(0.5, 0.25), [], [0.5, 0.25]),
    ("int is kept", points(5.0), records(declared("int"), first_ms=99), 5),
    ("bool is kept", points(1.0), records(declared("bool"), first_ms=99), True),
    ("int and float are numbers", points(1.0, 0.5), records(declared("int"), declared("float")), [1, 0.5]),
    ("text", [], records(scalar("a")), "a"),
    ("None", [], records(scalar(None)), None),
    ("text several times", [], records(scalar("a"), scalar("b")), ["a", "b"]),
    ("NaN", [], records(scalar({"$float": "nan"})), math.nan),
    ("infinity of MLflow", points(1.7976931348623157e308), [], math.inf),
    ("list", [], records(("list", {"value": [1, 2, 3]})), [1, 2, 3]),
    ("list of one", [], records(("list", {"value": [1]})), 1),
    ("list twice", [], records(("list", {"value": [1, 2]}), ("list", {"value": [3]})), [1, 2, 3]),
    ("row once", [], records(row(x=1, y="a")), {"x": 1, "y": "a"}),
    ("rows", [], records(row(x=1), row(x=2)), {"x": [1, 2]}),
    ("rows of different columns", [], records(row(x=1, y=2), row(x=3, z=4)), {"x": [1, 3], "y": [2, None], "z": [None, 4]}),
    ("table", [], records(("table", {"columns": {"a": [1, 2], "b": [3, 4]}})), {"a": [1, 2], "b": [3, 4]}),
    ("table of one row", [], records(("table", {"columns": {"a": [1]}})), {"a": [1]}),
    ("row after a table", [], records(("table", {"columns": {"a": [1, 2]}}), row(a=3)), {"a": [1, 2, 3]}),
    ("image", [], records(("image", {"artifact": IMAGE})), IMAGE),
    ("image twice", [], records(("image", {"artifact": IMAGE}), ("image", {"artifact": "b"})), [IMAGE, "b"]),
    ("chart", [], records(("confusion_matrix", {"artifact": "c"})), "c"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("series", "found", "wanted"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_a_row_of_the_table(series: Series | list[Any], found: list[Record], wanted: Any) -> None:
    answer = merged({"m": series} if isinstance(series, Series) else {}, found)
    assert repr(answer) == repr({"m": wanted})


def test_an_empty_list_is_absent() -> None:
    assert merged({}, records(("list", {"value": []}))) == {}


def test_a_later_scalar_of_another_type_is_none_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    late = [Record("m", "scalar", 101, {"value": "x"})]
    with caplog.at_level(logging.WARNING, "runyard"):
        assert merged({"m": Series([100, 102], [1.0, 2.0])}, late) == {"m": [1.0, None, 2.0]}
    assert "later as str" in caplog.text


def test_the_first_of_two_kinds_is_kept_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    late = [Record("m", "list", 200, {"value": [1]})]
    with caplog.at_level(logging.WARNING, "runyard"):
        assert merged({"m": points(0.5)}, late) == {"m": 0.5}
    assert "only the first is kept" in caplog.text


def test_names_come_in_the_order_of_logging() -> None:
    assert list(merged({"b": Series([2], [1.0]), "a": Series([3], [1.0])}, [Record("c", "row", 1, {"columns": {"x": 1}})])) == ["c", "b", "a"]  # fmt: skip


def test_an_error_is_no_metric() -> None:
    assert merged({}, records(("error", {"message": "m"}))) == {}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)


@given(SCALARS)
def test_a_value_survives_the_body_of_a_record(value: Any) -> None:
    back = from_json(to_json(value))
    assert back == value and type(back) is type(value)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), SCALARS, min_size=1), min_size=2, max_size=8))
def test_rows_become_columns_of_one_length_that_hold_every_cell(rows: list[dict[str, Any]]) -> None:
    bodies = [row(**{key: to_json(value) for key, value in one.items()}) for one in rows]
    columns = merged({}, records(*bodies))["m"]
    assert {len(column) for column in columns.values()} == {len(rows)}
    for at, one in enumerate(rows):
        assert {name: column[at] for name, column in columns.items() if name in one} == one
        assert all(column[at] is None for name, column in columns.items() if name not in one)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20))
def test_numbers_come_back_in_their_order(values: list[float]) -> None:
    answer = merged({"m": points(*values)}, [])["m"]
    assert answer == (values if len(values) > 1 else values[0])


KINDS = st.sampled_from(["scalar", "list", "row", "table", "image"])


@given(st.lists(st.tuples(KINDS, st.integers(0, 5)), max_size=10))
def test_any_mixture_gives_something_for_the_first_kind(mixture: list[tuple[str, int]]) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "scalar": {"value": 1},
        "list": {"value": [1, 2]},
        "row": {"columns": {"x": 1}},
        "table": {"columns": {"x": [1, 2]}},
        "image": {"artifact": "a"},
    }
    found = [Record("m", kind, ms, bodies[kind]) for kind, ms in mixture]
    assert set(merged({}, found)) == ({"m"} if mixture else set())

"""Filters of trace metrics, and how two filters go together."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.entities.trace_metrics import Clause, Together, View
from runyard.errors import InvalidInput
from runyard.services.trace_metrics import SMOOTHING, npmi, parse_clause


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("trace.status = 'OK'", Clause("trace", "status", "", "OK")),
        ('trace.status="OK"', Clause("trace", "status", "", "OK")),
        ("trace.tag.k = 'x = y'", Clause("trace", "tag", "k", "x = y")),
        ("trace.tag.`a b` = 'x'", Clause("trace", "tag", "a b", "x")),
        (
            "trace.metadata.mlflow.trace.session = 's'",
            Clause("trace", "metadata", "mlflow.trace.session", "s"),
        ),
    ],
)
def test_a_clause_names_a_field_and_a_value(text: str, expected: Clause) -> None:
    assert parse_clause(text, View.TRACES) == expected


@pytest.mark.parametrize(
    "text",
    ["", "trace", "trace.status", "trace.status = OK", "trace.status > 'OK'", "trace.tag = 'x'", "trace.status.k = 'x'",
     "trace.foo = 'x'", "other.status = 'x'", "span.name = 'x'", "trace.status = 'a' AND trace.status = 'b'", "a\x00"],
)  # fmt: skip
def test_other_filters_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_clause(text, View.TRACES)


def test_spans_are_filtered_where_spans_are_counted() -> None:
    assert parse_clause("span.name = 'x'", View.SPANS).field == "name"
    assert parse_clause("trace.status = 'x'", View.ASSESSMENTS).of == "trace"


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_npmi_is_between_never_and_always(both: int, first: int, second: int, neither: int) -> None:
    counts = Together(both + first, both + second, both, both + first + second + neither)
    for smoothing in (0.0, SMOOTHING):
        found = npmi(counts, smoothing)
        assert (found is None) == (counts.first == 0 or counts.second == 0)
        assert found is None or -1 <= found <= 1


def test_independent_filters_have_no_correlation() -> None:
    assert math.isclose(npmi(Together(50, 20, 10, 100)) or 0.0, 0.0, abs_tol=1e-12)
    assert npmi(Together(5, 5, 5, 10)) == 1.0
    assert npmi(Together(5, 5, 0, 10)) == -1.0

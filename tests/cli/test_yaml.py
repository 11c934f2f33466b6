"""What is printed as YAML is what any reader of YAML reads."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runyard.client.yaml_text import dump

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(VALUES)
def test_a_reader_finds_the_same_value(value: Any) -> None:
    assert yaml.safe_load(dump(value)) == value


def test_not_a_number_has_its_own_word() -> None:
    assert math.isnan(yaml.safe_load(dump({"loss": math.nan}))["loss"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yes",
        "No",
        "null",
        "~",
        "1",
        "1e3",
        "0x10",
        "2026-11-25",
        "12:30",
        "a: b",
        "- a",
        "# a",
        "a\nb",
        "=",
        "<<",
        "é",
        "\x85",
        "\ufeff",
        "a ",
        "😀",
        "1_000",
        ".5",
        "_",
        "0o7",
    ],
)
def test_text_stays_text(text: str) -> None:
    assert yaml.safe_load(dump([text])) == [text]
    assert yaml.safe_load(dump({text: text})) == {text: text}

"""What is read of YAML is what any reader of YAML reads; the rest is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runyard.client.yaml_reading import load
from runyard.client.yaml_text import dump
from runyard.errors import InvalidInput

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(-1e300, 1e300) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)

CONDA = """\
# made by hand
name: project_environment
channels:
- conda-forge
  - wrong: here
"""
PAGES = [
    "name: tutorial\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - pip:\n      - mlflow>=2.17  # new\n      - 'scikit-learn==1.5'\n",
    "name: p\n\nconda_env: conda.yaml\n\nentry_points:\n  main:\n    parameters:\n      alpha: float\n      l1_ratio: {type: float, default: 0.1}\n    command: \"python train.py {alpha} {l1_ratio}\"\n",
    "a: [1, two, '3', \"x: y\"]\nb: {}\nc: []\nd: |\n  one\n   two\n\n  three\ne: >-\n  folded\n  text\nf: end\n",
    "- - 1\n  - 2\n-\n  a: 1\n  b:\n  - x\n- plain text\n",
    "---\na: 'it''s'\nb: http://x/y#z\nc: a #b\n",
    "text:  goes on\n  in the next line\nother: 1.5\nempty:\n",
    "a: [1,\n  2,\n  3]\nb: 2\n",
    "just a text",
    "",
]  # fmt: skip


@given(VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    assert load(dump(value)) == value


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_read_as_others_read_them(page: str) -> None:
    assert load(page) == yaml.safe_load(page)


@pytest.mark.parametrize(
    "page", [CONDA, "a: &x 1\nb: *x\n", "a: 1\n---\nb: 2\n", "a: !!python/none x", "a: 1\na: 2\n", "a: [1, 2\n", 'a: "x\n']
)  # fmt: skip
def test_what_is_not_read_is_refused_with_its_line(page: str) -> None:
    with pytest.raises(InvalidInput, match=r"Line \d+ of conda\.yml cannot be read as YAML"):
        load(page, "conda.yml")

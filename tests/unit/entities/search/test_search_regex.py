from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runyard.entities.search.regex import Regex
from runyard.errors import InvalidInput
from runyard.store.sql.search.regexp import WORK_LIMIT, RegexFunction

PIECES = [
    "a",
    "b",
    "A",
    ".",
    "^",
    "$",
    "a*",
    "b+",
    "(ab)?",
    "(a|b)",
    "[ab]",
    "[^a]",
    "[a-c]",
    "\\d",
    "\\W",
    "a{2}",
    "b{0,2}",
]
PIECES += ["(?:ab)*", "(a|)", "|", "1{1,}?", "\\.", "-"]


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=5).map("".join), st.text(alphabet="abcA1.- ", max_size=8))
def test_finds_what_the_standard_library_finds(pattern: str, text: str) -> None:
    assert Regex(pattern).found_in(text) == (re.search(pattern, text, re.DOTALL) is not None)
    assert Regex("(?i)" + pattern).found_in(text) == (
        re.search(pattern, text, re.DOTALL | re.IGNORECASE) is not None
    )


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "[",
        "[a",
        "a**",
        "*",
        "(?=a)",
        "(?P<x>a)",
        "\\1",
        "\\b",
        "a{3,2}",
        "a{999}",
        "[[:alpha:]]",
        "\\",
    ],
)
def test_other_languages_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="Invalid RLIKE pattern"):
        Regex(pattern)


@pytest.mark.parametrize("pattern", ["(" * 60 + ")" * 60, "x" * 1_001, "((a{200}){200}){200}"])
def test_large_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="Invalid RLIKE pattern"):
        Regex(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+$b", "(a|aa)*c", "a*a*a*a*a*c", "(.*a){20}c", "(a?){200}a{200}c"])
def test_hostile_patterns_take_linear_time(pattern: str) -> None:
    start = time.process_time()
    assert not Regex(pattern).found_in("a" * 8_000)
    assert time.process_time() - start < 5


def test_a_query_that_costs_too_much_is_interrupted() -> None:
    interrupted: list[bool] = []
    function = RegexFunction(lambda: interrupted.append(True))
    assert function("a.c", "xabc") and not function("a.c", None) and not interrupted
    for _ in range(2):
        function("b", "a" * WORK_LIMIT)
    assert interrupted
    function.reset()
    interrupted.clear()
    assert function("a", "a") and not interrupted


@given(st.text(max_size=20))
def test_any_pattern_is_compiled_or_refused(pattern: str) -> None:
    try:
        Regex(pattern).found_in("abc")
    except InvalidInput:
        pass

"""Text to paths: what passes stays below the root, byte for byte; the rest is refused with a reason."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.artifacts import paths
from runyard.errors import InvalidInput

HOSTILE = st.lists(
    st.sampled_from(
        ["..", ".", "/", "\\", "%2e", "%2E", "%2f", "%5c", "%25", "25", "2e", "%00", "\x00", "\n", "C:", "a", "~", "%",
         "\ufffd", "é", "x" * 300, " ", "#", "?", ";", ":", "\u202e"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
ANY_TEXT = st.one_of(HOSTILE, st.text(max_size=60))


@given(ANY_TEXT)
def test_a_cleaned_path_lies_below_the_root(text: str) -> None:
    try:
        cleaned = paths.clean_path(text)
    except InvalidInput:
        return
    root = os.path.realpath("/nonexistent/root")
    resolved = os.path.realpath(os.path.join(root, cleaned))
    assert resolved == root or resolved.startswith(f"{root}/")


@given(ANY_TEXT)
def test_an_encoded_path_is_decoded_exactly_once(text: str) -> None:
    try:
        cleaned = paths.clean_path(text)
    except (InvalidInput, UnicodeEncodeError):
        return
    assert paths.decode_path(quote(text, safe="")) == cleaned
    assert paths.clean_path(cleaned) == cleaned


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_or_refused(raw: bytes) -> None:
    try:
        assert ".." not in paths.decode_path(raw).split("/")
    except InvalidInput as error:
        assert error.message.startswith("Invalid path")


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "100%.txt",
        "50%25",
        "%41",
        "x#y",
        "q?z",
        "p+q",
        "ünï",
        "日本",
        "a&b",
        "...",
        "..a",
        "a..",
        "~",
        "co:lon",
        "sample%step%0%timestamp%1795491412770%00fd3d36-4dae%compressed.webp",
        "a%2fb",
        "a%5Cb",
        "a%0a",
    ],
)
def test_harmless_names_pass_unchanged(name: str) -> None:
    assert paths.clean_path(f"d/{name}/{name}") == f"d/{name}/{name}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("..", "'..'"),
        ("a/../b", "'..'"),
        ("/a", "absolute"),
        ("C:/a", "absolute"),
        ("c:a", "absolute"),
        ("a\\b", "backslash"),
        ("a//b", "empty"),
        ("a/", "empty"),
        ("a\x00b", "control"),
        ("a\x85b", "control"),
        ("%2e%2e/a", "more than once"),
        ("%252E", "more than once"),
        ("a%2f..%2fb", "more than once"),
        ("a%5C%252e.", "more than once"),
        ("a/..%00/b", "more than once"),
        ("%2Fa", "more than once"),
        ("%43:a", "more than once"),
        ("\udcff", "Unicode"),
        ("\ufffd", "UTF-8"),
        ("é" * 128, "255 bytes"),
        ("/".join(["a"] * 129), "components"),
        ("/".join(["a" * 200] * 11), "2048 bytes"),
    ],
)
def test_a_refusal_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match="Invalid path") as refused:
        paths.clean_path(text)
    assert reason in refused.value.message and len(refused.value.message) < 400
    assert refused.value.message.isprintable()


def test_the_root_is_no_file() -> None:
    assert paths.clean_path("") == "" and paths.clean_path("./.") == ""
    for text in ("", "."):
        with pytest.raises(InvalidInput):
            paths.clean_file_path(text)


def test_a_directory_may_end_in_one_slash() -> None:
    assert paths.clean_directory_path("a/b/") == "a/b"
    for text in ("a//", "/", "//"):
        with pytest.raises(InvalidInput):
            paths.clean_directory_path(text)


def test_a_long_value_is_shortened(tmp_path: Path) -> None:
    assert len(paths.shortened("x" * 10_000)) <= 82
    assert "\n" not in paths.shortened("a\nb")

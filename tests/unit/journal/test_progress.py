"""The line that a person sees while records are sent."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from runyard.client.journal import progress
from runyard.client.journal.progress import watched


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_S", 0.05)
    monkeypatch.setattr(progress, "TERMINAL_S", 0.01)


def shown(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, waiting: list[int], **options: object) -> str:
    """What a wait shows; it ends when `waiting` is used up."""
    monkeypatch.setattr(sys, "stderr", stream)
    left = list(waiting)
    told = threading.Event()

    def count() -> int:
        found = left.pop(0) if len(left) > 1 else left[0]
        if len(left) == 1:
            told.set()
        return found

    with watched(count, lambda: options.get("trouble"), show=bool(options.get("show", True))) as line:  # type: ignore[arg-type,return-value]
        if options.get("show", True) and len(waiting) > 1:
            assert told.wait(5)
        if "left" in options:
            line.left(str(options["left"]))
    return stream.getvalue()


def test_what_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(io.StringIO(), monkeypatch, [0]) == ""
    assert shown(io.StringIO(), monkeypatch, [5], show=False, left="the rest") == ""


def test_a_terminal_has_one_line_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(Terminal(), monkeypatch, [2_000, 1_000, 1])
    assert text.startswith("\r\x1b[KRunyard: 2,000 records are not sent yet …")
    assert "1,000 records" in text
    assert text.count("\n") == 1
    assert text.endswith(" s).\n")


def test_elsewhere_there_are_few_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(io.StringIO(), monkeypatch, [1, 0], trouble="No server answers.")
    assert text.splitlines()[0] == "Runyard: 1 record is not sent yet (No server answers) …"
    assert "\x1b" not in text


def test_what_is_left_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(io.StringIO(), monkeypatch, [7], left="/home/journal keeps them.")
    assert text == "Runyard: 7 records are not sent yet. /home/journal keeps them.\n"

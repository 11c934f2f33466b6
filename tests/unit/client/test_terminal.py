"""What a script prints cannot do more to a terminal than colour and draw."""

from __future__ import annotations

import pytest

from runyard.client.terminal import harmless


@pytest.mark.parametrize(
    "text",
    [
        "plain ümläut 木\n",
        "\x1b[1;32mgreen\x1b[0m\n",
        "\r 50%\x1b[K",
        "\x1b[2A\x1b[1Gbar",
        "tab\tback\b\n",
        "",
    ],
)
def test_colours_bars_and_letters_stay(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=\x07"),
        ("\x1b]0;title\x1b\\", "␛]0;title␛\\"),
        ("\x1b[?1049h", "␛[?1049h"),
        ("\x1b[6n\x1bc\x1bP1", "␛[6n␛c␛P1"),
        ("\x9d52;c;x\x9c", "\ufffd52;c;x\ufffd"),
        ("\x00\x7f\x1b", "␀␡␛"),
    ],
)
def test_orders_to_the_terminal_are_shown_and_not_done(text: str, shown: str) -> None:
    assert harmless(text) == shown

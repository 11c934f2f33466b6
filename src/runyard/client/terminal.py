"""What scripts print, shown on a terminal: it may be coloured and draw bars, and does nothing else there."""

from __future__ import annotations

import re
import sys

# Colours, and what progress bars move by: up, down, right, left, to a column, clear a line or what is below.
_HARMLESS = re.compile(r"\x1b\[[0-9;]*[mABCDGKJ]")
_CONTROLS = re.compile(r"\x1b\[[0-9;]*[mABCDGKJ]|[\x00-\x06\x0e-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """The text without control characters by which a terminal is told to set titles, clipboards or modes; they are shown.

    `\\x1b]52;…` becomes `␛]52;…`.
    """
    return _CONTROLS.sub(lambda one: one[0] if _HARMLESS.fullmatch(one[0]) else _shown(one[0]), text)


def show(text: str) -> None:
    """Write output of a script to stdout at once: as it is into files and pipes, harmless on a terminal."""
    sys.stdout.write(harmless(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def _shown(control: str) -> str:
    code = ord(control)
    return "␡" if code == 0x7F else chr(0x2400 + code) if code < 0x20 else "\ufffd"

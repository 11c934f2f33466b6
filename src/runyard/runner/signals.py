"""Signals that end the runner, heard by a thread: a handler may run in the middle of anything, and does next to nothing."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Callable

ENDING = (signal.SIGTERM, signal.SIGINT)


def when_ended(do: Callable[[], None]) -> None:
    """Call something when this process is asked to end, instead of ending it. A hang-up is not such a wish."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def note(number: int, frame: FrameType | None) -> None:
        try:
            os.write(writer, b"!")
        except OSError:
            return

    def listen() -> None:
        while os.read(reader, 1):
            do()

    for number in ENDING:
        signal.signal(number, note)
    signal.signal(signal.SIGHUP, lambda *_: None)  # what is ignored would be ignored by the script too
    threading.Thread(target=listen, name="signals", daemon=True).start()

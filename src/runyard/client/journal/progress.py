"""One line on stderr while a person waits for records to be sent; nothing when that is quick."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET_S = 1.0
TERMINAL_S = 0.2  # between two updates of the line
PLAIN_S = 10.0  # between two lines where they cannot be overwritten
WIDTH = 100


class Line:
    """The line.

    Args:
        waiting: how many records are left.
        trouble: why they cannot be sent, if so.
    """

    def __init__(self, waiting: Callable[[], int], trouble: Callable[[], str | None], *, show: bool) -> None:
        self._waiting = waiting
        self._trouble = trouble
        self._show = show
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._shown = False
        self._rest = ""
        self._done = threading.Event()

    def left(self, where: str) -> None:
        """Not everything was sent: what becomes of the rest."""
        self._rest = where

    def run(self) -> None:
        """Show it from time to time until the end; in a thread of its own."""
        pause = QUIET_S
        while not self._done.wait(pause):
            self._write(f"{self._text()} …", overwrite=True)
            pause = TERMINAL_S if self._terminal else PLAIN_S

    def end(self, started: float) -> None:
        """The last word."""
        self._done.set()
        if not self._show:
            return
        if self._rest:
            self._write(f"{self._text()}. {self._rest}", overwrite=False)
        elif self._shown:
            self._write(f"everything is sent ({time.monotonic() - started:.1f} s).", overwrite=False)

    def _text(self) -> str:
        trouble = self._trouble()
        text = f"{counted(self._waiting())} not sent yet"
        return f"{text} ({trouble.rstrip('.')})" if trouble else text

    def _write(self, text: str, *, overwrite: bool) -> None:
        if sys.stderr is None:
            return
        self._shown = True
        whole = f"Runyard: {text}"
        if self._terminal:
            cut = whole if not overwrite or len(whole) <= WIDTH else whole[: WIDTH - 1] + "…"
            sys.stderr.write(f"\r\x1b[K{cut}" + ("" if overwrite else "\n"))
        else:
            sys.stderr.write(whole + "\n")
        sys.stderr.flush()


@contextmanager
def watched(waiting: Callable[[], int], trouble: Callable[[], str | None], *, show: bool) -> Iterator[Line]:
    """A line for as long as the block takes."""
    line, started = Line(waiting, trouble, show=show), time.monotonic()
    thread = threading.Thread(target=line.run, name="runyard-progress", daemon=True) if show else None
    try:
        if thread is not None:
            try:
                thread.start()
            except RuntimeError:  # no new thread at the end of the interpreter
                thread = None
        yield line
    finally:
        line.end(started)
        if thread is not None:
            thread.join(1.0)


def counted(records: int) -> str:
    """How many records are."""
    return "1 record is" if records == 1 else f"{records:,} records are"

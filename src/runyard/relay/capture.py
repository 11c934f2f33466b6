"""A command whose output is shown and kept at the same time."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

PIECE_BYTES = 64 * 1024
KEPT_BYTES = 200 * 1024 * 1024
CUT = b"\n[Output beyond 200 MiB is not kept.]\n"
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # what shells answer


class Kept:
    """One stream of a command: passed on as it comes, and written to a file up to 200 MiB.

    A terminal stays one for the command, so that it goes on to colour its output and to draw bars.
    """

    def __init__(self, file: Path, shown: BinaryIO) -> None:
        self.file = file
        self._shown = shown
        self._is_terminal = shown.isatty()
        self._ours, self.theirs = pty.openpty() if self._is_terminal else os.pipe()
        self._thread = threading.Thread(target=self._copy, name="runyard-output", daemon=True)

    def start(self) -> None:
        """Begin to copy; the command has its end by now."""
        os.close(self.theirs)
        self._thread.start()

    def discard(self) -> None:
        """There is no command."""
        os.close(self.theirs)
        os.close(self._ours)

    def finish(self, timeout_s: float) -> None:
        """Wait for the rest; a process that the command left behind may keep the stream open."""
        self._thread.join(timeout_s)

    def _copy(self) -> None:
        kept = 0
        with open(self.file, "wb") as file, contextlib.suppress(OSError):  # the end of a terminal is an EIO
            while piece := os.read(self._ours, PIECE_BYTES):
                with contextlib.suppress(OSError, ValueError):  # nobody looks any more: keep it all the same
                    self._shown.write(piece)
                    self._shown.flush()
                if kept <= KEPT_BYTES:
                    kept += len(piece)
                    file.write(piece if kept <= KEPT_BYTES else CUT)
                    file.flush()
        with contextlib.suppress(OSError):
            os.close(self._ours)


class Captured:
    """A command that runs.

    Args:
        stdout, stderr: the files that its output is kept in.
    Raises: OSError, when it cannot be started.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], stdout: Path, stderr: Path
    ) -> None:
        self._streams = [Kept(stdout, sys.stdout.buffer), Kept(stderr, sys.stderr.buffer)]
        try:
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                stdout=self._streams[0].theirs,
                stderr=self._streams[1].theirs,
            )
        except OSError:
            for stream in self._streams:
                stream.discard()
            raise
        for stream in self._streams:
            stream.start()

    def wait(self) -> int:
        """Its exit code; minus the number of the signal that ended it. Signals that reach us are passed on to it."""
        with self._forwarding():
            code = self._process.wait()
        for stream in self._streams:
            stream.finish(5.0)
        return code

    @contextlib.contextmanager
    def _forwarding(self) -> Iterator[None]:
        """Ctrl-C in a terminal reaches the command without us: then we only wait for what it makes of it."""

        def forward(number: int, frame: object) -> None:
            if number != signal.SIGINT or not sys.stdin.isatty():
                with contextlib.suppress(ProcessLookupError):
                    self._process.send_signal(number)

        before = {number: signal.signal(number, forward) for number in FORWARDED}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def exit_code_of(code: int) -> int:
    """What a shell would answer for it: 128 and the signal's number, for a command that a signal ended."""
    return code if code >= 0 else 128 - code

"""How much disk the journals of a user may take together: appends wait when it is used up, nothing is dropped."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from runyard.client.journal.settings import LIMIT

log = logging.getLogger("runyard.journal")

LEAST_BYTES = (
    4 * 1024 * 1024
)  # a process may write this, or a part of the room that is left, before the next look
PART = 16
LOOK_AGAIN_S = 10.0
PAUSE_S = 0.25
WARN_S = 30.0
NEARLY = 0.8
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


class Budget:
    """Watches the folder of all journals. Only `look` and a wait read it; a call that has room compares two numbers.

    Args:
        home: the folder of all journals.
        tell: what a person should know.
    """

    def __init__(self, home: Path, limit_bytes: int, tell: Callable[[str], None]) -> None:
        self._home = home
        self._limit = limit_bytes
        self._tell = tell
        self._lock = threading.Lock()
        self._looked_at = 0  # what this process had written
        self._looked_s = time.monotonic()
        self._told = False
        self._warned_s = -WARN_S
        self.free_until = min(LEAST_BYTES, limit_bytes // PART)
        """While this process has written less than this, it has room."""

    def look(self, written: int) -> None:
        """Measure, if it is time to. Reads every file's size: milliseconds; not for the hot path."""
        if written >= self.free_until or (
            written != self._looked_at and time.monotonic() - self._looked_s >= LOOK_AGAIN_S
        ):
            self._measure(written)

    def left(self, written: int) -> int:
        """The bytes that may still be written. Reads every file's size: milliseconds; for large files alone."""
        with self._lock:
            return max(0, self._limit - self._measure(written))

    def wait(self, written: int) -> None:
        """Return once there is room. Blocks while there is none, with a warning now and then."""
        while True:
            with self._lock:
                if written < self.free_until:
                    return
                used = self._measure(written)
                if written < self.free_until:
                    return
                self._warn(used)
            time.sleep(PAUSE_S)

    def _measure(self, written: int) -> int:
        used = used_bytes(self._home)
        self._looked_at, self._looked_s = written, time.monotonic()
        room, nearly = self._limit - used, int(NEARLY * self._limit) - used
        step = max(LEAST_BYTES, room // PART)
        if nearly > 0:  # so that it is told there, and not a step later
            step = min(step, nearly)
        self.free_until = written + max(0, min(room, step))
        if used >= NEARLY * self._limit and not self._told:
            self._told = True
            self._tell(
                f"The journals in {self._home} take {shown(used)} of the {shown(self._limit)} that {LIMIT} allows. "
                "When it is used up, logging waits until some of it is sent."
            )
        elif used < NEARLY * self._limit / 2:
            self._told = False
        return used

    def _warn(self, used: int) -> None:
        if time.monotonic() - self._warned_s < WARN_S:
            return
        self._warned_s = time.monotonic()
        log.warning(
            "The journals in %s take %s, and %s allows %s: logging waits until some of it is sent. `runyard sync` sends "
            "what no process sends, a larger %s makes room.",
            self._home,
            shown(used),
            LIMIT,
            shown(self._limit),
            LIMIT,
        )


def used_bytes(home: Path) -> int:
    """Bytes of all files below a folder."""
    total, folders = 0, [str(home)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue  # it was sent meanwhile
    return total


def shown(count: float) -> str:
    """A size for people."""
    power = 0
    while count >= 1024 and power < len(UNITS) - 1:
        count, power = count / 1024, power + 1
    return f"{count:.0f} {UNITS[power]}" if not power or count >= 100 else f"{count:.1f} {UNITS[power]}"

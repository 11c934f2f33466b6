"""Clocks that jump while processes run: `clock.c`, compiled and loaded before the C library.

Needs a C compiler, which `scripts/install-components` installs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


def missing() -> str | None:
    """Why there can be none here; None where there can be."""
    return None if shutil.which("cc") else "no C compiler found: run scripts/install-components"


class Clock:
    """The wall clock of processes that are started with `environment`; how long things take is seen as it is.

    Args:
        folder: a new one, for its files.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._file = folder / "ahead_s"
        self._library = folder / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(self._library), str(SOURCE)], check=True)
        self.set(0)

    def set(self, ahead_s: int) -> None:
        """It is so far ahead of the real one, or behind, from now on."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{ahead_s}\n")
        os.replace(fresh, self._file)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process and all that it starts need."""
        return {"LD_PRELOAD": str(self._library), "TEST_CLOCK": str(self._file)}

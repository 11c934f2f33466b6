"""What scripts have logged and the server does not have yet, where their environment has Runyard's plugin for MLflow.

It lies in a journal below the job's folder, and a process of its own sends it, also after the script has ended.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from typing import Callable, Mapping

from . import processes
from .job_file import say

LOOK_S = 0.1
SYNC_S = 600.0
_NAME = re.compile(r"[0-9a-f]{32}")


class Journals:
    """Those of one job.

    Args:
        folder: that the script is told to keep them in.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def left(self) -> list[str]:
        """Journals that are not sent to their end."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        return [name for name in names if _NAME.fullmatch(name)]

    def senders(self) -> set[int]:
        """The processes that send them."""
        if not os.path.isdir(self.folder):
            return set()
        wanted = self.folder.encode() + b"/"
        return {pid for pid in processes.all_processes() if _has(processes.words(pid), wanted)}

    def wait(self, python: str, variables: Mapping[str, str], patience: Callable[[], float]) -> bool:
        """Until all is sent; whether it is.

        Args:
            python: of the environment; sends what nobody sends any more. patience: seconds that are left.
        """
        if not self.left():
            return True
        say("The script has logged what the server does not have yet; it is waited for.")
        until = float("inf")
        while self.left():
            now = time.monotonic()
            until = min(until, now + patience())  # which becomes little when the job is ended meanwhile
            if now >= until or (not self.senders() and not self._sync(python, variables, until - now)):
                break
            time.sleep(LOOK_S)
        return not self.left()

    def _sync(self, python: str, variables: Mapping[str, str], patience_s: float) -> bool:
        try:
            done = subprocess.run(
                [python, "-m", "runyard", "sync", self.folder],
                stdin=subprocess.DEVNULL,
                env=dict(variables),
                timeout=min(SYNC_S, patience_s),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            say(f"What the script has logged cannot be sent: {exc}")
            return False
        return done.returncode == 0


def _has(words: list[bytes], beginning: bytes) -> bool:
    return any(word.startswith(beginning) for word in words)

"""Programs that make environments: their output goes into the build log as it comes, and they end when the job does."""

from __future__ import annotations

import os
import subprocess
import time
from typing import Callable, Mapping, Sequence

from .prepared import EnvironmentFailed

LOOK_S = 0.1
TAIL_BYTES = 4_000


class BuildLog:
    """What is said while an environment is made.

    Args:
        path: of the file; it grows, and is sent to the server by somebody else.
        wanted: whether the job is still to be done; asked while programs run.
    """

    def __init__(self, path: str, wanted: Callable[[], bool]) -> None:
        self.path = path
        self._wanted = wanted
        self._began = 0

    def say(self, text: str) -> None:
        """A line."""
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(text + "\n")

    def check(self) -> None:
        """Raises: EnvironmentFailed, when nobody needs the environment any more."""
        if not self._wanted():
            raise EnvironmentFailed("The job was canceled while its environment was made.")

    def run(self, command: Sequence[str], variables: Mapping[str, str], folder: str) -> int:
        """Run a program to its end and return its exit code.

        Raises: EnvironmentFailed, when it cannot be started or the job is canceled meanwhile.
        """
        self.say("$ " + " ".join(command))
        self._began = os.stat(self.path).st_size
        try:
            with open(self.path, "ab") as file:
                started = subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env=dict(variables),
                    cwd=folder,
                    start_new_session=True,
                )
        except OSError as exc:
            raise EnvironmentFailed(f"{command[0]} cannot be started: {exc.strerror or exc}.") from exc
        try:
            while started.poll() is None:
                self.check()
                time.sleep(LOOK_S)
        finally:
            if started.returncode is None:
                os.killpg(started.pid, 9)
                started.wait()
        return int(started.returncode)

    def last_words(self) -> str:
        """The end of what the last program said, for an error's message."""
        with open(self.path, "rb") as file:
            file.seek(max(self._began, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
        said = [line.rstrip() for line in lines if line.strip()]
        return "\n".join(said[-12:])

"""A turn at making something that several jobs of this machine need: one makes it, the others wait."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from typing import Iterator

from .commands import BuildLog

LOOK_S = 0.3
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL)


@contextlib.contextmanager
def turn(path: str, log: BuildLog) -> Iterator[None]:
    """Hold the turn; whoever ends, in whatever way, gives it back.

    Args:
        path: a file that is there for this.
    Raises: EnvironmentFailed, when the job is canceled while it waits.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        waited = False
        while not _taken(handle):
            if not waited:
                log.say("Another job makes the same just now; this one waits for it.")
            waited = True
            log.check()
            time.sleep(LOOK_S)
        yield
    finally:
        os.close(handle)


def is_free(path: str) -> bool:
    """Whether nobody holds the turn just now."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        return _taken(handle)
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.lockf(
            handle, fcntl.LOCK_EX | fcntl.LOCK_NB
        )  # which is known to other machines of a shared folder
    except OSError as exc:
        return exc.errno in _WITHOUT_LOCKS
    return True

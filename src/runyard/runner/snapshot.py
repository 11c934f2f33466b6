"""The sources of a job, fetched into the folder that it runs in."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from .archive import ArchiveWrong, extract
from .exchange import Away, Exchange, Refused

MOST_BYTES = 64 << 30  # what a server lets through is far below
PATIENCE_S = 1_800.0
TRIES = 5


class SnapshotFailed(Exception):
    """The sources cannot be had; the message says why."""


def fetch(exchange: Exchange, run_id: str, snapshot_id: str, work: str, wanted: Callable[[], bool]) -> None:
    """The sources, into a folder that is there and empty.

    Args:
        snapshot_id: empty: there are none. wanted: whether the job is still to be done; asked now and then.
    Raises: SnapshotFailed.
    """
    if not snapshot_id:
        return
    path = f"/api/v1/runs/{run_id}/snapshot/archive"
    until, broken, pause = time.monotonic() + PATIENCE_S, 0, 0.5
    while True:
        try:
            answer: Any = exchange.stream(path)
            extract(cast(BinaryIO, answer), work, MOST_BYTES)
            answer.read()  # what follows the archive's end, so that the connection is good for more
            return
        except Refused as exc:
            raise SnapshotFailed(f"The server does not give the sources: {exc}") from exc
        except ArchiveWrong as exc:
            broken += 1
            exchange.close()
            if broken >= TRIES or exc.__cause__ is None:
                raise SnapshotFailed(str(exc)) from exc
            reason: Exception = exc
        except Away as exc:
            reason = exc
        if time.monotonic() > until or not wanted():
            raise SnapshotFailed(f"The sources cannot be fetched: {reason}") from reason
        time.sleep(pause)
        pause = min(pause * 2, 30.0)
        begin_anew(work)


def begin_anew(folder: str) -> None:
    """A folder that is there and empty, whatever an attempt before left in it."""
    if os.path.lexists(folder):
        shutil.rmtree(folder)
    os.makedirs(folder, mode=0o700)

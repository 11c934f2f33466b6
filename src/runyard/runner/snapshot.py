"""The sources of a job, fetched into the folder that it runs in."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any, BinaryIO, cast

from .archive import ArchiveWrong, extract
from .exchange import Away, Exchange, Refused
from .layout import JobFolder

MOST_BYTES = 64 << 30  # what a server lets through is far below
PATIENCE_S = 1_800.0
TRIES = 5


class SnapshotFailed(Exception):
    """The sources cannot be had; the message says why."""


def fetch(exchange: Exchange, place: JobFolder, snapshot_id: str) -> None:
    """The working folder with the sources in it, and nothing else.

    Raises: SnapshotFailed.
    """
    if os.path.lexists(place.work):
        shutil.rmtree(place.work)  # of an attempt before
    os.makedirs(place.work, mode=0o700)
    if snapshot_id:
        _patiently(exchange, place)


def _patiently(exchange: Exchange, place: JobFolder) -> None:
    path = f"/api/v1/runs/{place.run_id}/snapshot/archive"
    until, broken, pause = time.monotonic() + PATIENCE_S, 0, 0.5
    while True:
        try:
            answer: Any = exchange.stream(path)
            extract(cast(BinaryIO, answer), place.work, MOST_BYTES)
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
        if time.monotonic() > until:
            raise SnapshotFailed(f"The sources cannot be fetched: {reason}") from reason
        time.sleep(pause)
        pause = min(pause * 2, 30.0)
        shutil.rmtree(place.work)
        os.makedirs(place.work, mode=0o700)

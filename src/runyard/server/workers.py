"""Several server processes behind one listening socket."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable


class CannotStart(Exception):
    """One sentence for the person who tried."""


def supervise(count: int, work: Callable[[Callable[[], None]], None], message: str) -> None:
    """Fork count workers and wait for them; SIGINT and SIGTERM reach all. Call before any thread is started.

    Args:
        work: serves until it is told to stop; calls its argument once it is ready.
        message: printed when all are ready.
    Raises: CannotStart, when a worker ended on its own; the others are stopped then.
    """
    reader, writer = os.pipe()
    workers = {_fork(work, reader, writer) for _ in range(count)}
    os.close(writer)
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True
        _tell(workers)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if _all_ready(reader, count):
        print(message, flush=True)
    failed = False
    while workers:
        process_id, status = os.wait()
        workers.discard(process_id)
        if not stopping and not failed:
            failed = True
            _tell(workers)
        failed = failed or status != 0
    if failed:
        raise CannotStart("A worker ended on its own; the lines above say why. All have been stopped.")


def _fork(work: Callable[[Callable[[], None]], None], reader: int, writer: int) -> int:
    process_id = os.fork()
    if process_id:
        return process_id
    os.close(reader)
    code = 1
    try:
        work(lambda: _close_ready(writer))
        code = 0
    except CannotStart as exc:
        print(f"Error: {exc}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _close_ready(writer: int) -> None:
    """Ready; closing lets the parent see the end also when another worker died before it was."""
    os.write(writer, b"1")
    os.close(writer)


def _all_ready(reader: int, count: int) -> bool:
    seen = 0
    while seen < count:
        piece = os.read(reader, count)
        if not piece:
            return False
        seen += len(piece)
    return True


def _tell(workers: set[int]) -> None:
    for process_id in list(workers):
        os.kill(process_id, signal.SIGTERM)

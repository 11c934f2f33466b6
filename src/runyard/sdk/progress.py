"""Progress of long work, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from runyard.client.files import Progress as Report


@contextmanager
def transfer(title: str, total: int | None) -> Iterator[Report]:
    """A bar of bytes on stderr, if that is a terminal.

    Yields: what is called with the bytes done so far of one file and its size.
    """
    if not sys.stderr.isatty():
        yield lambda done, size: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)

        def report(done: int, size: int | None) -> None:
            bar.update(task, completed=done, total=total if total is not None else size)

        yield report

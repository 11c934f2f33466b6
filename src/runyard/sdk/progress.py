"""Progress of long work, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runyard.client.files import Progress as Report
from runyard.sdk.libraries import library


@contextmanager
def transfer(title: str, total: int | None) -> Iterator[Report]:
    """A bar of bytes on stderr, if that is a terminal; rich is loaded only then.

    Yields: what is called with the bytes done so far of one file and its size.
    """
    if not sys.stderr.isatty():
        yield lambda done, size: None
        return
    rich = library("rich.progress", "A progress bar")
    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
    )
    console = library("rich.console", "A progress bar").Console(stderr=True)
    with rich.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=total)

        def report(done: int, size: int | None) -> None:
            bar.update(task, completed=done, total=total if total is not None else size)

        yield report


@contextmanager
def counted(title: str) -> Iterator[Callable[[int], None]]:
    """The same for several files at once, whose number nobody knows. Yields: what is called with bytes that came further."""
    done = 0
    with transfer(title, None) as report:

        def moved(size: int) -> None:
            nonlocal done
            done += size
            report(done, None)

        yield moved

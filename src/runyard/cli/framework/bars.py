"""Progress bars. Loaded only when one is shown: rich takes a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from runyard.cli.framework.progress import Moved


@contextmanager
def bar(what: str, total: int | None, unit: str) -> Iterator[Moved]:
    """A bar on stderr that goes away when the work is done."""
    console = Console(stderr=True)
    with Progress(*_columns(unit), console=console, transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda count: shown.advance(task, count)


def _columns(unit: str) -> list[ProgressColumn]:
    described: list[ProgressColumn] = [TextColumn("{task.description}", markup=False), BarColumn()]
    if unit == "bytes":
        return [*described, DownloadColumn(binary_units=True), TransferSpeedColumn(), TimeRemainingColumn()]
    return [*described, MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn()]

"""Imports in this process, against a server in this process."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from runyard.client.transport import Connection
from runyard.transfer.importing import Artifacts, Choice, Importer
from runyard.transfer.journal import Journal
from runyard.transfer.source import Source
from runyard.transfer.target import Workspace
from runyard.transfer.verifying import Report, verify
from tests.api.live_server import Client


class Heard:
    """Remembers what a Watch hears."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def at(self, what: str) -> None:
        """Not remembered."""

    def add(self, noun: str, count: int) -> None:
        """Added up."""
        self.counts[noun] += count


def connection_to(server: Client, workspace: str | None = None) -> Connection:
    """As the local principal; by default to the workspace that the client is in."""
    own = server.base.removeprefix("/workspaces/") or None
    return Connection(f"http://127.0.0.1:{server.port}", workspace or own)


def import_into(
    server: Client,
    source: Source,
    journal: Path,
    *,
    artifacts: Artifacts = Artifacts.COPY,
    experiments: tuple[str, ...] = (),
    workspace: str | None = None,
    heard: Heard | None = None,
) -> Report:
    """Import and verify."""
    target, kept, watch = Workspace(connection_to(server, workspace)), Journal(journal), heard or Heard()
    try:
        Importer(source, target, kept, Choice(experiments, artifacts), watch).run()
        return verify(target, kept, watch)
    finally:
        source.close()
        kept.close()


def faults(report: Report) -> list[str]:
    """What went wrong, in words."""
    differing = [
        f"{row.what}: {row.source} there, {row.same} same, {row.differing}"
        for row in report.rows
        if row.source != row.same
    ]
    return [*differing, *(f"{note.kind} {note.id}: {note.text}" for note in report.notes if note.fault)]


def counts(report: Report) -> dict[str, int]:
    """How many of each kind are the same here and there."""
    return {row.what: row.same for row in report.rows}

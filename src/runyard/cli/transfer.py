"""`runyard import` and `runyard export`: come from elsewhere, and leave."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.status import Status

from runyard.cli.framework.columns import Column, Record
from runyard.cli.framework.command import Command, Group
from runyard.cli.framework.exits import FAILED, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.errors import NotFound, RouteNotFound
from runyard.transfer.exporting import Exporter
from runyard.transfer.folder import ExportedFolder
from runyard.transfer.importing import Artifacts, Choice, Importer
from runyard.transfer.journal import Journal, journal_path, remove, remove_old
from runyard.transfer.opening import open_mlflow
from runyard.transfer.runyard_server import RunyardServer
from runyard.transfer.source import Source
from runyard.transfer.target import Workspace
from runyard.transfer.verifying import Report, verify

FOLDER = "folder"
NOTES_SHOWN = 30
LINE_EVERY_S = 10.0
ROWS = (
    Column("What", "what", rank=0),
    Column("Source", "source", right=True, rank=0),
    Column("Same here", "same", right=True, rank=0),
    Column("Differing", "differing"),
)
NOUNS = {  # of an export, in the order in which they are told
    "experiments": "experiments",
    "runs": "runs",
    "points": "points of metrics",
    "logged": "texts, lists, tables and images that the SDK logged",
    "logged_models": "logged models",
    "traces": "traces",
    "artifacts": "files",
    "registered_models": "registered models",
    "datasets": "datasets",
    "datastores": "datastores",
}
WRITTEN = (Column("What", "what", rank=0), Column("Written", "count", right=True, rank=0))


class ImportGroup(Group):
    """`runyard import DIR` means `runyard import folder DIR`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A word that is no command is a folder."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = [FOLDER, *args]
        return super().resolve_command(ctx, args)


@click.group("import", cls=ImportGroup)
def import_() -> None:
    """Import from MLflow, or an exported folder, keeping ids and times."""


EXPERIMENTS = click.option(
    "--experiment",
    "-e",
    "experiments",
    multiple=True,
    metavar="NAME",
    help="Only this one, by name or id; may be repeated.",
)
FRESH = click.option(
    "--fresh", is_flag=True, help="Forget how far an earlier import came, and look at everything again."
)
FORGET = click.option(
    "--forget", is_flag=True, help="Delete the journal of the import once everything is verified."
)


@import_.command(
    "mlflow",
    example="runyard import mlflow ./mlruns\n"
    "runyard import mlflow sqlite:///mlflow.db --artifact-dir ./mlartifacts\n"
    "runyard import mlflow http://127.0.0.1:5001 -w research",
)
@click.argument("source", metavar="SRC")
@EXPERIMENTS
@click.option(
    "--artifacts",
    type=click.Choice([str(one) for one in Artifacts]),
    default=str(Artifacts.COPY),
    help="copy: files come along; reference: they stay where they are; none. [default: copy]",
)
@click.option(
    "--artifact-dir",
    "artifact_dirs",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A directory that files may be read from, beside that of the source; may be repeated.",
)
@click.option(
    "--mlflow-artifacts",
    "proxied",
    metavar="PLACE",
    help="What mlflow-artifacts: stands for in a database: the --artifacts-destination of its server, or its URL.",
)
@click.option(
    "--source-workspace",
    default="default",
    metavar="NAME",
    help="Of MLflow, if the database or server has several. [default: default]",
)
@FRESH
@FORGET
@click.pass_obj
def import_mlflow(
    session: Session,
    source: str,
    experiments: tuple[str, ...],
    artifacts: str,
    artifact_dirs: tuple[Path, ...],
    proxied: str | None,
    source_workspace: str,
    fresh: bool,
    forget: bool,
) -> None:
    """Import an MLflow file store (mlruns), database or running server.

    SRC is a directory, sqlite:///FILE, postgresql://…, mysql://… or http(s)://… It may be called again: what is here
    already is not changed, and what is missing is brought.
    """
    choice = Choice(experiments, Artifacts(artifacts))
    opened = open_mlflow(source, artifact_dirs=artifact_dirs, proxied=proxied, workspace=source_workspace)
    _bring_in(session, opened, choice, fresh=fresh, forget=forget)


@import_.command(
    FOLDER, example="runyard import ./backup\nrunyard import folder ./backup -e vision -w research"
)
@click.argument("folder", type=click.Path(path_type=Path))
@EXPERIMENTS
@FRESH
@FORGET
@click.pass_obj
def import_folder(
    session: Session, folder: Path, experiments: tuple[str, ...], fresh: bool, forget: bool
) -> None:
    """Import a folder that `runyard export` wrote; it is checked as a whole first."""
    opened = ExportedFolder(folder)
    with _watched() as watch:
        opened.check(watch)
    _bring_in(session, opened, Choice(experiments), fresh=fresh, forget=forget)


def _bring_in(session: Session, source: Source, choice: Choice, *, fresh: bool, forget: bool) -> None:
    target = Workspace(session.here)
    path = journal_path(source.name, target.identity())
    if fresh:
        remove(path)
    remove_old()
    journal = Journal(path)
    try:
        with _watched() as watch:
            Importer(source, target, journal, choice, watch).run()
            report = verify(target, journal, watch)
    finally:
        source.close()
        journal.close()
    _tell(session, report)
    if forget:
        remove(path)
    else:
        note(f"Its journal makes another import of this source quick; it may be deleted: {path}")


def _tell(session: Session, report: Report) -> None:
    rows: list[Record] = [
        {"what": row.what, "source": row.source, "same": row.same, "differing": row.differing}
        for row in report.rows
    ]
    session.rows(rows, ROWS, none="The source is empty.")
    for one in report.notes[:NOTES_SHOWN]:
        note(f"{'! ' if one.fault else '  '}{one.kind} {one.id}: {one.text}")
    if len(report.notes) > NOTES_SHOWN:
        note(f"  … and {len(report.notes) - NOTES_SHOWN} more.")
    if not report.good:
        faults = sum(one.fault for one in report.notes) + sum(row.source - row.same for row in report.rows)
        raise Failed(
            f"Not everything is here as it is in the source: {faults} differences. Call the command again once the "
            "causes above are gone.",
            FAILED,
        )
    note("Verified: everything that was imported is here as it is in the source.")


@click.command(
    cls=Command, example="runyard export ./backup\nrunyard export ./vision -e vision --no-artifacts"
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@EXPERIMENTS
@click.option("--no-artifacts", is_flag=True, help="Leave the files out.")
@click.pass_obj
def export(session: Session, folder: Path, experiments: tuple[str, ...], no_artifacts: bool) -> None:
    """Export the workspace to a new folder of open files: JSON lines, Parquet and the artifacts as they are."""
    source = RunyardServer(session.here)
    try:
        details: dict[str, Any] = session.here.get("/api/v1/workspace")
    except (NotFound, RouteNotFound):
        details = {}
    with _watched() as watch:
        exporter = Exporter(
            source,
            folder,
            Choice(experiments),
            watch,
            workspace=session.workspace or str(details.get("name", "default")),
            details=details,
            files=not no_artifacts,
        )
        manifest = exporter.run()
    counts = manifest.counts
    rows: list[Record] = [{"what": NOUNS[what], "count": counts[what]} for what in NOUNS if counts.get(what)]
    session.rows(rows, WRITTEN, none="The workspace is empty.")
    for text in exporter.left_out[:NOTES_SHOWN]:
        note(f"  left out: {text}")
    note(f"Exported to {folder}. Credentials of datastores and secrets stay on the server.")


class _Counts:
    """What was done so far, in one line: alive on a terminal, now and then elsewhere."""

    def __init__(self, status: Status | None) -> None:
        self._status = status
        self._what = ""
        self._counts: Counter[str] = Counter()
        self._told = time.monotonic()

    def at(self, what: str) -> None:
        """What is under way."""
        self._what = what
        self._show()

    def add(self, noun: str, count: int) -> None:
        """Something was done."""
        self._counts[noun] += count
        self._show()

    def _show(self) -> None:
        text = " · ".join(
            [self._what[:60], *(f"{count:,} {noun}" for noun, count in self._counts.items() if count)]
        )
        if self._status is not None:
            self._status.update(text.replace("[", "\\["))
        elif time.monotonic() - self._told > LINE_EVERY_S:
            self._told = time.monotonic()
            note(text)


@contextmanager
def _watched() -> Iterator[_Counts]:
    if not sys.stderr.isatty():
        yield _Counts(None)
        return
    with Console(stderr=True).status("starting") as status:
        yield _Counts(status)

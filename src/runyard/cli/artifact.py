"""`runyard artifact`: files of runs."""

from __future__ import annotations

from pathlib import Path

import click

from runyard.cli.framework.command import Group
from runyard.cli.framework.exits import MISSING, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import FILE_OR_FOLDER, TARGET, named
from runyard.cli.run_files import DONE
from runyard.cli.shapes import files

WHICH = named("run_id", "-r", "--run", what="id of the run")


@click.group(cls=Group)
def artifact() -> None:
    """Artifacts: files that are kept with runs."""


@artifact.command(
    "list",
    example="""
    runyard artifact list 0123456789abcdef0123456789abcdef
    runyard artifact list -r 0123456789abcdef0123456789abcdef --artifact model --flat
    """,
)
@WHICH
@click.option("--artifact", metavar="PATH", default="", help="A directory of the run. [default: all]")
@click.option("--flat", is_flag=True, help="Only the directory itself, not what lies below.")
@click.pass_obj
def list_artifacts(session: Session, run_id: str, artifact: str, flat: bool) -> None:
    """List the files of a run."""
    path = artifact.strip("/")
    found = files.directory(session, run_id, path) if flat else files.below(session, run_id, path)
    if path and not found:
        raise Failed(f"Run {run_id} has no artifact {path!r}.", MISSING)
    session.rows(found, files.COLUMNS, none="The run has no artifacts.")


@artifact.command(
    example="""
    runyard artifact download -r 0123456789abcdef0123456789abcdef model
    runyard artifact download -r 0123456789abcdef0123456789abcdef plots/loss.png --to results
    """
)
@click.option("-r", "--run", "run_id", required=True, metavar="RUN", help="Id of the run.")
@click.argument("path", required=False, default="")
@click.option(
    "--to", "target", type=TARGET, default=".", metavar="DIR", help="Where to. [default: this folder]"
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@click.pass_obj
def download(session: Session, run_id: str, path: str, target: Path, overwrite: bool) -> None:
    """Download a file or directory of a run, or all of it."""
    session.rows(files.download(session, run_id, path.strip("/"), target, overwrite=overwrite), DONE)


@artifact.command(
    example="""
    runyard artifact upload -r 0123456789abcdef0123456789abcdef report.html
    runyard artifact upload -r 0123456789abcdef0123456789abcdef plots notes.md --to outputs
    """
)
@click.option("-r", "--run", "run_id", required=True, metavar="RUN", help="Id of the run.")
@click.argument("sources", nargs=-1, required=True, type=FILE_OR_FOLDER, metavar="FILE...")
@click.option("--to", "path", default="", metavar="PATH", help="Directory of the run. [default: its top]")
@click.pass_obj
def upload(session: Session, run_id: str, sources: tuple[Path, ...], path: str) -> None:
    """Upload files and folders to a run; what is there already is replaced."""
    session.rows(
        files.upload(session, run_id, sources, path.strip("/")), DONE, none="There is nothing to upload."
    )


@artifact.command(example="runyard artifact delete -r 0123456789abcdef0123456789abcdef outputs/old.bin")
@click.option("-r", "--run", "run_id", required=True, metavar="RUN", help="Id of the run.")
@click.argument("path")
@click.pass_obj
def delete(session: Session, run_id: str, path: str) -> None:
    """Delete a file or directory of a run; it does not come back."""
    wanted = path.strip("/")
    if not wanted or not files.below(session, run_id, wanted):
        raise Failed(f"Run {run_id} has no artifact {path!r}; nothing was deleted.", MISSING)
    files.delete(session, run_id, wanted)
    note(f"Deleted {wanted} of run {run_id}.")

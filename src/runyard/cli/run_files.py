"""`runyard run download` and `runyard run logs`."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import click

from runyard.cli import submitting
from runyard.cli.framework.columns import Column, size
from runyard.cli.framework.command import Command
from runyard.cli.framework.exits import MISSING, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.progress import by_increments, progress
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import TARGET, named
from runyard.cli.shapes import files, jobs, runs
from runyard.client import terminal
from runyard.client.job_logs import Logs, Tail, rank

LOG_FOLDERS = ("logs/", "azureml-logs/", "user_logs/", "system_logs/")
PIECE = 65_536  # characters
DONE = [
    *files.COLUMNS[:1],
    Column("FILE", "file", least=12),
    Column("SIZE", "size_bytes", size, rank=2, right=True),
]


@click.command(
    cls=Command,
    example="""
    runyard run download 0123456789abcdef0123456789abcdef --to results
    runyard run download -r 0123456789abcdef0123456789abcdef --artifact model
    """,
)
@named("run_id", "-r", "--run", what="id of the run")
@click.option("--artifact", metavar="PATH", default="", help="A file or directory of the run. [default: all]")
@click.option(
    "--to", "target", type=TARGET, metavar="DIR", help="Where to. [default: a folder named like the run]"
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@click.pass_obj
def download(session: Session, run_id: str, artifact: str, target: Path | None, overwrite: bool) -> None:
    """Download the artifacts of a run."""
    done = files.download(session, run_id, artifact.strip("/"), target or Path(run_id), overwrite=overwrite)
    session.rows(done, DONE)


@click.command(
    cls=Command,
    example="""
    runyard run logs 0123456789abcdef0123456789abcdef
    runyard run logs -r 0123456789abcdef0123456789abcdef --follow
    runyard run logs -r 0123456789abcdef0123456789abcdef --file logs/train.txt
    """,
)
@named("run_id", "-r", "--run", what="id of the run")
@click.option("--file", "path", metavar="PATH", help="Only this file. [default: all logs]")
@click.option(
    "--follow", "-f", is_flag=True, help="Print a submitted run's main logs as they grow, until it has ended."
)
@click.option("--experiment-name", "--experiment", "-e", hidden=True)
@click.pass_obj
def logs(session: Session, /, run_id: str, path: str | None, follow: bool, **_: Any) -> None:
    """Print the log files of a run, as far as they are written."""
    if follow and jobs.find(session, run_id) is not None:
        submitting.finished(session, run_id, follow=True)
        return
    found = Logs(session.here, run_id)
    names = [name for name in found.names() if path is None or name == path or name.startswith(f"{path}/")]
    if not names and path is not None:
        _print_artifacts(session, run_id, path)
        return
    if not names:
        raise _none(session, run_id, f"no log files (artifacts below {', '.join(LOG_FOLDERS)})")
    for name in sorted(names, key=lambda one: (rank(one), one)):
        if len(names) > 1:
            note(f"==> {name} <==")
        for text in Tail(found, name).more():
            terminal.show(text)


def _print_artifacts(session: Session, run_id: str, path: str) -> None:
    """Any other text file of the run."""
    found = files.below(session, run_id, path)
    if not found:
        raise _none(session, run_id, f"no file {path!r}")
    for one in found:
        if len(found) > 1:
            note(f"==> {one['path']} <==")
        _print(session, run_id, one)


def _none(session: Session, run_id: str, what: str) -> Failed:
    runs.message(session, run_id)  # a run that is not there is another error
    return Failed(
        f"Run {run_id} has {what}; `{session.program} artifact list {run_id}` shows its files.", MISSING
    )


def _print(session: Session, run_id: str, file: dict[str, Any]) -> None:
    """By way of a file, so that a log of any size takes little memory."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "log"
        with progress(file["path"], file["size_bytes"]) as moved:
            session.here.download(
                "/get-artifact", place, by_increments(moved), run_id=run_id, path=file["path"]
            )
        with place.open("r", encoding="utf-8", errors="replace") as text:
            for piece in iter(lambda: text.read(PIECE), ""):
                terminal.show(piece)


def _following(param: click.Parameter) -> click.Parameter:
    """As Azure ML's command does by itself."""
    made = copy.copy(param)
    if made.name == "follow":
        made.default = True
    return made


monitor_logs = Command(
    "monitor-logs",
    callback=logs.callback,
    params=[_following(param) for param in logs.params if param.expose_value],
    help=logs.help,
    example="runyard run monitor-logs -r 0123456789abcdef0123456789abcdef",
    hidden=True,
)

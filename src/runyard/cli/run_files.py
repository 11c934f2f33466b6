"""`runyard run download` and `runyard run logs`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from runyard.cli.framework.columns import Column, size
from runyard.cli.framework.command import Command
from runyard.cli.framework.exits import MISSING, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.progress import by_increments, progress
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import TARGET, named
from runyard.cli.shapes import files

LOG_FOLDERS = ("logs", "azureml-logs", "user_logs", "system_logs")
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
    runyard run logs -r 0123456789abcdef0123456789abcdef --file logs/train.txt
    """,
)
@named("run_id", "-r", "--run", what="id of the run")
@click.option("--file", "path", metavar="PATH", help="Only this file. [default: all below logs/]")
@click.option("--experiment-name", "--experiment", "-e", hidden=True)
@click.pass_obj
def logs(session: Session, /, run_id: str, path: str | None, **_: Any) -> None:
    """Print the log files of a run."""
    if path:
        found = files.below(session, run_id, path)
    else:
        tops = {one["path"] for one in files.directory(session, run_id) if one["is_dir"]}
        found = [one for top in LOG_FOLDERS if top in tops for one in files.below(session, run_id, top)]
    if not found:
        places = ", ".join(f"{folder}/" for folder in LOG_FOLDERS)
        what = f"no file {path!r}" if path else f"no log files (artifacts below {places})"
        raise Failed(
            f"Run {run_id} has {what}; `{session.program} artifact list {run_id}` shows its files.", MISSING
        )
    for one in found:
        if len(found) > 1:
            note(f"==> {one['path']} <==")
        _print(session, run_id, one)


def _print(session: Session, run_id: str, file: dict[str, Any]) -> None:
    """By way of a file, so that a log of any size takes little memory."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "log"
        with progress(file["path"], file["size_bytes"]) as moved:
            session.here.download(
                "/get-artifact", place, by_increments(moved), run_id=run_id, path=file["path"]
            )
        with place.open("r", encoding="utf-8", errors="replace") as text:
            shutil.copyfileobj(text, sys.stdout)


monitor_logs = Command(
    "monitor-logs",
    callback=logs.callback,
    params=[param for param in logs.params if param.expose_value],
    help=logs.help,
    example="runyard run monitor-logs -r 0123456789abcdef0123456789abcdef",
    hidden=True,
)

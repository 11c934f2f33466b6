"""`runyard audit`: who did what, when, from where."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from runyard.cli.framework.columns import KEEP, Column, when
from runyard.cli.framework.command import Group, Reach
from runyard.cli.framework.exits import FAILED, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.progress import progress
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import MOMENT

PATH = "/api/v1/audit"
LIST = [
    Column("WHEN", "at_ms", when, rank=KEEP),
    Column("WHO", "principal", rank=1, least=8),
    Column("DID", "action", rank=1, least=12),
    Column("TO", "target", rank=3, least=12),
    Column("WORKSPACE", "workspace", rank=4, least=9),
    Column("OUTCOME", "outcome", rank=2, least=7),
    Column("FROM", "remote", rank=5, least=9),
    Column("WITH", "credential", rank=6, least=9),
]


@click.group(cls=Group)
def audit() -> None:
    """The audit log: who did what, when, from where."""


@audit.command(
    "list",
    reach=Reach.SERVER,
    example="""
    runyard audit list --since 24h
    runyard audit list --who ada --action workspaces/delete --last 0 -o json
    runyard audit list --since 2026-11-01 --until 2026-12-01 --outcome PERMISSION_DENIED
    """,
)
@click.option("--who", "principal", metavar="NAME", help="By this user or service account.")
@click.option("--in-workspace", "workspace", metavar="NAME", help="In this workspace.")
@click.option("--action", metavar="ACTION", help="Such as runs/delete.")
@click.option("--outcome", metavar="WORD", help="done, or an error's code such as PERMISSION_DENIED.")
@click.option("--since", type=MOMENT, metavar="TIME", help="A date, a time, or 24h for a day ago.")
@click.option("--until", type=MOMENT, metavar="TIME", help="Likewise.")
@click.option(
    "--last", type=click.IntRange(0), default=50, metavar="N", help="At most N; 0 is all. [default: 50]"
)
@click.pass_obj
def list_entries(session: Session, /, last: int, since: int | None, until: int | None, **more: Any) -> None:
    """List what was done, the latest first."""
    found = session.pages_of_server(PATH, limit=last, since_ms=since, until_ms=until, **more)
    session.rows(found, LIST, none="Nothing was done.")


@audit.command(
    reach=Reach.SERVER,
    example="runyard audit export > audit.jsonl\nrunyard audit export --to audit.jsonl --since 2026-11-01",
)
@click.option(
    "--to",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file instead of stdout.",
)
@click.option("--since", type=MOMENT, metavar="TIME", help="A date, a time, or 24h for a day ago.")
@click.option("--until", type=MOMENT, metavar="TIME", help="Likewise.")
@click.pass_obj
def export(session: Session, target: Path | None, since: int | None, until: int | None) -> None:
    """Write the whole log as JSON lines, the oldest first."""
    lines = session.api.lines(f"{PATH}/export", since_ms=since, until_ms=until)
    if target is None:
        for line in lines:
            sys.stdout.write(line.decode() + "\n")
        return
    count = 0
    with progress("audit log", None, unit="entries") as moved, target.open("wb") as file:
        for line in lines:
            file.write(line + b"\n")
            count += 1
            moved(1)
    note(f"Wrote {count} entries to {target}.")


@audit.command(reach=Reach.SERVER, example="runyard audit verify")
@click.pass_obj
def verify(session: Session) -> None:
    """Check that no line of the log was changed or removed."""
    found = session.api.get(f"{PATH}/verify")
    session.record(found, [Column(name.replace("_", " ").capitalize(), name) for name in found])
    if not found.get("ok", found.get("intact", True)):
        raise Failed("The audit log was changed.", FAILED)

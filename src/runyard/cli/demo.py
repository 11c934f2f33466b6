"""`runyard demo`: something to look at."""

from __future__ import annotations

from urllib.parse import quote

import click
from msgspec.structs import asdict

from runyard.cli.framework.columns import Column
from runyard.cli.framework.command import Group, Reach
from runyard.cli.framework.output import note
from runyard.cli.framework.progress import progress
from runyard.cli.framework.session import Session
from runyard.demo import workspace

TRIALS = 200
ROWS = (Column("WHAT", "what", rank=0), Column("MADE", "made", right=True, rank=0))


@click.group(cls=Group)
def demo() -> None:
    """A workspace full of made-up work, for looking around."""


@demo.command(
    example="runyard demo data\nrunyard demo data --workspace demo-large --runs 2000", reach=Reach.SERVER
)
@click.option(
    "--workspace", "-w", "name", metavar="NAME", default="demo", help="The workspace to make. [default: demo]"
)
@click.option(
    "--runs",
    type=click.IntRange(1, 20_000),
    metavar="N",
    default=TRIALS,
    help=f"Trials of its sweep. [default: {TRIALS}]",
)
@click.pass_obj
def data(session: Session, name: str, runs: int) -> None:
    """Make a workspace with experiments, runs, models, datasets and traces that look like real ones.

    Where it is there already, nothing is made.
    """
    if workspace.is_there(session.api, name):
        note(f"Workspace {name!r} is there already; nothing was made.")
    else:
        plans = workspace.planned(runs)
        with progress(f"Making {name}", sum(plan.size for plan in plans), unit="records") as moved:
            written = asdict(workspace.make(session.api, name, plans, moved))
        session.rows([{"what": what.replace("_", " "), "made": made} for what, made in written.items()], ROWS)
    note(f"Open {session.server}/workspaces/{quote(name, safe='')}")

"""`runyard trash`: what was deleted, and can come back or go for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from runyard.cli.framework.columns import KEEP, Column, Record, size, when
from runyard.cli.framework.command import Group
from runyard.cli.framework.confirm import confirm_by_name
from runyard.cli.framework.exits import FAILED, USAGE, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import DURATION_TYPE

PATH = "/api/v1/trash"
KINDS = ("experiment", "run", "model")
AT_ONCE = 1_000
EXPERIMENT_DIGITS = 19
LIST = [
    Column("KIND", "kind", rank=KEEP),
    Column("ID", "id", rank=KEEP, least=8),
    Column("NAME", "name", rank=1, least=8),
    Column("EXPERIMENT", "experiment_name", rank=3, least=8),
    Column("DELETED", "deleted_ms", when, rank=2, least=19),
    Column("BY", "deleted_by", rank=4, least=4),
]
SIZES = [
    *LIST[:4],
    Column("FILES", "files", right=True, rank=KEEP),
    Column("SIZE", "bytes", size, right=True, rank=KEEP),
]
OUTCOME = [
    Column("KIND", "kind", rank=KEEP),
    Column("ID", "id", rank=KEEP, least=8),
    Column("STATE", "state", rank=KEEP),
    Column("REASON", "reason", rank=1, least=12),
]
IDS = click.argument("ids", nargs=-1, metavar="[ID]...")


@click.group(cls=Group)
def trash() -> None:
    """The trash: deleted experiments, runs and logged models. Runs of a deleted experiment are part of it."""


@trash.command("list", example="runyard trash list\nrunyard trash list --kind run --sizes -w vision")
@click.option("--kind", type=click.Choice(KINDS), help="Only experiments, runs or models.")
@click.option(
    "--last", type=click.IntRange(0), default=100, metavar="N", help="At most N; 0: all. [default: 100]"
)
@click.option("--sizes", is_flag=True, help="Count their files, too, which takes a moment for each.")
@click.pass_obj
def list_trash(session: Session, kind: str | None, last: int, sizes: bool) -> None:
    """List what is in the trash, what was deleted last first."""
    found = session.pages(PATH, kind=kind, limit=last)
    if sizes:
        found = [{**one, **session.here.get(f"{PATH}/size", kind=one["kind"], id=one["id"])} for one in found]
    session.rows(found, SIZES if sizes else LIST, none="The trash is empty.")


@trash.command(
    example="runyard trash restore 0123456789abcdef0123456789abcdef\nrunyard trash restore 12 m-0123456789abcdef"
)
@IDS
@click.pass_obj
def restore(session: Session, ids: tuple[str, ...]) -> None:
    """Restore experiments, runs or logged models by their ids; an experiment comes back with its runs."""
    items = _items(ids)
    _tell(session, [session.here.post(f"{PATH}/restore", {"items": items}, retry=True)], "restored")


@trash.command(
    example="""
    runyard trash purge 0123456789abcdef0123456789abcdef --yes 1
    runyard trash purge --older-than 30d --yes 30d
    """
)
@IDS
@click.option(
    "--older-than",
    metavar="TIME",
    help="All that was deleted at least so long ago: 30d, 12h; 0s: everything.",
)
@click.option(
    "--yes",
    "-y",
    metavar="N|TIME",
    help="Confirm without being asked, by the number of ids or the time as given.",
)
@click.pass_obj
def purge(session: Session, ids: tuple[str, ...], older_than: str | None, yes: str | None) -> None:
    """Remove for good, with their files. What registered models were made from is kept."""
    if bool(ids) == (older_than is not None):
        raise Failed("Name either ids or --older-than.", USAGE)
    if older_than is not None:
        age_ms = 1000 * int(DURATION_TYPE.convert(older_than, None, None))
        confirm_by_name(f"all that was deleted {older_than} ago or earlier", older_than, yes)
        answers = _all(lambda: session.here.post(f"{PATH}/purge", {"older_than_ms": age_ms}, retry=True))
    else:
        items = _items(ids)
        confirm_by_name(f"{len(items)} records with their files", str(len(items)), yes)
        answers = [session.here.post(f"{PATH}/purge", {"items": items}, retry=True)]
    _tell(session, answers, "purged")
    if any(answer["purged"] for answer in answers):
        note("Files and records are removed in the background.")


def _items(ids: Sequence[str]) -> list[dict[str, str]]:
    """What ids are of follows from their form. Raises: Failed."""
    if not 1 <= len(ids) <= AT_ONCE:
        raise Failed(f"Name 1 to {AT_ONCE} ids.", USAGE)
    return [{"kind": _kind(one), "id": one} for one in ids]


def _kind(id: str) -> str:
    if id.isascii() and id.isdigit() and len(id) <= EXPERIMENT_DIGITS:
        return "experiment"
    return "model" if id.startswith("m-") else "run"


def _all(ask: Callable[[], Any]) -> list[Any]:
    answers = [ask()]
    while answers[-1]["more"]:
        answers.append(ask())
    return answers


def _tell(session: Session, answers: Sequence[Any], word: str) -> None:
    """Raises: Failed, when something was kept that had been named."""
    done: list[Record] = [{**one, "state": word, "reason": ""} for answer in answers for one in answer[word]]
    kept: list[Record] = [{**one, "state": "kept"} for one in answers[-1]["kept"]]
    session.rows([*done, *kept], OUTCOME, none=f"Nothing was {word}.")
    if kept and not done:
        raise Failed(f"Nothing was {word}.", FAILED)

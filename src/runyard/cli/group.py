"""`runyard group`: resource groups."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from runyard.cli.framework.columns import KEEP, Column, when
from runyard.cli.framework.command import Group, Reach
from runyard.cli.framework.confirm import confirm_by_name
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import PAIR

PATH = "/api/v1/resource-groups"
LIST = [
    Column("GROUP", "name", rank=KEEP),
    Column("SUBSCRIPTION", "subscription", rank=2, least=8),
    Column("CREATED", "created_ms", when, rank=4, least=19),
    Column("TAGS", "tags", rank=5, least=10),
]
CARD = [
    Column("Resource group", "name"),
    Column("Subscription", "subscription"),
    Column("Workspaces", "workspaces"),
    Column("Created", "created_ms", when),
    Column("Tags", "tags"),
]


@click.group(cls=Group)
def group() -> None:
    """Resource groups: what workspaces are kept together in.

    Groups of people are teams: `runyard team`.
    """


def _given(name: str | None, session: Session) -> str:
    wanted = name or session.given.resource_group
    if not wanted:
        raise click.UsageError("Missing NAME: the resource group.")
    return wanted


@group.command("list", reach=Reach.PLACE, example="runyard group list")
@click.pass_obj
def list_groups(session: Session) -> None:
    """List the resource groups."""
    found = session.pages_of_server(PATH, subscription=session.given.subscription or None)
    session.rows(found, LIST, none="There are no resource groups that you may see.")


@group.command(reach=Reach.PLACE, example="runyard group create research --tag team=perception")
@click.argument("name", required=False)
@click.option("--tag", "--tags", "tags", type=PAIR, multiple=True, help="A tag; may be given several times.")
@click.pass_obj
def create(session: Session, name: str | None, tags: tuple[tuple[str, str], ...]) -> None:
    """Create a resource group."""
    body: dict[str, Any] = {"name": _given(name, session), "tags": dict(tags)}
    if session.given.subscription:
        body["subscription"] = session.given.subscription
    session.record(session.api.post(PATH, body), CARD)


@group.command(reach=Reach.PLACE, example="runyard group show research")
@click.argument("name", required=False)
@click.pass_obj
def show(session: Session, name: str | None) -> None:
    """Show a resource group."""
    session.record(_get(session, _given(name, session)), CARD)


@group.command(
    reach=Reach.PLACE,
    example="runyard group delete research\nrunyard group delete research --all-resources --yes research",
)
@click.argument("name", required=False)
@click.option(
    "--all-resources", is_flag=True, help="The files of its workspaces too; otherwise they stay in the store."
)
@click.option("--yes", "-y", metavar="NAME", help="Confirm without being asked, by naming the group.")
@click.pass_obj
def delete(session: Session, name: str | None, all_resources: bool, yes: str | None) -> None:
    """Delete a resource group with all its workspaces and everything in them."""
    wanted = _given(name, session)
    found = _get(session, wanted)
    files = "their files included" if all_resources else "their files stay in the store"
    inside = ", ".join(found["workspaces"]) or "none"
    confirm_by_name(
        f"resource group {wanted!r} with all its workspaces: {inside} ({files})", found["name"], yes
    )
    session.api.delete(
        f"{PATH}/{quote(wanted, safe='')}",
        subscription=session.given.subscription or None,
        delete_files=all_resources,
    )
    note(f"Deleted resource group {wanted!r}.")


def _get(session: Session, name: str) -> dict[str, Any]:
    """A group with the names of its workspaces that the caller may see."""
    found: dict[str, Any] = session.api.get(
        f"{PATH}/{quote(name, safe='')}", subscription=session.given.subscription or None
    )
    inside = session.pages_of_server(
        "/api/v1/workspaces", subscription=found["subscription"], group=found["name"]
    )
    return {**found, "workspaces": [one["name"] for one in inside]}

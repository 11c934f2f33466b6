"""`runyard team`: groups of people. `runyard group` is about resource groups, as in Azure."""

from __future__ import annotations

from typing import Any

import click

from runyard.cli.framework.command import Group, Reach
from runyard.cli.framework.confirm import confirm_by_name
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.shapes import principals


@click.group(cls=Group)
def team() -> None:
    """Teams: groups of people and service accounts that roles are assigned to.

    The API calls them groups; here `group` is a resource group.
    """


@team.command("list", reach=Reach.SERVER, example="runyard team list")
@click.pass_obj
def list_teams(session: Session) -> None:
    """List the teams."""
    session.rows(session.pages_of_server(principals.TEAMS), principals.TEAM_LIST, none="There are no teams.")


@team.command(reach=Reach.SERVER, example="runyard team show perception")
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Show a team with its members."""
    session.record(principals.get(session, principals.TEAMS, name), principals.CARD)


@team.command(reach=Reach.SERVER, example='runyard team create perception --display-name "Perception"')
@click.argument("name")
@click.option("--display-name", metavar="TEXT", help="The name for people.")
@click.pass_obj
def create(session: Session, name: str, display_name: str | None) -> None:
    """Create a team."""
    body: dict[str, Any] = {"name": name, **({"display_name": display_name} if display_name else {})}
    session.record(session.api.post(principals.TEAMS, body), principals.CARD)


@team.command(reach=Reach.SERVER, example="runyard team add perception ada grace")
@click.argument("name")
@click.argument("members", nargs=-1, required=True, metavar="MEMBER...")
@click.pass_obj
def add(session: Session, name: str, members: tuple[str, ...]) -> None:
    """Add users and service accounts to a team."""
    for member in members:
        session.api.post(_member(name, member), {})
    session.record(principals.get(session, principals.TEAMS, name), principals.CARD)


@team.command(reach=Reach.SERVER, example="runyard team remove perception ada")
@click.argument("name")
@click.argument("members", nargs=-1, required=True, metavar="MEMBER...")
@click.pass_obj
def remove(session: Session, name: str, members: tuple[str, ...]) -> None:
    """Take users and service accounts out of a team."""
    for member in members:
        session.api.delete(_member(name, member))
    session.record(principals.get(session, principals.TEAMS, name), principals.CARD)


@team.command(reach=Reach.SERVER, example="runyard team delete perception --yes perception")
@click.argument("name")
@click.option("--yes", "-y", metavar="NAME", help="Confirm without being asked, by naming the team.")
@click.pass_obj
def delete(session: Session, name: str, yes: str | None) -> None:
    """Delete a team with its roles; its members stay."""
    found = principals.get(session, principals.TEAMS, name)
    confirm_by_name(f"team {found['name']!r} with its roles", found["name"], yes)
    session.api.delete(principals.one(principals.TEAMS, name))
    note(f"Deleted team {name!r}.")


def _member(name: str, member: str) -> str:
    return principals.one(f"{principals.one(principals.TEAMS, name)}/members", member)

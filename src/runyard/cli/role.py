"""`runyard role`: who may do what."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from runyard.cli.framework.columns import KEEP, Column, when
from runyard.cli.framework.command import Group, Reach
from runyard.cli.framework.exits import MISSING, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import DEFAULT, Session
from runyard.cli.framework.values import listed
from runyard.cli.shapes import experiments, workspaces

ROLES = "/api/v1/roles"
ASSIGNMENTS = "/api/v1/role-assignments"
LIST = [
    Column("ROLE", "name", rank=KEEP),
    Column("BUILT IN", "built_in", rank=3, least=8),
    Column("DESCRIPTION", "description", rank=2, least=20),
    Column("ACTIONS", "actions", rank=4, least=10),
    Column("NOT", "not_actions", rank=5, least=10),
]
CARD = [
    Column("Role", "name"),
    Column("Description", "description"),
    Column("Built in", "built_in"),
    Column("Actions", "actions"),
    Column("But not", "not_actions"),
]
ASSIGNED = [
    Column("ASSIGNMENT", "assignment_id", rank=KEEP),
    Column("WHO", "principal", least=6),
    Column("ROLE", "role", least=6),
    Column("", lambda one: None if one["allow"] else "denied", rank=1, least=6),
    Column("SCOPE", "scope", rank=2, least=16),
    Column("BY", "created_by", rank=5, least=6),
    Column("SINCE", "created_ms", when, rank=4, least=19),
]
ASSIGNED_CARD = [
    Column("Assignment", "assignment_id"),
    Column("Who", "principal"),
    Column("Role", "role"),
    Column("Effect", lambda one: "allow" if one["allow"] else "deny"),
    Column("Scope", "scope"),
    Column("By", "created_by"),
    Column("Since", "created_ms", when),
]
SCOPE = click.option(
    "--scope", metavar="PATH", help="/ for the whole server, or /subscriptions/... [default: the workspace]"
)


@click.group(cls=Group)
def role() -> None:
    """Roles: who may do what."""


@role.command("list", reach=Reach.SERVER, example="runyard role list")
@click.pass_obj
def list_roles(session: Session) -> None:
    """List the roles."""
    session.rows(session.pages_of_server(ROLES), LIST)


@role.command(reach=Reach.SERVER, example='runyard role show "Data Scientist"')
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Show what a role allows."""
    for one in session.pages_of_server(ROLES):
        if one["name"] == name:
            session.record(one, CARD)
            return
    raise Failed(
        f"There is no role {name!r}; `{session.program} role list` shows those that there are.", MISSING
    )


@role.command(
    reach=Reach.SERVER,
    example='runyard role create Labeller --action "runs/*,datasets/read" --not-action runs/delete --description "Labels images"',
)
@click.argument("name")
@click.option(
    "--action",
    "actions",
    multiple=True,
    required=True,
    metavar="ACTIONS",
    help="What it allows, such as runs/* or */read.",
)
@click.option(
    "--not-action", "not_actions", multiple=True, metavar="ACTIONS", help="What it leaves out of that."
)
@click.option("--description", "-d", metavar="TEXT", help="What it is for.")
@click.pass_obj
def create(
    session: Session,
    name: str,
    actions: tuple[str, ...],
    not_actions: tuple[str, ...],
    description: str | None,
) -> None:
    """Create a role."""
    body = {
        "name": name,
        "actions": listed(actions),
        "not_actions": listed(not_actions),
        "description": description or "",
    }
    session.record(session.api.post(ROLES, body), CARD)


@role.command(reach=Reach.SERVER, example="runyard role delete Labeller")
@click.argument("name")
@click.pass_obj
def delete(session: Session, name: str) -> None:
    """Delete a role that you made."""
    session.api.delete(f"{ROLES}/{quote(name, safe='')}")
    note(f"Deleted role {name!r}.")


@role.command(
    example="""
    runyard role assign ada "Data Scientist" -w vision
    runyard role assign perception Reader -g research
    runyard role assign trainer Contributor -w vision --experiment leaves
    runyard role assign ada Owner --scope /
    """
)
@click.argument("who")
@click.argument("role")
@SCOPE
@click.option("--experiment", "-e", metavar="NAME", help="Only in this experiment of the workspace.")
@click.option(
    "--deny", is_flag=True, help="Take the role's actions away instead; this wins over what is allowed."
)
@click.pass_obj
def assign(
    session: Session, who: str, role: str, scope: str | None, experiment: str | None, deny: bool
) -> None:
    """Give a user, team or service account a role, in a workspace unless -g or --scope says otherwise."""
    place = _scope(session, scope)
    if experiment:
        place = f"{place}/experiments/{experiments.find(session, experiment)['experiment_id']}"
    body: dict[str, Any] = {"principal": who, "role": role, "scope": place, "allow": not deny}
    session.record(session.api.post(ASSIGNMENTS, body), ASSIGNED_CARD)


@role.command(example="runyard role unassign 0b9d2c1e4f6a4b0c8d7e6f5a4b3c2d1e", reach=Reach.SERVER)
@click.argument("assignment")
@click.pass_obj
def unassign(session: Session, assignment: str) -> None:
    """Remove an assignment; its id is in `assignments`."""
    session.api.delete(f"{ASSIGNMENTS}/{quote(assignment, safe='')}")
    note(f"Removed assignment {assignment}.")


@role.command(example="runyard role assignments -w vision\nrunyard role assignments --who ada --scope /")
@SCOPE
@click.option("--who", metavar="NAME", help="Only those of this user, team or service account.")
@click.pass_obj
def assignments(session: Session, scope: str | None, who: str | None) -> None:
    """List who has which role: at the place, above and below it."""
    found = session.pages_of_server(ASSIGNMENTS, scope=_scope(session, scope), principal=who)
    session.rows(found, ASSIGNED, none="Nobody has a role there.")


def _scope(session: Session, scope: str | None) -> str:
    """The scope that is meant: given, of a group or subscription, or of the workspace."""
    given = session.given
    if scope:
        return scope
    if not given.workspace and given.resource_group:
        return f"/subscriptions/{given.subscription or DEFAULT}/resourceGroups/{given.resource_group}"
    if not given.workspace and given.subscription:
        return f"/subscriptions/{given.subscription}"
    found = workspaces.get(session)
    return (
        f"/subscriptions/{found['subscription']}/resourceGroups/{found['group']}/workspaces/{found['name']}"
    )

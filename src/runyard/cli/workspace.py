"""`runyard workspace`: the central place that a team shares."""

from __future__ import annotations

from typing import Any

import click

from runyard.cli.framework.columns import Column, when
from runyard.cli.framework.command import Group
from runyard.cli.framework.confirm import confirm_by_name
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import DURATION_TYPE, PAIR
from runyard.cli.role import ASSIGNED_CARD, ASSIGNMENTS
from runyard.cli.shapes import workspaces
from runyard.client.addresses import Address, tracking_uri

WORKSPACES = "/api/v1/workspaces"
URI = [Column("MLflow", "mlflow_tracking_uri"), Column("Expires", "expires_ms", when)]


@click.group(cls=Group)
def workspace() -> None:
    """Workspaces: the central place that a team shares."""


@workspace.command("list", example="runyard workspace list\nrunyard workspace list -g research -o json")
@click.pass_obj
def list_workspaces(session: Session) -> None:
    """List the workspaces that you may see."""
    found = session.pages_of_server(
        WORKSPACES,
        subscription=session.given.subscription or None,
        group=session.given.resource_group or None,
    )
    session.rows(
        [workspaces.with_uri(session, dict(one)) for one in found],
        workspaces.LIST,
        none="There are no workspaces that you may see.",
    )


@workspace.command(
    example="runyard workspace show\nrunyard workspace show vision --query mlflow_tracking_uri -o tsv"
)
@click.argument("name", required=False)
@click.pass_obj
def show(session: Session, name: str | None) -> None:
    """Show a workspace; without a name the one that commands use here."""
    session.choose(name)
    session.record(workspaces.get(session), workspaces.CARD)


@workspace.command(
    example="""
    runyard workspace create vision
    runyard workspace create vision -g research --description "Images of leaves" --tag team=perception
    """
)
@click.argument("name", required=False)
@click.option("--description", "-d", metavar="TEXT", help="What it is for.")
@click.option("--friendly-name", "-f", metavar="TEXT", help="A name for people.")
@click.option("--location", "-l", metavar="NAME", help="Where it is, for information.")
@click.option("--sku", metavar="NAME", hidden=True)
@click.option("--tag", "--tags", "tags", type=PAIR, multiple=True, help="A tag; may be given several times.")
@click.option("--exist-ok", is_flag=True, help="If it exists already, show it and change nothing.")
@click.option("--yes", "-y", is_flag=True, hidden=True)
@click.pass_obj
def create(
    session: Session, /, name: str | None, tags: tuple[tuple[str, str], ...], exist_ok: bool, **more: Any
) -> None:
    """Create a workspace, and its resource group if there is none of that name."""
    wanted = name or session.given.workspace
    if not wanted:
        raise click.UsageError("Missing NAME: the name of the new workspace.")
    given = {
        "subscription": session.given.subscription,
        "group": session.given.resource_group,
        **{field: more[field] for field in ("description", "friendly_name", "location", "sku")},
    }
    body = {key: value for key, value in given.items() if value}
    made = session.api.post(WORKSPACES, {"name": wanted, **body, "tags": dict(tags), "exist_ok": exist_ok})
    session.record(workspaces.with_uri(session, made), workspaces.CARD)


@workspace.command(
    example="""
    runyard workspace update vision --description "Images of leaves and bark"
    runyard workspace update vision --add-tag team=perception --remove-tag draft
    """
)
@click.argument("name", required=False)
@click.option("--description", "-d", metavar="TEXT", help="What it is for.")
@click.option("--friendly-name", "-f", metavar="TEXT", help="A name for people.")
@click.option(
    "--add-tag", "--tags", "tags", type=PAIR, multiple=True, help="A tag; may be given several times."
)
@click.option("--remove-tag", "removed", multiple=True, metavar="KEY", help="Take a tag away.")
@click.option("--default-datastore", metavar="NAME", help="Where files go unless a datastore is named.")
@click.pass_obj
def update(
    session: Session,
    /,
    name: str | None,
    tags: tuple[tuple[str, str], ...],
    removed: tuple[str, ...],
    **more: Any,
) -> None:
    """Change a workspace's description, names, tags and default datastore."""
    session.choose(name)
    body = {key: value for key, value in more.items() if value is not None}
    if tags or removed:
        before = session.here.get(workspaces.PATH).get("tags") or {}
        body["tags"] = {key: value for key, value in {**before, **dict(tags)}.items() if key not in removed}
    if not body:
        raise click.UsageError(
            "Nothing to change: give --description, --friendly-name, --add-tag, --remove-tag or --default-datastore."
        )
    session.here.patch(workspaces.PATH, body)
    session.record(workspaces.get(session), workspaces.CARD)


@workspace.command(
    example="""
    runyard workspace delete vision
    runyard workspace delete vision --all-resources --yes vision
    """
)
@click.argument("name", required=False)
@click.option("--all-resources", is_flag=True, help="Its files too; otherwise they stay in the store.")
@click.option("--yes", "-y", metavar="NAME", help="Confirm without being asked, by naming the workspace.")
@click.option("--no-wait", is_flag=True, hidden=True)
@click.pass_obj
def delete(session: Session, name: str | None, all_resources: bool, yes: str | None, no_wait: bool) -> None:
    """Delete a workspace with everything in it."""
    wanted = name or session.given.workspace
    if not wanted:
        raise click.UsageError("Missing NAME: the workspace to delete is never taken from a default.")
    session.choose(wanted)
    found = session.here.get(workspaces.PATH)
    files = "its files included" if all_resources else "its files stay in the store"
    confirm_by_name(f"workspace {found['name']!r} with everything in it ({files})", found["name"], yes)
    session.here.delete(workspaces.PATH, delete_files=all_resources)
    note(f"Deleted workspace {found['name']!r}.")


@workspace.command(example="runyard workspace share --user ada --role Contributor -w vision")
@click.option(
    "--user", required=True, metavar="NAME", help="A user, team or service account that there is already."
)
@click.option("--role", required=True, metavar="ROLE", help="Such as Owner, Contributor, Reader.")
@click.pass_obj
def share(session: Session, user: str, role: str) -> None:
    """Give somebody a role in a workspace; `runyard role` has more of this."""
    found = workspaces.get(session)
    group = f"/subscriptions/{found['subscription']}/resourceGroups/{found['group']}"
    scope = f"{group}/workspaces/{found['name']}"
    body: dict[str, Any] = {"principal": user, "role": _role(role), "scope": scope, "allow": True}
    session.record(session.api.post(ASSIGNMENTS, body), ASSIGNED_CARD)


def _role(name: str) -> str:
    """Scripts of Azure ML write contributor as well as Contributor."""
    known = ("Owner", "Contributor", "Data Scientist", "Reader")
    return next((one for one in known if one.lower() == name.lower()), name)


@workspace.command("sync-keys", example="runyard workspace sync-keys -w vision")
@click.pass_obj
def sync_keys(session: Session) -> None:
    """Nothing needs to be synchronised; kept for scripts that call it.

    Each datastore holds the credentials that it was attached with; attach it again with --overwrite when they change.
    """
    session.here.get(workspaces.PATH)
    note("The keys of a workspace are never copied, so none can be out of date.")


@workspace.command(
    "tracking-uri",
    example="""
    export MLFLOW_TRACKING_URI=$(runyard workspace tracking-uri -o tsv --query mlflow_tracking_uri)
    runyard workspace tracking-uri vision --life 15m
    """,
)
@click.argument("name", required=False)
@click.option(
    "--life", type=DURATION_TYPE, metavar="TIME", help="How long it is valid, at most 1h. [default: 1h]"
)
@click.option(
    "--scheme",
    type=click.Choice(["runyard", "azureml", "http"]),
    default="runyard",
    help="http carries no token and needs no plugin. [default: runyard]",
)
@click.pass_obj
def tracking_uri_(session: Session, name: str | None, life: int | None, scheme: str) -> None:
    """Print a tracking URI for MLflow with a fresh token in it."""
    session.choose(name)
    found = session.here.get(workspaces.PATH)
    made: dict[str, Any] = {}
    if scheme != "http":
        made = session.here.post(f"{workspaces.PATH}/tracking-token", {"life_s": life} if life else {})
    address = Address(session.server, found["name"], made.get("token"), found["subscription"], found["group"])
    record = {"mlflow_tracking_uri": tracking_uri(address, scheme), "expires_ms": made.get("expires_ms")}
    if session.out.format in ("table", "tsv") and not session.out.query:
        click.echo(record["mlflow_tracking_uri"])
    else:
        session.record(record, URI)

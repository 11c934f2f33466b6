"""`runyard service-account`: identities of programs."""

from __future__ import annotations

from typing import Any

import click

from runyard.cli.framework.command import Group, Reach
from runyard.cli.framework.confirm import confirm_by_name
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.shapes import principals


@click.group("service-account", cls=Group)
def service_account() -> None:
    """Service accounts: identities of programs. `runyard token create --service-account` makes their tokens."""


@service_account.command("list", reach=Reach.SERVER, example="runyard service-account list")
@click.pass_obj
def list_accounts(session: Session) -> None:
    """List the service accounts."""
    found = session.pages_of_server(principals.SERVICE_ACCOUNTS)
    session.rows(found, principals.ACCOUNT_LIST, none="There are no service accounts.")


@service_account.command(
    reach=Reach.SERVER, example='runyard service-account create trainer --display-name "Nightly training"'
)
@click.argument("name")
@click.option("--display-name", metavar="TEXT", help="The name for people.")
@click.pass_obj
def create(session: Session, name: str, display_name: str | None) -> None:
    """Create a service account."""
    body: dict[str, Any] = {"name": name, **({"display_name": display_name} if display_name else {})}
    session.record(session.api.post(principals.SERVICE_ACCOUNTS, body), principals.CARD)
    if session.out.format == "table":
        note(f"Next: `{session.program} token create NAME --service-account {name}`.")


@service_account.command(reach=Reach.SERVER, example="runyard service-account delete trainer --yes trainer")
@click.argument("name")
@click.option("--yes", "-y", metavar="NAME", help="Confirm without being asked, by naming the account.")
@click.pass_obj
def delete(session: Session, name: str, yes: str | None) -> None:
    """Delete a service account with its tokens and roles."""
    found = principals.get(session, principals.SERVICE_ACCOUNTS, name)
    confirm_by_name(f"service account {found['name']!r} with its tokens and roles", found["name"], yes)
    session.api.delete(principals.one(principals.SERVICE_ACCOUNTS, name))
    note(f"Deleted service account {name!r}.")

"""`runyard user`: people who log in."""

from __future__ import annotations

from typing import Any

import click

from runyard.cli.framework.command import Group, Reach
from runyard.cli.framework.confirm import ask_secret, confirm_by_name, secret_from_stdin
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.shapes import principals
from runyard.cli.token import PATH as TOKENS

NO_TERMINAL = "The password cannot be asked for here; give it with --password-stdin."


@click.group(cls=Group)
def user() -> None:
    """Users who log in with a password or by single sign-on."""


@user.command("list", reach=Reach.SERVER, example="runyard user list")
@click.pass_obj
def list_users(session: Session) -> None:
    """List the users."""
    session.rows(session.pages_of_server(principals.USERS), principals.LIST, none="There are no users.")


@user.command(reach=Reach.SERVER, example="runyard user show ada")
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Show a user."""
    session.record(principals.get(session, principals.USERS, name), principals.CARD)


@user.command(
    reach=Reach.SERVER,
    example="""
    runyard user create ada --display-name "Ada L." --email ada@example.org
    printf %s "$PASSWORD" | runyard user create ada --password-stdin
    runyard user create ada --no-password
    """,
)
@click.argument("name")
@click.option("--display-name", metavar="TEXT", help="The name for people.")
@click.option("--email", metavar="ADDRESS", help="E-mail address.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from stdin; otherwise it is asked for."
)
@click.option("--no-password", is_flag=True, help="Without one: for single sign-on.")
@click.pass_obj
def create(session: Session, /, name: str, password_stdin: bool, no_password: bool, **more: Any) -> None:
    """Create a user. A new user may do nothing until somebody assigns a role."""
    if password_stdin and no_password:
        raise click.UsageError("Choose one of --password-stdin and --no-password.")
    body: dict[str, Any] = {"name": name, **{key: value for key, value in more.items() if value is not None}}
    if not no_password:
        body["password"] = (
            secret_from_stdin() if password_stdin else ask_secret("Password", NO_TERMINAL, twice=True)
        )
    session.record(session.api.post(principals.USERS, body), principals.CARD)
    if session.out.format == "table":
        note(f'Next: `{session.program} role assign {name} "Data Scientist" -w WORKSPACE`.')


@user.command(
    reach=Reach.SERVER,
    example="runyard user update ada --email ada@example.org\nrunyard user update ada --disable",
)
@click.argument("name")
@click.option("--display-name", metavar="TEXT", help="The name for people.")
@click.option("--email", metavar="ADDRESS", help="E-mail address.")
@click.option("--disable/--enable", "disabled", default=None, help="Whether the user may log in.")
@click.pass_obj
def update(session: Session, /, name: str, **more: Any) -> None:
    """Change a user's names, address, or whether the user may log in."""
    body = {key: value for key, value in more.items() if value is not None}
    if not body:
        raise click.UsageError("Nothing to change: give --display-name, --email, --disable or --enable.")
    session.record(session.api.patch(principals.one(principals.USERS, name), body), principals.CARD)


@user.command(reach=Reach.SERVER, example="runyard user set-password ada")
@click.argument("name")
@click.option(
    "--password-stdin", is_flag=True, help="Read the new password from stdin; otherwise it is asked for."
)
@click.pass_obj
def set_password(session: Session, name: str, password_stdin: bool) -> None:
    """Set a password: your own, which needs the current one too, or as an administrator another's."""
    body: dict[str, str] = {}
    if session.api.get("/api/v1/me")["principal"]["name"] == name:
        body["current_password"] = (
            secret_from_stdin() if password_stdin else ask_secret("Current password", NO_TERMINAL)
        )
    body["password"] = (
        secret_from_stdin() if password_stdin else ask_secret("New password", NO_TERMINAL, twice=True)
    )
    session.api.patch(principals.one(principals.USERS, name), body)
    note(f"The password of {name} is changed.")


@user.command(reach=Reach.SERVER, example="runyard user delete ada --yes ada")
@click.argument("name")
@click.option("--yes", "-y", metavar="NAME", help="Confirm without being asked, by naming the user.")
@click.pass_obj
def delete(session: Session, name: str, yes: str | None) -> None:
    """Delete a user with all tokens and roles; what the user made stays."""
    found = principals.get(session, principals.USERS, name)
    confirm_by_name(f"user {found['name']!r} with all tokens and roles", found["name"], yes)
    session.api.delete(principals.one(principals.USERS, name))
    note(f"Deleted user {name!r}.")
    left = [one for one in session.pages_of_server(TOKENS, created_by=name) if not one["revoked_ms"]]
    if left:
        note(
            f"{len(left)} tokens of service accounts that {name} made still work; "
            f"`{session.program} token list --made-by {name}` shows them."
        )

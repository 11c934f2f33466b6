"""`runyard login`, `logout`, `whoami`."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import click

from runyard.cli.framework.columns import Column
from runyard.cli.framework.command import Command, Reach
from runyard.cli.framework.confirm import ask_secret, need_terminal, secret_from_stdin
from runyard.cli.framework.exits import NOT_LOGGED_IN, USAGE, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import DURATION_TYPE
from runyard.client import credentials
from runyard.client.transport import Connection
from runyard.errors import Unauthenticated

LOGIN = "/api/v1/login"


def _few(actions: list[str]) -> str:
    """A short list, or how long it is."""
    return ", ".join(actions) if len(actions) <= 6 else f"{len(actions)} actions; -o json lists them"


ME = [
    Column("Name", "principal.name"),
    Column("Display name", "principal.display_name"),
    Column("E-mail", "principal.email"),
    Column("Kind", "principal.kind"),
    Column("Credential", "credential"),
    Column("Server", "server"),
    Column("May do to the server", "server_actions", _few),
]


@click.command(
    cls=Command,
    reach=Reach.SERVER,
    example="""
    runyard login --server https://runyard.example.org --user ada
    runyard login --device
    runyard login --token ry_...
    printf %s "$PASSWORD" | runyard login --user ada --password-stdin
    """,
)
@click.option("--user", "-u", metavar="NAME", help="Log in with a password, which is asked for.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin instead.")
@click.option("--token", metavar="TOKEN", help="Keep an access token that you have; - reads it from stdin.")
@click.option("--device", is_flag=True, help="Log in at the identity provider, in a browser on any machine.")
@click.option("--name", metavar="TEXT", help="What the token is called in lists. [default: of this machine]")
@click.option("--life", type=DURATION_TYPE, metavar="TIME", help="How long the login is valid, such as 30d.")
@click.pass_obj
def login(session: Session, /, user: str | None, token: str | None, device: bool, **more: Any) -> None:
    """Log in to a server and keep the credential."""
    if sum((user is not None, token is not None, device)) > 1:
        raise click.UsageError("Choose one of --user, --token and --device.")
    try:
        kept = _logged_in(session, user, token, device, more)
    except Unauthenticated as error:  # whoever is logging in needs no advice to log in
        raise Failed(error.message.partition(" Log in with ")[0], NOT_LOGGED_IN) from error
    credentials.save(session.server, kept)
    note(f"Logged in to {session.server} as {kept.user}.")
    for variable in credentials.FROM_ENVIRONMENT:
        if os.environ.get(variable):
            note(f"{variable} is set and wins over this login; unset it to use the login.")


def _logged_in(
    session: Session, user: str | None, token: str | None, device: bool, more: dict[str, Any]
) -> credentials.Login:
    """The credential, once the server has said whose it is."""
    api = Connection(session.server, credentials=_nobody)
    if token is not None:
        kept = credentials.Login(secret_from_stdin() if token == "-" else token.strip())
    elif device:
        kept = _with_device(api, _name(more["name"]))
    else:
        kept = _with_whatever_there_is(session, api, user, more)
    me = Connection(session.server, credentials=kept.token).get("/api/v1/me")
    name = me["principal"]["name"]
    return credentials.Login(kept.token, name, kept.token_id, kept.expires_ms)


def _name(given: str | None) -> str:
    """What the token of a login is called in lists."""
    return given or f"command line on {platform.node()}"


def _nobody() -> None:
    """No credential: an old one must not spoil a new login."""


def _with_whatever_there_is(
    session: Session, api: Connection, user: str | None, more: dict[str, Any]
) -> credentials.Login:
    """By password, or by device where the server has no passwords."""
    ways = api.get(LOGIN)
    if user is None and ways.get("device") and not ways.get("password"):
        return _with_device(api, _name(more["name"]))
    if not ways.get("password"):
        raise Failed("This server has no password login; use --device or --token.", USAGE)
    if user is None:
        need_terminal("Say who you are: give --user and --password-stdin, or --token -.")
        user = str(click.prompt("User", err=True))
    if more["password_stdin"]:
        password = secret_from_stdin()
    else:
        password = ask_secret(
            "Password", "The password cannot be asked for here; give it with --password-stdin."
        )
    body = {
        "user": user,
        "password": password,
        "name": _name(more["name"]),
        "life_s": more["life"],
    }
    made = api.post(LOGIN, {key: value for key, value in body.items() if value is not None})
    return _login_of(made)


def _with_device(api: Connection, name: str) -> credentials.Login:
    """Show a code, then ask until it was entered in a browser."""
    begun = api.post(f"{LOGIN}/device", {})
    note(f"Open {begun['verification_uri']} in a browser and enter the code {begun['user_code']}")
    if begun.get("verification_uri_complete"):
        note(f"or open {begun['verification_uri_complete']}")
    note("Waiting …")
    until = time.monotonic() + begun["expires_s"]
    while time.monotonic() < until:
        time.sleep(begun["interval_s"])
        answer = api.post(f"{LOGIN}/device/token", {"handle": begun["handle"], "name": name})
        if answer["status"] == "done":
            return _login_of(answer)
    raise Failed("The code was not entered in time; nobody is logged in. Try again.", NOT_LOGGED_IN)


def _login_of(answer: dict[str, Any]) -> credentials.Login:
    return credentials.Login(answer["token"], "", answer.get("token_id") or "", answer.get("expires_ms"))


@click.command(
    cls=Command,
    reach=Reach.SERVER,
    example="runyard logout\nrunyard logout --server https://runyard.example.org",
)
@click.pass_obj
def logout(session: Session) -> None:
    """Revoke the stored credential and forget it."""
    kept = credentials.find_login(session.server)
    if kept is None:
        note(f"There was no login at {session.server}.")
        return
    try:
        Connection(session.server, credentials=kept.token).post("/api/v1/logout", {})
    except Unauthenticated:
        pass  # it was not valid any more, which is what was asked for
    finally:
        credentials.forget(session.server)
    note(f"Logged out of {session.server}.")


@click.command(
    cls=Command, reach=Reach.SERVER, example="runyard whoami\nrunyard whoami --query principal.name -o tsv"
)
@click.pass_obj
def whoami(session: Session) -> None:
    """Show who the server takes you for."""
    found = session.api.get("/api/v1/me")
    session.record({**found, "server": session.server}, ME)

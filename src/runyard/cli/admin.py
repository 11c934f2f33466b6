"""`runyard admin`: what must be done on the database itself, before anybody can log in."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import click

from runyard.cli.framework.command import Group, Reach
from runyard.errors import RunyardError
from runyard.server.first_owner import create_owner
from runyard.server.settings import load
from runyard.services.principals import generated_password


@click.group(cls=Group)
def admin() -> None:
    """What is done on a server's database itself, by whoever can write it."""


@admin.command(
    "create-owner", reach=Reach.NOTHING, example="runyard admin create-owner ada --data runyard-data"
)
@click.argument("name")
@click.option("--data", metavar="DIR", help="Directory of the data.")
@click.option("--database", metavar="URL", help="postgresql://...")
@click.option("--token", is_flag=True, help="Print an access token, once; no password is set.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create_owner_(name: str, token: bool, password_stdin: bool, **flags: Any) -> None:
    """Make a user who owns the server, or a user that is there its owner. Works while the server runs.

    Asks for a password; generates one where nobody can be asked.
    """
    password, told = (None, False) if token else _password(password_stdin)
    try:
        secret = asyncio.run(create_owner(load(flags, os.environ), name, password, with_token=token))
    except RunyardError as exc:
        raise click.ClickException(exc.message) from None
    click.echo(f"{name} owns the server.", err=True)
    if secret is not None:
        click.echo("The access token, good for 90 days and not shown again:", err=True)
        click.echo(secret)
    elif told:
        click.echo("The password, not shown again:", err=True)
        click.echo(password)


def _password(from_stdin: bool) -> tuple[str, bool]:
    """A password, and whether it must be told."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    if sys.stdin.isatty():
        typed: str = click.prompt(
            "Password (empty: one is made)",
            default="",
            hide_input=True,
            show_default=False,
            confirmation_prompt=True,
        )
        if typed:
            return typed, False
    return generated_password(), True

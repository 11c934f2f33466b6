"""Questions to the person at the terminal. Without a terminal nothing is asked: an option has to say it."""

from __future__ import annotations

import sys

import click

from runyard.cli.framework.exits import USAGE, Failed


def confirm_by_name(what: str, name: str, yes: str | None) -> None:
    """Have the name typed before something is deleted that cannot come back.

    Args:
        what: what is deleted, such as "workspace vision with its 3 experiments".
        yes: the name as given with --yes.
    Raises: Failed unless the name was typed or given.
    """
    if yes is not None:
        if yes != name:
            raise Failed(
                f"--yes names {yes!r}, but it is {name!r} that would be deleted. Nothing was deleted.", USAGE
            )
        return
    need_terminal(f"Deleting {what} needs a confirmation; give `--yes {name}`.")
    click.echo(f"This deletes {what}.\nIt cannot be undone.", err=True)
    typed = click.prompt("Type its name to go on", default="", show_default=False, err=True)
    if typed.strip() != name:
        raise Failed("That is not its name. Nothing was deleted.")


def need_terminal(otherwise: str) -> None:
    """Raises: Failed with the way out, where nobody can answer."""
    if not sys.stdin.isatty():
        raise Failed(otherwise, USAGE)


def ask_secret(prompt: str, otherwise: str, *, twice: bool = False) -> str:
    """A password that is not shown."""
    need_terminal(otherwise)
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True))


def secret_from_stdin() -> str:
    """The first line of stdin."""
    return sys.stdin.readline().rstrip("\r\n")

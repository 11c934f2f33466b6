"""`runyard secret`: the workspace's key vault."""

from __future__ import annotations

from urllib.parse import quote

import click

from runyard.cli.framework.columns import KEEP, Column, when
from runyard.cli.framework.command import Group
from runyard.cli.framework.confirm import ask_secret, secret_from_stdin
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session

PATH = "/api/v1/secrets"
LIST = [
    Column("SECRET", "name", rank=KEEP),
    Column("BY", "created_by", rank=2, least=6),
    Column("CHANGED", "updated_ms", when, rank=1, least=19),
]


@click.group(cls=Group)
def secret() -> None:
    """Secrets: the workspace's key vault. Values are encrypted where they are kept."""


@secret.command("list", example="runyard secret list")
@click.pass_obj
def list_secrets(session: Session) -> None:
    """List the names of the secrets, never their values."""
    session.rows(session.pages(PATH), LIST, none="There are no secrets here.")


@secret.command(
    "set", example='runyard secret set api-key\nprintf %s "$API_KEY" | runyard secret set api-key --stdin'
)
@click.argument("name")
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the value from stdin; otherwise it is asked for."
)
@click.pass_obj
def set_(session: Session, name: str, from_stdin: bool) -> None:
    """Set a secret."""
    otherwise = "The value cannot be asked for here; give it with --stdin."
    value = secret_from_stdin() if from_stdin else ask_secret("Value", otherwise)
    session.here.post(PATH, {"name": name, "value": value})
    note(f"Set secret {name!r}.")


@secret.command(example="runyard secret get api-key -o tsv")
@click.argument("name")
@click.pass_obj
def get(session: Session, name: str) -> None:
    """Print the value of a secret."""
    found = session.here.get(f"{PATH}/{quote(name, safe='')}")
    if session.out.format in ("table", "tsv") and not session.out.query:
        click.echo(found["value"])
    else:
        session.record(found, [Column("Secret", "name"), Column("Value", "value")])


@secret.command(example="runyard secret delete api-key")
@click.argument("name")
@click.pass_obj
def delete(session: Session, name: str) -> None:
    """Delete a secret."""
    session.here.delete(f"{PATH}/{quote(name, safe='')}")
    note(f"Deleted secret {name!r}.")

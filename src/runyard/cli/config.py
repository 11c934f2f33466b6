"""`runyard config`: the user's defaults."""

from __future__ import annotations

from typing import Any

import click

from runyard.cli.framework import defaults
from runyard.cli.framework.columns import Column
from runyard.cli.framework.command import Group, Reach
from runyard.cli.framework.output import FORMATS, note
from runyard.cli.framework.session import Session
from runyard.client.addresses import parse_server

KEY = click.Choice(list(defaults.KEYS))


@click.group(cls=Group)
def config() -> None:
    """Your defaults for server, workspace and output."""


@config.command(reach=Reach.LOCAL, example="runyard config show")
@click.pass_obj
def show(session: Session) -> None:
    """Show what holds here: options leave aside, where server, workspace and output come from."""
    values = session.defaults
    card = [
        Column("Server", "server"),
        Column("Workspace", "workspace"),
        Column("Output", "output"),
        Column("Folder's config", "folder_config"),
        Column("Your defaults", "file"),
    ]
    found: dict[str, Any] = {
        "server": session.server,
        "workspace": session.workspace or "(the server's default)",
        "output": session.out.format,
        "folder_config": str(session.folder.path) if session.folder.path else None,
        "file": str(defaults.settings_file()) if values else None,
        "defaults": values,
    }
    session.record(found, card)


@config.command(
    "set",
    reach=Reach.NOTHING,
    example="runyard config set server http://127.0.0.1:5000\nrunyard config set workspace vision",
)
@click.argument("key", type=KEY)
@click.argument("value")
@click.pass_obj
def set_(session: Session, key: str, value: str) -> None:
    """Set a default."""
    if key == "server":
        value = parse_server(value)
    if key == "output" and value not in FORMATS:
        raise click.UsageError(f"Output {value!r} is not one of {', '.join(FORMATS)}.")
    defaults.write({**session.defaults, key: value})
    note(f"{key} is {value} from now on.")


@config.command(reach=Reach.NOTHING, example="runyard config unset workspace")
@click.argument("key", type=KEY)
@click.pass_obj
def unset(session: Session, key: str) -> None:
    """Forget a default."""
    values = dict(session.defaults)
    if values.pop(key, None) is None:
        note(f"{key} was not set.")
        return
    defaults.write(values)
    note(f"{key} is not set any more.")

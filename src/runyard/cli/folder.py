"""`runyard folder`: folders of code that belong to a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runyard.cli.framework.columns import Column
from runyard.cli.framework.command import Group
from runyard.cli.framework.session import Session
from runyard.cli.shapes import workspaces
from runyard.client.config_file import write_config_file

CARD = [
    Column("File", "path"),
    Column("Server", "server"),
    Column("Workspace", "workspace_name"),
    Column("Resource group", "resource_group"),
    Column("Subscription", "subscription_id"),
]


@click.group(cls=Group)
def folder() -> None:
    """Folders of code that belong to a workspace."""


@folder.command(
    example="""
    runyard folder attach -w vision
    runyard folder attach -w vision --to ~/projects/vision --server https://runyard.example.org
    """
)
@click.option(
    "--to", "target", type=click.Path(path_type=Path), metavar="DIR", help="The folder. [default: this one]"
)
@click.option("--experiment-name", "-e", hidden=True)
@click.pass_obj
def attach(session: Session, /, target: Path | None, **_: Any) -> None:
    """Write .azureml/config.json, which commands and `Workspace.from_config()` below the folder find."""
    found = workspaces.get(session)
    path = write_config_file(found["id"], session.server, target or session.given.config_folder or ".", None)
    said = {
        "path": str(path),
        "server": session.server,
        "workspace_name": found["name"],
        "resource_group": found["group"],
        "subscription_id": found["subscription"],
    }
    session.record(said, CARD)

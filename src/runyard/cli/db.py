"""`runyard db`: look at the schema of a database, or bring it up to date."""

from __future__ import annotations

import os
from typing import Any

import click

from runyard.cli.framework.command import Group, Reach
from runyard.errors import RunyardError
from runyard.server.settings import Settings, load
from runyard.server.storage import connect_for_schema
from runyard.store.sql import schema


@click.group(cls=Group)
def db() -> None:
    """The database's schema."""


def _options(command: Any) -> Any:
    command = click.option("--data", metavar="DIR", help="Directory of the data.")(command)
    return click.option("--database", metavar="URL", help="postgresql://...")(command)


def _settings(flags: dict[str, Any]) -> Settings:
    return load(flags, os.environ)


@db.command(reach=Reach.NOTHING, example="runyard db check --database postgresql://...")
@_options
def check(**flags: Any) -> None:
    """Say which schema version the database has; exit 1 unless it is this release's."""
    try:
        connection = connect_for_schema(_settings(flags))
        found = schema.check(connection)
        connection.close()
    except RunyardError as exc:
        raise click.ClickException(exc.message) from None
    click.echo(f"The database has schema version {found}; this release needs {schema.latest()}.")
    if found != schema.latest():
        raise SystemExit(1)


@db.command(reach=Reach.NOTHING, example="runyard db upgrade --data /srv/runyard")
@_options
def upgrade(**flags: Any) -> None:
    """Apply the migrations that are missing."""
    try:
        connection = connect_for_schema(_settings(flags))
        done = schema.upgrade(connection)
        connection.close()
    except RunyardError as exc:
        raise click.ClickException(exc.message) from None
    click.echo(f"Applied: {', '.join(map(str, done)) or 'nothing, it is up to date'}.")

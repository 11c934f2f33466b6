"""The `runyard` command."""

from __future__ import annotations

import click

from runyard.cli.db import db
from runyard.cli.openapi import openapi
from runyard.cli.up import up
from runyard.version import __version__


@click.group()
@click.version_option(__version__, prog_name="runyard")
def main() -> None:
    """A self-hosted machine-learning workspace that MLflow clients log to."""


main.add_command(up)
main.add_command(db)
main.add_command(openapi)

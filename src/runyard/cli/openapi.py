"""`runyard openapi`: the description of the API."""

from __future__ import annotations

import asyncio
import tempfile

import click
import msgspec

from runyard.cli.framework.command import Command, Reach
from runyard.server.app import build
from runyard.server.openapi import describe
from runyard.server.settings import Settings


@click.command(cls=Command, reach=Reach.NOTHING, example="runyard openapi > openapi.json")
def openapi() -> None:
    """Print the description of every route (OpenAPI 3.1); a server answers it at /openapi.json."""
    click.echo(asyncio.run(_described()))


async def _described() -> str:
    """A server that is built in an empty directory and never serves has every route."""
    with tempfile.TemporaryDirectory() as directory:
        runtime = build(Settings(data=directory))
        async with runtime.lifespan():
            described = describe(runtime.application.routes.routes)
    return msgspec.json.format(msgspec.json.encode(described), indent=2).decode()

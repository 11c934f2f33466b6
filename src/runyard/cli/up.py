"""`runyard up`: start the server."""

from __future__ import annotations

import os
from typing import Any

import click

from runyard.cli.framework.command import Command, Reach
from runyard.server.serve import serve
from runyard.server.settings import load
from runyard.server.workers import CannotStart


@click.command(
    cls=Command,
    reach=Reach.NOTHING,
    example="""
    runyard up
    runyard up --port 8080 --data /srv/runyard --artifacts s3://bucket/prefix
    runyard up --host 0.0.0.0 --auth required --tls-cert cert.pem --tls-key key.pem
    """,
)
@click.option("--host", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 chooses a free one. [default: 5000]")
@click.option("--data", metavar="DIR", help="Directory of the data. [default: runyard-data]")
@click.option("--database", metavar="URL", help="postgresql://... instead of the embedded SQLite.")
@click.option("--artifacts", metavar="URL", help="Where artifacts go: a directory, s3://, az:// or gs://.")
@click.option("--workers", type=click.IntRange(1, 64), help="Server processes; more than 1 needs PostgreSQL.")
@click.option(
    "--liveness-s",
    type=click.IntRange(0, 30 * 86_400),
    help="Seconds of silence after which a run has failed. [default: 120]",
)
@click.option("--auth", metavar="WHEN", help="local: no credential on loopback; required. [default: local]")
@click.option("--tls-cert", metavar="FILE", help="PEM file of the certificate; serves HTTPS.")
@click.option("--tls-key", metavar="FILE", help="PEM file of the certificate's key.")
@click.option("--insecure", is_flag=True, default=None, help="Plain HTTP beyond loopback.")
@click.option("--allowed-hosts", metavar="NAMES", help="Names that clients may use for this server.")
@click.option("--allowed-origins", metavar="ORIGINS", help="Origins whose web pages may write.")
@click.option(
    "--datastore-hosts",
    metavar="HOSTS",
    help="Hosts and networks that datastores and compute targets may reach.",
)
@click.option(
    "--datastore-proxy",
    metavar="URL",
    help="Proxy through which datastores and receivers of alerts are reached.",
)
@click.option("--datastore-roots", metavar="DIRS", help="Directories that local datastores may lie in.")
@click.option(
    "--local-jobs", is_flag=True, default=None, help="Jobs may run on this machine although people log in."
)
@click.option(
    "--snapshot-bytes",
    type=click.IntRange(1),
    metavar="N",
    help="Most bytes of sources that a submitted run takes along. [default: 300 MiB]",
)
@click.option(
    "--snapshot-files", type=click.IntRange(1), metavar="N", help="Most files of them. [default: 2,000]"
)
@click.option("--trusted-proxies", metavar="ADDRESSES", help="Proxies that say who their clients are.")
@click.option("--public-url", metavar="URL", help="How browsers reach this server; needed behind a proxy.")
@click.option("--oidc-issuer", metavar="URL", help="OpenID Connect provider that people log in at.")
@click.option("--oidc-client-id", metavar="ID", help="How the provider knows this server.")
@click.option("--oidc-groups-claim", metavar="NAME", help="Claim with a person's groups. [default: groups]")
@click.option("--oidc-owners", metavar="GROUP", help="Group at the provider whose members own this server.")
def up(**flags: Any) -> None:
    """Start the server and serve until Ctrl-C."""
    try:
        serve(load(flags, os.environ))
    except (CannotStart, ValueError) as exc:
        raise click.ClickException(str(exc)) from None

"""`runyard token`: access tokens for programs."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import click

from runyard.cli.framework.columns import KEEP, Column, Record, when
from runyard.cli.framework.command import Group, Reach
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import DURATION_TYPE, listed

PATH = "/api/v1/tokens"


def _state(token: Record) -> str:
    if token.get("revoked_ms"):
        return "revoked"
    return "expired" if token["expires_ms"] <= time.time() * 1000 else "valid"


LIST = [
    Column("TOKEN", "token_id", rank=KEEP),
    Column("NAME", "name", least=8),
    Column("STATE", _state, rank=2, least=7),
    Column("EXPIRES", "expires_ms", when, rank=3, least=19),
    Column("LAST USED", "used_ms", when, rank=4, least=19),
    Column("WORKSPACE", "workspace", rank=5, least=9),
    Column("ACTIONS", "actions", rank=6, least=8),
]
FOR_OTHERS = [LIST[0], Column("OF", "principal", rank=1, least=8), *LIST[1:]]
CARD = [
    Column("Token", "token"),
    Column("Id", "token_id"),
    Column("Name", "name"),
    Column("Of", "principal"),
    Column("Workspace", "workspace"),
    Column("Actions", "actions"),
    Column("Expires", "expires_ms", when),
]


@click.group(cls=Group)
def token() -> None:
    """Access tokens for programs."""


@token.command(
    reach=Reach.SERVER,
    example="""
    runyard token create nightly --life 90d
    runyard token create ci --only runs/write,artifacts/write --for-workspace vision
    export RUNYARD_TOKEN=$(runyard token create job --life 1d --query token -o tsv)
    """,
)
@click.argument("name")
@click.option("--life", type=DURATION_TYPE, metavar="TIME", help="How long it is valid, such as 90d.")
@click.option(
    "--only",
    "actions",
    multiple=True,
    metavar="ACTIONS",
    help="What it may do of what you may, such as runs/* or */read.",
)
@click.option("--for-workspace", "workspace", metavar="NAME", help="The only workspace that it is good for.")
@click.option("--service-account", metavar="NAME", help="Make it for this service account.")
@click.pass_obj
def create(session: Session, /, name: str, actions: tuple[str, ...], **more: Any) -> None:
    """Create a token. It is shown this one time."""
    body = {
        "name": name,
        "actions": listed(actions) or None,
        "workspace": more["workspace"],
        "life_s": more["life"],
        "service_account": more["service_account"],
    }
    made = session.api.post(PATH, {key: value for key, value in body.items() if value is not None})
    session.record(made, CARD)
    if session.out.format == "table":
        note("Copy the token now: it is kept as a hash and cannot be shown again.")


@token.command(
    "list",
    reach=Reach.SERVER,
    example="""
    runyard token list
    runyard token list --service-account trainer
    runyard token list --made-by ada
    """,
)
@click.option("--service-account", metavar="NAME", help="Those of this service account.")
@click.option("--made-by", metavar="NAME", help="Those of all service accounts that this person made.")
@click.option("--all", "everything", is_flag=True, help="Revoked ones too.")
@click.pass_obj
def list_tokens(session: Session, service_account: str | None, made_by: str | None, everything: bool) -> None:
    """List your tokens."""
    if service_account and made_by:
        raise click.UsageError("Choose one of --service-account and --made-by.")
    found = session.pages_of_server(PATH, service_account=service_account, created_by=made_by)
    kept = [one for one in found if everything or not one.get("revoked_ms")]
    session.rows(kept, FOR_OTHERS if made_by else LIST, none="There are no tokens.")


@token.command(reach=Reach.SERVER, example="runyard token revoke 0b9d2c1e4f6a4b0c8d7e6f5a4b3c2d1e")
@click.argument("token_id", metavar="TOKEN")
@click.pass_obj
def revoke(session: Session, token_id: str) -> None:
    """Make a token worthless, at once. The id is in `list`; it is not the token itself."""
    session.api.delete(f"{PATH}/{quote(token_id, safe='')}")
    note(f"Revoked token {token_id}.")

"""Workspaces as the CLI shows them."""

from __future__ import annotations

from typing import Any

from runyard.cli.framework.columns import KEEP, Column, first_line, when
from runyard.cli.framework.session import Session
from runyard.client.addresses import Address, tracking_uri

PATH = "/api/v1/workspace"

LIST = [
    Column("WORKSPACE", "name", rank=KEEP),
    Column("GROUP", "group", rank=2, least=6),
    Column("SUBSCRIPTION", "subscription", rank=3, least=8),
    Column("CREATED", "created_ms", when, rank=4, least=19),
    Column("DESCRIPTION", "description", first_line, rank=5, least=12),
]
CARD = [
    Column("Workspace", "name"),
    Column("Friendly name", "friendly_name"),
    Column("Description", "description"),
    Column("Resource group", "group"),
    Column("Subscription", "subscription"),
    Column("Location", "location"),
    Column("SKU", "sku"),
    Column("Default datastore", "default_datastore"),
    Column("Created", "created_ms", when),
    Column("Created by", "created_by"),
    Column("Tags", "tags"),
    Column("GUID", "guid"),
    Column("Id", "id"),
    Column("MLflow", "mlflow_tracking_uri"),
]


def get(session: Session) -> dict[str, Any]:
    """The workspace of the call, with the URI that an MLflow client takes (without a credential in it)."""
    found: dict[str, Any] = session.here.get(PATH)
    return with_uri(session, found)


def with_uri(session: Session, found: dict[str, Any]) -> dict[str, Any]:
    """The record with the plain tracking URI of the workspace."""
    return {**found, "mlflow_tracking_uri": tracking_uri(Address(session.server, str(found["name"])), "http")}

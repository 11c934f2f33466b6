"""Users, teams and service accounts as the CLI shows them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from runyard.cli.framework.columns import KEEP, Column, when
from runyard.cli.framework.session import Session

USERS = "/api/v1/users"
TEAMS = "/api/v1/groups"
SERVICE_ACCOUNTS = "/api/v1/service-accounts"

LIST = [
    Column("NAME", "name", rank=KEEP),
    Column("DISPLAY NAME", "display_name", rank=2, least=8),
    Column("E-MAIL", "email", rank=3, least=10),
    Column("DISABLED", lambda one: one.get("disabled") or None, rank=1, least=8),
    Column("CREATED", "created_ms", when, rank=4, least=19),
]
CARD = [
    Column("Name", "name"),
    Column("Display name", "display_name"),
    Column("E-mail", "email"),
    Column("Disabled", lambda one: one.get("disabled") or None),
    Column("Members", lambda one: [member["name"] for member in one.get("members", ())] or None),
    Column("Created", "created_ms", when),
]
TEAM_LIST = [LIST[0], LIST[1], LIST[4]]
ACCOUNT_LIST = [LIST[0], LIST[1], LIST[3], LIST[4]]


def get(session: Session, path: str, name: str) -> dict[str, Any]:
    """One of them by name."""
    found: dict[str, Any] = session.api.get(one(path, name))
    return found


def one(path: str, name: str) -> str:
    """Its path."""
    return f"{path}/{quote(name, safe='')}"

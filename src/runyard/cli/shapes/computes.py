"""Compute targets as the CLI shows them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from runyard.cli.framework.columns import KEEP, Column, Record, when
from runyard.cli.framework.exits import FAILED, Failed
from runyard.cli.framework.session import Session
from runyard.errors import NotFound

PATH = "/api/v1/computes"
SIZES = "/api/v1/compute-sizes"


def _where(one: Record) -> str:
    settings = one.get("settings") or {}
    hosts = [
        f"{host['address']}:{host['port']}" if host.get("port", 22) != 22 else host["address"]
        for host in settings.get("hosts") or ()
    ]
    if one["kind"] == "pool":
        return f"{one.get('size') or 'any size'} on {one.get('base') or 'the server'}"
    return ", ".join(hosts) or str(settings.get("address") or "the server's machine")


def _limits(one: Record) -> dict[str, int]:
    """Those that are set; how its nodes come and go is a matter of pools."""
    hidden = () if one["kind"] == "pool" else ("idle_seconds",)
    return {name: value for name, value in (one.get("limits") or {}).items() if value and name not in hidden}


def _keys(one: Record) -> list[str]:
    hosts = (one.get("settings") or {}).get("hosts") or ()
    return [f"{host['address']} {host['fingerprint']}" for host in hosts if host.get("fingerprint")]


LIST = [
    Column("COMPUTE", "name", rank=KEEP),
    Column("KIND", "kind", rank=1, least=4),
    Column("STATE", "state", rank=KEEP),
    Column("QUEUED", "counts.queued", rank=3, least=6, right=True),
    Column("RUNNING", "counts.running", rank=2, least=7, right=True),
    Column("NODES", lambda one: len(one["nodes"]), rank=4, least=5, right=True),
    Column("WHERE", _where, rank=5, least=12),
    Column("ERROR", lambda one: one["error"] or None, rank=6, least=16),
]
CARD = [
    Column("Compute", "name"),
    Column("Kind", "kind"),
    Column("State", "state"),
    Column("Error", lambda one: one["error"] or None),
    Column("Where", _where),
    Column("Host keys", lambda one: _keys(one) or None),
    Column(
        "Settings",
        lambda one: {key: value for key, value in one["settings"].items() if key != "hosts"} or None,
    ),
    Column("Credentials", lambda one: ", ".join(one["has_credentials"]) or "none"),
    Column("Limits", lambda one: _limits(one) or None),
    Column("Groups", lambda one: one["groups"] or None),
    Column("Jobs", lambda one: f"{one['counts']['running']} running, {one['counts']['queued']} waiting"),
    Column("Nodes", lambda one: len(one["nodes"])),
    Column("Reached as", lambda one: one["server_url"] or None),
    Column("Description", lambda one: one["description"] or None),
    Column("Tags", lambda one: one["tags"] or None),
    Column("Made by", "created_by"),
    Column("Created", "created_ms", when),
    Column("Asked", "checked_ms", when),
]
NODES = [
    Column("NODE", "name", rank=KEEP),
    Column("STATE", "state", rank=KEEP),
    Column("CPUS", "cpus", rank=1, least=4, right=True),
    Column("MEMORY MB", "memory_mb", rank=2, least=9, right=True),
    Column("GPUS", "gpus", rank=1, least=4, right=True),
    Column("RUNNING", "running", rank=1, least=7, right=True),
]
SIZE_LIST = [
    Column("SIZE", "name", rank=KEEP),
    Column("COMPUTE", "compute", rank=1, least=7),
    Column("CPUS", "resources.cpus", rank=2, least=4, right=True),
    Column("MEMORY MB", "resources.memory_mb", rank=2, least=9, right=True),
    Column("GPUS", "resources.gpus", rank=2, least=4, right=True),
    Column("MAX NODES", lambda one: one["max_nodes"] or None, rank=3, least=9, right=True),
    Column("OPTIONS", lambda one: one["options"] or None, rank=4, least=8),
]


def one(name: str) -> str:
    """The path of a compute target."""
    return f"{PATH}/{quote(name, safe='')}"


def asked(session: Session, found: Record) -> None:
    """Show one that was just asked. Raises: Failed, when it can take no jobs."""
    session.record(found, CARD)
    if error := str(found["error"]).strip():
        raise Failed(
            f"{found['name']} is kept, and takes no jobs yet: {error.rstrip('.')}. `runyard compute check {found['name']}` "
            "asks it again.",
            FAILED,
        )


def get(session: Session, name: str) -> dict[str, Any]:
    """A compute target by name. Raises: NotFound."""
    try:
        found: dict[str, Any] = session.here.get(one(name))
    except NotFound as exc:
        if "`runyard " in exc.message:
            raise
        raise NotFound(
            f"There is no compute target {name!r} here; `runyard compute list` shows what there is."
        ) from exc
    return found

"""Experiments as the CLI shows them, and how a person names one."""

from __future__ import annotations

from typing import Any

from runyard.cli.framework.columns import KEEP, Column, Record, when
from runyard.cli.framework.session import Session
from runyard.errors import NotFound

MLFLOW = "/api/2.0/mlflow"
PATH = f"{MLFLOW}/experiments"
VIEWS = {"active": "ACTIVE_ONLY", "deleted": "DELETED_ONLY", "all": "ALL"}

COLUMNS = [
    Column("ID", "experiment_id", rank=KEEP),
    Column("NAME", "name", least=12),
    Column("STAGE", "stage", rank=6),
    Column("CREATED", "created_ms", when, rank=3, least=19),
    Column("LAST CHANGE", "updated_ms", when, rank=5, least=19),
    Column("TAGS", "tags", rank=4, least=10),
]
CARD = [
    Column("Experiment", "experiment_id"),
    Column("Name", "name"),
    Column("Stage", "stage"),
    Column("Artifacts", "artifact_location"),
    Column("Created", "created_ms", when),
    Column("Last change", "updated_ms", when),
    Column("Tags", "tags"),
]


def record_of(message: Record) -> dict[str, Any]:
    """MLflow's message with the names of our own API."""
    return {
        "experiment_id": message["experiment_id"],
        "name": message["name"],
        "stage": message["lifecycle_stage"],
        "artifact_location": message.get("artifact_location"),
        "created_ms": message.get("creation_time"),
        "updated_ms": message.get("last_update_time"),
        "tags": {tag["key"]: tag.get("value", "") for tag in message.get("tags", ())},
    }


def search(session: Session, view: str = "active", text: str = "", limit: int = 0) -> list[dict[str, Any]]:
    """Experiments, the newest first."""
    found = session.pages(
        f"{PATH}/search",
        "experiments",
        limit=limit,
        view_type=VIEWS[view],
        filter=text or None,
        order_by="creation_time DESC",
    )
    return [record_of(message) for message in found]


def find(session: Session, name_or_id: str) -> dict[str, Any]:
    """The experiment of a name, or of an id where no name is so. Raises: NotFound."""
    try:
        found = session.here.get(f"{PATH}/get-by-name", experiment_name=name_or_id)
    except NotFound:
        if not name_or_id.isdecimal():
            raise NotFound(
                f"There is no experiment {name_or_id!r} here; `{session.program} experiment list` shows what there is."
            ) from None
        found = session.here.get(f"{PATH}/get", experiment_id=name_or_id)
    return record_of(found["experiment"])

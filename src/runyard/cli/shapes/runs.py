"""Runs as the CLI shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from runyard.cli.framework.columns import KEEP, Column, Record, Value, duration, number, when
from runyard.cli.framework.session import Session
from runyard.errors import NotFound

MLFLOW = "/api/2.0/mlflow"
PATH = f"{MLFLOW}/runs"
LARGEST = 1.7976931348623157e308  # what stands for infinity on MLflow's wire
PARENT = "mlflow.parentRunId"
TARGET = "runyard.target"
STATUSES = {
    "notstarted": "SCHEDULED",
    "preparing": "SCHEDULED",
    "queued": "SCHEDULED",
    "scheduled": "SCHEDULED",
    "running": "RUNNING",
    "completed": "FINISHED",
    "finished": "FINISHED",
    "failed": "FAILED",
    "canceled": "KILLED",
    "killed": "KILLED",
}

LIST = [
    Column("RUN", "run_id", rank=KEEP),
    Column("NAME", "name", rank=3, least=8),
    Column("STATUS", "status", rank=KEEP),
    Column("EXPERIMENT", "experiment", rank=4, least=8),
    Column("STARTED", "start_ms", when, rank=5, least=19),
    Column("TOOK", "duration_ms", duration, rank=6, least=6, right=True),
    Column("USER", "user", rank=8, least=6),
]
CARD = [
    Column("Run", "run_id"),
    Column("Name", "name"),
    Column("Status", "status"),
    Column("Stage", lambda run: run["stage"] if run["stage"] != "active" else None),
    Column("Experiment", lambda run: f"{run['experiment']} ({run['experiment_id']})"),
    Column("Parent", "parent_run_id"),
    Column("User", "user"),
    Column("Started", "start_ms", when),
    Column("Ended", "end_ms", when),
    Column("Took", "duration_ms", duration),
    Column("Artifacts", "artifact_uri"),
    Column("Params", "params"),
    Column("Metrics", "metrics"),
    Column(
        "Tags", lambda run: {key: text for key, text in run["tags"].items() if not key.startswith("mlflow.")}
    ),
]


def record_of(message: Record, experiments: dict[str, str] | None = None) -> dict[str, Any]:
    """MLflow's message, flat and with units in the names."""
    info, data = message["info"], message.get("data", {})
    tags = {tag["key"]: tag.get("value", "") for tag in data.get("tags", ())}
    start, end = info.get("start_time"), info.get("end_time")
    return {
        "run_id": info["run_id"],
        "name": info.get("run_name", ""),
        "status": info["status"],
        "stage": info["lifecycle_stage"],
        "experiment_id": info["experiment_id"],
        "experiment": (experiments or {}).get(info["experiment_id"], ""),
        "parent_run_id": tags.get(PARENT),
        "user": info.get("user_id", ""),
        "start_ms": start,
        "end_ms": end,
        "duration_ms": end - start if start and end else None,
        "artifact_uri": info.get("artifact_uri"),
        "metrics": {metric["key"]: value_of(metric["value"]) for metric in data.get("metrics", ())},
        "params": {param["key"]: param.get("value", "") for param in data.get("params", ())},
        "tags": tags,
    }


def value_of(wire: Value) -> Value:
    """A metric's value; what JSON does not have is spelled in its own way on MLflow's wire."""
    if isinstance(wire, str):
        return float(wire)
    return math.copysign(math.inf, wire) if abs(wire) == LARGEST else wire


def get(session: Session, run_id: str) -> dict[str, Any]:
    """One run with the name of its experiment."""
    run = record_of(message(session, run_id))
    found = session.here.get(f"{MLFLOW}/experiments/get", experiment_id=run["experiment_id"])
    run["experiment"] = found["experiment"]["name"]
    return run


def message(session: Session, run_id: str) -> Record:
    """One run as MLflow's API tells it."""
    try:
        found: Record = session.here.get(f"{PATH}/get", run_id=run_id)["run"]
    except NotFound as exc:
        if "`runyard " in exc.message:  # the workspace is not there, and the message says what to do
            raise
        raise NotFound(
            f"There is no run {run_id!r} here; `{session.program} run list` shows what there is."
        ) from exc
    return found


def search(
    session: Session, experiments: dict[str, str], text: str, order: Sequence[str], view: str, limit: int
) -> list[dict[str, Any]]:
    """Runs of experiments (id → name), page after page."""
    found: list[dict[str, Any]] = []
    token: str | None = None
    while experiments:
        body = {
            "experiment_ids": list(experiments),
            "filter": text,
            "run_view_type": view,
            "order_by": list(order),
            "max_results": min(limit - len(found), 1000) if limit else 1000,
            "page_token": token,
        }
        answer = session.here.post(f"{PATH}/search", {key: value for key, value in body.items() if value})
        found += [record_of(one, experiments) for one in answer.get("runs", ())]
        token = answer.get("next_page_token")
        if not token or (limit and len(found) >= limit):
            break
    return found


def metric_column(name: str) -> Column:
    """A column of `run list` for one metric."""
    return Column(name, lambda run: run["metrics"].get(name), number, rank=1, least=12, right=True)


def param_column(name: str) -> Column:
    """A column of `run list` for one param."""
    return Column(name, lambda run: run["params"].get(name), rank=1, least=8)

"""Jobs as the CLI shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from runyard.cli.framework.columns import KEEP, Column, Record, duration, when
from runyard.cli.framework.session import Session
from runyard.client.submission import PATH, shown
from runyard.errors import NotFound

ENDED = ("Completed", "Failed", "Canceled")
STATES = (
    *("NotStarted", "Starting", "Queued", "Preparing", "Running", "Finalizing"),
    *("CancelRequested", "NotResponding", *ENDED),
)


def _took(job: Record) -> Any:
    started, ended = job.get("started_ms"), job.get("ended_ms")
    return ended - started if started and ended else None


def _why(job: Record) -> str:
    """What a person wants to know beside the state."""
    error = job.get("error") or {}
    if error:
        return f"{error.get('code', '')}: {error.get('message', '')}"
    return str(job.get("waits") or "") if job.get("state") not in ENDED else ""


def told(job: Record | None) -> str | None:
    """The state, and what a person wants to know beside it; None where there is no job."""
    if job is None:
        return None
    why = _why(job)
    return f"{job['state']}: {why}" if why else str(job["state"])


LIST = [
    Column("RUN", "run_id", rank=KEEP),
    Column("NAME", "run_name", rank=7, least=8),
    Column("STATE", "state", rank=KEEP),
    Column("TARGET", "target", rank=1, least=6),
    Column("WHAT", lambda job: shown(job["definition"]), rank=6, least=8),
    Column("PRIORITY", lambda job: job["priority"] or None, rank=8, right=True),
    Column("SUBMITTED", "created_ms", when, rank=4, least=19),
    Column("TOOK", _took, duration, rank=5, least=6, right=True),
    Column("BY", "submitted_by", rank=9, least=6),
    Column("WHY", lambda job: " ".join(_why(job).split()), rank=3, least=16),
]
CARD = [
    Column("Run", "run_id"),
    Column("Name", "run_name"),
    Column("State", "state"),
    Column("Why", _why),
    Column("Target", "target"),
    Column("Host", lambda job: job.get("host") or None),
    Column("What", lambda job: shown(job["definition"]) or None),
    Column("Environment", lambda job: _environment(job["definition"].get("environment") or {})),
    Column("Nodes", lambda job: job["definition"].get("node_count", 1)),
    Column("Processes per node", lambda job: job["definition"].get("process_count", 1)),
    Column("Resources", lambda job: job["definition"].get("resources") or None),
    Column("Priority", "priority"),
    Column("Place in the queue", "queue_position"),
    Column("Submitted", "created_ms", when),
    Column("Submitted by", "submitted_by"),
    Column("Started", "started_ms", when),
    Column("Ended", "ended_ms", when),
    Column("Took", _took, duration),
    Column("Snapshot", lambda job: job.get("snapshot_id") or None),
]


def one(run_id: str) -> str:
    """The path of a run's job."""
    return f"{PATH}/{quote(run_id, safe='')}"


def get(session: Session, run_id: str) -> dict[str, Any]:
    """The job of a run. Raises: NotFound."""
    found: dict[str, Any] = session.here.get(one(run_id))
    return found


def find(session: Session, run_id: str) -> dict[str, Any] | None:
    """The job of a run; None for one that was not submitted."""
    try:
        return get(session, run_id)
    except NotFound:
        return None


def _environment(definition: Record) -> str:
    name, version = definition.get("name"), definition.get("version")
    if name:
        return f"{name}:{version}" if version else str(name)
    python = definition.get("python") or {}
    if python.get("userManagedDependencies") or not definition:
        return f"as it is ({python.get('interpreterPath') or 'python'})"
    return ", ".join(_packages(python)) or "nothing installed"


def _packages(python: Record) -> Iterator[str]:
    for package in (python.get("condaDependencies") or {}).get("dependencies") or ():
        if isinstance(package, str):
            yield package
        else:
            yield from package.get("pip") or ()

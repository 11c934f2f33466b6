"""What came of a sweep that was submitted: told at once, or watched until its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runyard.cli import submitting
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.shapes import sweeps
from runyard.client.local_sweeps import LocalSweep, is_local
from runyard.client.submission import SWEEPS, Submitted


def tell(session: Session, made: Submitted, *, wait: bool, follow: bool) -> None:
    """What was submitted; with `wait` or `follow`, and where this machine runs it, what came of it.

    Raises: Failed, for a sweep that did not complete.
    """
    if not (wait or follow or is_local(made.job)):
        session.record(submitting.record(session, made), submitting.SUBMITTED)
        return
    note(f"Sweep {made.run_id}: {submitting.page_of(session, made.job)}")
    watch(session, made.job, follow=follow)


def watch(session: Session, job: Mapping[str, Any], *, follow: bool) -> None:
    """Wait for its end and show its trials; those of this machine are started meanwhile. Raises: as `tell`."""
    run_id = str(job["run_id"])
    own = LocalSweep(session.here, run_id) if is_local(job) else None
    ended = submitting.finished(session, run_id, follow=follow, sweep=own)
    show(session, run_id)
    submitting.leave_as(ended)


def show(session: Session, run_id: str) -> None:
    """Its trials, the best first, and what people should know of it."""
    found = session.here.get(f"{SWEEPS}/{quote(run_id, safe='')}")
    session.rows(sweeps.ordered(found), sweeps.columns(found), none="No trials yet.")
    if found.get("note"):
        note(found["note"])

"""Statements about assessments of one trace."""

from __future__ import annotations

from typing import Any

import msgspec

from runyard.entities.trace import Assessment
from runyard.errors import NotFound
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.traces_rows import ADD_ASSESSMENT, assessment_of, assessment_row

ONE = "SELECT content FROM assessments WHERE uuid = ? AND trace_id = ?"
DELETE = "DELETE FROM assessments WHERE uuid = ? AND trace_id = ?"


def add(tx: Transaction, owner: int, assessment: Assessment, other_id: str) -> Assessment:
    """Keep it; the one it overrides becomes invalid.

    Args:
        other_id: where another assessment has its id already. The same one, sent again, is kept once.
    Raises: NotFound when the overridden one is unknown.
    """
    row = tx.one(ONE, (assessment.id, owner))
    if row is not None:
        known = assessment_of(row[0])
        if _told_again(known, assessment):
            return known
        assessment = msgspec.structs.replace(assessment, id=other_id)
    if assessment.overrides:
        _set_valid(tx, owner, load(tx, owner, assessment.trace_id, assessment.overrides), valid=False)
    tx.execute(ADD_ASSESSMENT, assessment_row(owner, assessment))
    return assessment


def _told_again(known: Assessment, told: Assessment) -> bool:
    """Whether it is the same, whatever became of it since."""
    return (known.name, known.created_ms, known.source, known.span_id) == (
        told.name,
        told.created_ms,
        told.source,
        told.span_id,
    )


def load(c: Connection, owner: int, trace_id: str, assessment_id: str) -> Assessment:
    """Raises: NotFound."""
    row = c.one(ONE, (assessment_id, owner))
    if row is None:
        raise NotFound(f"Assessment with ID '{assessment_id}' not found for trace '{trace_id}'")
    return assessment_of(row[0])


def update(
    tx: Transaction, owner: int, trace_id: str, assessment_id: str, changes: dict[str, Any]
) -> Assessment:
    """Replace fields by name.

    Raises: NotFound.
    """
    kept = load(tx, owner, trace_id, assessment_id)
    metadata = {**(kept.metadata or {}), **(changes.get("metadata") or {})} or None
    changed = msgspec.structs.replace(kept, **{**changes, "metadata": metadata, "updated_ms": now_ms()})
    tx.execute(ADD_ASSESSMENT, assessment_row(owner, changed))
    return changed


def delete(tx: Transaction, owner: int, trace_id: str, assessment_id: str) -> None:
    """Remove it if it is there; the one it overrode is valid again."""
    row = tx.one(ONE, (assessment_id, owner))
    if row is None:
        return
    tx.execute(DELETE, (assessment_id, owner))
    overridden = assessment_of(row[0]).overrides
    below = tx.one(ONE, (overridden, owner)) if overridden else None
    if below is not None:
        _set_valid(tx, owner, assessment_of(below[0]), valid=True)


def _set_valid(tx: Transaction, owner: int, assessment: Assessment, *, valid: bool) -> None:
    tx.execute(ADD_ASSESSMENT, assessment_row(owner, msgspec.structs.replace(assessment, valid=valid)))

"""Removal of single records that were in the trash, in pieces that nobody has to wait for."""

from __future__ import annotations

from typing import NamedTuple

from runyard.entities.trash import TrashKind
from runyard.entities.workspace import DEFAULT_WORKSPACE_ID
from runyard.store.sql import experiments
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.identity import WORKSPACES, workspace_of
from runyard.store.sql.jobs_changes import is_awaited
from runyard.store.sql.purge import MODEL_PARTS, OF_EXPERIMENT, ROWS, RUN_PARTS, clear
from runyard.store.sql.trash import TABLES, is_deleted, tell

NEXT = """SELECT p.id, p.workspace_id, p.kind, p.record_id, p.files, w.guid FROM purges p
    JOIN workspaces w ON w.id = p.workspace_id WHERE p.due_ms <= ? ORDER BY p.due_ms, p.id LIMIT 1"""
UNASSIGN = "DELETE FROM role_assignments WHERE scope = ?"
DONE = "DELETE FROM purges WHERE id = ?"
LATER = "UPDATE purges SET due_ms = ? WHERE id = ?"
PARTS = {TrashKind.EXPERIMENT: OF_EXPERIMENT, TrashKind.RUN: RUN_PARTS, TrashKind.MODEL: MODEL_PARTS}
AWAITED = {TrashKind.EXPERIMENT: "experiment_id", TrashKind.RUN: "run_id"}
OF_GONE_EXPERIMENT = (
    "DELETE FROM alert_deliveries WHERE alert_id IN (SELECT id FROM alerts WHERE workspace_id = ? AND experiment_id = ?)",
    "DELETE FROM alerts WHERE workspace_id = ? AND experiment_id = ?",
    "DELETE FROM liveness WHERE workspace_id = ? AND experiment_id = ?",
)


class Purge(NamedTuple):
    """A record that is to go. `guid` is that of the workspace whose files it is among, empty for the default one."""

    id: int
    workspace_id: int
    kind: TrashKind
    record_id: int
    files: str
    guid: str


def find_purge(c: Connection) -> Purge | None:
    """The one whose time came first. Cost: one look into an index that is empty most of the time."""
    row = c.one(NEXT, (now_ms(),))
    if row is None:
        return None
    return Purge(
        row[0], row[1], TrashKind(row[2]), row[3], row[4], "" if row[1] == DEFAULT_WORKSPACE_ID else row[5]
    )


def still_wanted(tx: Transaction, purge: Purge) -> bool:
    """Whether the record is still deleted; one that came back with its experiment meanwhile stays."""
    if is_deleted(tx, purge.kind, purge.record_id):
        return True
    tx.execute(DONE, (purge.id,))
    return False


def waits_for_jobs(c: Connection, purge: Purge) -> bool:
    """Whether an engine has yet to stop what runs for it."""
    column = AWAITED.get(purge.kind)
    return column is not None and is_awaited(c, column, purge.record_id)


def purge_piece(tx: Transaction, purge: Purge) -> bool:
    """Remove some of its rows; returns whether there may be more. Again and again until there are none."""
    tx.settle()
    tx.interned.forget_runs()
    left = ROWS
    for table in PARTS[purge.kind]:
        left -= clear(tx, table, [purge.record_id], left)
        if left <= 0:
            return True
    if purge.kind is TrashKind.EXPERIMENT:
        for sql in OF_GONE_EXPERIMENT:
            tx.execute(sql, (purge.workspace_id, purge.record_id))
        _unassign(tx, purge)
    tell(tx, purge.workspace_id, purge.kind, purge.record_id)
    if purge.kind is TrashKind.EXPERIMENT:
        experiments.remove(tx, purge.record_id)
    else:
        tx.execute(f"DELETE FROM {TABLES[purge.kind]} WHERE id = ?", (purge.record_id,))
    tx.execute(DONE, (purge.id,))
    return False


def _unassign(tx: Transaction, purge: Purge) -> None:
    """Roles in an experiment end with it: an import may bring another one under its number."""
    row = tx.one(f"{WORKSPACES} WHERE w.id = ?", (purge.workspace_id,))
    if row is not None:
        tx.execute(UNASSIGN, (f"{workspace_of(row).scope}/experiments/{purge.record_id}",))


def put_off(tx: Transaction, purge: Purge, wait_ms: int) -> None:
    """Try again later, after the others."""
    tx.execute(LATER, (now_ms() + wait_ms, purge.id))

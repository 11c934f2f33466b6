"""Statements about sizes, which are told apart without regard to the case of their letters."""

from __future__ import annotations

import msgspec

from runyard.entities.compute import Size
from runyard.entities.job import Resources
from runyard.errors import InvalidInput
from runyard.store.sql.database import Connection, Row, Transaction

COLUMNS = "name, compute, resources, max_nodes, options, folded"
ONE = f"SELECT {COLUMNS} FROM compute_sizes WHERE workspace_id = ? AND folded = ?"
PAGE = f"SELECT {COLUMNS} FROM compute_sizes WHERE workspace_id = ? AND folded > ? ORDER BY folded LIMIT ?"
COUNT = "SELECT count(*) FROM compute_sizes WHERE workspace_id = ? AND folded <> ?"
PUT = """INSERT INTO compute_sizes (workspace_id, folded, name, compute, resources, max_nodes, options)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace_id, folded) DO UPDATE SET name = excluded.name,
    compute = excluded.compute, resources = excluded.resources, max_nodes = excluded.max_nodes, options = excluded.options"""
DELETE = "DELETE FROM compute_sizes WHERE workspace_id = ? AND folded = ?"
FOLDED = 5


def put(tx: Transaction, workspace_id: int, one: Size, limit: int) -> None:
    """Declare or replace. Raises: InvalidInput, when there are `limit` others."""
    count = tx.one(COUNT, (workspace_id, one.name.lower()))
    if count is not None and count[0] >= limit:
        raise InvalidInput(
            f"This workspace has {limit} sizes, which is as many as one may have. Delete some."
        )
    resources = msgspec.json.encode(one.resources).decode()
    options = msgspec.json.encode(one.options).decode()
    what = (one.name, one.compute, resources, one.max_nodes, options)
    tx.execute(PUT, (workspace_id, one.name.lower(), *what))


def find(c: Connection, workspace_id: int, name: str) -> Size | None:
    """One by its name."""
    row = c.one(ONE, (workspace_id, name.lower()))
    return None if row is None else size(row)


def after(c: Connection, workspace_id: int, folded: str, limit: int) -> list[Row]:
    """Rows of those whose name comes after another."""
    return c.all(PAGE, (workspace_id, folded, limit))


def delete(tx: Transaction, workspace_id: int, name: str) -> bool:
    """Forget one; tells whether it was there."""
    return tx.execute(DELETE, (workspace_id, name.lower())) > 0


def size(row: Row) -> Size:
    """The size in a row."""
    try:
        resources = msgspec.json.decode(row[2], type=Resources)
        options = msgspec.json.decode(row[4], type=dict[str, str])
    except msgspec.MsgspecError:
        resources, options = Resources(), {}
    return Size(row[0], row[1], resources, row[3], options)

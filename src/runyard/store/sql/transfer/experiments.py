"""Experiments, whole."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.common import Stage
from runyard.entities.transfer import ExperimentRecord, Placed
from runyard.store.sql.database import Connection, Row, Transaction
from runyard.store.sql.experiments import COUNTED, numbered
from runyard.store.sql.search.fragments import among
from runyard.store.sql.trash import require_free_place

BY_NAME = "SELECT id FROM experiments WHERE workspace_id = ? AND name = ?"
TAKEN = "SELECT 1 FROM experiments WHERE id = ?"
COLUMNS = "workspace_id, name, artifact_location, stage, created_ms, updated_ms"
INSERT = f"INSERT INTO experiments ({COLUMNS}) VALUES (?, ?, '', ?, ?, ?) RETURNING id"
INSERT_WITH_ID = f"INSERT INTO experiments (id, {COLUMNS}) VALUES (?, ?, ?, '', ?, ?, ?) RETURNING id"
COUNT_ON = """SELECT setval(pg_get_serial_sequence('experiments', 'id'), ?)
    WHERE ? > (SELECT last_value FROM pg_sequences WHERE schemaname = current_schema()
        AND sequencename = (SELECT relname FROM pg_class
            WHERE oid = pg_get_serial_sequence('experiments', 'id')::regclass) AND last_value IS NOT NULL
        UNION ALL SELECT 0 ORDER BY 1 DESC LIMIT 1)"""
SET_LOCATION = "UPDATE experiments SET artifact_location = ?, own_path = ? WHERE id = ?"
ADD_TAG = """INSERT INTO experiment_tags (experiment_id, key, value) VALUES (?, ?, ?)
    ON CONFLICT (experiment_id, key) DO NOTHING"""
PAGE = """SELECT id, name, artifact_location, stage, created_ms, updated_ms FROM experiments
    WHERE workspace_id = ? AND id > ? ORDER BY id LIMIT ?"""
TAGS = "SELECT experiment_id, key, value FROM experiment_tags WHERE | ORDER BY experiment_id, key"
GREATEST_KEPT = 2**62  # so that the next number after it is one, too


def put(
    tx: Transaction, workspace_id: int, record: ExperimentRecord, artifact_root: str, own_path: str | None
) -> Placed:
    """One experiment, under its own number if that is free."""
    row = tx.one(BY_NAME, (workspace_id, record.name))
    created = row is None
    number = int(row[0]) if row else _insert(tx, workspace_id, record, artifact_root, own_path)
    tx.many(ADD_TAG, [(number, key, value) for key, value in record.tags.items()])
    return Placed(record.id, "created" if created else "present", str(number))


def _insert(
    tx: Transaction, workspace_id: int, record: ExperimentRecord, artifact_root: str, own_path: str | None
) -> int:
    if own_path is not None:
        require_free_place(tx, workspace_id, own_path)
    stage = Stage[record.stage.upper()]
    columns = (workspace_id, record.name, int(stage), record.created_ms, record.updated_ms)
    wanted = _number(record.id)
    if wanted is not None and tx.one(TAKEN, (wanted,)) is None:
        if tx.dialect == "postgresql" and wanted < COUNTED:
            tx.one(COUNT_ON, (wanted, wanted))
        row = tx.one(INSERT_WITH_ID, (wanted, *columns))
    else:
        row = tx.one(numbered(INSERT, tx.dialect), columns)
    assert row is not None
    location = record.artifact_location or f"{artifact_root}/{row[0]}"
    tx.execute(SET_LOCATION, (location, own_path, row[0]))
    tx.changes.of_experiment(workspace_id, int(row[0]))
    return int(row[0])


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    number = int(text)
    return number if 0 < number <= GREATEST_KEPT and str(number) == text else None


def page(c: Connection, workspace_id: int, after: int, limit: int) -> list[ExperimentRecord]:
    """Experiments by number."""
    rows = c.all(PAGE, (workspace_id, after, limit))
    tags: dict[int, dict[str, str]] = {}
    where = among("experiment_id", [row[0] for row in rows], c.dialect)
    for number, key, value in c.all(TAGS.replace("|", where.text), where.params):
        tags.setdefault(number, {})[key] = value
    return [_of_row(row, tags.get(row[0], {})) for row in rows]


def _of_row(row: Row, tags: dict[str, str]) -> ExperimentRecord:
    number, name, location, stage, created_ms, updated_ms = row
    return ExperimentRecord(
        id=str(number),
        name=name,
        artifact_location=location,
        stage="deleted" if stage else "active",
        created_ms=created_ms,
        updated_ms=updated_ms,
        tags=tags,
    )


def locations(tx: Connection, workspace_id: int, numbers: Sequence[int]) -> dict[int, str]:
    """Where experiments of the workspace keep their files; those of others are left out."""
    where = among("id", sorted(set(numbers)), tx.dialect)
    rows = tx.all(
        f"SELECT id, artifact_location FROM experiments WHERE workspace_id = ? AND {where.text}",
        (workspace_id, *where.params),
    )
    return {row[0]: row[1] for row in rows}

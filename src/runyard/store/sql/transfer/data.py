"""Registered datasets and datastores, whole; credentials never leave."""

from __future__ import annotations

import msgspec

from runyard.entities.transfer import DatasetRecord, DatasetVersionRecord, DatastoreRecord, Placed
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.search.fragments import among
from runyard.store.sql.transfer.homes import elsewhere

FIND_DATASET = "SELECT id FROM registered_datasets WHERE workspace_id = ? AND name = ?"
INSERT_DATASET = """INSERT INTO registered_datasets (workspace_id, name, description, archived_ms, last_version,
    created_ms) VALUES (?, ?, ?, ?, ?, ?) RETURNING id"""
COUNT_ON = "UPDATE registered_datasets SET last_version = ? WHERE id = ? AND last_version < ?"
OWNER = """SELECT d.name FROM dataset_versions v JOIN registered_datasets d ON d.id = v.dataset_id
    WHERE v.uuid = ? AND d.workspace_id = ?"""
ADD_VERSION = """INSERT INTO dataset_versions (dataset_id, version, uuid, kind, definition, tags, created_by,
    created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
DATASETS = """SELECT id, name, description, archived_ms, last_version, created_ms FROM registered_datasets
    WHERE workspace_id = ? AND id > ? ORDER BY id LIMIT ?"""
VERSIONS = """SELECT dataset_id, version, uuid, kind, definition, tags, created_by, created_ms FROM dataset_versions
    WHERE | ORDER BY dataset_id, version"""
ADD_DATASTORE = """INSERT INTO datastores (workspace_id, name, kind, config, created_by, created_ms, updated_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace_id, name) DO NOTHING"""
DATASTORES = """SELECT id, name, kind, config, created_by, created_ms, updated_ms FROM datastores
    WHERE workspace_id = ? AND id > ? ORDER BY id LIMIT ?"""


def put_dataset(tx: Transaction, workspace_id: int, record: DatasetRecord) -> Placed:
    """One dataset; versions that it lacks are added."""
    for version in record.versions:
        owner = tx.one(OWNER, (version.uuid, workspace_id))
        if owner is not None and owner[0] != record.name:
            return elsewhere("dataset version", version.uuid, f"dataset {owner[0]!r}")
    row = tx.one(FIND_DATASET, (workspace_id, record.name))
    created = row is None
    if row is None:
        columns = (record.description, record.archived_ms, record.last_version, record.created_ms)
        row = tx.one(INSERT_DATASET, (workspace_id, record.name, *columns))
        assert row is not None
    greatest = max([record.last_version, *(one.version for one in record.versions)])
    tx.execute(COUNT_ON, (greatest, row[0], greatest))
    tx.many(ADD_VERSION, [_version_columns(int(row[0]), one) for one in record.versions])
    return Placed(record.name, "created" if created else "present")


def _version_columns(dataset_id: int, one: DatasetVersionRecord) -> tuple[object, ...]:
    tags = msgspec.json.encode(one.tags, order="sorted").decode()
    return (
        dataset_id,
        one.version,
        one.uuid,
        one.kind,
        one.definition,
        tags,
        one.created_by,
        one.created_ms,
    )


def datasets(c: Connection, workspace_id: int, after: int, limit: int) -> tuple[list[DatasetRecord], int]:
    """Datasets in the order in which they came, and where the next page begins."""
    rows = c.all(DATASETS, (workspace_id, after, limit))
    ids = [row[0] for row in rows]
    where = among("dataset_id", ids, c.dialect)
    versions: dict[int, list[DatasetVersionRecord]] = {}
    for owner, version, uuid, kind, definition, tags, *made in c.all(
        VERSIONS.replace("|", where.text), where.params
    ):
        texts = msgspec.json.decode(tags, type=dict[str, str])
        one = DatasetVersionRecord(version, uuid, kind, definition, texts, *made)
        versions.setdefault(owner, []).append(one)
    found = [
        msgspec.structs.replace(DatasetRecord(*row[1:]), versions=versions.get(row[0], [])) for row in rows
    ]
    return found, ids[-1] if ids else after


def put_datastore(tx: Transaction, workspace_id: int, record: DatastoreRecord) -> Placed:
    """One datastore; one that is there stays as it is, its credentials included."""
    columns = (record.kind, record.config, record.created_by, record.created_ms, record.updated_ms)
    made = tx.execute(ADD_DATASTORE, (workspace_id, record.name, *columns))
    return Placed(record.name, "created" if made else "present")


def datastores(c: Connection, workspace_id: int, after: int, limit: int) -> tuple[list[DatastoreRecord], int]:
    """Datastores in the order in which they came, and where the next page begins."""
    rows = c.all(DATASTORES, (workspace_id, after, limit))
    return [DatastoreRecord(*row[1:]) for row in rows], rows[-1][0] if rows else after

"""Registered models with all their versions."""

from __future__ import annotations

import msgspec

from runyard.entities.transfer import Placed, RegisteredModelRecord, VersionRecord
from runyard.store.sql.database import Connection, Row, Transaction
from runyard.store.sql.search.fragments import among

FIND = "SELECT id FROM registered_models WHERE workspace_id = ? AND name = ?"
INSERT = """INSERT INTO registered_models (workspace_id, name, description, created_ms, updated_ms, last_version)
    VALUES (?, ?, ?, ?, ?, ?) RETURNING id"""
COUNT_ON = "UPDATE registered_models SET last_version = ? WHERE id = ? AND last_version < ?"
ADD_TAG = """INSERT INTO registered_model_tags (model_id, key, value) VALUES (?, ?, ?)
    ON CONFLICT (model_id, key) DO NOTHING"""
ADD_ALIAS = """INSERT INTO registered_model_aliases (model_id, alias, version) VALUES (?, ?, ?)
    ON CONFLICT (model_id, alias) DO NOTHING"""
ADD_VERSION = """INSERT INTO model_versions (model_id, version, workspace_id, stage, description, source,
    storage_location, run_uuid, run_link, logged_model_uuid, user_id, status, status_message, created_ms, updated_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (model_id, version) DO NOTHING"""
ADD_VERSION_TAG = """INSERT INTO model_version_tags (model_id, version, key, value) VALUES (?, ?, ?, ?)
    ON CONFLICT (model_id, version, key) DO NOTHING"""
PAGE = """SELECT id, name, description, created_ms, updated_ms, last_version FROM registered_models
    WHERE workspace_id = ? AND id > ? ORDER BY id LIMIT ?"""
VERSIONS = """SELECT model_id, version, source, storage_location, stage, description, run_uuid, run_link,
    logged_model_uuid, user_id, status, status_message, created_ms, updated_ms FROM model_versions
    WHERE | ORDER BY model_id, version"""
TAGS = "SELECT model_id, key, value FROM registered_model_tags WHERE | ORDER BY model_id, key"
ALIASES = "SELECT model_id, alias, version FROM registered_model_aliases WHERE | ORDER BY model_id, alias"
VERSION_TAGS = (
    "SELECT model_id, version, key, value FROM model_version_tags WHERE | ORDER BY model_id, version, key"
)


def put(tx: Transaction, workspace_id: int, record: RegisteredModelRecord) -> Placed:
    """One model; versions, aliases and tags that it lacks are added."""
    row = tx.one(FIND, (workspace_id, record.name))
    created = row is None
    if row is None:
        described = (record.description, record.created_ms, record.updated_ms, record.last_version)
        row = tx.one(INSERT, (workspace_id, record.name, *described))
        assert row is not None
    model_id = int(row[0])
    greatest = max([record.last_version, *(one.version for one in record.versions)])
    tx.execute(COUNT_ON, (greatest, model_id, greatest))
    tx.many(ADD_TAG, [(model_id, key, value) for key, value in record.tags.items()])
    tx.many(ADD_VERSION, [_columns(model_id, workspace_id, one) for one in record.versions])
    facts = [(model_id, one.version, *fact) for one in record.versions for fact in one.tags.items()]
    tx.many(ADD_VERSION_TAG, facts)
    tx.many(ADD_ALIAS, [(model_id, alias, version) for alias, version in record.aliases.items()])
    return Placed(record.name, "created" if created else "present")


def _columns(model_id: int, workspace_id: int, one: VersionRecord) -> tuple[object, ...]:
    place = (one.source, one.storage_location or one.source, one.run_id, one.run_link, one.model_id)
    state = (one.user_id, one.status, one.status_message, one.created_ms, one.updated_ms)
    return (model_id, one.version, workspace_id, one.stage, one.description, *place, *state)


def page(c: Connection, workspace_id: int, after: int, limit: int) -> tuple[list[RegisteredModelRecord], int]:
    """Models in the order in which they came, and where the next page begins."""
    rows = c.all(PAGE, (workspace_id, after, limit))
    ids = [row[0] for row in rows]
    tags: dict[int, dict[str, str]] = {}
    for model_id, key, value in _of(c, TAGS, ids):
        tags.setdefault(model_id, {})[key] = value
    aliases: dict[int, dict[str, int]] = {}
    for model_id, alias, version in _of(c, ALIASES, ids):
        aliases.setdefault(model_id, {})[alias] = version
    versions = _versions(c, ids)
    found = [
        RegisteredModelRecord(
            name,
            description,
            created,
            updated,
            last,
            tags.get(id, {}),
            aliases.get(id, {}),
            versions.get(id, []),
        )
        for id, name, description, created, updated, last in rows
    ]
    return found, ids[-1] if ids else after


def _versions(c: Connection, ids: list[int]) -> dict[int, list[VersionRecord]]:
    tags: dict[tuple[int, int], dict[str, str]] = {}
    for model_id, version, key, value in _of(c, VERSION_TAGS, ids):
        tags.setdefault((model_id, version), {})[key] = value
    found: dict[int, list[VersionRecord]] = {}
    for model_id, *columns in _of(c, VERSIONS, ids):
        of_version = tags.get((model_id, columns[0]), {})
        one = msgspec.structs.replace(VersionRecord(*columns), tags=of_version)
        found.setdefault(model_id, []).append(one)
    return found


def _of(c: Connection, statement: str, ids: list[int]) -> list[Row]:
    where = among("model_id", ids, c.dialect)
    return c.all(statement.replace("|", where.text), where.params)

"""Rows of model versions to entities, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runyard.entities.common import Tag
from runyard.entities.registry import ModelVersion, VersionStage, VersionStatus
from runyard.errors import NotFound
from runyard.store.sql.database import Connection, Row
from runyard.store.sql.search.fragments import among

VersionId = tuple[int, int]
"""Row id of the registered model, and version."""

SELECT = """SELECT v.model_id, m.name, v.version, v.stage, v.description, v.source, v.storage_location,
    v.run_uuid, v.run_link, v.user_id, v.status, v.status_message, v.created_ms, v.updated_ms
    FROM model_versions v JOIN registered_models m ON m.id = v.model_id"""
BY_NAME = f"{SELECT} WHERE m.workspace_id = ? AND m.name = ? AND v.version = ?"
GREATEST = """JOIN (SELECT model_id, stage, max(version) AS version FROM model_versions
    WHERE {condition} GROUP BY model_id, stage) g ON g.model_id = v.model_id AND g.version = v.version"""
ALIASES = "SELECT alias FROM registered_model_aliases WHERE model_id = ? AND version = ? ORDER BY alias"
IDS_PER_STATEMENT = 250


def load_version(c: Connection, workspace_id: int, name: str, version: int) -> ModelVersion:
    """One version with tags and aliases.

    Raises: NotFound.
    """
    row = c.one(BY_NAME, (workspace_id, name, version))
    if row is None:
        raise version_not_found(name, version)
    aliases = [found for (found,) in c.all(ALIASES, (row[0], version))]
    return _of_row(row, _tags(c, [(row[0], version)]).get((row[0], version), []), aliases)


def load_versions(c: Connection, ids: Sequence[VersionId]) -> list[ModelVersion]:
    """These versions in this order, with tags and without aliases. Cost: two statements per 250 versions."""
    rows: dict[VersionId, Row] = {}
    for text, params in _chunks(ids):
        for row in c.each(f"{SELECT} WHERE (v.model_id, v.version) IN ({text})", params):
            rows[(row[0], row[2])] = row
    tags = _tags(c, ids)
    return [_of_row(rows[key], tags.get(key, []), []) for key in ids]


def greatest_per_stage(c: Connection, model_ids: Sequence[int]) -> dict[int, list[ModelVersion]]:
    """By model, the greatest version of each of its stages, in the order of VersionStage; without aliases."""
    condition = among("model_id", model_ids, c.dialect)
    rows = c.all(f"{SELECT} {GREATEST.format(condition=condition.text)}", condition.params)
    tags = _tags(c, [(row[0], row[2]) for row in rows])
    stages = list(VersionStage)
    found: dict[int, list[ModelVersion]] = {}
    for row in sorted(rows, key=lambda row: stages.index(row[3])):
        found.setdefault(row[0], []).append(_of_row(row, tags.get((row[0], row[2]), []), []))
    return found


def version_not_found(name: str, version: int) -> NotFound:
    """The error for an unknown version, also where the model is unknown."""
    return NotFound(f"Model Version (name={name}, version={version}) not found")


def _of_row(row: Row, tags: list[Tag], aliases: list[str]) -> ModelVersion:
    return ModelVersion(
        name=row[1],
        version=row[2],
        stage=VersionStage(row[3]),
        description=row[4],
        source=row[5],
        storage_location=row[6],
        run_id=row[7],
        run_link=row[8],
        user_id=row[9],
        status=VersionStatus(row[10]),
        status_message=row[11],
        created_ms=row[12],
        updated_ms=row[13],
        tags=tags,
        aliases=aliases,
    )


def _tags(c: Connection, ids: Sequence[VersionId]) -> dict[VersionId, list[Tag]]:
    found: dict[VersionId, list[Tag]] = {}
    for text, params in _chunks(ids):
        sql = f"SELECT model_id, version, key, value FROM model_version_tags WHERE (model_id, version) IN ({text})"
        for model_id, version, key, value in c.each(f"{sql} ORDER BY key", params):
            found.setdefault((model_id, version), []).append(Tag(key, value))
    return found


def _chunks(ids: Sequence[VersionId]) -> Iterator[tuple[str, list[int]]]:
    for start in range(0, len(ids), IDS_PER_STATEMENT):
        chunk = ids[start : start + IDS_PER_STATEMENT]
        yield f"VALUES {', '.join(['(?, ?)'] * len(chunk))}", [number for key in chunk for number in key]

"""Statements about the versions of registered models."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runyard.entities.common import Page, Tag
from runyard.entities.registry import ModelVersion, NewVersion, VersionStage, VersionStatus
from runyard.entities.search.grammar import parse_filter, parse_order_by
from runyard.entities.search.tables import MODEL_VERSIONS
from runyard.errors import InvalidInput
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Transaction
from runyard.store.sql.model_version_rows import (
    greatest_per_stage,
    load_version,
    load_versions,
    version_not_found,
)
from runyard.store.sql.registered_models import TOUCH, model_id_of, model_not_found
from runyard.store.sql.search.compile_registry import search_model_versions
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.search.page import RegistrySearch

NEXT_VERSION = """UPDATE registered_models SET last_version = last_version + 1, updated_ms = ?
    WHERE workspace_id = ? AND name = ? RETURNING id, last_version"""
INSERT = """INSERT INTO model_versions (model_id, version, workspace_id, stage, description, source,
    storage_location, run_uuid, run_link, logged_model_uuid, status, created_ms, updated_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
EXISTS = """SELECT v.model_id FROM model_versions v JOIN registered_models m ON m.id = v.model_id
    WHERE m.workspace_id = ? AND m.name = ? AND v.version = ?"""
LOCATION = """SELECT v.storage_location FROM model_versions v JOIN registered_models m ON m.id = v.model_id
    WHERE m.workspace_id = ? AND m.name = ? AND v.version = ?"""
SET_DESCRIPTION = (
    "UPDATE model_versions SET description = ?, updated_ms = ? WHERE model_id = ? AND version = ?"
)
SET_STAGE = "UPDATE model_versions SET stage = ?, updated_ms = ? WHERE model_id = ? AND version = ?"
ARCHIVE_OTHERS = """UPDATE model_versions SET stage = 'Archived', updated_ms = ?
    WHERE model_id = ? AND stage = ? AND version <> ?"""
DELETE = "DELETE FROM model_versions WHERE model_id = ? AND version = ?"
DELETE_ALIASES = "DELETE FROM registered_model_aliases WHERE model_id = ? AND version = ?"
BY_ALIAS = "SELECT version FROM registered_model_aliases WHERE model_id = ? AND alias = ?"
ALIASES = "SELECT version, alias FROM registered_model_aliases WHERE model_id = ? ORDER BY alias"
SET_TAG = """INSERT INTO model_version_tags (model_id, version, key, value) VALUES (?, ?, ?, ?)
    ON CONFLICT (model_id, version, key) DO UPDATE SET value = excluded.value"""
DELETE_TAG = "DELETE FROM model_version_tags WHERE model_id = ? AND version = ? AND key = ?"


class SqlModelVersions:
    """ModelVersionStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def create_version(self, workspace_id: int, name: str, new: NewVersion) -> ModelVersion:
        def work(tx: Transaction) -> ModelVersion:
            now = now_ms()
            row = tx.one(NEXT_VERSION, (now, workspace_id, name))
            if row is None:
                raise model_not_found(name)
            key = (row[0], row[1])
            place = (new.source, new.storage_location, new.run_id, new.run_link, new.model_id)
            tx.execute(
                INSERT,
                (
                    *key,
                    workspace_id,
                    VersionStage.NONE.value,
                    new.description,
                    *place,
                    int(VersionStatus.READY),
                    now,
                    now,
                ),
            )
            tx.many(SET_TAG, [(*key, tag.key, tag.value) for tag in new.tags])
            return load_version(tx, workspace_id, name, row[1])

        return await self._database.write(work)

    async def describe_version(
        self, workspace_id: int, name: str, version: int, description: str | None
    ) -> ModelVersion:
        def work(tx: Transaction) -> ModelVersion:
            model_id = _model_of(tx, workspace_id, name, version)
            tx.execute(SET_DESCRIPTION, (description, now_ms(), model_id, version))
            return load_version(tx, workspace_id, name, version)

        return await self._database.write(work)

    async def move_version(
        self, workspace_id: int, name: str, version: int, stage: VersionStage, *, archive_others: bool
    ) -> ModelVersion:
        def work(tx: Transaction) -> ModelVersion:
            model_id, now = _model_of(tx, workspace_id, name, version), now_ms()
            tx.execute(SET_STAGE, (stage.value, now, model_id, version))
            if archive_others:
                tx.execute(ARCHIVE_OTHERS, (now, model_id, stage.value, version))
            tx.execute(TOUCH, (now, model_id))
            return load_version(tx, workspace_id, name, version)

        return await self._database.write(work)

    async def delete_version(self, workspace_id: int, name: str, version: int) -> None:
        def work(tx: Transaction) -> None:
            model_id = _model_of(tx, workspace_id, name, version)
            tx.execute(DELETE_ALIASES, (model_id, version))
            tx.execute(DELETE, (model_id, version))
            tx.execute(TOUCH, (now_ms(), model_id))

        await self._database.write(work)

    async def get_version(self, workspace_id: int, name: str, version: int) -> ModelVersion:
        return await self._database.read(lambda c: load_version(c, workspace_id, name, version))

    async def get_version_by_alias(self, workspace_id: int, name: str, alias: str) -> ModelVersion:
        def work(c: Connection) -> ModelVersion:
            row = c.one(BY_ALIAS, (model_id_of(c, workspace_id, name), alias))
            if row is None:
                raise InvalidInput(f"Registered model alias {alias} not found.")
            return load_version(c, workspace_id, name, row[0])

        return await self._database.read(work)

    async def latest_versions(
        self, workspace_id: int, name: str, stages: Sequence[VersionStage]
    ) -> list[ModelVersion]:
        def work(c: Connection) -> list[ModelVersion]:
            model_id = model_id_of(c, workspace_id, name)
            aliases: dict[int, list[str]] = {}
            for version, alias in c.all(ALIASES, (model_id,)):
                aliases.setdefault(version, []).append(alias)
            found = greatest_per_stage(c, [model_id]).get(model_id, [])
            return [
                msgspec.structs.replace(item, aliases=aliases.get(item.version, []))
                for item in found
                if item.stage in stages
            ]

        return await self._database.read(work)

    async def search_versions(
        self,
        workspace_id: int,
        *,
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
    ) -> Page[ModelVersion]:
        digest = query_digest("model versions", workspace_id, filter_string, list(order_by))
        query = RegistrySearch(
            workspace_id,
            max_results,
            parse_filter(filter_string, MODEL_VERSIONS),
            parse_order_by(order_by, MODEL_VERSIONS),
            decode_token(self._page_key, digest, page_token),
        )

        def work(c: Connection) -> Page[ModelVersion]:
            found = search_model_versions(c, query)
            token = None if found.after is None else encode_token(self._page_key, digest, found.after)
            return Page(load_versions(c, found.ids), token)

        return await self._database.read(work)

    async def download_uri(self, workspace_id: int, name: str, version: int) -> str:
        def work(c: Connection) -> str:
            row = c.one(LOCATION, (workspace_id, name, version))
            if row is None:
                raise version_not_found(name, version)
            return str(row[0])

        return await self._database.read(work)

    async def set_version_tag(self, workspace_id: int, name: str, version: int, tag: Tag) -> None:
        def work(tx: Transaction) -> None:
            tx.execute(SET_TAG, (_model_of(tx, workspace_id, name, version), version, tag.key, tag.value))

        await self._database.write(work)

    async def delete_version_tag(self, workspace_id: int, name: str, version: int, key: str) -> None:
        def work(tx: Transaction) -> None:
            tx.execute(DELETE_TAG, (_model_of(tx, workspace_id, name, version), version, key))

        await self._database.write(work)


def _model_of(c: Connection, workspace_id: int, name: str, version: int) -> int:
    row = c.one(EXISTS, (workspace_id, name, version))
    if row is None:
        raise version_not_found(name, version)
    return int(row[0])

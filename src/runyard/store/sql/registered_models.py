"""Statements about registered models, their tags and aliases."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.common import Page, Tag
from runyard.entities.registry import Alias, ModelVersion, RegisteredModel
from runyard.entities.search.grammar import parse_filter, parse_order_by
from runyard.entities.search.tables import REGISTERED_MODELS
from runyard.errors import AlreadyExists, NotFound
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.model_version_rows import greatest_per_stage, version_not_found
from runyard.store.sql.search.compile_registry import search_registered_models
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.search.fragments import among
from runyard.store.sql.search.page import RegistrySearch

ID = "SELECT id FROM registered_models WHERE workspace_id = ? AND name = ?"
SELECT = "SELECT id, name, description, created_ms, updated_ms FROM registered_models WHERE"
TAGS = "SELECT model_id, key, value FROM registered_model_tags WHERE"
ALIASES = "SELECT model_id, alias, version FROM registered_model_aliases WHERE"
INSERT = """INSERT INTO registered_models (workspace_id, name, description, created_ms, updated_ms)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (workspace_id, name) DO NOTHING RETURNING id"""
SET_NAME = "UPDATE registered_models SET name = ?, updated_ms = ? WHERE id = ?"
SET_DESCRIPTION = "UPDATE registered_models SET description = ?, updated_ms = ? WHERE id = ?"
TOUCH = "UPDATE registered_models SET updated_ms = ? WHERE id = ?"
DELETE = "DELETE FROM registered_models WHERE id = ?"
SET_TAG = """INSERT INTO registered_model_tags (model_id, key, value) VALUES (?, ?, ?)
    ON CONFLICT (model_id, key) DO UPDATE SET value = excluded.value"""
DELETE_TAG = "DELETE FROM registered_model_tags WHERE model_id = ? AND key = ?"
HAS_VERSION = "SELECT 1 FROM model_versions WHERE model_id = ? AND version = ?"
SET_ALIAS = """INSERT INTO registered_model_aliases (model_id, alias, version) VALUES (?, ?, ?)
    ON CONFLICT (model_id, alias) DO UPDATE SET version = excluded.version"""
DELETE_ALIAS = "DELETE FROM registered_model_aliases WHERE model_id = ? AND alias = ?"


class SqlRegisteredModels:
    """RegisteredModelStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def create_model(
        self, workspace_id: int, name: str, description: str | None, tags: Sequence[Tag]
    ) -> RegisteredModel:
        def work(tx: Transaction) -> RegisteredModel:
            now = now_ms()
            row = tx.one(INSERT, (workspace_id, name, description, now, now))
            if row is None:
                raise _taken(name)
            tx.many(SET_TAG, [(row[0], tag.key, tag.value) for tag in tags])
            return load_models(tx, [row[0]])[0]

        return await self._database.write(work)

    async def rename_model(self, workspace_id: int, name: str, new_name: str) -> RegisteredModel:
        def work(tx: Transaction) -> RegisteredModel:
            model_id = model_id_of(tx, workspace_id, name)
            if tx.one(ID, (workspace_id, new_name)) not in (None, (model_id,)):
                raise _taken(new_name)
            tx.execute(SET_NAME, (new_name, now_ms(), model_id))
            return load_models(tx, [model_id])[0]

        return await self._database.write(work)

    async def describe_model(self, workspace_id: int, name: str, description: str | None) -> RegisteredModel:
        def work(tx: Transaction) -> RegisteredModel:
            model_id = model_id_of(tx, workspace_id, name)
            tx.execute(SET_DESCRIPTION, (description, now_ms(), model_id))
            return load_models(tx, [model_id])[0]

        return await self._database.write(work)

    async def delete_model(self, workspace_id: int, name: str) -> None:
        await self._database.write(lambda tx: tx.execute(DELETE, (model_id_of(tx, workspace_id, name),)))

    async def get_model(self, workspace_id: int, name: str) -> RegisteredModel:
        return await self._database.read(lambda c: load_models(c, [model_id_of(c, workspace_id, name)])[0])

    async def search_models(
        self,
        workspace_id: int,
        *,
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
    ) -> Page[RegisteredModel]:
        digest = query_digest("registered models", workspace_id, filter_string, list(order_by))
        query = RegistrySearch(
            workspace_id,
            max_results,
            parse_filter(filter_string, REGISTERED_MODELS),
            parse_order_by(order_by, REGISTERED_MODELS),
            decode_token(self._page_key, digest, page_token),
        )

        def work(c: Connection) -> Page[RegisteredModel]:
            found = search_registered_models(c, query)
            token = None if found.after is None else encode_token(self._page_key, digest, found.after)
            return Page(load_models(c, found.ids), token)

        return await self._database.read(work)

    async def set_model_tag(self, workspace_id: int, name: str, tag: Tag) -> None:
        def work(tx: Transaction) -> None:
            tx.execute(SET_TAG, (model_id_of(tx, workspace_id, name), tag.key, tag.value))

        await self._database.write(work)

    async def delete_model_tag(self, workspace_id: int, name: str, key: str) -> None:
        def work(tx: Transaction) -> None:
            tx.execute(DELETE_TAG, (model_id_of(tx, workspace_id, name), key))

        await self._database.write(work)

    async def set_alias(self, workspace_id: int, name: str, alias: str, version: int) -> None:
        def work(tx: Transaction) -> None:
            model_id = model_id_of(tx, workspace_id, name)
            if tx.one(HAS_VERSION, (model_id, version)) is None:
                raise version_not_found(name, version)
            tx.execute(SET_ALIAS, (model_id, alias, version))

        await self._database.write(work)

    async def delete_alias(self, workspace_id: int, name: str, alias: str) -> None:
        def work(tx: Transaction) -> None:
            tx.execute(DELETE_ALIAS, (model_id_of(tx, workspace_id, name), alias))

        await self._database.write(work)


def model_id_of(c: Connection, workspace_id: int, name: str) -> int:
    """The row id of a registered model.

    Raises: NotFound.
    """
    row = c.one(ID, (workspace_id, name))
    if row is None:
        raise model_not_found(name)
    return int(row[0])


def model_not_found(name: str) -> NotFound:
    """The error for an unknown model."""
    return NotFound(f"Registered Model with name={name} not found")


def load_models(c: Connection, ids: Sequence[int]) -> list[RegisteredModel]:
    """These models in this order. Cost: five statements, whatever the number of models."""
    if not ids:
        return []
    of_rows, of_facts = among("id", ids, c.dialect), among("model_id", ids, c.dialect)
    rows = {row[0]: row for row in c.all(f"{SELECT} {of_rows.text}", of_rows.params)}
    tags: dict[int, list[Tag]] = {}
    for model_id, key, value in c.each(f"{TAGS} {of_facts.text} ORDER BY key", of_facts.params):
        tags.setdefault(model_id, []).append(Tag(key, value))
    aliases: dict[int, list[Alias]] = {}
    for model_id, alias, version in c.each(f"{ALIASES} {of_facts.text} ORDER BY alias", of_facts.params):
        aliases.setdefault(model_id, []).append(Alias(alias, version))
    latest = greatest_per_stage(c, ids)
    return [_of_row(rows[key], tags.get(key, []), aliases.get(key, []), latest.get(key, [])) for key in ids]


def _of_row(row: Row, tags: list[Tag], aliases: list[Alias], latest: list[ModelVersion]) -> RegisteredModel:
    return RegisteredModel(row[1], row[2], row[3], row[4], tags, aliases, latest)


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"Registered Model (name={name}) already exists.")

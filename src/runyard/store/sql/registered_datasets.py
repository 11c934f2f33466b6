"""Statements about registered datasets and their versions."""

from __future__ import annotations

import uuid

import msgspec

from runyard.entities.common import Page
from runyard.entities.dataset import DatasetDefinition, NewDataset, RegisteredDataset
from runyard.errors import AlreadyExists, NotFound
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.name_pages import NamePages

COLUMNS = (
    "v.uuid, d.name, v.version, d.last_version, v.kind, v.definition, d.description, v.tags, d.archived_ms, "
    "v.created_by, v.created_ms"
)
NAME = 1
VERSIONS = f"SELECT {COLUMNS} FROM registered_datasets d JOIN dataset_versions v ON v.dataset_id = d.id"
ONE = f"{VERSIONS} WHERE d.workspace_id = ? AND d.name = ? AND v.version = ?"
LATEST = f"{VERSIONS} WHERE d.workspace_id = ? AND d.name = ? AND v.version = d.last_version"
BY_ID = f"{VERSIONS} WHERE d.workspace_id = ? AND v.uuid = ?"
PAGE = f"""{VERSIONS} WHERE d.workspace_id = ? AND d.name > ? AND v.version = d.last_version AND d.archived_ms IS $NULL
    ORDER BY d.name LIMIT ?"""
SHOWN = PAGE.replace("$NULL", "NULL")
ARCHIVED = PAGE.replace("$NULL", "NOT NULL")
INSERT = """INSERT INTO registered_datasets (workspace_id, name, description, last_version, created_ms)
    VALUES (?, ?, ?, 0, ?) ON CONFLICT (workspace_id, name) DO NOTHING"""
NEXT = """UPDATE registered_datasets SET last_version = last_version + 1, archived_ms = NULL, description = ?
    WHERE workspace_id = ? AND name = ? RETURNING id, last_version"""
INSERT_VERSION = """INSERT INTO dataset_versions
    (dataset_id, version, uuid, kind, definition, tags, created_by, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
SET_ARCHIVED = "UPDATE registered_datasets SET archived_ms = ? WHERE workspace_id = ? AND name = ?"
DELETE_VERSIONS = """DELETE FROM dataset_versions
    WHERE dataset_id IN (SELECT id FROM registered_datasets WHERE workspace_id = ? AND name = ?)"""
DELETE = "DELETE FROM registered_datasets WHERE workspace_id = ? AND name = ?"


class SqlRegisteredDatasets:
    """DatasetStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._pages = NamePages(page_key, "datasets")

    async def register(
        self, workspace_id: int, new: NewDataset, created_by: str, *, new_version: bool
    ) -> RegisteredDataset:
        dataset_id, definition = uuid.uuid4().hex, msgspec.json.encode(new.definition).decode()
        tags = msgspec.json.encode(dict(new.tags)).decode()

        def work(tx: Transaction) -> RegisteredDataset:
            latest = tx.one(LATEST, (workspace_id, new.name))
            if latest is not None:
                if latest[4:6] == (new.kind, definition) and latest[8] is None:
                    return _dataset(latest)
                if not new_version:
                    raise _taken(new.name)
            now = now_ms()
            tx.execute(INSERT, (workspace_id, new.name, new.description, now))
            row = tx.one(NEXT, (new.description, workspace_id, new.name))
            assert row is not None
            if row[1] > 1 and not new_version:  # another server registered it a moment ago
                raise _taken(new.name)
            values = (dataset_id, new.kind, definition, tags, created_by, now)
            tx.execute(INSERT_VERSION, (row[0], row[1], *values))
            return _get(tx, BY_ID, (workspace_id, dataset_id), new.name)

        return await self._database.write(work)

    async def get(self, workspace_id: int, name: str, version: int | None) -> RegisteredDataset:
        sql, values = (LATEST, ()) if version is None else (ONE, (version,))
        shown = f"{name!r}" if version is None else f"{name!r} with version {version}"
        return await self._database.read(lambda c: _get(c, sql, (workspace_id, name, *values), shown))

    async def get_by_id(self, workspace_id: int, dataset_id: str) -> RegisteredDataset:
        return await self._database.read(
            lambda c: _get(c, BY_ID, (workspace_id, dataset_id), f"with id {dataset_id}")
        )

    async def list_datasets(
        self, workspace_id: int, *, archived: bool, max_results: int, page_token: str | None
    ) -> Page[RegisteredDataset]:
        after = self._pages.after(page_token, workspace_id, archived)
        sql = ARCHIVED if archived else SHOWN
        rows = await self._database.read(lambda c: c.all(sql, (workspace_id, after, max_results + 1)))
        shown, token = self._pages.cut(rows, max_results, NAME, workspace_id, archived)
        return Page([_dataset(row) for row in shown], token)

    async def set_archived(self, workspace_id: int, name: str, *, archived: bool) -> None:
        def work(tx: Transaction) -> None:
            if not tx.execute(SET_ARCHIVED, (now_ms() if archived else None, workspace_id, name)):
                raise _absent(repr(name))

        await self._database.write(work)

    async def unregister(self, workspace_id: int, name: str) -> None:
        def work(tx: Transaction) -> None:
            tx.execute(DELETE_VERSIONS, (workspace_id, name))
            if not tx.execute(DELETE, (workspace_id, name)):
                raise _absent(repr(name))

        await self._database.write(work)


def _get(c: Connection, sql: str, values: tuple[object, ...], shown: str) -> RegisteredDataset:
    row = c.one(sql, values)
    if row is None:
        raise _absent(shown)
    return _dataset(row)


def _dataset(row: Row) -> RegisteredDataset:
    dataset_id, name, version, latest, kind, definition, description, tags, archived_ms, by, created_ms = row
    return RegisteredDataset(
        dataset_id,
        name,
        version,
        latest,
        kind,
        _definition(definition),
        description,
        msgspec.json.decode(tags, type=dict[str, str]),
        archived_ms is not None,
        by,
        created_ms,
    )


def _definition(text: str) -> DatasetDefinition:
    """What an import brought and nobody can read has no paths, and using it says so."""
    try:
        return msgspec.json.decode(text, type=DatasetDefinition)
    except msgspec.MsgspecError:
        return DatasetDefinition([])


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(
        f"There is already a dataset registered under name {name!r}. Specify `create_new_version=True` to register "
        "the dataset as a new version."
    )


def _absent(shown: str) -> NotFound:
    return NotFound(f"Cannot find a dataset {shown} in this workspace.")

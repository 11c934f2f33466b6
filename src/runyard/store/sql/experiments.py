"""Statements about experiments."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.common import Page, Stage, Tag, ViewType
from runyard.entities.experiment import Experiment, experiment_inactive
from runyard.entities.trash import TrashKind
from runyard.errors import AlreadyExists, InvalidState, NotFound
from runyard.store.contracts import Seen
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Dialect, Row, Transaction
from runyard.store.sql.experiment_search import ExperimentQuery, search
from runyard.store.sql.jobs_changes import cancel_where
from runyard.store.sql.trash import require_free_place, require_not_purged

COLUMNS = "id, workspace_id, name, artifact_location, stage, created_ms, updated_ms"
BY_ID = f"SELECT {COLUMNS} FROM experiments WHERE id = ? AND workspace_id = ?"
BY_NAME = f"SELECT {COLUMNS} FROM experiments WHERE workspace_id = ? AND name = ?"
TAGS = "SELECT key, value FROM experiment_tags WHERE experiment_id = ? ORDER BY key"
TAKEN = "SELECT id, stage FROM experiments WHERE workspace_id = ? AND name = ?"
INSERT = """INSERT INTO experiments (workspace_id, name, artifact_location, stage, created_ms, updated_ms)
    VALUES (?, ?, ?, 0, ?, ?) ON CONFLICT (workspace_id, name) DO NOTHING RETURNING id"""
COUNTED = 10**12  # numbers beyond are random ones of imports, which no counter reaches
NEXT = f"""(SELECT nullif(max(coalesce(max(id), 0), (SELECT value FROM counters WHERE name = 'experiments')) + 1, {COUNTED})
    FROM experiments WHERE id < {COUNTED})"""
KEEP_NUMBER = "UPDATE counters SET value = ? WHERE name = 'experiments' AND value < ?"
REMOVE = "DELETE FROM experiments WHERE id = ?"
SET_LOCATION = "UPDATE experiments SET artifact_location = ? WHERE id = ?"
SET_OWN_PATH = "UPDATE experiments SET own_path = ? WHERE id = ?"
SET_NAME = "UPDATE experiments SET name = ?, updated_ms = ? WHERE id = ?"
SET_STAGE = "UPDATE experiments SET stage = ?, updated_ms = ? WHERE id = ?"
SET_RUN_STAGES = """UPDATE runs SET stage = ?, deleted_ms = ?, version = version + 1
    WHERE experiment_id = ? AND stage <> ? AND id NOT IN (SELECT record_id FROM purges WHERE kind = 1)"""
SET_TAG = """INSERT INTO experiment_tags (experiment_id, key, value) VALUES (?, ?, ?)
    ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value"""
DELETE_TAG = "DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?"
TOUCH = "UPDATE experiments SET updated_ms = ? WHERE id = ?"


class SqlExperiments:
    """ExperimentStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def create(
        self,
        workspace_id: int,
        name: str,
        artifact_root: str,
        location: str | None,
        tags: Sequence[Tag],
        *,
        own_path: str | None = None,
    ) -> int:
        def work(tx: Transaction) -> int:
            if own_path is not None:
                require_free_place(tx, workspace_id, own_path)
            experiment_id = insert(tx, workspace_id, name, artifact_root, location)
            if experiment_id is None:
                raise _taken(tx, workspace_id, name)
            if own_path is not None:
                tx.execute(SET_OWN_PATH, (own_path, experiment_id))
            tx.many(SET_TAG, [(experiment_id, tag.key, tag.value) for tag in tags])
            return experiment_id

        return await self._database.write(work)

    async def get(self, workspace_id: int, experiment_id: int) -> Experiment:
        return await self._database.read(lambda c: load(c, workspace_id, experiment_id))

    async def get_by_name(self, workspace_id: int, name: str) -> Experiment:
        def work(c: Connection) -> Experiment:
            row = c.one(BY_NAME, (workspace_id, name))
            if row is None:
                raise NotFound(f"Could not find experiment with name '{name}'")
            return _with_tags(c, row)

        return await self._database.read(work)

    async def search(
        self,
        workspace_id: int,
        *,
        view: ViewType,
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
        seen: Seen | None = None,
    ) -> Page[Experiment]:
        query = ExperimentQuery(
            workspace_id, view, filter_string, tuple(order_by), max_results, page_token, seen
        )
        return await self._database.read(lambda c: search(c, query, self._page_key))

    async def rename(self, workspace_id: int, experiment_id: int, name: str) -> None:
        def work(tx: Transaction) -> None:
            found = load(tx, workspace_id, experiment_id)
            if found.stage is not Stage.ACTIVE:
                raise InvalidState(
                    f"The experiment {experiment_id} is deleted. Restore it before renaming it."
                )
            if tx.one(TAKEN, (workspace_id, name)) not in (None, (experiment_id, Stage.ACTIVE)):
                raise _taken(tx, workspace_id, name)
            tx.execute(SET_NAME, (name, now_ms(), experiment_id))
            tx.changes.of_experiment(workspace_id, experiment_id)

        await self._database.write(work)

    async def delete(self, workspace_id: int, experiment_id: int) -> None:
        await self._move(workspace_id, experiment_id, Stage.DELETED)

    async def restore(self, workspace_id: int, experiment_id: int) -> None:
        await self._move(workspace_id, experiment_id, Stage.ACTIVE)

    async def _move(self, workspace_id: int, experiment_id: int, to: Stage) -> None:
        def work(tx: Transaction) -> None:
            found = load(tx, workspace_id, experiment_id)
            if found.stage is to:
                raise NotFound(f"No Experiment with id={experiment_id} exists that is not {to.text} already")
            if to is Stage.ACTIVE:
                require_not_purged(tx, TrashKind.EXPERIMENT, experiment_id)
            now = now_ms()
            tx.execute(SET_STAGE, (to, now, experiment_id))
            if to is Stage.DELETED:
                cancel_where(tx, "experiment_id", experiment_id)
            tx.execute(SET_RUN_STAGES, (to, now if to is Stage.DELETED else None, experiment_id, to))
            tx.interned.forget_runs()
            tx.changes.of_experiment(workspace_id, experiment_id, runs=True)

        await self._database.write(work)

    async def set_tag(self, workspace_id: int, experiment_id: int, tag: Tag) -> None:
        def work(tx: Transaction) -> None:
            require_active(load(tx, workspace_id, experiment_id))
            tx.execute(SET_TAG, (experiment_id, tag.key, tag.value))
            tx.execute(TOUCH, (now_ms(), experiment_id))
            tx.changes.of_experiment(workspace_id, experiment_id)

        await self._database.write(work)

    async def delete_tag(self, workspace_id: int, experiment_id: int, key: str) -> None:
        def work(tx: Transaction) -> None:
            require_active(load(tx, workspace_id, experiment_id))
            if not tx.execute(DELETE_TAG, (experiment_id, key)):
                raise NotFound(f"No tag with name: {key} in experiment with id {experiment_id}")
            tx.execute(TOUCH, (now_ms(), experiment_id))
            tx.changes.of_experiment(workspace_id, experiment_id)

        await self._database.write(work)


def insert(
    tx: Transaction, workspace_id: int, name: str, artifact_root: str, location: str | None = None
) -> int | None:
    """The id of a new experiment; None, and nothing is changed, when the name is taken."""
    now = now_ms()
    row = tx.one(numbered(INSERT, tx.dialect), (workspace_id, name, location or "", now, now))
    if row is None:
        return None
    experiment_id = int(row[0])
    if not location:
        tx.execute(SET_LOCATION, (f"{artifact_root}/{experiment_id}", experiment_id))
    tx.changes.of_experiment(workspace_id, experiment_id)
    return experiment_id


def numbered(insert: str, dialect: Dialect) -> str:
    """A statement that inserts an experiment, under the next number that is counted.

    SQLite by itself goes on from the greatest number that there is, so one more is kept there; PostgreSQL has a counter.
    """
    if dialect == "postgresql":
        return insert
    return insert.replace("(workspace_id", "(id, workspace_id", 1).replace("VALUES (", f"VALUES ({NEXT}, ", 1)


def remove(tx: Transaction, experiment_id: int) -> None:
    """Remove the row of one that has nothing any more. Its number is not given again: links and clients know it."""
    if experiment_id < COUNTED:
        tx.execute(KEEP_NUMBER, (experiment_id, experiment_id))
    tx.execute(REMOVE, (experiment_id,))


def load(c: Connection, workspace_id: int, experiment_id: int) -> Experiment:
    """One experiment.

    Raises: NotFound.
    """
    row = c.one(BY_ID, (experiment_id, workspace_id))
    if row is None:
        raise NotFound(f"No Experiment with id={experiment_id} exists")
    return _with_tags(c, row)


def require_active(experiment: Experiment) -> None:
    """Raises: InvalidInput when deleted."""
    if experiment.stage is not Stage.ACTIVE:
        raise experiment_inactive(experiment.id, experiment.stage)


def of_row(row: Row, tags: list[Tag]) -> Experiment:
    """An experiment from COLUMNS."""
    return Experiment(row[0], row[1], row[2], row[3], Stage(row[4]), row[5], row[6], tags)


def _with_tags(c: Connection, row: Row) -> Experiment:
    return of_row(row, [Tag(key, value) for key, value in c.all(TAGS, (row[0],))])


def _taken(c: Connection, workspace_id: int, name: str) -> AlreadyExists:
    row = c.one(TAKEN, (workspace_id, name))
    if row is not None and row[1] == Stage.DELETED:
        return AlreadyExists(
            f"Experiment(name={name}) already exists, in the deleted state. "
            "Restore it, or choose another name."
        )
    return AlreadyExists(
        f"Experiment(name={name}) already exists. Choose another name or use that experiment."
    )

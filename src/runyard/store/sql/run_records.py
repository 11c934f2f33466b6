"""Statements about run records and properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runyard.entities.change import ChangeKind
from runyard.entities.common import Page
from runyard.entities.log_rules import run_absent
from runyard.entities.run import NewRun, Run
from runyard.entities.run_record import RunRecord
from runyard.errors import AlreadyExists, NotFound, shown
from runyard.store.sql import run_docs
from runyard.store.sql.database import Connection, Database, Transaction
from runyard.store.sql.run_docs import IN_ONE_QUERY
from runyard.store.sql.runs import active_run, insert_run
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest

PAGE_CHARS = 16 * 1024 * 1024

FIND_RUN = "SELECT id, experiment_id FROM runs WHERE uuid = ? AND workspace_id = ?"
FIND_EXPERIMENT = "SELECT id FROM experiments WHERE workspace_id = ? AND name = ?"
NUMBER = "SELECT count(*) FROM runs WHERE experiment_id = ? AND id <= ?"
ADD = """INSERT INTO run_records (run_id, uuid, name, kind, logged_ms, body) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (run_id, uuid) DO NOTHING"""
RECORDS = """SELECT id, uuid, name, kind, logged_ms, body FROM run_records
    WHERE run_id = ? AND id > ?{more} ORDER BY id LIMIT ?"""
ADD_PROPERTY = """INSERT INTO run_properties (run_id, key, value) VALUES (?, ?, ?)
    ON CONFLICT (run_id, key) DO NOTHING"""
PROPERTIES = """SELECT r.uuid, p.key, p.value FROM runs r LEFT JOIN run_properties p ON p.run_id = r.id
    WHERE r.workspace_id = ? AND r.uuid IN ({marks}) ORDER BY r.uuid, p.key"""
PROPERTIES_OF_RUN = "SELECT key, value FROM run_properties WHERE run_id = ?"


class SqlRunRecords:
    """RunRecordStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def create(self, workspace_id: int, new: NewRun, properties: Mapping[str, str]) -> Run:
        """A new run, or the one that is there already under its id."""

        def work(tx: Transaction) -> Run:
            made = insert_run(tx, workspace_id, new)
            if made is None:
                return _run_of_same_id(tx, workspace_id, new)
            tx.many(ADD_PROPERTY, [(made.row_id, key, value) for key, value in properties.items()])
            return made.run

        return await self._database.write(work, checked=True)

    async def experiment_named(self, workspace_id: int, name: str) -> int:
        """The id of an experiment."""
        row = await self._database.read(lambda c: c.one(FIND_EXPERIMENT, (workspace_id, name)))
        if row is None:
            raise NotFound(f"Could not find experiment with name {shown(name)}")
        return int(row[0])

    async def experiment_of(self, workspace_id: int, run_id: str) -> int:
        """The experiment of a run."""
        return (await self._database.read(lambda c: _find(c, workspace_id, run_id)))[1]

    async def number(self, workspace_id: int, run_id: str) -> int:
        """Counts an index range."""

        def work(c: Connection) -> int:
            row_id, experiment_id = _find(c, workspace_id, run_id)
            row = c.one(NUMBER, (experiment_id, row_id))
            assert row is not None
            return int(row[0])

        return await self._database.read(work)

    async def add(self, workspace_id: int, run_id: str, records: Sequence[RunRecord]) -> None:
        """One insert per record."""

        def work(tx: Transaction) -> None:
            run = active_run(tx, workspace_id, run_id)
            tx.many(ADD, [(run.id, one.uuid, one.name, one.kind, one.logged_ms, one.body) for one in records])
            tx.changes.of_runs((run,), ChangeKind.INFO)

        await self._database.write(work, checked=True)

    async def records(
        self,
        workspace_id: int,
        run_id: str,
        *,
        name: str | None,
        kind: str | None,
        max_results: int,
        page_token: str | None,
    ) -> Page[RunRecord]:
        """A page by id, of at most PAGE_CHARS of bodies beyond its first record."""
        digest = query_digest("run records", workspace_id, run_id, name, kind)
        position = decode_token(self._page_key, digest, page_token)
        filters = [(column, value) for column, value in (("name", name), ("kind", kind)) if value is not None]
        sql = RECORDS.replace("{more}", "".join(f" AND {column} = ?" for column, _ in filters))

        def work(c: Connection) -> Page[RunRecord]:
            row_id, _ = _find(c, workspace_id, run_id)
            after = position[0] if position else 0
            values = (row_id, after, *(value for _, value in filters), max_results + 1)
            items: list[RunRecord] = []
            size = 0
            for number, *columns in c.each(sql, values):
                size += len(columns[-1])
                if items and (len(items) == max_results or size > PAGE_CHARS):
                    return Page(items, encode_token(self._page_key, digest, (after,)))
                items.append(RunRecord(*columns))
                after = number
            return Page(items)

        return await self._database.read(work)

    async def properties(self, workspace_id: int, run_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """The properties of several runs."""

        def work(c: Connection) -> dict[str, dict[str, str]]:
            found: dict[str, dict[str, str]] = {}
            for start in range(0, len(run_ids), IN_ONE_QUERY):
                some = run_ids[start : start + IN_ONE_QUERY]
                sql = PROPERTIES.replace("{marks}", ", ".join("?" * len(some)))
                for run_id, key, value in c.all(sql, (workspace_id, *some)):
                    kept = found.setdefault(run_id, {})
                    if key is not None:
                        kept[key] = value
            return found

        return await self._database.read(work)

    async def set_properties(self, workspace_id: int, run_id: str, properties: Mapping[str, str]) -> None:
        """Insert what is new, then see whether all of it is what was wanted."""

        def work(tx: Transaction) -> None:
            run = active_run(tx, workspace_id, run_id)
            tx.many(ADD_PROPERTY, [(run.id, key, value) for key, value in sorted(properties.items())])
            tx.changes.of_runs((run,), ChangeKind.INFO)
            stored: dict[str, str] = dict(tx.all(PROPERTIES_OF_RUN, (run.id,)))
            for key, value in properties.items():
                if stored[key] != value:
                    raise AlreadyExists(
                        f"Property {shown(key)} of run {run_id} is {shown(stored[key])} and properties cannot be "
                        "changed. Use a tag for what changes."
                    )

        await self._database.write(work)


def _find(c: Connection, workspace_id: int, run_id: str) -> tuple[int, int]:
    """Row and experiment of a run."""
    row = c.one(FIND_RUN, (run_id, workspace_id))
    if row is None:
        raise run_absent(run_id)
    return int(row[0]), int(row[1])


def _run_of_same_id(tx: Transaction, workspace_id: int, new: NewRun) -> Run:
    row = tx.one(FIND_RUN, (new.id, workspace_id))
    if row is None or row[1] != new.experiment_id:
        raise AlreadyExists(f"The run id {shown(new.id)} is taken by another run. Choose another one.")
    return run_docs.load(tx, [row[0]])[row[0]]

"""Statements about what is in the trash: which records were deleted, and which of them are to go for good."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence

from runyard.entities.change import ChangeKind
from runyard.entities.common import Page, Stage
from runyard.entities.trash import TrashedItem, TrashKind
from runyard.errors import InvalidState, NotFound
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest

EXPERIMENT, RUN, MODEL = TrashKind.EXPERIMENT, TrashKind.RUN, TrashKind.MODEL
TABLES = {EXPERIMENT: "experiments", RUN: "runs", MODEL: "logged_models"}
DELETED_MS = {EXPERIMENT: "t.updated_ms", RUN: "COALESCE(t.deleted_ms, 0)", MODEL: "t.updated_ms"}
ID = {EXPERIMENT: "CAST(t.id AS TEXT)", RUN: "t.uuid", MODEL: "t.uuid"}
LOCATION = {EXPERIMENT: "t.artifact_location", RUN: "t.artifact_uri", MODEL: "t.artifact_uri"}
NAMED_BY = {EXPERIMENT: ("experiment_id",), RUN: ("run_id", "run_uuid"), MODEL: ("id", "model_id")}
DELETING = {EXPERIMENT: "experiments/delete", RUN: "runs/delete", MODEL: "models/delete"}
PURGED = "SELECT 1 FROM purges p WHERE p.kind = ? AND p.record_id = ?"
ENQUEUE = """INSERT INTO purges (workspace_id, kind, record_id, files, due_ms) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kind, record_id) DO NOTHING"""
RENAME = "UPDATE experiments SET name = ? WHERE id = ?"
RESTORE_MODEL = "UPDATE logged_models SET stage = 0, updated_ms = ? WHERE id = ?"
AUDITED = """SELECT principal, target FROM audit_log WHERE at_ms >= ? AND at_ms <= ? AND action = ? AND workspace = ?
    AND outcome = 'done' ORDER BY at_ms, id LIMIT 200"""
AUDIT_WINDOW_MS = 10_000
VERSIONS = "SELECT m.name, v.version FROM model_versions v JOIN registered_models m ON m.id = v.model_id"
VERSIONS_OF_RUN = f"{VERSIONS} WHERE v.run_uuid = ? AND v.workspace_id = ? LIMIT 3"
VERSIONS_OF_MODEL = f"{VERSIONS} WHERE v.workspace_id = ? AND v.logged_model_uuid = ? LIMIT 3"
VERSIONS_OF_EXPERIMENT = f"""{VERSIONS} WHERE v.workspace_id = ? AND (
        v.run_uuid IN (SELECT uuid FROM runs WHERE experiment_id = ?)
        OR v.logged_model_uuid IN (SELECT uuid FROM logged_models WHERE experiment_id = ?)) LIMIT 3"""
RUN_OF = "SELECT experiment_id, uuid FROM runs WHERE id = ?"
OWN_PATH = "SELECT own_path FROM experiments WHERE id = ? AND workspace_id = ?"
NEIGHBOURS = """SELECT 1 FROM experiments WHERE workspace_id = ? AND id <> ? AND own_path IS NOT NULL
    AND (own_path = ? OR substr(own_path, 1, ?) = ? OR substr(?, 1, length(own_path) + 1) = own_path || '/') LIMIT 1"""

GOING = """SELECT 1 FROM purges p JOIN experiments e ON e.id = p.record_id
    WHERE p.workspace_id = ? AND p.kind = 0 AND e.own_path IS NOT NULL
    AND (e.own_path = ? OR substr(e.own_path, 1, ?) = ? OR substr(?, 1, length(e.own_path) + 1) = e.own_path || '/') LIMIT 1"""


class SqlTrash:
    """TrashStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._key = page_key

    async def list(
        self,
        workspace_id: int,
        kinds: Sequence[TrashKind],
        *,
        before_ms: int | None,
        max_results: int,
        page_token: str | None,
    ) -> Page[TrashedItem]:
        digest = query_digest("trash", workspace_id, [int(kind) for kind in kinds], before_ms)
        after = decode_token(self._key, digest, page_token)
        place = None if after is None else tuple(int(part or 0) for part in after)

        def work(c: Connection) -> list[TrashedItem]:
            found: list[TrashedItem] = []
            for kind in kinds:
                if place is not None and kind < place[0]:
                    continue
                start = place[1:] if place is not None and kind == place[0] else (2**62, 2**62)
                found += _page(c, workspace_id, kind, before_ms, start, max_results + 1 - len(found))
                if len(found) > max_results:
                    break
            return found

        found = await self._database.read(work)
        if len(found) <= max_results:
            return Page(found)
        last = found[max_results - 1]
        token = encode_token(self._key, digest, (int(last.kind), last.deleted_ms, last.record_id))
        return Page(found[:max_results], token)

    async def find(self, workspace_id: int, kind: TrashKind, id: str) -> TrashedItem | None:
        column, value = ("t.id", _number(id)) if kind is EXPERIMENT else ("t.uuid", id)
        sql = f"{_select(kind)} AND {column} = ?"
        row = await self._database.read(lambda c: c.one(sql, (workspace_id, value)))
        return None if row is None else _item(kind, row)

    async def who_deleted(self, workspace: str, items: Sequence[TrashedItem]) -> Sequence[str | None]:
        return await self._database.read(lambda c: [_who(c, workspace, item) for item in items])

    async def versions_from(self, workspace_id: int, item: TrashedItem) -> Sequence[tuple[str, int]]:
        sql, values = {
            EXPERIMENT: (VERSIONS_OF_EXPERIMENT, (workspace_id, item.record_id, item.record_id)),
            RUN: (VERSIONS_OF_RUN, (item.id, workspace_id)),
            MODEL: (VERSIONS_OF_MODEL, (workspace_id, item.id)),
        }[item.kind]
        rows = await self._database.read(lambda c: c.all(sql, values))
        return [(row[0], row[1]) for row in rows]

    async def is_shared_place(self, workspace_id: int, experiment_id: int) -> bool:
        return await self._database.read(lambda c: _is_shared_place(c, workspace_id, experiment_id))

    async def restore_model(self, workspace_id: int, model_id: str) -> None:
        def work(tx: Transaction) -> None:
            row = tx.one(f"{_select(MODEL)} AND t.uuid = ?", (workspace_id, model_id))
            if row is None:
                raise NotFound(f"The logged model {model_id[:100]!r} is not in the trash.")
            require_not_purged(tx, MODEL, row[0])
            tx.execute(RESTORE_MODEL, (now_ms(), row[0]))

        await self._database.write(work, checked=True)

    async def purge(self, workspace_id: int, item: TrashedItem, files: str) -> bool:
        def work(tx: Transaction) -> bool:
            if not is_deleted(tx, item.kind, item.record_id):
                return False
            # Another may have come to its place since somebody looked.
            shared = item.kind is EXPERIMENT and _is_shared_place(tx, workspace_id, item.record_id)
            going = "" if shared else files
            tx.execute(ENQUEUE, (workspace_id, item.kind, item.record_id, going, now_ms()))
            tell(tx, workspace_id, item.kind, item.record_id)
            if item.kind is EXPERIMENT:
                tx.execute(RENAME, (f"purged {item.record_id} {uuid.uuid4().hex}", item.record_id))
            return True

        return await self._database.write(work, checked=True)


def is_deleted(tx: Transaction, kind: TrashKind, record_id: int) -> bool:
    """Whether a record is there and deleted; nobody changes that until the transaction ends."""
    row = tx.one(f"SELECT stage FROM {TABLES[kind]} WHERE id = ?{_locking(tx)}", (record_id,))
    return row is not None and row[0] == Stage.DELETED


def require_not_purged(tx: Transaction, kind: TrashKind, record_id: int) -> None:
    """Before a record is restored. Raises: NotFound."""
    if is_deleted(tx, kind, record_id) and tx.one(PURGED, (kind, record_id)) is not None:
        raise NotFound(f"This {kind.text} is being removed for good and cannot be restored.")


def require_free_place(tx: Transaction, workspace_id: int, own_path: str) -> None:
    """Before an experiment keeps its files at a folded path: what is removed there would be its files, too.

    Raises: InvalidState.
    """
    below = f"{own_path}/"
    if tx.one(GOING, (workspace_id, own_path, len(below), below, below)) is not None:
        raise InvalidState(
            "The files at this artifact location are being removed with an experiment that was purged. Try again in a "
            "moment, or choose another location."
        )


def tell(tx: Transaction, workspace_id: int, kind: TrashKind, record_id: int) -> None:
    """Tell who listens that a record goes for good. Of models nothing is told."""
    if kind is EXPERIMENT:
        tx.changes.of_experiment(workspace_id, record_id, runs=True)
    elif kind is RUN and (row := tx.one(RUN_OF, (record_id,))) is not None:
        tx.changes.of_run(workspace_id, row[0], row[1], ChangeKind.DELETED)


def _is_shared_place(c: Connection, workspace_id: int, experiment_id: int) -> bool:
    row = c.one(OWN_PATH, (experiment_id, workspace_id))
    if row is None or row[0] is None:
        return False
    below = f"{row[0]}/"
    return c.one(NEIGHBOURS, (workspace_id, experiment_id, row[0], len(below), below, below)) is not None


def _locking(tx: Transaction) -> str:
    return " FOR UPDATE" if tx.dialect == "postgresql" else ""


def _select(kind: TrashKind) -> str:
    """What a TrashedItem is made of, of those in the trash of a workspace."""
    experiment = "" if kind is EXPERIMENT else " JOIN experiments e ON e.id = t.experiment_id AND e.stage = 0"
    of = ("t.id", "t.name") if kind is EXPERIMENT else ("e.id", "e.name")
    columns = f"t.id, {ID[kind]}, t.name, {of[0]}, {of[1]}, {DELETED_MS[kind]}, {LOCATION[kind]}"
    return (
        f"SELECT {columns} FROM {TABLES[kind]} t{experiment} WHERE t.workspace_id = ? AND t.stage = 1 "
        f"AND NOT EXISTS (SELECT 1 FROM purges p WHERE p.kind = {kind:d} AND p.record_id = t.id)"
    )


def _page(
    c: Connection, workspace_id: int, kind: TrashKind, before_ms: int | None, start: Sequence[int], limit: int
) -> list[TrashedItem]:
    when = DELETED_MS[kind]
    sql = f"{_select(kind)} AND ({when}, t.id) < (?, ?)"
    values: list[object] = [workspace_id, *start]
    if before_ms is not None:
        sql += f" AND {when} < ?"
        values.append(before_ms)
    rows = c.all(f"{sql} ORDER BY {when} DESC, t.id DESC LIMIT ?", (*values, limit))
    return [_item(kind, row) for row in rows]


def _item(kind: TrashKind, row: Row) -> TrashedItem:
    record_id, id_, name, experiment_id, experiment_name, deleted_ms, location = row
    return TrashedItem(kind, record_id, id_, name, experiment_id, experiment_name, deleted_ms, location)


def _number(text: str) -> int:
    """-1, which no experiment has, for what is no number of one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _who(c: Connection, workspace: str, item: TrashedItem) -> str | None:
    """The audit line of a deletion is written a moment after it."""
    window = (item.deleted_ms, item.deleted_ms + AUDIT_WINDOW_MS)
    for principal, target in c.all(AUDITED, (*window, DELETING[item.kind], workspace)):
        named = json.loads(target)
        if any(named.get(key) == item.id for key in NAMED_BY[item.kind]):
            return str(principal)
    return None

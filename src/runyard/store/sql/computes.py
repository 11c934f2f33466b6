"""Statements about compute targets."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from runyard.entities.common import Page
from runyard.entities.compute import Compute, ComputeState, Limits, Node, Size
from runyard.errors import AlreadyExists, InvalidInput, InvalidState, NotFound, shown
from runyard.store.compute_contracts import NewCompute
from runyard.store.sql import compute_sizes
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.name_pages import NamePages
from runyard.store.sql.search.fragments import among

T = TypeVar("T")
COLUMNS = """id, workspace_id, name, kind, state, settings, limits, created_ms, modified_ms, created_by, description, tags,
    base, size, allowed_groups, server_url, checked_ms, error, nodes, credentials, secret,
    (SELECT w.name FROM workspaces w WHERE w.id = computes.workspace_id) AS workspace"""
BY_NAME = f"SELECT {COLUMNS} FROM computes WHERE workspace_id = ? AND name = ?"
BY_ID = f"SELECT {COLUMNS} FROM computes WHERE id = ?"
PAGE = f"SELECT {COLUMNS} FROM computes WHERE workspace_id = ? AND name > ? ORDER BY name LIMIT ?"
POOLS = f"SELECT {COLUMNS} FROM computes WHERE workspace_id = ? AND base = ? ORDER BY name LIMIT 1000"
COUNT = "SELECT count(*) FROM computes WHERE workspace_id = ?"
INSERT = """INSERT INTO computes (workspace_id, name, kind, state, settings, limits, description, tags, base, size,
    allowed_groups, server_url, credentials, secret, created_by, created_ms, modified_ms, error, nodes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '[]')
    ON CONFLICT (workspace_id, name) DO NOTHING RETURNING id"""
# SQLite alone would give the id of a deleted one to the next, and jobs remember it.
NEVER_BEFORE = (
    """UPDATE computes SET id = max(?, (SELECT max(o.id) FROM computes o) + 1) WHERE id = ? RETURNING id"""
)
REPLACE = """UPDATE computes SET settings = ?, limits = ?, description = ?, tags = ?, base = ?, size = ?,
    allowed_groups = ?, server_url = ?, credentials = ?, secret = ?, modified_ms = ?
    WHERE id = ? AND workspace_id = ? AND modified_ms = ?"""
DELETE = "DELETE FROM computes WHERE id = ?"
DELETE_SIZES = "DELETE FROM compute_sizes WHERE workspace_id = ? AND compute = ?"
HAS_JOBS = "SELECT 1 FROM jobs WHERE compute_id = ? AND state < 8 LIMIT 1"
SET_STATE = "UPDATE computes SET state = ? WHERE id = ?"
TOLD = f"""UPDATE computes SET checked_ms = ?, error = ?, nodes = coalesce(?, nodes),
    state = CASE WHEN state = {int(ComputeState.STOPPED)} THEN state ELSE ? END WHERE id = ?"""
SETTINGS = "SELECT settings FROM computes WHERE id = ?"
SET_SETTINGS = "UPDATE computes SET settings = ? WHERE id = ?"
GROUPS = "SELECT p.name FROM group_members m JOIN principals p ON p.id = m.group_id WHERE m.member_id = ?"
BY_IDS = f"SELECT {COLUMNS} FROM computes WHERE"
KNOWN_GROUPS = "SELECT name FROM principals WHERE kind = 2 AND"
ID, NAME = 0, 2


class SqlComputes:
    """ComputeStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._pages = NamePages(page_key, "compute targets")
        self._size_pages = NamePages(page_key, "compute sizes")

    async def create(self, workspace_id: int, new: NewCompute, created_by: str, limit: int) -> Compute:
        def work(tx: Transaction) -> Compute:
            count = tx.one(COUNT, (workspace_id,))
            if count is not None and count[0] >= limit:
                raise InvalidInput(
                    f"This workspace has {limit} compute targets, which is as many as one may have."
                )
            now = now_ms()
            head = (workspace_id, new.name, new.kind, int(ComputeState.RUNNING))
            made = tx.one(INSERT, (*head, *_values(new), created_by, now, now))
            if made is not None and tx.dialect == "sqlite":
                made = tx.one(NEVER_BEFORE, (time.time_ns() // 1_000, made[0]))
            if made is None:
                raise AlreadyExists(
                    f"There is a compute target named {shown(new.name, 100)} already. Update it, or choose another name."
                )
            return _load(tx, made[0])

        return await self._database.write(work)

    async def replace(self, workspace_id: int, compute_id: int, new: NewCompute, seen_ms: int) -> Compute:
        def work(tx: Transaction) -> Compute:
            now = max(now_ms(), seen_ms + 1)
            if not tx.execute(REPLACE, (*_values(new), now, compute_id, workspace_id, seen_ms)):
                _load(tx, compute_id)
                raise InvalidState("The compute target was changed by somebody else meanwhile. Try again.")
            return _load(tx, compute_id)

        return await self._database.write(work)

    async def find(self, workspace_id: int, name: str) -> Compute | None:
        row = await self._database.read(lambda c: c.one(BY_NAME, (workspace_id, name)))
        return None if row is None else _compute(row)

    async def by_ids(self, compute_ids: Collection[int]) -> Mapping[int, Compute]:
        if not compute_ids:
            return {}
        rows = await self._database.read(lambda c: _among(c, BY_IDS, "id", sorted(compute_ids)))
        return {row[ID]: _compute(row) for row in rows}

    async def list(self, workspace_id: int, *, max_results: int, page_token: str | None) -> Page[Compute]:
        after = self._pages.after(page_token, workspace_id)
        rows = await self._database.read(lambda c: c.all(PAGE, (workspace_id, after, max_results + 1)))
        page, token = self._pages.cut(rows, max_results, NAME, workspace_id)
        return Page([_compute(row) for row in page], token)

    async def pools_on(self, workspace_id: int, base: str) -> Sequence[Compute]:
        rows = await self._database.read(lambda c: c.all(POOLS, (workspace_id, base)))
        return [_compute(row) for row in rows]

    async def delete(self, compute_id: int, *, with_jobs: bool) -> None:
        def work(tx: Transaction) -> None:
            row = tx.one(BY_ID, (compute_id,))
            if row is None:
                return
            if not with_jobs and tx.one(HAS_JOBS, (compute_id,)) is not None:
                raise InvalidState(
                    f"The compute target {row[NAME]!r} has jobs that have not ended. Cancel them, or delete it with "
                    "force=true, which cancels them."
                )
            tx.execute(DELETE_SIZES, (row[1], row[NAME]))
            tx.execute(DELETE, (compute_id,))

        await self._database.write(work, checked=True)

    async def set_state(self, compute_id: int, state: ComputeState) -> None:
        await self._database.write(lambda tx: tx.execute(SET_STATE, (int(state), compute_id)), checked=True)

    async def told(
        self, compute_id: int, checked_ms: int, error: str, nodes: Sequence[Node] | None = None
    ) -> None:
        state = ComputeState.UNREACHABLE if error else ComputeState.RUNNING
        values = (checked_ms, error, None if nodes is None else _json(nodes), int(state), compute_id)
        await self._database.write(lambda tx: tx.execute(TOLD, values), checked=True)

    async def fix_host_key(self, compute_id: int, address: str, port: int, key: str) -> str:
        def work(tx: Transaction) -> str:
            row = tx.one(SETTINGS, (compute_id,))
            settings = {} if row is None else _decoded(row[0], dict[str, Any], {})
            for host in settings.get("hosts", []):
                if (host.get("address"), host.get("port", 22)) == (address, port):
                    if not host.get("host_key"):
                        host["host_key"] = key
                        tx.execute(SET_SETTINGS, (_json(settings), compute_id))
                    return str(host["host_key"])
            raise NotFound(f"The compute target has no host {address}:{port} any more.")

        return await self._database.write(work)

    async def groups_of(self, principal_id: int) -> Collection[str]:
        rows = await self._database.read(lambda c: c.all(GROUPS, (principal_id,)))
        return {row[0] for row in rows}

    async def known_groups(self, names: Collection[str]) -> Collection[str]:
        rows = await self._database.read(lambda c: _among(c, KNOWN_GROUPS, "name", sorted(names)))
        return {row[0] for row in rows}

    async def put_size(self, workspace_id: int, size: Size, limit: int) -> None:
        def work(tx: Transaction) -> None:
            if tx.one(BY_NAME, (workspace_id, size.compute)) is None:
                raise absent(size.compute)
            compute_sizes.put(tx, workspace_id, size, limit)

        await self._database.write(work)

    async def find_size(self, workspace_id: int, name: str) -> Size | None:
        return await self._database.read(lambda c: compute_sizes.find(c, workspace_id, name))

    async def list_sizes(self, workspace_id: int, *, max_results: int, page_token: str | None) -> Page[Size]:
        after = self._size_pages.after(page_token, workspace_id)
        rows = await self._database.read(
            lambda c: compute_sizes.after(c, workspace_id, after, max_results + 1)
        )
        page, token = self._size_pages.cut(rows, max_results, compute_sizes.FOLDED, workspace_id)
        return Page([compute_sizes.size(row) for row in page], token)

    async def delete_size(self, workspace_id: int, name: str) -> bool:
        return await self._database.write(
            lambda tx: compute_sizes.delete(tx, workspace_id, name), checked=True
        )


def absent(name: str) -> NotFound:
    """The error for a compute target that is not there."""
    return NotFound(f"There is no compute target {shown(name, 100)} in this workspace.")


def _among(c: Connection, sql: str, column: str, values: Sequence[int] | Sequence[str]) -> list[Row]:
    part = among(column, values, c.dialect)
    return c.all(f"{sql} {part.text}", part.params)


def _load(c: Connection, compute_id: int) -> Compute:
    row = c.one(BY_ID, (compute_id,))
    if row is None:
        raise NotFound("That compute target was deleted meanwhile.")
    return _compute(row)


def _values(new: NewCompute) -> tuple[object, ...]:
    return (
        _json(new.settings),
        _json(new.limits),
        new.description,
        _json(new.tags),
        new.base,
        new.size,
        _json(new.groups),
        new.server_url,
        _json(new.credentials),
        new.secret,
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _decoded(text: str, kind: type[T], otherwise: T) -> T:
    """What a column holds; what an import brought and nobody can read is as if it were empty."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError:
        return otherwise


def _compute(row: Row) -> Compute:
    return Compute(
        id=row[0],
        workspace_id=row[1],
        name=row[2],
        kind=row[3],
        state=ComputeState(row[4]),
        settings=_decoded(row[5], dict[str, Any], {}),
        limits=_decoded(row[6], Limits, Limits()),
        created_ms=row[7],
        modified_ms=row[8],
        created_by=row[9],
        description=row[10],
        tags=_decoded(row[11], dict[str, str], {}),
        base=row[12],
        size=row[13],
        groups=_decoded(row[14], list[str], []),
        server_url=row[15],
        checked_ms=row[16],
        error=row[17],
        nodes=_decoded(row[18], list[Node], []),
        credentials=_decoded(row[19], list[str], []),
        secret=None if row[20] is None else bytes(row[20]),
        workspace=row[21],
    )

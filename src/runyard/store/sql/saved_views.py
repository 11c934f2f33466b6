"""Statements about saved views."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from runyard.entities.common import Page
from runyard.entities.principal import Principal
from runyard.entities.saved_view import NewView, SavedView
from runyard.errors import InvalidInput, NotFound, shown
from runyard.store.sql import experiments
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.id_pages import IdPages

COLUMNS = "uuid, name, page, experiment_id, shared, owner, owner_uuid, state, created_ms, updated_ms"
INSERT = f"""INSERT INTO saved_views (workspace_id, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
ONE = f"SELECT {COLUMNS} FROM saved_views WHERE uuid = ? AND workspace_id = ?"
OWN = "SELECT count(*) FROM saved_views WHERE owner_uuid = ? AND workspace_id = ?"
LIST = f"""SELECT {COLUMNS}, id FROM saved_views WHERE workspace_id = ? AND (shared = 1 OR owner_uuid = ?)
    AND id > ?{{page}}{{experiment}} ORDER BY id LIMIT ?"""
UPDATE = """UPDATE saved_views SET name = ?, page = ?, experiment_id = ?, shared = ?, state = ?, updated_ms = ?
    WHERE uuid = ? AND workspace_id = ?"""
DELETE = "DELETE FROM saved_views WHERE uuid = ? AND workspace_id = ?"
DELETE_PRIVATE = (
    "DELETE FROM saved_views WHERE shared = 0 AND owner_uuid = (SELECT uuid FROM principals WHERE id = ?)"
)
STATE, ID = 7, 10
PAGE_CHARS = 1_048_576  # of the states of a page; one more view may go beyond it
AT_ONCE = 32


class SqlSavedViews:
    """ViewStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._pages = IdPages(page_key, "saved views")

    async def create(self, workspace_id: int, owner: Principal, new: NewView, limit: int) -> SavedView:
        view_id = uuid.uuid4().hex

        def work(tx: Transaction) -> SavedView:
            _check_experiment(tx, workspace_id, new)
            own = tx.one(OWN, (owner.uuid, workspace_id))
            if own is not None and own[0] >= limit:
                raise InvalidInput(
                    f"You have {limit} saved views here, which is as many as one may have. Delete some."
                )
            now = now_ms()
            what = (view_id, new.name, new.page, new.experiment_id, int(new.shared))
            tx.execute(INSERT, (workspace_id, *what, owner.name, owner.uuid, new.state, now, now))
            return _get(tx, workspace_id, view_id)

        return await self._database.write(work)

    async def find(self, workspace_id: int, view_id: str) -> SavedView | None:
        row = await self._database.read(lambda c: c.one(ONE, (view_id, workspace_id)))
        return None if row is None else _view(row)

    async def list(
        self,
        workspace_id: int,
        owner_uuid: str,
        page: str | None,
        experiment_id: int | None,
        *,
        max_results: int,
        page_token: str | None,
    ) -> Page[SavedView]:
        query = (workspace_id, owner_uuid, page, experiment_id)
        after = self._pages.after(page_token, *query) or 0
        sql = LIST.format(
            page="" if page is None else " AND page = ?",
            experiment="" if experiment_id is None else " AND experiment_id = ?",
        )
        asked = [value for value in (page, experiment_id) if value is not None]

        def some(c: Connection, after: int, limit: int) -> Sequence[Row]:
            return c.all(sql, (workspace_id, owner_uuid, after, *asked, limit))

        rows, fit = await self._database.read(lambda c: _page(c, some, after, max_results))
        shown_rows, token = self._pages.cut(rows, fit, ID, *query)
        return Page([_view(row) for row in shown_rows], token)

    async def replace(self, workspace_id: int, view_id: str, new: NewView) -> SavedView:
        def work(tx: Transaction) -> SavedView:
            _check_experiment(tx, workspace_id, new)
            what = (new.name, new.page, new.experiment_id, int(new.shared), new.state, now_ms())
            if not tx.execute(UPDATE, (*what, view_id, workspace_id)):
                raise absent(view_id)
            return _get(tx, workspace_id, view_id)

        return await self._database.write(work)

    async def delete(self, workspace_id: int, view_id: str) -> None:
        def work(tx: Transaction) -> None:
            if not tx.execute(DELETE, (view_id, workspace_id)):
                raise absent(view_id)

        await self._database.write(work, checked=True)


def _page(
    c: Connection, some: Callable[[Connection, int, int], Sequence[Row]], after: int, max_results: int
) -> tuple[Sequence[Row], int]:
    """The rows of a page and perhaps one more, and how many are the page's: fewer where their states are large."""
    rows: list[Row] = []
    chars = 0
    while len(rows) <= max_results:
        limit = min(AT_ONCE, max_results + 1 - len(rows))
        found = some(c, rows[-1][ID] if rows else after, limit)
        for row in found:
            rows.append(row)
            if chars >= PAGE_CHARS:
                return rows, len(rows) - 1
            chars += len(row[STATE])
        if len(found) < limit:
            break
    return rows, max_results


def forget_private_of(tx: Transaction, principal_id: int) -> None:
    """A principal goes, and with it what nobody else could see."""
    tx.execute(DELETE_PRIVATE, (principal_id,))


def absent(view_id: str) -> NotFound:
    """The error for a view that is not there, or not theirs."""
    return NotFound(f"There is no saved view {shown(view_id, 100)} here.")


def _check_experiment(tx: Transaction, workspace_id: int, new: NewView) -> None:
    if new.experiment_id is not None:
        experiments.load(tx, workspace_id, new.experiment_id)


def _get(c: Connection, workspace_id: int, view_id: str) -> SavedView:
    row = c.one(ONE, (view_id, workspace_id))
    assert row is not None
    return _view(row)


def _view(row: Row) -> SavedView:
    return SavedView(row[0], row[1], row[2], row[3], bool(row[4]), *row[5:10])

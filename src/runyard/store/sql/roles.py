"""Statements about custom roles, and assignments of all roles."""

from __future__ import annotations

import json
from collections.abc import Sequence

from runyard.entities.access import BUILT_IN_ROLES, Assignment, Role
from runyard.entities.common import Page
from runyard.errors import AlreadyExists, InvalidState, NotFound, shown
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Transaction
from runyard.store.sql.id_pages import IdPages
from runyard.store.sql.identity import ROLES, assignment_of, role_of
from runyard.store.sql.owners import keeping_an_owner, owners

INSERT = """INSERT INTO roles (name, description, actions, not_actions, created_ms) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (name) DO NOTHING"""
KNOWN = "SELECT 1 FROM roles WHERE name = ?"
IN_USE = "SELECT COUNT(*) FROM role_assignments WHERE role = ?"
DELETE = "DELETE FROM roles WHERE name = ?"
ASSIGNMENTS = """SELECT a.uuid, p.name, a.role, a.effect, a.scope, a.created_by, a.created_ms, a.id
    FROM role_assignments a JOIN principals p ON p.id = a.principal_id"""
ASSIGN = """INSERT INTO role_assignments (uuid, principal_id, role, effect, scope, created_by, created_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (principal_id, role, effect, scope) DO NOTHING"""
SAME = f"{ASSIGNMENTS} WHERE a.principal_id = ? AND a.role = ? AND a.effect = ? AND a.scope = ?"
BY_UUID = f"{ASSIGNMENTS} WHERE a.uuid = ?"
REMOVE = "DELETE FROM role_assignments WHERE uuid = ?"


class SqlRoles:
    """RoleStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._pages = IdPages(page_key, "role assignments")

    async def create(self, role: Role) -> None:
        values = (json.dumps(role.actions), json.dumps(role.not_actions), now_ms())

        def work(tx: Transaction) -> None:
            if not tx.execute(INSERT, (role.name, role.description, *values)):
                raise AlreadyExists(f"There is a role named {shown(role.name)} already. Choose another name.")

        await self._database.write(work, checked=True)

    async def list(self) -> Sequence[Role]:
        rows = await self._database.read(lambda c: c.all(ROLES))
        return [role_of(row) for row in rows]

    async def delete(self, name: str) -> None:
        def work(tx: Transaction) -> None:
            used = tx.one(IN_USE, (name,))
            if used is not None and used[0]:
                raise InvalidState(
                    f"The role {shown(name)} is assigned {used[0]} times. Remove its assignments first."
                )
            if not tx.execute(DELETE, (name,)):
                raise NotFound(f"There is no custom role named {shown(name)}.")

        await self._database.write(work, checked=True)

    async def assign(self, principal_id: int, new: Assignment, *, keep_owner: bool) -> Assignment:
        def work(tx: Transaction) -> Assignment:
            if new.role not in BUILT_IN_ROLES and tx.one(KNOWN, (new.role,)) is None:
                raise NotFound(f"There is no role named {shown(new.role)}. `runyard role list` shows all.")
            same = (principal_id, new.role, int(new.allow), new.scope)
            tx.execute(ASSIGN, (new.uuid, *same, new.created_by, now_ms()))
            row = tx.one(SAME, same)
            assert row is not None
            return assignment_of(row)

        return await self._database.write(keeping_an_owner(work, keep_owner))

    async def find_assignment(self, uuid: str) -> Assignment | None:
        row = await self._database.read(lambda c: c.one(BY_UUID, (uuid,)))
        return None if row is None else assignment_of(row)

    async def remove_assignment(self, uuid: str, *, keep_owner: bool) -> None:
        def work(tx: Transaction) -> None:
            if not tx.execute(REMOVE, (uuid,)):
                raise NotFound("That role assignment was removed meanwhile.")

        await self._database.write(keeping_an_owner(work, keep_owner))

    async def assignments(
        self, scope: str, principal: str | None, *, max_results: int, page_token: str | None
    ) -> Page[Assignment]:
        query = (scope, principal)
        above = _and_above(scope)
        below = scope.rstrip("/") + "/"
        sql = f"""{ASSIGNMENTS} WHERE a.id > ? AND (a.scope IN ({", ".join("?" * len(above))})
            OR substr(a.scope, 1, ?) = ?)"""
        values = [self._pages.after(page_token, *query) or 0, *above, len(below), below]
        if principal is not None:
            sql += " AND p.name = ?"
            values.append(principal)

        def work(c: Connection) -> Page[Assignment]:
            rows = c.all(f"{sql} ORDER BY a.id LIMIT ?", (*values, max_results + 1))
            shown_rows, token = self._pages.cut(rows, max_results, 7, *query)
            return Page([assignment_of(row) for row in shown_rows], token)

        return await self._database.read(work)

    async def has_owner(self) -> bool:
        return bool(await self._database.read(owners))


def _and_above(scope: str) -> list[str]:
    """A scope and all that hold it; the words between names are no scopes, and nothing is assigned there."""
    parts = scope.strip("/").split("/") if scope != "/" else []
    return ["/", *("/" + "/".join(parts[:count]) for count in range(2, len(parts) + 1, 2))]

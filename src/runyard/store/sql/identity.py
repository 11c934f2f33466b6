"""Statements that deciding about a request needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from runyard.entities.access import Assignment, Role
from runyard.entities.principal import AccessToken, Principal, PrincipalKind, TokenKind
from runyard.entities.workspace import Workspace
from runyard.store.sql.database import Connection, Database, Row

PRINCIPAL = "p.id, p.uuid, p.kind, p.name, p.display_name, p.email, p.disabled, p.created_ms"
TOKEN = (
    "t.id, t.uuid, t.principal_id, t.kind, t.name, t.actions, t.workspace_id, t.created_ms, t.expires_ms, "
    "t.used_ms, t.revoked_ms, t.job, t.job_experiment"
)
TOKEN_COLUMNS = 13
WORKSPACE = (
    "w.id, w.guid, w.name, g.subscription, g.name, w.location, w.sku, w.friendly_name, w.description, w.tags, "
    "w.default_datastore, w.created_by, w.created_ms, w.updated_ms, w.default_experiment"
)
WORKSPACES = f"SELECT {WORKSPACE} FROM workspaces w JOIN resource_groups g ON g.id = w.group_id"
FIND_WORKSPACE = f"{WORKSPACES} WHERE w.name = ? AND w.deleted_ms IS NULL"
BY_UUID = f"SELECT {PRINCIPAL} FROM principals p WHERE p.uuid = ?"
BY_NAME = f"SELECT {PRINCIPAL} FROM principals p WHERE p.name = ?"
PASSWORD = (
    f"SELECT p.password_hash, {PRINCIPAL} FROM principals p WHERE p.name = ? AND p.password_hash IS NOT NULL"
)
TOKENS = f"SELECT {TOKEN}, {PRINCIPAL} FROM access_tokens t JOIN principals p ON p.id = t.principal_id"
TOUCH = "UPDATE access_tokens SET used_ms = ? WHERE id = ?"
ASSIGNMENTS = """SELECT a.uuid, p.name, a.role, a.effect, a.scope, a.created_by, a.created_ms
    FROM role_assignments a JOIN principals p ON p.id = a.principal_id
    WHERE a.principal_id = ? OR a.principal_id IN (SELECT group_id FROM group_members WHERE member_id = ?)"""
ROLES = "SELECT name, description, actions, not_actions FROM roles ORDER BY name"
HOMES = {
    "runs": "SELECT uuid, experiment_id FROM runs WHERE workspace_id = ? AND uuid IN ({marks})",
    "models": "SELECT uuid, experiment_id FROM logged_models WHERE workspace_id = ? AND uuid IN ({marks})",
    "traces": "SELECT uuid, experiment_id FROM traces WHERE workspace_id = ? AND uuid IN ({marks})",
}
IN_ONE_QUERY = 500
AT_PATH = """SELECT id FROM experiments WHERE workspace_id = ? AND own_path IS NOT NULL
    AND (own_path IN ({marks}) OR (own_path >= ? AND own_path < ?)) ORDER BY id"""


class SqlIdentity:
    """IdentityStore, RecordHomes and the services' PathOwners on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_workspace(self, name: str) -> Workspace | None:
        row = await self._database.read(lambda c: c.one(FIND_WORKSPACE, (name,)))
        return None if row is None else workspace_of(row)

    async def find_principal(self, *, uuid: str | None = None, name: str | None = None) -> Principal | None:
        sql, value = (BY_NAME, name) if uuid is None else (BY_UUID, uuid)
        row = await self._database.read(lambda c: c.one(sql, (value,)))
        return None if row is None else principal_of(row)

    async def find_password(self, name: str) -> tuple[Principal, str] | None:
        row = await self._database.read(lambda c: c.one(PASSWORD, (name,)))
        return None if row is None else (principal_of(row[1:]), row[0])

    async def find_token(
        self, *, secret_hash: str | None = None, uuid: str | None = None
    ) -> tuple[AccessToken, Principal] | None:
        column, value = ("t.uuid", uuid) if secret_hash is None else ("t.hash", secret_hash)
        row = await self._database.read(lambda c: c.one(f"{TOKENS} WHERE {column} = ?", (value,)))
        return None if row is None else (token_of(row), principal_of(row[TOKEN_COLUMNS:]))

    async def touch_token(self, token_id: int, used_ms: int) -> None:
        await self._database.write(lambda tx: tx.execute(TOUCH, (used_ms, token_id)), checked=True)

    async def assignments_of(self, principal_id: int) -> Sequence[Assignment]:
        rows = await self._database.read(lambda c: c.all(ASSIGNMENTS, (principal_id, principal_id)))
        return [assignment_of(row) for row in rows]

    async def custom_roles(self) -> Mapping[str, Role]:
        rows = await self._database.read(lambda c: c.all(ROLES))
        return {row[0]: role_of(row) for row in rows}

    async def homes_of(
        self,
        workspace_id: int,
        *,
        runs: Sequence[str] = (),
        models: Sequence[str] = (),
        traces: Sequence[str] = (),
    ) -> Mapping[tuple[str, str], int]:
        named = {"runs": runs, "models": models, "traces": traces}
        wanted = {kind: [one for one in uuids if "\0" not in one] for kind, uuids in named.items() if uuids}

        def work(c: Connection) -> dict[tuple[str, str], int]:
            found: dict[tuple[str, str], int] = {}
            for kind, uuids in wanted.items():
                for start in range(0, len(uuids), IN_ONE_QUERY):
                    some = uuids[start : start + IN_ONE_QUERY]
                    sql = HOMES[kind].format(marks=", ".join("?" * len(some)))
                    found.update({(kind, row[0]): row[1] for row in c.all(sql, (workspace_id, *some))})
            return found

        return await self._database.read(work) if any(wanted.values()) else {}

    async def experiments_at(self, workspace_id: int, folded: str) -> Sequence[int]:
        if "\0" in folded:
            return []
        names = folded.split("/")
        above = ["/".join(names[:count]) for count in range(1, len(names) + 1)]
        sql = AT_PATH.format(marks=", ".join("?" * len(above)))
        below = (f"{folded}/", f"{folded}0")  # the character after the slash
        rows = await self._database.read(lambda c: c.all(sql, (workspace_id, *above, *below)))
        return [row[0] for row in rows]


def workspace_of(row: Row) -> Workspace:
    """A workspace from WORKSPACE."""
    values = list(row[:15])
    values[9] = json.loads(row[9])
    return Workspace(*values)


def principal_of(row: Row) -> Principal:
    """A principal from PRINCIPAL."""
    return Principal(row[0], row[1], PrincipalKind(row[2]), row[3], row[4], row[5], bool(row[6]), row[7])


def token_of(
    row: Row, workspace: str | None = None, created_by: str = "", principal: str = ""
) -> AccessToken:
    """A token from TOKEN."""
    fixed = (row[0], row[1], row[2], TokenKind(row[3]), row[4], json.loads(row[5]), row[6])
    created_ms, expires_ms, used_ms, revoked_ms = row[7:11]
    times = (created_ms, expires_ms, used_ms, revoked_ms)
    return AccessToken(*fixed, *times, workspace, created_by, principal, row[11] or "", row[12])


def assignment_of(row: Row) -> Assignment:
    """An assignment from the columns of ASSIGNMENTS."""
    return Assignment(row[0], row[1], row[2], bool(row[3]), row[4], row[5], row[6])


def role_of(row: Row) -> Role:
    """A custom role from the columns of ROLES."""
    return Role(row[0], row[1], tuple(json.loads(row[2])), tuple(json.loads(row[3])))

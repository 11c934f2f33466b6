"""People with roles, written straight into the database of a server in this process, and tokens of theirs."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runyard.server.storage import DATABASE_FILE
from runyard.services.identity import hash_secret

DAY_MS = 86_400_000


@dataclass(frozen=True)
class People:
    """Those of the server whose data are in a directory."""

    directory: Path

    def add(self, *roles: tuple[str, str], deny: Sequence[tuple[str, str]] = (), name: str = "") -> int:
        """The row of a new user with (role, scope) and roles that are denied."""
        name = name or f"u-{uuid.uuid4().hex[:8]}"
        with self._writing() as tx:
            person = tx.execute(
                "INSERT INTO principals (uuid, kind, name, created_ms) VALUES (?, 0, ?, 1)",
                (uuid.uuid4().hex, name),
            ).lastrowid
            assert person is not None
        for effect, some in ((1, roles), (0, deny)):
            for role, scope in some:
                self.assign(person, role, scope, effect)
        return person

    def assign(self, person: int, role: str, scope: str, effect: int = 1) -> None:
        """Give a role, or with effect 0 take it away."""
        with self._writing() as tx:
            tx.execute(
                "INSERT INTO role_assignments (uuid, principal_id, role, effect, scope, created_ms) "
                "VALUES (?, ?, ?, ?, ?, 1)",
                (uuid.uuid4().hex, person, role, effect, scope),
            )

    def token(self, person: int, *, workspace_id: int | None = None, actions: str = '["*"]') -> str:
        """A new access token."""
        secret = f"ry_{secrets.token_urlsafe(32)}"
        now = int(time.time() * 1000)
        with self._writing() as tx:
            tx.execute(
                "INSERT INTO access_tokens (uuid, principal_id, kind, name, hash, actions, workspace_id, "
                "created_ms, expires_ms) VALUES (?, ?, 0, 't', ?, ?, ?, ?, ?)",
                (uuid.uuid4().hex, person, hash_secret(secret), actions, workspace_id, now, now + DAY_MS),
            )
        return secret

    def with_roles(self, *roles: tuple[str, str], deny: Sequence[tuple[str, str]] = ()) -> str:
        """The token of a new user."""
        return self.token(self.add(*roles, deny=deny))

    def count(self, table: str, **where: object) -> int:
        """Rows with these values."""
        condition = " AND ".join(f"{column} = ?" for column in where)
        with contextlib.closing(self._connect()) as connection:
            sql = f"SELECT count(*) FROM {table} WHERE {condition}"
            return int(connection.execute(sql, tuple(where.values())).fetchone()[0])

    def row_of(self, workspace: str) -> int:
        """The number of a workspace."""
        with contextlib.closing(self._connect()) as connection:
            row = connection.execute("SELECT id FROM workspaces WHERE name = ?", (workspace,)).fetchone()
            return int(row[0])

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(self._connect()) as connection, connection:
            yield connection

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.directory / DATABASE_FILE, timeout=20)

"""Statements about users, service accounts, groups and who is in them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from runyard.entities.common import Page
from runyard.entities.principal import Principal, PrincipalKind, TokenKind
from runyard.errors import AlreadyExists, NotFound, shown
from runyard.store.principal_contracts import NewPrincipal, PrincipalChange
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Transaction
from runyard.store.sql.identity import BY_NAME, PRINCIPAL, principal_of
from runyard.store.sql.name_pages import NamePages
from runyard.store.sql.owners import keeping_an_owner
from runyard.store.sql.saved_views import forget_private_of

COLUMNS = PRINCIPAL.replace("p.", "")
INSERT = f"""INSERT INTO principals (uuid, kind, name, display_name, email, password_hash, issuer, subject, created_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING {COLUMNS}"""
BY_ID = f"SELECT {PRINCIPAL} FROM principals p WHERE p.id = ?"
BY_SUBJECT = f"SELECT {PRINCIPAL} FROM principals p WHERE p.issuer = ? AND p.subject = ?"
OF_KIND = f"SELECT {PRINCIPAL} FROM principals p WHERE p.kind = ? AND p.name > ? ORDER BY p.name LIMIT ?"
SET = {
    "display_name": "UPDATE principals SET display_name = ? WHERE id = ?",
    "email": "UPDATE principals SET email = ? WHERE id = ?",
    "disabled": "UPDATE principals SET disabled = ? WHERE id = ?",
    "password_hash": "UPDATE principals SET password_hash = ? WHERE id = ?",
}
END_LOGINS = f"""UPDATE access_tokens SET revoked_ms = ?
    WHERE principal_id = ? AND revoked_ms IS NULL AND kind IN ({TokenKind.LOGIN:d}, {TokenKind.SESSION:d})"""
DELETE = "DELETE FROM principals WHERE id = ?"
PASSWORD = "SELECT password_hash FROM principals WHERE id = ?"
MEMBERS = f"""SELECT {PRINCIPAL} FROM group_members m JOIN principals p ON p.id = m.member_id
    WHERE m.group_id = ? ORDER BY p.name"""
ADD_MEMBER = """INSERT INTO group_members (group_id, member_id) VALUES (?, ?)
    ON CONFLICT (group_id, member_id) DO UPDATE SET at_login = 0"""
REMOVE_MEMBER = "DELETE FROM group_members WHERE group_id = ? AND member_id = ?"
JOIN_AT_LOGIN = "INSERT INTO group_members (group_id, member_id, at_login) VALUES (?, ?, 1)"
GROUPS_OF = "SELECT group_id, at_login FROM group_members WHERE member_id = ?"
GROUPS_NAMED = f"SELECT id FROM principals WHERE kind = {PrincipalKind.GROUP:d} AND name IN ({{marks}})"
IN_ONE_QUERY = 500


class SqlPrincipals:
    """PrincipalStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._pages = NamePages(page_key, "principals")

    async def create(self, new: NewPrincipal) -> Principal:
        return await self._database.write(lambda tx: insert(tx, new), checked=True)

    async def get(self, kind: PrincipalKind, name: str) -> Principal:
        row = await self._database.read(lambda c: c.one(BY_NAME, (name,)))
        if row is None or row[2] != kind:
            raise NotFound(f"There is no {kind.text.replace('_', ' ')} named {shown(name)}.")
        return principal_of(row)

    async def find_subject(self, issuer: str, subject: str) -> Principal | None:
        row = await self._database.read(lambda c: c.one(BY_SUBJECT, (issuer, subject)))
        return None if row is None else principal_of(row)

    async def list(self, kind: PrincipalKind, *, max_results: int, page_token: str | None) -> Page[Principal]:
        after = self._pages.after(page_token, kind)
        rows = await self._database.read(lambda c: c.all(OF_KIND, (kind, after, max_results + 1)))
        shown_rows, token = self._pages.cut(rows, max_results, 3, kind)
        return Page([principal_of(row) for row in shown_rows], token)

    async def update(self, principal_id: int, change: PrincipalChange, *, keep_owner: bool) -> Principal:
        def work(tx: Transaction) -> Principal:
            for field, sql in SET.items():
                value = getattr(change, field)
                if value is not None:
                    tx.execute(sql, (int(value) if isinstance(value, bool) else value, principal_id))
            if change.disabled or change.password_hash is not None:
                tx.execute(END_LOGINS, (now_ms(), principal_id))
            return _load(tx, principal_id)

        return await self._database.write(keeping_an_owner(work, keep_owner))

    async def delete(self, principal_id: int, *, keep_owner: bool) -> None:
        def work(tx: Transaction) -> None:
            forget_private_of(tx, principal_id)
            if not tx.execute(DELETE, (principal_id,)):
                raise _gone()

        await self._database.write(keeping_an_owner(work, keep_owner))

    async def password_hash(self, principal_id: int) -> str | None:
        row = await self._database.read(lambda c: c.one(PASSWORD, (principal_id,)))
        return None if row is None else row[0]

    async def members(self, group_id: int) -> Sequence[Principal]:
        rows = await self._database.read(lambda c: c.all(MEMBERS, (group_id,)))
        return [principal_of(row) for row in rows]

    async def add_member(self, group_id: int, member_id: int) -> None:
        await self._database.write(lambda tx: tx.execute(ADD_MEMBER, (group_id, member_id)))

    async def remove_member(self, group_id: int, member_id: int, *, keep_owner: bool) -> None:
        def work(tx: Transaction) -> None:
            if not tx.execute(REMOVE_MEMBER, (group_id, member_id)):
                raise NotFound("That group has no such member.")

        await self._database.write(keeping_an_owner(work, keep_owner))

    async def set_login_groups(self, member_id: int, names: Collection[str]) -> bool:
        wanted_names = sorted(set(names))[:IN_ONE_QUERY]
        marks = ", ".join("?" * len(wanted_names)) or "NULL"

        def work(tx: Transaction) -> bool:
            wanted = {row[0] for row in tx.all(GROUPS_NAMED.format(marks=marks), wanted_names)}
            present = {int(group): bool(at_login) for group, at_login in tx.all(GROUPS_OF, (member_id,))}
            joined = sorted(wanted - set(present))
            left = sorted(group for group, at_login in present.items() if at_login and group not in wanted)
            tx.many(JOIN_AT_LOGIN, [(group, member_id) for group in joined])
            tx.many(REMOVE_MEMBER, [(group, member_id) for group in left])
            return bool(joined or left)

        return await self._database.write(work)


def insert(tx: Transaction, new: NewPrincipal) -> Principal:
    """A new principal. Raises: AlreadyExists."""
    values = (new.display_name, new.email, new.password_hash, new.issuer, new.subject, now_ms())
    row = tx.one(INSERT, (uuid.uuid4().hex, new.kind, new.name, *values))
    if row is None:
        raise AlreadyExists(
            f"There is a user, service account or group named {shown(new.name)} already. Choose another name."
        )
    return principal_of(row)


def _load(c: Connection, principal_id: int) -> Principal:
    row = c.one(BY_ID, (principal_id,))
    if row is None:
        raise _gone()
    return principal_of(row)


def _gone() -> NotFound:
    return NotFound("That user, service account or group was removed meanwhile.")

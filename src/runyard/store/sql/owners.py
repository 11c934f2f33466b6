"""A server that everybody must log in to keeps at least one user who owns it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from runyard.entities.access import BUILT_IN_ROLES, Role
from runyard.entities.principal import LOCAL, PrincipalKind
from runyard.errors import InvalidState
from runyard.store.sql.audit import take_turns
from runyard.store.sql.database import Connection, Transaction

T = TypeVar("T")
OWNING = "access/write"
USERS = f"SELECT id FROM principals WHERE kind = {PrincipalKind.USER:d} AND disabled = 0 AND id <> {LOCAL.id}"
AT_SERVER = """SELECT a.role, a.effect, a.principal_id, m.member_id FROM role_assignments a
    LEFT JOIN group_members m ON m.group_id = a.principal_id WHERE a.scope = '/'"""
ROLES = "SELECT name, description, actions, not_actions FROM roles"


def owners(c: Connection) -> set[int]:
    """Enabled users other than `local` who may assign roles to the whole server."""
    roles = {
        row[0]: Role(row[0], row[1], tuple(json.loads(row[2])), tuple(json.loads(row[3])))
        for row in c.all(ROLES)
    }
    roles |= BUILT_IN_ROLES
    allowed: set[int] = set()
    denied: set[int] = set()
    for role, effect, principal, member in c.all(AT_SERVER):
        if role in roles and OWNING in roles[role].expand():
            (allowed if effect else denied).update({principal, member or principal})
    return (allowed - denied) & {row[0] for row in c.all(USERS)}


def keeping_an_owner(work: Callable[[Transaction], T], keep_owner: bool) -> Callable[[Transaction], T]:
    """The same work; it raises InvalidState when it would take the last owner away."""
    if not keep_owner:
        return work

    def checked(tx: Transaction) -> T:
        take_turns(tx)  # or two servers could each take away an owner because the other one is still there
        before = owners(tx)
        done = work(tx)
        if before and not owners(tx):
            raise InvalidState(
                "That would leave the server without an owner, and nobody could be made one any more. "
                "Make another user Owner at / first."
            )
        return done

    return checked

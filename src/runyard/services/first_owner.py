"""Somebody has to own a server before anybody can be given anything on it."""

from __future__ import annotations

import time
import uuid

from runyard.entities.access import Assignment
from runyard.entities.audit import AuditEntry
from runyard.entities.principal import LOCAL, Principal, PrincipalKind
from runyard.errors import InvalidInput, NotFound
from runyard.services.audit import AuditStore
from runyard.services.principals import check_name, hashed_password
from runyard.store.principal_contracts import NewPrincipal, PrincipalChange, PrincipalStore, RoleStore

OWNER = "Owner"


async def make_owner(
    principals: PrincipalStore, roles: RoleStore, audit: AuditStore, name: str, password: str | None
) -> Principal:
    """A user who owns the server, made by whoever can write its database. One who is there already is enabled, gets
    the role, and the password where one is given.

    Raises: InvalidInput.
    """
    check_name(PrincipalKind.USER, name)
    if name == LOCAL.name:
        raise InvalidInput(
            "'local' stands for whoever works on the machine of the server. Choose another name."
        )
    hashed = None if password is None else await hashed_password(password, name)
    try:
        found = await principals.get(PrincipalKind.USER, name)
        change = PrincipalChange(disabled=False, password_hash=hashed)
        found = await principals.update(found.id, change, keep_owner=False)
    except NotFound:
        found = await principals.create(NewPrincipal(PrincipalKind.USER, name, password_hash=hashed))
    assignment = Assignment(uuid.uuid4().hex, name, OWNER, True, "/", LOCAL.name)
    await roles.assign(found.id, assignment, keep_owner=False)
    target = {"principal": name, "role": OWNER, "scope": "/"}
    await audit.append(
        AuditEntry(
            int(time.time() * 1000), LOCAL.name, "command line", "", "access/write", target, "done", 200, ""
        )
    )
    return found

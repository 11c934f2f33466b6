"""Whoever logs in at the identity provider is a user here: made at the first login, without a role."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress

from runyard.entities.access import Assignment
from runyard.entities.principal import Principal, PrincipalKind
from runyard.errors import AlreadyExists, NotFound, Unauthenticated
from runyard.services.audit import AuditTrail
from runyard.services.oidc_contracts import Claims
from runyard.store.principal_contracts import NewPrincipal, PrincipalChange, PrincipalStore, RoleStore

OWNER = "Owner"
LONGEST_NAME = 100
_UNFIT = re.compile(r"[^A-Za-z0-9._@+-]+")


class OidcPeople:
    """Finds or makes the user, and refreshes the groups.

    Args:
        owners: group at the provider whose members own the server; empty: none.
        changed: called after every login, which may have changed who is in which group.
    """

    def __init__(
        self,
        issuer: str,
        principals: PrincipalStore,
        roles: RoleStore,
        trail: AuditTrail,
        *,
        owners: str,
        changed: Callable[[], None],
    ) -> None:
        self._issuer = issuer
        self._principals = principals
        self._roles = roles
        self._trail = trail
        self._owners = owners
        self._changed = changed

    async def known(self, claims: Claims, remote: str) -> Principal:
        """The user whom the provider speaks of, from a client's address. Known by the provider's subject alone: a name or an address that equals
        one here proves nothing.

        Raises: Unauthenticated for a disabled user.
        """
        found = await self._principals.find_subject(self._issuer, claims.subject)
        found = await (self._make(claims, remote) if found is None else self._refresh(found, claims))
        if found.disabled:
            raise Unauthenticated(f"{found.name} is disabled on this server. Ask an owner.")
        if claims.groups is not None:
            if self._owners and self._owners in claims.groups:
                await self._make_owners(found.name, remote)
            if await self._principals.set_login_groups(found.id, claims.groups):
                self._changed()
                target = {"member": found.name, "name": ", ".join(sorted(claims.groups))}
                await self._trail.note_change(found.name, "oidc", "principals/write", target, remote)
        return found

    async def _make(self, claims: Claims, remote: str) -> Principal:
        for name in _names(claims, self._issuer):
            new = NewPrincipal(
                PrincipalKind.USER,
                name,
                claims.display_name,
                claims.email,
                issuer=self._issuer,
                subject=claims.subject,
            )
            try:
                made = await self._principals.create(new)
            except AlreadyExists:
                again = await self._principals.find_subject(self._issuer, claims.subject)
                if again is not None:  # the same person in two windows
                    return again
            else:
                await self._trail.note_change(name, "oidc", "principals/write", {"name": name}, remote)
                return made
        raise Unauthenticated("No name is free for you on this server. Ask an owner.")

    async def _refresh(self, found: Principal, claims: Claims) -> Principal:
        if (found.display_name, found.email) == (claims.display_name, claims.email):
            return found
        change = PrincipalChange(claims.display_name, claims.email)
        return await self._principals.update(found.id, change, keep_owner=False)

    async def _make_owners(self, name: str, remote: str) -> None:
        """The group of owners, with its role; nothing happens when both are there."""
        try:
            group = await self._principals.get(PrincipalKind.GROUP, self._owners)
        except NotFound:
            with suppress(AlreadyExists):  # another login makes it at the same time
                await self._principals.create(NewPrincipal(PrincipalKind.GROUP, self._owners))
            group = await self._principals.get(PrincipalKind.GROUP, self._owners)
        new = Assignment(uuid.uuid4().hex, group.name, OWNER, True, "/", "oidc")
        if (await self._roles.assign(group.id, new, keep_owner=False)).uuid == new.uuid:
            target = {"principal": group.name, "role": OWNER, "scope": "/"}
            await self._trail.note_change(name, "oidc", "access/write", target, remote)


def _names(claims: Claims, issuer: str) -> Iterator[str]:
    """Names to try: the provider's where it fits and is free, else with a mark of the person."""
    mark = hashlib.sha256(f"{issuer}\0{claims.subject}".encode()).hexdigest()[:8]
    name = _UNFIT.sub("-", claims.name)[:LONGEST_NAME].strip("-._@+")
    if name:
        yield name
    yield f"{name or 'user'}-{mark}"

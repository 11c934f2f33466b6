"""Users, service accounts and groups: who may change whom."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence

from runyard.entities.access import ACTIONS
from runyard.entities.common import Page
from runyard.entities.principal import LOCAL, Principal, PrincipalKind
from runyard.errors import InvalidInput, NotAllowed, shown
from runyard.services.checks import check_length, check_max_results, check_text
from runyard.services.context import Context
from runyard.services.identity import IdentityService
from runyard.services.passwords import check_password, hash_password
from runyard.store.principal_contracts import NewPrincipal, PrincipalChange, PrincipalStore

PAGE_LIMIT = 1_000
TEXT_LIMIT = 300
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
GROUP_NAME = re.compile(r"\S(.{0,126}\S)?")


class PrincipalService:
    """Checks, then asks the store.

    Args:
        keep_owner: the last user who owns the server cannot be removed or disabled.
        owners: the group that is made the server's owner when somebody of that name's group at the identity provider logs
            in; empty: none.
        changed: called after every change of who may do what.
    """

    def __init__(
        self,
        store: PrincipalStore,
        identity: IdentityService,
        *,
        keep_owner: bool,
        owners: str,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._identity = identity
        self._keep_owner = keep_owner
        self._owners = owners
        self._changed = changed

    async def create(
        self,
        ctx: Context,
        kind: PrincipalKind,
        name: str,
        *,
        display_name: str = "",
        email: str = "",
        password: str | None = None,
    ) -> Principal:
        """A new principal, without any role.

        Raises: InvalidInput, AlreadyExists.
        """
        check_name(kind, name)
        _check_texts(display_name, email)
        if self._comes_to_own(kind, name) and ACTIONS.keys() - await self._identity.rights_everywhere(ctx):
            raise NotAllowed(
                f"The members of {shown(name)} come to own this server. Only who owns it can make that group."
            )
        hashed = None if password is None else await hashed_password(password, name)
        return await self._store.create(NewPrincipal(kind, name, display_name, email, hashed))

    async def get(self, ctx: Context, kind: PrincipalKind, name: str) -> Principal:
        """Raises: NotFound."""
        check_text("name", name)
        return await self._store.get(kind, name)

    async def list(
        self, ctx: Context, kind: PrincipalKind, max_results: int, page_token: str | None
    ) -> Page[Principal]:
        """A page by name."""
        size = check_max_results(max_results, PAGE_LIMIT)
        return await self._store.list(kind, max_results=size, page_token=page_token)

    async def update(
        self,
        ctx: Context,
        kind: PrincipalKind,
        name: str,
        *,
        display_name: str | None = None,
        email: str | None = None,
        disabled: bool | None = None,
        password: str | None = None,
        current_password: str | None = None,
    ) -> Principal:
        """Change a principal. Everybody may change the own password, by giving the current one.

        Raises: NotFound, NotAllowed, InvalidInput; InvalidState for the last owner.
        """
        _check_texts(display_name or "", email or "")
        own = name == ctx.principal.name and current_password is not None and disabled is None
        if not own and not ctx.grants.permits("principals/write"):
            raise NotAllowed(
                f"{ctx.principal.name} may not change {shown(name)}. Your own password can be changed by giving "
                "current_password; anything else is for those who may do principals/write."
            )
        found = await self._changeable(ctx, kind, name)
        if own:
            await self._identity.check_login(name, current_password or "", ctx.remote)
        elif disabled is not None or password is not None:
            await self._check_no_more(ctx, found, lifts=kind is PrincipalKind.GROUP)
        hashed = None if password is None else await hashed_password(password, name)
        change = PrincipalChange(display_name, email, disabled, hashed)
        done = await self._store.update(found.id, change, keep_owner=self._keep_owner)
        self._changed()
        return done

    async def delete(self, ctx: Context, kind: PrincipalKind, name: str) -> None:
        """Remove a principal with its tokens and roles; what it made stays.

        Raises: NotFound, NotAllowed; InvalidState for the last owner.
        """
        found = await self._changeable(ctx, kind, name)
        await self._check_no_more(ctx, found, lifts=kind is PrincipalKind.GROUP)
        await self._store.delete(found.id, keep_owner=self._keep_owner)
        self._changed()

    async def members(self, ctx: Context, group: str) -> Sequence[Principal]:
        """Who is in a group, by name."""
        return await self._store.members((await self.get(ctx, PrincipalKind.GROUP, group)).id)

    async def add_member(self, ctx: Context, group: str, member: str) -> None:
        """Raises: NotFound; NotAllowed for a group that may do more than the caller."""
        found = await self._changeable(ctx, PrincipalKind.GROUP, group)
        await self._check_no_more(ctx, found)
        await self._store.add_member(found.id, (await self._member(member)).id)
        self._changed()

    async def remove_member(self, ctx: Context, group: str, member: str) -> None:
        """Raises: NotFound; NotAllowed for a group that may do more, or denies what the caller may not; InvalidState for
        the last owner.
        """
        found = await self._changeable(ctx, PrincipalKind.GROUP, group)
        await self._check_no_more(ctx, found, lifts=True)
        member_id = (await self._member(member)).id
        await self._store.remove_member(found.id, member_id, keep_owner=self._keep_owner)
        self._changed()

    async def _member(self, name: str) -> Principal:
        check_text("member", name)
        found = await self._identity.find_principal(name)
        if found.kind is PrincipalKind.GROUP or found.id == LOCAL.id:
            raise InvalidInput(f"{shown(name)} cannot be in a group; users and service accounts can.")
        return found

    async def _changeable(self, ctx: Context, kind: PrincipalKind, name: str) -> Principal:
        found = await self.get(ctx, kind, name)
        if found.id == LOCAL.id:
            raise InvalidInput(
                "'local' stands for whoever works on the machine of the server; it cannot be changed or removed."
            )
        return found

    def _comes_to_own(self, kind: PrincipalKind, name: str) -> bool:
        return kind is PrincipalKind.GROUP and name == self._owners != ""

    async def _check_no_more(self, ctx: Context, found: Principal, *, lifts: bool = False) -> None:
        """Whoever may change people does not come to rights of theirs that way.

        Args:
            lifts: the change ends what a group denies to its members.
        """
        missing = await self._identity.rights_beyond(ctx, found, denials=lifts)
        if self._comes_to_own(found.kind, found.name):
            missing |= ACTIONS.keys() - await self._identity.rights_everywhere(ctx)
        if missing:
            raise NotAllowed(
                f"{found.name} may, or denies its members to, do {', '.join(sorted(missing)[:5])}, which "
                f"{ctx.principal.name} may not do on the whole server. Only who may can change that."
                if lifts
                else f"{found.name} may do {', '.join(sorted(missing)[:5])}, which {ctx.principal.name} may not do. "
                "Only who may all that can change who has it."
            )


async def hashed_password(password: str, name: str) -> str:
    """What is stored of a password. Raises: InvalidInput for a weak one."""
    check_password(password, name)
    return await asyncio.to_thread(hash_password, password)


def generated_password() -> str:
    """A password that nobody guesses."""
    return secrets.token_urlsafe(18)


def check_name(kind: PrincipalKind, name: str) -> None:
    """Raises: InvalidInput for a name that could be misread."""
    if kind is PrincipalKind.GROUP:
        if not GROUP_NAME.fullmatch(name) or not name.isprintable():
            raise InvalidInput(f"{shown(name)} is no name for a group: 1 to 128 printable characters.")
    elif not NAME.fullmatch(name):
        raise InvalidInput(
            f"{shown(name)} is no name for a {kind.text.replace('_', ' ')}: 1 to 128 ASCII letters, digits and . _ @ + -, "
            "beginning with a letter or digit."
        )


def _check_texts(*texts: str) -> None:
    for text in texts:
        check_length("display_name or email", text, TEXT_LIMIT)
        check_text("display_name or email", text)

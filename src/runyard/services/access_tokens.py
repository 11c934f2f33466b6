"""Access tokens: secrets that stand for a person or a machine, until they end or are revoked."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence

import msgspec

from runyard.entities.access import expand, names_an_action
from runyard.entities.common import Page
from runyard.entities.principal import AccessToken, Principal, PrincipalKind, TokenKind
from runyard.errors import InvalidInput, NotAllowed, NotFound, shown
from runyard.services.checks import check_length, check_max_results, check_text
from runyard.services.context import Context
from runyard.services.identity import TOKEN_PREFIX, IdentityService, hash_secret
from runyard.store.principal_contracts import NewToken, PrincipalStore, TokenStore

DAY_S = 86_400
LIFE_S = 90 * DAY_S
LONGEST_LIFE_S = 366 * DAY_S
SESSION_LIFE_S = 7 * DAY_S
PAGE_LIMIT = 1_000
NAME_LIMIT = 128
PATTERNS_LIMIT = 100
EVERYTHING = ("*",)


class MadeToken(msgspec.Struct, frozen=True):
    """A new token with its secret, which is never shown again."""

    secret: str
    token: AccessToken
    principal: Principal


class AccessTokenService:
    """Makes, lists and revokes.

    Args:
        changed: called after every change.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        store: TokenStore,
        principals: PrincipalStore,
        identity: IdentityService,
        *,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._principals = principals
        self._identity = identity
        self._changed = changed
        self._clock = clock

    async def create(
        self,
        ctx: Context,
        name: str,
        *,
        actions: Sequence[str] = EVERYTHING,
        workspace: str | None = None,
        life_s: int | None = None,
        service_account: str | None = None,
    ) -> MadeToken:
        """A token for oneself or for a service account. It never gives more than the credential that asks for it, and
        ends with that one where that is an access token.

        Args:
            actions: patterns; the token may do nothing else.
            workspace: the only one that it is good for.
            life_s: seconds; 90 days where nothing is said, 366 at most.
        Raises: InvalidInput, NotAllowed, NotFound.
        """
        if ctx.credential.startswith("tracking "):
            raise NotAllowed(
                "The token of a tracking URI makes no access tokens. Log in, or use an access token."
            )
        owner = await self._owner(ctx, service_account)
        patterns = tuple(actions) or EVERYTHING
        _check(name, patterns)
        if not expand(patterns) <= expand(tuple(ctx.who.actions)):
            raise NotAllowed(
                "A token cannot allow more than the one that it is made with. Leave out actions, or log in."
            )
        workspace_id = await self._workspace(ctx, workspace)
        life_s = self._checked_life(ctx, life_s)
        return await self.issue(
            owner,
            TokenKind.PERSONAL,
            name,
            life_s,
            actions=patterns,
            workspace_id=workspace_id,
            made_with=None if ctx.who.lasting else ctx.who.token,
            created_by=ctx.principal.name,
        )

    async def issue(
        self,
        principal: Principal,
        kind: TokenKind,
        name: str,
        life_s: int,
        *,
        actions: Sequence[str] = EVERYTHING,
        workspace_id: int | None = None,
        made_with: str | None = None,
        created_by: str | None = None,
    ) -> MadeToken:
        """A token for somebody who has just proved to be who they are."""
        secret, new = new_token(
            principal.id, kind, name, life_s, actions=actions, workspace_id=workspace_id, now_s=self._clock()
        )
        maker = principal.name if created_by is None else created_by
        new = msgspec.structs.replace(new, made_with=made_with, created_by=maker)
        return MadeToken(secret, await self._store.create(new), principal)

    async def list(
        self,
        ctx: Context,
        *,
        service_account: str | None,
        max_results: int,
        page_token: str | None,
        jobs: bool = False,
    ) -> Page[AccessToken]:
        """Tokens, logins and sessions of oneself or of a service account, newest first.

        Args:
            jobs: those of jobs, too, which come and go by themselves.
        """
        owner = await self._owner(ctx, service_account, to="read")
        kinds = [kind for kind in TokenKind if jobs or kind is not TokenKind.JOB]
        size = check_max_results(max_results, PAGE_LIMIT)
        return await self._store.list(owner.id, kinds, max_results=size, page_token=page_token)

    async def made_for_others(
        self, ctx: Context, name: str, *, max_results: int, page_token: str | None
    ) -> Page[AccessToken]:
        """Tokens of service accounts that somebody made, newest first: they outlive their maker.

        Raises: NotAllowed.
        """
        _refuse_job(ctx)
        if name != ctx.principal.name and not ctx.grants.permits("principals/read"):
            raise NotAllowed(
                f"{ctx.principal.name} may not do principals/read, so sees no tokens that others made."
            )
        check_text("created_by", name)
        size = check_max_results(max_results, PAGE_LIMIT)
        return await self._store.made_for_others(name, max_results=size, page_token=page_token)

    async def revoke(self, ctx: Context, uuid: str) -> None:
        """One's own, or with principals/write anybody's; with it go those that were made with it.

        Raises: NotFound for a token that is not there or not theirs.
        """
        check_text("token_id", uuid)
        _refuse_job(ctx)
        found = await self._store.find(uuid)
        own = found is not None and found.principal_id == ctx.principal.id
        if own and ctx.who.token != uuid and _is_narrow(ctx):
            raise NotAllowed(
                "A token for some actions or one workspace alone can revoke itself, but no other. Log in to do that."
            )
        if found is None or not (own or ctx.grants.permits("principals/write")):
            raise NotFound(f"There is no access token {shown(uuid)} that you may revoke.")
        await self._store.revoke(uuid, int(self._clock() * 1000))
        self._changed()

    async def revoke_current(self, ctx: Context) -> bool:
        """Log out: whether the request came with an access token, which is good for nothing now."""
        if ctx.who.job or ctx.who.token is None or ctx.credential != f"token {ctx.who.token}":
            return False
        await self._store.revoke(ctx.who.token, int(self._clock() * 1000))
        self._changed()
        return True

    async def end_all_sessions(self, ctx: Context) -> int:
        """End every browser's session of the caller, that of the request included, and tell how many there were.

        Raises: NotAllowed for a credential that is for some actions or one workspace alone.
        """
        if _is_narrow(ctx):
            raise NotAllowed(
                "A token for some actions or one workspace alone ends nobody's sessions. Log in to do that."
            )
        ended = await self._store.end_sessions(ctx.principal.id, int(self._clock() * 1000))
        self._changed()
        ctx.also["sessions"] = str(ended)
        return ended

    async def end_session(self, secret: str) -> str | None:
        """End the session that a browser had until it began another; its uuid. None when it was none."""
        found = await self._store.find_secret(hash_secret(secret)) if secret else None
        if found is None or found.kind is not TokenKind.SESSION or found.revoked_ms is not None:
            return None
        await self._store.revoke(found.uuid, int(self._clock() * 1000))
        self._changed()
        return found.uuid

    def check_life(self, life_s: int | None) -> int:
        """Raises: InvalidInput outside one second to 366 days."""
        wanted = LIFE_S if life_s is None else life_s
        if not 1 <= wanted <= LONGEST_LIFE_S:
            raise InvalidInput(
                f"A token lives for one second to {LONGEST_LIFE_S // DAY_S} days; {wanted} seconds are "
                f"{_days(wanted)}. Give a life within that."
            )
        return wanted

    def _checked_life(self, ctx: Context, life_s: int | None) -> int:
        """A token that is made with another does not outlive it; logins make what they like."""
        wanted = self.check_life(life_s)
        if ctx.who.lasting or ctx.who.expires_ms is None:
            return wanted
        left_s = int(ctx.who.expires_ms / 1000 - self._clock())
        if life_s is not None and life_s > left_s:
            raise NotAllowed(
                f"A token cannot outlive the one that it is made with, which ends in {_days(left_s)}. "
                "Log in with a password to make one that lasts longer."
            )
        return max(1, min(wanted, left_s))

    async def _owner(self, ctx: Context, service_account: str | None, *, to: str = "write") -> Principal:
        _refuse_job(ctx)
        if service_account is None:
            return ctx.principal
        if not ctx.grants.permits(f"principals/{to}"):
            raise NotAllowed(
                f"{ctx.principal.name} may not do principals/{to}, so no tokens of service accounts."
            )
        check_text("service_account", service_account)
        found = await self._principals.get(PrincipalKind.SERVICE, service_account)
        missing = await self._identity.rights_beyond(ctx, found) if to == "write" else ()
        if missing:
            raise NotAllowed(
                f"{found.name} may do {', '.join(sorted(missing)[:5])}, which {ctx.principal.name} may not do."
            )
        return found

    async def _workspace(self, ctx: Context, name: str | None) -> int | None:
        """The one workspace of a token; a credential for one workspace makes tokens for that one only."""
        if name is None:
            if _is_bound(ctx):
                raise NotAllowed(
                    "This credential is for one workspace. Name it: the new token is for it too."
                )
            return None
        return (await self._identity.in_workspace(ctx.who, name)).workspace_id


def check_token_name(name: str) -> None:
    """Raises: InvalidInput for a blank or over-long one."""
    if not name.strip():
        raise InvalidInput("A token needs a name, such as what it is for.")
    check_length("name", name, NAME_LIMIT)
    check_text("name", name)


def _days(seconds: int) -> str:
    """A time in days; what is shorter, in seconds."""
    return f"{seconds / DAY_S:.6g} days" if abs(seconds) >= DAY_S else f"{seconds} seconds"


def _refuse_job(ctx: Context) -> None:
    """Raises: NotAllowed for the token of a job: it is good for the job's work, and ends with it."""
    if ctx.who.job:
        raise NotAllowed(
            f"This is the token of the job of run {ctx.who.job}, which has nothing to do with other tokens. Log in."
        )


def _is_bound(ctx: Context) -> bool:
    return ctx.who.workspace is not None or ctx.who.workspace_id is not None


def _is_narrow(ctx: Context) -> bool:
    return _is_bound(ctx) or expand(tuple(ctx.who.actions)) != expand(EVERYTHING)


def new_token(
    principal_id: int,
    kind: TokenKind,
    name: str,
    life_s: int,
    *,
    actions: Sequence[str] = EVERYTHING,
    workspace_id: int | None = None,
    now_s: float | None = None,
) -> tuple[str, NewToken]:
    """A secret of 256 bits, and what is stored of it."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    now_ms = int((time.time() if now_s is None else now_s) * 1000)
    times = (now_ms, now_ms + life_s * 1000)
    return secret, NewToken(principal_id, kind, name, hash_secret(secret), actions, workspace_id, *times)


def _check(name: str, patterns: Sequence[str]) -> None:
    check_token_name(name)
    if len(patterns) > PATTERNS_LIMIT:
        raise InvalidInput(f"A token names at most {PATTERNS_LIMIT} actions; these are {len(patterns)}.")
    for pattern in patterns:
        if not names_an_action(pattern):
            raise InvalidInput(
                f"{shown(pattern)} names no action. Write one such as runs/write, or runs/* and */read."
            )

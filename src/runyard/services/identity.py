"""Who a request comes from, and what that principal may do in a place."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf

from runyard.entities.access import BUILT_IN_ROLES, Grants, Role
from runyard.entities.principal import LOCAL, AccessToken, Principal, TokenKind
from runyard.entities.workspace import DEFAULT_WORKSPACE_ID, Workspace
from runyard.errors import NotFound, StorageUnavailable, Unauthenticated, shown
from runyard.services.audit import AuditTrail
from runyard.services.context import Context, Recognised
from runyard.services.passwords import looks_like_token, verify_password
from runyard.services.reach import Reach
from runyard.services.throttle import LoginThrottle
from runyard.services.tracking_tokens import CALL_AGAIN, TrackingTokens
from runyard.store.identity_contracts import IdentityStore

TOKEN_PREFIX = "ry_"
TOUCH_EVERY_MS = 60_000
PASSWORDS_AT_ONCE = 4  # each takes 19 MiB and 20 ms of CPU
REMEMBERED_PASSWORDS = 1_000
SESSION = (
    "Session"  # how the cookie of a browser's session is written where Authorization headers are expected
)
SESSION_IDLE_S = 8 * 3_600
LONGEST_NAME = 250
LOG_IN = "Log in with `runyard login`, or set RUNYARD_TOKEN or MLFLOW_TRACKING_TOKEN to an access token."


class IdentityService:
    """Recognises credentials and adds up roles.

    Args:
        local: a request without a credential comes from the machine of the server and may do everything.
        trail: where failed logins are written down.
    """

    def __init__(
        self,
        store: IdentityStore,
        tokens: TrackingTokens,
        throttle: LoginThrottle,
        *,
        local: bool,
        clock: Callable[[], float] = time.time,
        trail: AuditTrail | None = None,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._throttle = throttle
        self._local = local
        self._clock = clock
        self._trail = trail
        self._verified: dict[bytes, str] = {}
        self._verifying: dict[bytes, asyncio.Task[bool]] = {}
        self._slots = asyncio.Semaphore(PASSWORDS_AT_ONCE)
        self._salt = os.urandom(32)

    async def recognise(self, authorization: str | None, remote: str) -> Recognised:
        """Who sends an Authorization header.

        Raises: Unauthenticated, TooManyRequests.
        """
        if authorization is None:
            return self._without_credential("This server needs a credential, and the request has none.")
        kind, _, value = authorization.partition(" ")
        value = value.strip()
        if kind == SESSION:
            return await self._session(value)
        if kind.lower() == "bearer" and value:
            return await self._bearer(value)
        if kind.lower() == "basic":
            name, password = _basic(value)
            if looks_like_token(password):
                return await self._bearer(password)
            return await self.check_login(name, password, remote)
        raise Unauthenticated(
            f"The Authorization header is neither Bearer with a token nor Basic with name and password. {LOG_IN}"
        )

    async def check_login(self, name: str, password: str, remote: str) -> Recognised:
        """Who has this name and password.

        Raises: Unauthenticated with the same words for an unknown name and a wrong password; TooManyRequests.
        """
        name = name[:LONGEST_NAME].replace("\0", "�")
        found = await self._store.find_password(name)
        stored = None if found is None or found[0].disabled else found[1]
        right = await self._is_password(name, password, stored, remote)
        if found is None or not right:
            refusal = Unauthenticated(
                "No user with this name and password. Check both, or ask an owner for a new one."
            )
            if self._trail is not None:
                await self._trail.note_login(name, "password", refusal, remote)
            raise refusal
        return Recognised(found[0], "password")

    async def _is_password(self, name: str, password: str, stored: str | None, remote: str) -> bool:
        """argon2 is slow on purpose: a pair that was right a moment ago is recognised by a keyed digest, and one that is
        sent many times at once is checked once.

        Raises: TooManyRequests.
        """
        text = f"{name}\0{password}\0{stored}".encode(errors="replace")
        digest = hmac.digest(self._salt, text, hashlib.sha256)
        if stored is not None and self._verified.get(digest) == stored:
            return True
        task = self._verifying.get(digest)
        if task is None:
            task = asyncio.create_task(self._verify(digest, name, password, stored, remote))
            self._verifying[digest] = task
            task.add_done_callback(lambda done: self._verified_once(digest, done))
        return await asyncio.shield(task)

    def _verified_once(self, digest: bytes, done: asyncio.Task[bool]) -> None:
        self._verifying.pop(digest, None)
        if not done.cancelled():
            done.exception()  # whoever asked may be gone

    async def _verify(self, digest: bytes, name: str, password: str, stored: str | None, remote: str) -> bool:
        async with self._throttle.attempt(name, remote) as attempt:
            async with self._slots:
                right = await asyncio.to_thread(verify_password, stored, password)
            attempt.right = right and stored is not None
        if right and stored is not None:
            if len(self._verified) >= REMEMBERED_PASSWORDS:
                self._verified.clear()
            self._verified[digest] = stored
        return right

    async def _bearer(self, secret: str) -> Recognised:
        return await (self._access_token if secret.startswith(TOKEN_PREFIX) else self._tracking)(secret)

    def _without_credential(self, reason: str) -> Recognised:
        if self._local:
            return Recognised(LOCAL, "local")
        raise Unauthenticated(f"{reason} {LOG_IN}")

    async def _session(self, secret: str) -> Recognised:
        """A browser keeps the cookie of a session that is over, also that of another server on the same machine."""
        found = await self._store.find_token(secret_hash=hash_secret(secret))
        if found is None or found[0].kind is not TokenKind.SESSION:
            return self._without_credential("The browser's session is not one of this server.")
        try:
            return await self._with_token(*found)
        except Unauthenticated:
            return self._without_credential("The browser's session has ended.")

    async def _access_token(self, secret: str) -> Recognised:
        found = await self._store.find_token(secret_hash=hash_secret(secret))
        if found is None:
            raise Unauthenticated(f"This server knows no such access token. {LOG_IN}")
        return await self._with_token(*found)

    async def _with_token(self, token: AccessToken, principal: Principal) -> Recognised:
        self._check_token(token, principal)
        now_ms = int(self._clock() * 1000)
        touched = token.kind is TokenKind.JOB  # its beats say more, and are writes themselves
        if not touched and (token.used_ms is None or now_ms - token.used_ms > TOUCH_EVERY_MS):
            with suppress(StorageUnavailable):  # whoever may read still can when nothing can be written
                await self._store.touch_token(token.id, now_ms)
        return Recognised(
            principal,
            f"token {token.uuid}",
            token.actions,
            None,
            token.workspace_id,
            token.expires_ms,
            token.uuid,
            token.kind in (TokenKind.LOGIN, TokenKind.SESSION),
            token.job,
            token.job_experiment,
        )

    def _check_token(self, token: AccessToken, principal: Principal) -> None:
        if token.revoked_ms is not None:
            raise Unauthenticated(f"The access token {token.name!r} was revoked. {LOG_IN}")
        now_ms = self._clock() * 1000
        if token.expires_ms <= now_ms:
            raise Unauthenticated(f"The access token {token.name!r} has expired. {LOG_IN}")
        if token.kind is TokenKind.SESSION:
            idle_ms = now_ms - (token.used_ms or token.created_ms)
            if idle_ms > SESSION_IDLE_S * 1000:
                raise Unauthenticated(f"Nothing was done in the session for too long. {LOG_IN}")
        if not self._may_log_in(principal):
            raise Unauthenticated(f"{principal.name} may not log in to this server. Ask an owner.")

    def _may_log_in(self, principal: Principal) -> bool:
        """Who works on the machine of the server is nobody on a server that everybody must log in to."""
        return not principal.disabled and (self._local or principal.id != LOCAL.id)

    async def _tracking(self, secret: str) -> Recognised:
        claims = self._tokens.check(secret)
        principal = await self._store.find_principal(uuid=claims.principal)
        if principal is None or not self._may_log_in(principal):
            raise Unauthenticated(
                "The token of the tracking URI belongs to nobody who may log in here. " + CALL_AGAIN
            )
        job, job_experiment = "", None
        if claims.via is not None:
            found = await self._store.find_token(uuid=claims.via)
            if found is None:
                raise Unauthenticated(
                    "The access token behind the tracking URI is gone. Log in again. " + CALL_AGAIN
                )
            self._check_token(*found)
            job, job_experiment = found[0].job, found[0].job_experiment
        return Recognised(
            principal,
            f"tracking {claims.token_id}",
            claims.actions,
            claims.workspace,
            None,
            claims.expires_ms,
            claims.via,
            job=job,
            job_experiment=job_experiment,
        )

    def seconds_left(self, who: Recognised) -> float:
        """How long the credential is still good for."""
        return inf if who.expires_ms is None else who.expires_ms / 1000 - self._clock()

    async def roles(self) -> Mapping[str, Role]:
        """Built-in and custom roles by name."""
        return {**await self._store.custom_roles(), **BUILT_IN_ROLES}

    async def reach(self, who: Recognised) -> Reach:
        """What a recognised principal may do, wherever. Cost: two small reads, of its assignments and the custom roles."""
        return Reach(who, await self._store.assignments_of(who.principal.id), await self.roles())

    async def find_principal(self, name: str) -> Principal:
        """Raises: NotFound."""
        found = None if "\0" in name else await self._store.find_principal(name=name)
        if found is None:
            raise NotFound(f"There is no user, service account or group named {shown(name)}.")
        return found

    async def rights_beyond(self, ctx: Context, other: Principal, *, denials: bool = False) -> frozenset[str]:
        """Actions that another principal may do somewhere, and that the caller may not do on the whole server.

        Args:
            denials: what it may not do somewhere counts, too: that ends with it.
        """
        roles = await self.roles()
        assignments = await self._store.assignments_of(other.id)
        theirs = (
            roles[one.role].expand() for one in assignments if (one.allow or denials) and one.role in roles
        )
        return frozenset().union(*theirs) - await self.rights_everywhere(ctx)

    async def rights_everywhere(self, ctx: Context) -> frozenset[str]:
        """What the caller may do on the whole server and is denied nowhere, or could undo where it is.

        A denial that binds somebody in one experiment would not, if they came to what others may do there.
        """
        mine = ctx.grants.allowed - ctx.grants.denied
        if "access/write" in mine:
            return mine
        roles = await self.roles()
        assignments = await self._store.assignments_of(ctx.principal.id)
        denied = (roles[one.role].expand() for one in assignments if not one.allow and one.role in roles)
        return mine.difference(*denied)

    async def grants(self, who: Recognised, scope: str) -> Grants:
        """What a recognised principal may do at a scope."""
        return (await self.reach(who)).at(scope)

    async def at_server(self, who: Recognised) -> Context:
        """The context of a request that is in no workspace."""
        grants = (await self.reach(who)).above("/")
        return Context(0, "", "", who.principal, who.credential, grants, who)

    async def in_workspace(self, who: Recognised, name: str) -> Context:
        """The context of a request in a workspace.

        Args:
            name: of the workspace, or `subscription/group/name`.
        Raises: NotFound, also where the principal may do nothing; Unauthenticated for another workspace's credential.
        """
        workspace = await self.find_workspace(name)
        if who.workspace is not None and (workspace is None or who.workspace != workspace.guid):
            raise Unauthenticated(  # also where there is none: a token tells nothing of other workspaces
                f"The token of the tracking URI is for another workspace than {name[:200]!r}. {CALL_AGAIN}"
            )
        if workspace is not None and who.workspace_id in (None, workspace.id):
            grants = await self.grants(who, workspace.scope)
            if not grants.empty:
                guid = "" if workspace.id == DEFAULT_WORKSPACE_ID else workspace.guid
                return Context(
                    workspace.id,
                    workspace.name,
                    guid,
                    who.principal,
                    who.credential,
                    grants,
                    who,
                    workspace.default_experiment,
                )
        raise no_workspace(name)

    async def find_workspace(self, name: str) -> Workspace | None:
        """By name or `subscription/group/name`."""
        if "\0" in name:
            return None
        *place, last = name.split("/")
        found = await self._store.find_workspace(last)
        if found is None or (place and place != [found.subscription, found.group]):
            return None
        return found


def no_workspace(name: str) -> NotFound:
    """The same words for absent and for not yours."""
    return NotFound(
        f"Workspace {name!r} not found. Check the name; `runyard workspace list` shows those that you may see."
    )


def hash_secret(secret: str) -> str:
    """What is stored of an access token."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _basic(value: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Unauthenticated("The Authorization header holds no valid Basic credentials.") from None
    return name, password

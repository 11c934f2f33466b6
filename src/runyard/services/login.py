"""Logging in with a password: for a token that a program keeps, or for a browser's session."""

from __future__ import annotations

from runyard.entities.principal import Principal, TokenKind
from runyard.services.access_tokens import SESSION_LIFE_S, AccessTokenService, MadeToken, check_token_name
from runyard.services.audit import AuditTrail
from runyard.services.identity import IdentityService


class LoginService:
    """Checks who it is, writes the login down, makes the token."""

    def __init__(self, identity: IdentityService, tokens: AccessTokenService, trail: AuditTrail) -> None:
        self._identity = identity
        self._tokens = tokens
        self._trail = trail

    async def with_password(
        self, name: str, password: str, remote: str, *, token_name: str, life_s: int | None
    ) -> MadeToken:
        """An access token for a program.

        Raises: Unauthenticated, TooManyRequests, InvalidInput.
        """
        life_s = self._tokens.check_life(life_s)
        check_token_name(token_name)
        who = await self._identity.check_login(name, password, remote)
        return await self.for_program(who.principal, "password", remote, token_name, life_s)

    async def session_with_password(self, name: str, password: str, remote: str, *, before: str) -> MadeToken:
        """A browser's session. Raises: Unauthenticated, TooManyRequests."""
        who = await self._identity.check_login(name, password, remote)
        return await self.session(who.principal, "password", remote, before=before)

    async def session(self, principal: Principal, method: str, remote: str, *, before: str) -> MadeToken:
        """A browser's session for who has proved to be this principal.

        Args:
            before: secret of the session that the browser had, which ends; empty: it had none.
        """
        made = await self._tokens.issue(principal, TokenKind.SESSION, "browser", SESSION_LIFE_S)
        ended = await self._tokens.end_session(before)
        await self._trail.note_login(principal.name, method, None, remote, ended=ended)
        return made

    async def for_program(
        self, principal: Principal, method: str, remote: str, name: str, life_s: int
    ) -> MadeToken:
        """An access token for who has proved to be this principal."""
        made = await self._tokens.issue(principal, TokenKind.LOGIN, name, life_s)
        await self._trail.note_login(principal.name, method, None, remote)
        return made

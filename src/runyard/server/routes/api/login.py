"""Logging in with a password, and out."""

from __future__ import annotations

from runyard.entities.access import ANONYMOUS, SELF
from runyard.server.routing import Route, WithHeaders, api
from runyard.server.session_cookies import SessionCookies
from runyard.services.access_tokens import AccessTokenService, MadeToken
from runyard.services.context import Context
from runyard.services.csrf import CsrfTokens
from runyard.services.login import LoginService
from runyard.wire.api.login import (
    LoggedOut,
    LoginAnswer,
    LoginWays,
    LogOut,
    NoFields,
    PasswordLogin,
    SessionAnswer,
    SessionLogin,
)
from runyard.wire.api.principals import PrincipalMessage

SMALL = 16 * 1024


def routes(
    service: LoginService,
    tokens: AccessTokenService,
    cookies: SessionCookies,
    csrf: CsrfTokens,
    issuer: str | None,
) -> list[Route]:
    """All of them.

    Args:
        issuer: the identity provider, where there is one.
    """

    async def ways(ctx: Context, body: NoFields) -> LoginWays:
        """Tell how one can log in to this server."""
        return LoginWays(True, issuer is not None, issuer is not None, issuer)

    async def log_in(ctx: Context, body: PasswordLogin) -> LoginAnswer:
        """Log in with a password: an access token for a program."""
        made = await service.with_password(
            body.user, body.password, ctx.remote, token_name=body.name, life_s=body.life_s
        )
        return login_answer(made)

    async def begin_session(ctx: Context, body: SessionLogin) -> WithHeaders:
        """Log in a browser with a password: its session is a cookie for 7 days, or 8 hours without use; the last ends."""
        made = await service.session_with_password(body.user, body.password, ctx.remote, before=ctx.session)
        principal = PrincipalMessage.of(made.principal)
        answer = SessionAnswer(made.token.expires_ms, principal, csrf.of(made.secret))
        return WithHeaders(answer, [cookies.session(made.secret)])

    async def log_out(ctx: Context, body: LogOut) -> WithHeaders:
        """Log out: the token or session of the request is good for nothing from now on; everywhere: all browsers' sessions.

        Access tokens and logins of programs stay; each can be revoked by itself.
        """
        sessions = await tokens.end_all_sessions(ctx) if body.everywhere else 0
        revoked = await tokens.revoke_current(ctx)
        return WithHeaders(LoggedOut(revoked, sessions), [cookies.end_session()])

    return [
        *api("GET", "/login", NoFields, ways, ANONYMOUS, in_workspace=False),
        *api("POST", "/login", PasswordLogin, log_in, ANONYMOUS, in_workspace=False, body_limit=SMALL),
        *api(
            "POST",
            "/login/session",
            SessionLogin,
            begin_session,
            ANONYMOUS,
            in_workspace=False,
            body_limit=SMALL,
        ),
        *api("POST", "/logout", LogOut, log_out, SELF, in_workspace=False),
    ]


def login_answer(made: MadeToken) -> LoginAnswer:
    """The message of a login that succeeded."""
    principal = PrincipalMessage.of(made.principal)
    return LoginAnswer(made.secret, made.token.uuid, made.token.expires_ms, principal)

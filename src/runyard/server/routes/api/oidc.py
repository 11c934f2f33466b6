"""Logging in at an OpenID Connect provider, in a browser or on another device."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from runyard.entities.access import ANONYMOUS
from runyard.errors import InvalidState
from runyard.server.routes.api.login import SMALL
from runyard.server.routing import Route, api, raw
from runyard.server.session_cookies import SessionCookies
from runyard.services.context import Context
from runyard.services.oidc import OidcLogin
from runyard.services.oidc_contracts import Pending
from runyard.wire.api.login import DeviceAnswer, DeviceToken, DeviceTokenAnswer, NoFields
from runyard.wire.api.principals import PrincipalMessage

START, CALLBACK = "/login/oidc", "/login/oidc/callback"
PENDING, DONE = "pending", "done"


def routes(service: OidcLogin | None, cookies: SessionCookies, public_url: str) -> list[Route]:
    """All of them; without a provider they say so.

    Args:
        public_url: how browsers reach this server; empty: as the request says.
    """

    def provider() -> OidcLogin:
        if service is None:
            raise InvalidState(
                "This server has no identity provider. Log in with a password, or start it with --oidc-issuer."
            )
        return service

    return [*_browser(provider, cookies, public_url), *_device(provider)]


def _browser(provider: Callable[[], OidcLogin], cookies: SessionCookies, public_url: str) -> list[Route]:
    async def start(ctx: Context, request: Request) -> Response:
        """Send a browser to the identity provider; next is the path here that it goes to in the end."""
        base = public_url.rstrip("/") or f"{request.url.scheme}://{request.headers.get('host', '')}"
        began = await provider().start_browser(request.query_params.get("next") or "/", base + CALLBACK)
        return _redirect(began.url, cookies.login(began.kept))

    async def callback(ctx: Context, request: Request) -> Response:
        """Take a browser back from the identity provider, and begin its session."""
        kept = request.cookies.get(cookies.login_name)
        answer = dict(request.query_params)
        made, next_path = await provider().finish_browser(kept, answer, ctx.remote, before=ctx.session)
        return _redirect(next_path, cookies.end_login(), cookies.session(made.secret))

    return [
        *raw("GET", START, start, ANONYMOUS, in_workspace=False),
        *raw("GET", CALLBACK, callback, ANONYMOUS, in_workspace=False),
    ]


def _device(provider: Callable[[], OidcLogin]) -> list[Route]:
    async def begin(ctx: Context, body: NoFields) -> DeviceAnswer:
        """Begin a login on another device: show the person the address and the code, keep the handle."""
        began, handle = await provider().start_device()
        return DeviceAnswer(
            handle,
            began.user_code,
            began.verification_uri,
            began.verification_uri_complete,
            began.interval_s,
            began.expires_s,
        )

    async def ask(ctx: Context, body: DeviceToken) -> DeviceTokenAnswer:
        """Ask whether the person has logged in on the other device; then there is an access token."""
        found = await provider().finish_device(body.handle, body.name, ctx.remote)
        if isinstance(found, Pending):
            return DeviceTokenAnswer(PENDING, interval_s=found.interval_s)
        token = found.token
        principal = PrincipalMessage.of(found.principal)
        return DeviceTokenAnswer(DONE, None, found.secret, token.uuid, token.expires_ms, principal)

    start, token = "/login/device", "/login/device/token"
    return [
        *api("POST", start, NoFields, begin, ANONYMOUS, in_workspace=False, body_limit=SMALL),
        *api("POST", token, DeviceToken, ask, ANONYMOUS, in_workspace=False, body_limit=SMALL),
    ]


def _redirect(url: str, *headers: tuple[bytes, bytes]) -> Response:
    response = Response(status_code=303, headers={"location": url, "cache-control": "no-store"})
    response.raw_headers.extend(headers)
    return response

"""Studio: one page for every address that a person opens, and the scripts and styles that it loads.

Both are for everybody, like the login: what they show comes through the API, under the reader's own rights.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from runyard.entities.access import ANONYMOUS
from runyard.errors import NotFound, shown
from runyard.server.routing import Route, raw
from runyard.server.studio import Asset, Bundle
from runyard.services.context import Context

Find = Callable[[str, Mapping[str, float]], Asset | None]
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
PAGE_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
FOR_EVER = "public, max-age=31536000, immutable"  # the build puts a hash into every name
FOR_AN_HOUR = "public, max-age=3600"
ASSET_HEADERS = {
    "cross-origin-resource-policy": "same-origin",
    "vary": "Accept-Encoding",
    "x-content-type-options": "nosniff",
}


def page_route(bundle: Bundle) -> Route:
    """The route of every address that a person opens and that is none of the API's."""

    async def page(ctx: Context, request: Request) -> Response:
        """Show Studio, whatever it is that the address names there.

        Scripts run from this server's own files alone, and styles that those add are known by a nonce of this answer.
        """
        nonce = secrets.token_urlsafe(18)
        headers = {**PAGE_HEADERS, "content-security-policy": POLICY.format(nonce=nonce)}
        return Response(bundle.page(nonce), media_type="text/html", headers=headers)

    return raw("GET", "/{page:path}", page, ANONYMOUS, in_workspace=False)[0]


def routes(bundle: Bundle) -> list[Route]:
    """GET /studio/assets/{file}, /studio/{file}."""

    async def asset(ctx: Context, request: Request) -> Response:
        """Get a script, style or font of Studio, compressed as the build left it."""
        return await _answer(bundle.asset, request, FOR_EVER)

    async def loose(ctx: Context, request: Request) -> Response:
        """Get Studio's icon, or what else lies beside its page."""
        return await _answer(bundle.loose, request, FOR_AN_HOUR)

    return [
        *raw("GET", "/studio/assets/{file}", asset, ANONYMOUS, in_workspace=False),
        *raw("GET", "/studio/{file}", loose, ANONYMOUS, in_workspace=False),
    ]


async def _answer(find: Find, request: Request, cache: str) -> Response:
    name = request.path_params["file"]
    accepted = _accepted(request.headers.get("accept-encoding", ""))
    found = await asyncio.to_thread(find, name, accepted)
    if found is None:
        raise NotFound(f"Studio has no file {shown(name)}. Load the page again: it may have been updated.")
    headers = {**ASSET_HEADERS, "content-type": found.media_type, "cache-control": cache}
    if found.encoding is not None:
        headers["content-encoding"] = found.encoding
    return Response(found.content, headers=headers)


def _accepted(header: str) -> dict[str, float]:
    """How much a client likes which encoding; what it does not understand is no wish."""
    liked: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, parameter = part.partition(";")
        weight = parameter.strip().removeprefix("q=") or "1"
        try:
            liked[name.strip()] = float(weight)
        except ValueError:
            continue
    return liked

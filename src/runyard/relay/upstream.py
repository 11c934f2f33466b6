"""Requests that the relay passes on as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from runyard.client.addresses import base_path
from runyard.client.errors import ServerUnreachable
from runyard.client.exchange import Exchange
from runyard.errors import StorageUnavailable
from runyard.server.application import read_body

if TYPE_CHECKING:
    from requests import Response

BODY_LIMIT = 64 * 1024 * 1024
TIMEOUT_S = 60.0
PASSED_ON = frozenset({"accept", "content-type", "range", "if-none-match"})
ANSWERED = frozenset(
    {"content-type", "content-disposition", "content-range", "accept-ranges", "etag", "retry-after"}
)


class Upstream:
    """The server that a relay stands in front of.

    Args:
        server: its base URL.
        place: the workspace, as `base_path` takes it.
        token: gives the credential for a request; None: none.
    """

    def __init__(self, server: str, place: str | None, token: Callable[[], str | None]) -> None:
        self._base = server + base_path(place)
        self._token = token
        self._exchange = Exchange(server, TIMEOUT_S)

    async def pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a request on and its answer back, piece by piece.

        Raises: StorageUnavailable while the server is away; RunyardError.
        """
        body = await read_body(scope, receive, BODY_LIMIT)
        answer = await asyncio.to_thread(self._send, scope, body)
        pieces = self._exchange.pieces(answer)
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers.items()
            if name.lower() in ANSWERED
        ]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        while (piece := await asyncio.to_thread(_next, pieces)) is not None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _send(self, scope: Scope, body: bytes) -> Response:
        query = scope["query_string"].decode("latin-1")
        url = self._base + scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name.decode("latin-1") in PASSED_ON or name.startswith(b"x-mlflow-")
        }
        headers["Accept-Encoding"] = "identity"
        try:
            return self._exchange.send(
                scope["method"], url, token=self._token(), params={}, headers=headers, body=body or None
            )
        except ServerUnreachable as exc:
            away = StorageUnavailable(
                f"{urlsplit(self._base).netloc} cannot be reached just now, and the relay does not hold the answer. "
                "What was logged is kept and will be sent."
            )
            away.retry_after_s = 5
            raise away from exc


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)

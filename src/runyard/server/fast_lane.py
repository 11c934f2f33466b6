"""The few hot routes, answered inside the HTTP protocol, below ASGI.

Training loops send the same four small requests millions of times, and for those the ASGI machinery (a scope, a task
for the application, events for body pieces) costs more than the work. This protocol takes such a request when it is
plain in every respect, and leaves all others, and all doubtful ones, to uvicorn and the application. What decides is
shared with the application: the route table, `Gate.refusal`, the body limit, the decoder, the error mapper, the
counters.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from runyard.server import errors
from runyard.server.application import BODY_LIMIT, JSON_HEADERS, Application, encode
from runyard.server.routing import Route
from runyard.services.context import Context
from runyard.wire.mlflow.decoding import decode_hot

NOT_PLAIN = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"connection"})
JSON_LINES = b"".join(b"%s: %s\r\n" % header for header in JSON_HEADERS)


class _NoEvent:
    """uvicorn tells a cycle about body pieces and lost connections; a hot request does not wait for either."""

    def set(self) -> None: ...


class HotRequest:
    """One hot request; stands where uvicorn keeps its RequestResponseCycle, so that pipelining and shutdown work."""

    message_event = _NoEvent()

    def __init__(self, route: Route, length: int) -> None:
        self.route = route
        self.length = length
        self.body: bytes | bytearray = b""
        self.began = time.perf_counter()
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True


class FastLane(HttpToolsProtocol):
    """uvicorn's protocol with a lane for hot routes. Its application must be an `Application`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        application = self.config.app
        assert isinstance(application, Application)
        self.application = application
        self.hot: HotRequest | None = None

    def on_headers_complete(self) -> None:
        route = self.application.routes.hot(self.url)
        self.hot = None
        if route is not None and self._is_idle():
            length = self._plain_length(route)
            if length is not None:
                self.hot = self.cycle = HotRequest(route, length)  # type: ignore[assignment]
                return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        hot = self.hot
        if hot is None:
            super().on_body(body)
        elif not hot.body:
            hot.body = body
        else:
            if not isinstance(hot.body, bytearray):
                hot.body = bytearray(hot.body)
            hot.body += body

    def on_message_complete(self) -> None:
        hot = self.hot
        if hot is None:
            super().on_message_complete()
            return
        self.hot = None
        task: asyncio.Task[None] = self.loop.create_task(self._serve(hot))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _plain_length(self, route: Route) -> int | None:
        """The body's length when nothing about the request is special, else None: the application decides then."""
        host = origin = site = None
        length = 0
        json = False
        for name, value in self.headers:
            if name == b"host":
                host = value.decode("latin-1")
            elif name == b"content-length":
                length = int(value) if value.isdigit() else -1
            elif name == b"content-type":
                json = value == b"application/json"
            elif name == b"origin":
                origin = value.decode("latin-1")
            elif name == b"sec-fetch-site":
                site = value.decode("latin-1")
            elif name in NOT_PLAIN and not (name == b"connection" and value == b"keep-alive"):
                return None
        plain = (
            json and 0 < length <= (route.body_limit or BODY_LIMIT) and self.parser.get_method() == b"POST"
        )
        if not plain or self.parser.get_http_version() != "1.1":
            return None
        refusal = self.application.gate.refusal("POST", route.path, host, origin, site)
        return length if refusal is None else None

    async def _serve(self, hot: HotRequest) -> None:
        status, extra = 200, None
        route = hot.route
        try:
            assert route.handler is not None and route.request is not None
            body = encode(await route.handler(Context(), decode_hot(hot.body, route.request)))
        except Exception as exc:
            status, body, extra = errors.answer(exc)
        self.application.metrics.observe("POST", route.path, status, time.perf_counter() - hot.began)
        hot.response_complete = True
        if hot.disconnected or self.transport.is_closing():
            return
        self.transport.write(self._answer(status, body, extra or [], hot.keep_alive))
        if not hot.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _answer(self, status: int, body: bytes, extra: errors.Headers, keep_alive: bool) -> bytes:
        headers = [*self.server_state.default_headers, *extra]
        if not keep_alive:
            headers.append((b"connection", b"close"))
        lines = b"".join([b"%s: %s\r\n" % header for header in headers])
        return b"%s%s%scontent-length: %d\r\n\r\n%s" % (
            STATUS_LINE[status],
            JSON_LINES,
            lines,
            len(body),
            body,
        )

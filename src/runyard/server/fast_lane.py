"""The few hot routes, answered inside the HTTP protocol, below ASGI.

Training loops send the same four small requests millions of times, and for those the ASGI machinery (a scope, a task
for the application, events for body pieces) costs more than the work. This protocol takes such a request when it is
plain in every respect, and leaves all others, and all doubtful ones, to uvicorn and the application. What decides is
shared with the application: the route table, `Gate.refusal`, `Access`, the body limit, the decoder, the error mapper,
the counters.

A client that keeps its connection sends the same head again and again, so a head that was parsed and judged once is
recognised by its bytes and not parsed again, for as long as `Access` stands by its decision about who sent it.

uvicorn reads heads and trailers of any size for any time. Here they have limits, before anybody is asked who it is.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from runyard.errors import HeadTooLarge
from runyard.server import errors
from runyard.server.access import DEFAULT_WORKSPACE, WORKSPACE_HEADER, Admission, split_base
from runyard.server.application import BODY_LIMIT, JSON_HEADERS, Application, encode
from runyard.server.eager import start_now
from runyard.server.patient import PatientProtocol
from runyard.server.routing import Route
from runyard.services.context import Context
from runyard.wire.mlflow.decoding import decode_hot

NOT_PLAIN = frozenset(
    {b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"connection", b"cookie"}
)
HEAD_LIMIT = 64 * 1024
HEADERS_LIMIT = 200
HEAD_S = 30
"""How long a client may take for a request's head, from the connection or the head's first byte."""
JSON_LINES = b"".join(b"%s: %s\r\n" % header for header in JSON_HEADERS)


class _NoEvent:
    """uvicorn tells a cycle about body pieces and lost connections; a hot request does not wait for either."""

    def set(self) -> None: ...


class HotRequest:
    """One hot request; stands where uvicorn keeps its RequestResponseCycle, so that pipelining and shutdown work."""

    __slots__ = (
        "began",
        "body",
        "context",
        "disconnected",
        "keep_alive",
        "length",
        "response_complete",
        "route",
    )
    message_event = _NoEvent()

    def __init__(self, route: Route, length: int, admission: Admission) -> None:
        self.route = route
        self.length = length
        self.context = admission.context
        self.body: bytes | bytearray = b""
        self.began = time.perf_counter()
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True

    def add(self, piece: bytes) -> None:
        """The next piece of the body."""
        if not self.body:
            self.body = piece
            return
        if not isinstance(self.body, bytearray):
            self.body = bytearray(self.body)
        self.body += piece


class KnownHeads:
    """Heads of plain hot requests, byte for byte, with what follows from them: route, length of the body, who sent it.

    And the head of a good answer, which changes once a second, with the date.
    """

    LIMIT = 1_000
    LONGEST = 2_000

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Route, int, Admission]] = {}
        self._headers: errors.Headers | None = None
        self._good = b""

    def learn(self, head: bytes, route: Route, length: int, admission: Admission) -> None:
        """Remember a head that was found to be plain, if nobody could read it in two ways."""
        if (
            len(head) <= self.LONGEST
            and head.startswith(b"POST ")
            and head.count(b"\n") == head.count(b"\r\n")
        ):
            if len(self._known) >= self.LIMIT:
                self._known.clear()
            self._known[head] = (route, length, admission)

    def get(self, head: bytes) -> tuple[Route, int, Admission] | None:
        """What follows from a head; None when it is new."""
        return self._known.get(head)

    def of_answer(self, headers: errors.Headers) -> bytes:
        """The head of an answer 200 with uvicorn's headers, a new list each second; without its length."""
        if headers is not self._headers:
            self._headers, self._good = headers, _head(200, headers)
        return self._good


class FastLane(PatientProtocol):
    """uvicorn's protocol with a lane for hot routes.

    Args:
        application: serves everything that is not plain and hot; the same as uvicorn's.
        heads: shared by the connections of a server.
    """

    def __init__(self, application: Application, heads: KnownHeads, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.application = application
        self.heads = heads
        self.hot: HotRequest | None = None  # whose body is being received
        self.learning: bytes | None = None  # a head that the parser is about to judge
        self.unheard = (
            0  # bytes that the parser was fed since it last told of a head, a piece of a body or an end
        )
        self.head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.head_timer = self.loop.call_later(HEAD_S, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_head_timer()

    def is_receiving(self) -> bool:
        return self.hot is not None or super().is_receiving()

    def take(self, data: bytes) -> None:
        if self.hot is not None and self.between:
            self._receive_body(self.hot, data)
        elif not self.between or not self.is_idle() or not self._is_known(data):
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        self.unheard += len(data)
        super().take(data)
        self.learning = None
        if self.transport.is_closing():
            return
        if self.unheard and (self.unheard > HEAD_LIMIT or len(self.headers or ()) > HEADERS_LIMIT):
            self._refuse_head()
            return
        if self.is_receiving():
            self.watch_body()
        if self.hot is None and self.is_idle():
            self._wait_for_more()

    def _wait_for_more(self) -> None:
        """Nothing is being answered, and uvicorn stopped its timer when something came."""
        if self.timeout_keep_alive_task is not None:  # an answer that needed no waiting has started it again
            return
        if not self.in_head and not self.unheard:  # a body that nobody reads, after an early answer
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        elif self.head_timer is None:
            self.head_timer = self.loop.call_later(HEAD_S, self.timeout_keep_alive_handler)

    def _stop_head_timer(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def send_400_response(self, msg: str) -> None:
        """uvicorn calls this when the parser fails, which it also does when `on_headers_complete` raises."""
        if self.in_head and self._is_head_too_large():
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def _is_head_too_large(self) -> bool:
        if len(self.headers) > HEADERS_LIMIT:
            return True
        if self.unheard <= HEAD_LIMIT:  # else more than the head may have come at once
            return False
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEAD_LIMIT

    def _refuse_head(self) -> None:
        if self.in_head and self.is_idle():
            limits = f"{HEAD_LIMIT // 1024} KiB or {HEADERS_LIMIT} headers"
            error = HeadTooLarge(f"The request's head is larger than {limits}. Send less before the body.")
            self.transport.write(self._answer(*errors.answer(error), keep_alive=False))
        self.timeout_keep_alive_handler()

    def _is_known(self, data: bytes) -> bool:
        """Take a request whose head is known. The parser does not see it."""
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            return False
        head = data[:end]
        known = self.heads.get(head)
        if known is None or not self.application.access.stands(known[2]):
            self.learning = head
            return False
        self._unset_keepalive_if_required()
        if self.head_timer is not None:
            self._stop_head_timer()
        hot = self.hot = self.cycle = HotRequest(*known)  # type: ignore[assignment]
        self.bodies += 1
        self._receive_body(hot, data[end:])
        return True

    def _receive_body(self, hot: HotRequest, data: bytes) -> None:
        missing = hot.length - len(hot.body)
        hot.add(data[:missing])
        self.arrived += min(missing, len(data))
        if len(data) < missing:
            self.watch_body()
            return
        self.on_message_complete()
        if len(data) > missing:  # pipelined
            self._parse(data[missing:])

    def on_message_begin(self) -> None:
        self.between = False
        self.in_head = True
        self._unset_keepalive_if_required()  # the answer to the request before may have been given in this turn
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._is_head_too_large():
            raise ValueError("too large")  # which stops the parser
        self.in_head = False
        self.unheard = 0
        self._stop_head_timer()
        workspace, path = split_base(self.url.decode("latin-1"))
        route = self.application.routes.hot(path)
        head, self.learning = self.learning, None
        self.hot = None
        if route is not None and self.is_idle():
            plain = self._plain(route, workspace)
            if plain is not None:
                if head is not None:
                    self.heads.learn(head, route, *plain)
                self.hot = self.cycle = HotRequest(route, *plain)  # type: ignore[assignment]
                self.bodies += 1
                return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.unheard = 0
        if self.hot is not None:
            self.hot.add(body)
            self.arrived += len(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self.between = True
        self.unheard = 0
        hot = self.hot
        if hot is None:
            super().on_message_complete()
            return
        self.hot = None
        start_now(self._serve(hot), self.loop, self.tasks)  # type: ignore[arg-type]

    def _plain(self, route: Route, workspace: str | None) -> tuple[int, Admission] | None:
        """The body's length and who sent it when nothing about the request is special, else the application decides."""
        host = origin = site = authorization = None
        length = 0
        json = False
        for name, value in self.headers:
            if name == b"host":
                host = value.decode("latin-1") if host is None else ""
            elif name == b"content-length":
                length = int(value) if value.isdigit() else -1
            elif name == b"content-type":
                json = value == b"application/json"
            elif name == b"origin":
                origin = value.decode("latin-1")
            elif name == b"sec-fetch-site":
                site = value.decode("latin-1")
            elif name == b"authorization" and authorization is None:
                authorization = value.decode("latin-1")
            elif name == WORKSPACE_HEADER and workspace is None:
                workspace = value.decode("latin-1")
            elif name in NOT_PLAIN and not (name == b"connection" and value == b"keep-alive"):
                return None
        plain = (
            json and 0 < length <= (route.body_limit or BODY_LIMIT) and self.parser.get_method() == b"POST"
        )
        if not plain or self.parser.get_http_version() != "1.1":
            return None
        admission = self.application.access.known(
            authorization, DEFAULT_WORKSPACE if workspace is None else workspace
        )
        if admission is None or not _may(admission.context, route.action):
            return None
        refusal = self.application.gate.refusal("POST", route.path, host, origin, site)
        return (length, admission) if refusal is None else None

    async def _serve(self, hot: HotRequest) -> None:
        status, extra = 200, None
        route = hot.route
        try:
            assert route.handler is not None and route.request is not None
            request = decode_hot(hot.body, route.request)
            if hot.context.grants.experiments:
                await self.application.access.check_logged(route, hot.context, request)
            body = encode(await route.handler(hot.context, request))
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
        headers = self.server_state.default_headers
        if status == 200 and keep_alive and not extra:
            return b"%scontent-length: %d\r\n\r\n%s" % (self.heads.of_answer(headers), len(body), body)
        lines = [*headers, *extra] if keep_alive else [*headers, *extra, (b"connection", b"close")]
        return b"%scontent-length: %d\r\n\r\n%s" % (_head(status, lines), len(body), body)


def _may(context: Context, action: str) -> bool:
    """Whether the action is theirs, as far as it can be told before the request is read."""
    return context.grants.permits(action) or context.grants.permits_somewhere(action)


def _head(status: int, headers: errors.Headers) -> bytes:
    """Of an answer in JSON, without its length."""
    return STATUS_LINE[status] + JSON_LINES + b"".join([b"%s: %s\r\n" % header for header in headers])

"""The ASGI application: gate, route, decode, call, encode.

request → Gate (Host, Origin) → Access (who, where, may they) → RouteTable → decode → handler (services) → encode
        → audit log → answer
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from runyard.entities.access import ANONYMOUS
from runyard.errors import (
    BadRequest,
    InvalidInput,
    NotAllowed,
    NotFound,
    RouteNotFound,
    RunyardError,
    TooLarge,
    UnsupportedMediaType,
)
from runyard.server import errors
from runyard.server.access import (
    ANONYMOUS_CONTEXT,
    DEFAULT_WORKSPACE,
    WORKSPACE_HEADER,
    Access,
    credential_of,
    header_of,
    plain_fields,
    session_in,
    session_of,
    split_base,
)
from runyard.server.client_addresses import ClientAddresses
from runyard.server.files import IDLE_S
from runyard.server.gate import Gate
from runyard.server.metrics import ServerMetrics
from runyard.server.packed import Packed, Ready, ready
from runyard.server.patient import ENDLESS
from runyard.server.raw_shapes import shape_of
from runyard.server.routing import NO_CONTENT, PREFIXES, Match, Route, RouteTable, WithHeaders
from runyard.services.audit import AuditTrail
from runyard.services.context import Context
from runyard.wire.mlflow.decoding import decode_body, decode_hot, decode_query

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]
Lifespan = Callable[[], AbstractAsyncContextManager[None]]

BODY_LIMIT = 64 * 1024 * 1024
JSON_HEADERS = [
    (b"content-type", b"application/json"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"vary", b"Origin"),
]
UNROUTED = "(none)"
API = tuple(f"{prefix}/" for prefix in PREFIXES)
RECORD_HEADERS = {"x-mlflow-experiment-id": "experiment_id", "x-mlflow-run-id": "run_id"}


class Application:
    """Serves a route table.

    Args:
        lifespan: entered before the first request, left after the last.
        clients: tells the address of whoever sent a request.
    """

    def __init__(
        self,
        routes: RouteTable,
        gate: Gate,
        access: Access,
        trail: AuditTrail,
        metrics: ServerMetrics,
        lifespan: Lifespan,
        clients: ClientAddresses,
    ) -> None:
        self.routes = routes
        self.gate = gate
        self.access = access
        self.trail = trail
        self.metrics = metrics
        self._lifespan = lifespan
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as exc:
            await send({"type": "lifespan.startup.failed", "message": str(exc)})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        method: str = scope["method"]
        watch = _StatusWatch(send)
        name = UNROUTED
        try:
            refusal = self.gate.refusal(method, scope["path"], *_gate_headers(scope))
            if refusal is not None:
                raise refusal
            workspace, path = split_base(scope["raw_path"].decode("latin-1"))
            match = await self._admitted(method, workspace, path, scope)
            name = match.route.path
            await self._serve(match, scope, receive, watch)
        except ClientDisconnect:
            watch.status = watch.status or 499
        except Exception as exc:
            if watch.status is None:
                status, body, headers = errors.answer(exc)
                await send_json(watch, status, body, headers, head=method == "HEAD")
            elif not isinstance(exc, RunyardError):
                raise
        ended = watch.begun if watch.endless else time.perf_counter()
        self.metrics.observe(method, name, watch.status or 0, ended - began)

    async def _admitted(self, method: str, workspace: str | None, path: str, scope: Scope) -> Match:
        """The route, once it is known that the caller may have it; what is not there is told to nobody else.

        Leaves the caller's Context in the scope.
        """
        headers = scope["headers"]
        missing: RunyardError | None = None
        try:
            match = self.routes.find(method, path)
        except RouteNotFound as exc:
            if self.routes.page is not None and is_opened(method, path, headers):
                match = Match(self.routes.page, {})
            else:
                missing = exc
        except RunyardError as exc:
            missing = exc
        if missing is None and match.route.action == ANONYMOUS:
            session = session_of(headers, self.access.session_cookie) or ""
            scope["context"] = msgspec.structs.replace(
                ANONYMOUS_CONTEXT, remote=self._clients.of(scope), session=session
            )
            return match
        if workspace is None:
            workspace = header_of(headers, WORKSPACE_HEADER) or None
        addressed = workspace
        if missing is None and not match.route.in_workspace:
            workspace = None
        elif workspace is None:
            workspace = DEFAULT_WORKSPACE
        remote = self._clients.of(scope)
        credential = credential_of(headers, self.access.session_cookie)
        try:
            context = await self.access.admit(credential, workspace, remote)
        except NotFound as exc:
            if missing is None:
                await self._note_elsewhere(match, credential, addressed or "", exc, remote)
            raise
        if missing is not None:
            raise missing
        session = session_in(credential, context)
        context = msgspec.structs.replace(
            context, remote=remote, addressed=addressed or "", session=session, also={}
        )
        scope["context"] = context
        self.access.check_session(method, headers, context)
        try:
            self.access.check(match.route, context)
        except NotAllowed as exc:
            if match.route.audited:
                await self.trail.note(context, match.route.audit_action, match.values, exc, remote)
            raise
        return match

    async def _note_elsewhere(
        self, match: Match, credential: str | None, addressed: str, error: NotFound, remote: str
    ) -> None:
        """Write down what somebody tried in a workspace that is not theirs, or not there."""
        if match.route.audited:
            context = await self.access.admit(credential, None, remote)
            context = msgspec.structs.replace(context, addressed=addressed)
            await self.trail.note(context, match.route.audit_action, match.values, error, remote)

    async def _serve(self, match: Match, scope: Scope, receive: Receive, send: _StatusWatch) -> None:
        route, context = match.route, scope["context"]
        if route.raw is not None:
            scope["path_params"] = match.values
            request = Request(scope, receive)
            response = await self._audited(
                match, scope, match.values, lambda: self._raw_answer(route, context, request, match.values)
            )
            send.endless = scope[ENDLESS] = getattr(response, "endless", False)
            await response(scope, receive, send)
            return
        body = await read_request(route, match.values, scope, receive)
        fields = plain_fields(body) if context.grants.experiments or route.audited else {}
        handler = route.handler
        assert handler is not None

        async def work() -> Any:
            await self.access.check_experiments(route, context, fields)
            return await handler(context, body)

        answer = await self._audited(match, scope, fields, work)
        if route.status == NO_CONTENT:
            await send({"type": "http.response.start", "status": NO_CONTENT, "headers": JSON_HEADERS[1:]})
            await send({"type": "http.response.body", "body": b""})
            return
        if isinstance(answer, Packed):
            await send_packed(send, await ready(answer, scope["headers"]), head=scope["method"] == "HEAD")
            return
        headers = None
        if isinstance(answer, WithHeaders):
            answer, headers = answer.body, answer.headers
        await send_json(send, route.status, encode(answer), headers, head=scope["method"] == "HEAD")

    async def _raw_answer(
        self, route: Route, context: Context, request: Request, values: Mapping[str, str]
    ) -> Any:
        assert route.raw is not None
        if context.grants.experiments:
            await self.access.check_experiments(route, context, _raw_fields(route, request, values))
        return await route.raw(context, request)

    async def _audited(
        self, match: Match, scope: Scope, fields: Mapping[str, Any], work: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Do the work, and write down that it was done or why not, before anybody is answered."""
        if not match.route.audited:
            return await work()
        context, action = scope["context"], match.route.audit_action
        remote = context.remote
        try:
            answer = await work()
        except RunyardError as exc:
            await self.trail.note(context, action, fields, exc, remote)
            raise
        await self.trail.note(context, action, fields, None, remote)
        return answer


def _raw_fields(route: Route, request: Request, values: Mapping[str, str]) -> dict[str, Any]:
    """What a raw request names in the query and the headers that its route reads, and in its path."""
    shape = shape_of(route.method, route.path)
    read = {*shape.query, *(("run_uuid",) if "run_id" in shape.query else ())}
    fields: dict[str, Any] = {name: value for name, value in request.query_params.items() if name in read}
    for header, name in RECORD_HEADERS.items():
        if header in shape.headers and header in request.headers:
            fields[name] = request.headers[header]
    return {**fields, **values}


def is_opened(method: str, path: str, headers: Headers) -> bool:
    """Whether a person opens an address in a browser: it asks for a page above all else. Below the API nothing is one."""
    if method not in ("GET", "HEAD") or path.startswith(API):
        return False
    accept = (header_of(headers, b"accept") or "").lower().replace(" ", "")
    return any(kind == "text/html" or kind.startswith("text/html;q=1") for kind in accept.split(","))


class _StatusWatch:
    """Passes messages on and remembers whether an answer has begun, and when.

    Attributes:
        endless: the answer goes on for as long as its reader wants; what is measured is the time until it began.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        self.endless = False
        self.begun = 0.0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.begun = time.perf_counter()
        await self._send(message)


def encode(answer: Any) -> bytes:
    """An answer as JSON; bytes are ready already."""
    return answer if isinstance(answer, bytes) else msgspec.json.encode(answer)


async def read_request(route: Route, values: dict[str, str], scope: Scope, receive: Receive) -> Any:
    """The typed request of a JSON route.

    Raises: InvalidInput, UnsupportedMediaType, TooLarge.
    """
    kind = route.request
    assert kind is not None
    if scope["method"] in ("GET", "HEAD"):
        return decode_query(scope["query_string"], kind, values)
    kind_of_body = content_type(scope)
    if kind_of_body is not None or scope["method"] != "DELETE":
        check_json(kind_of_body)
    elif scope["query_string"]:
        return decode_query(scope["query_string"], kind, values)
    body = await read_body(scope, receive, route.body_limit or BODY_LIMIT)
    if route.hot:
        return decode_hot(body, kind)
    return decode_body(body, kind, values)


def content_type(scope: Scope) -> str | None:
    """The Content-Type header."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            return str(value.decode("latin-1"))
    return None


def check_json(kind: str | None) -> None:
    """Raises: UnsupportedMediaType unless kind is JSON."""
    if kind == "application/json":
        return
    if kind is None:
        raise UnsupportedMediaType("Bad Request. Content-Type header is missing.")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType("Bad Request. Content-Type must be one of ['application/json'].")


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body, refused as soon as it is known to be larger than limit bytes or nothing comes for a minute.

    Raises: TooLarge, BadRequest, ClientDisconnect.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise _too_large(limit)
        if name == b"content-encoding" and value.lower() not in (b"", b"identity"):
            raise InvalidInput("A compressed body is not accepted here. Send it without Content-Encoding.")
    message = await _next_piece(receive)
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await _next_piece(receive)
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


async def _next_piece(receive: Receive) -> Message:
    try:
        async with asyncio.timeout(IDLE_S):
            message = await receive()
    except TimeoutError:
        raise BadRequest(f"Nothing of the body arrived for {IDLE_S} seconds. Send it again.") from None
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request body is larger than {limit} bytes. Split it into several requests.")


async def send_json(
    send: Send, status: int, body: bytes, headers: errors.Headers | None = None, *, head: bool = False
) -> None:
    """One JSON answer."""
    length = (b"content-length", str(len(body)).encode())
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*JSON_HEADERS, length, *(headers or [])],
        }
    )
    await send({"type": "http.response.body", "body": b"" if head else body})


async def send_packed(send: Send, made: Ready, *, head: bool = False) -> None:
    """One answer with an entity tag, or that the reader has it."""
    await send({"type": "http.response.start", "status": made.status, "headers": made.headers})
    await send({"type": "http.response.body", "body": b"" if head else made.body})


def _gate_headers(scope: Scope) -> tuple[str | None, str | None, str | None]:
    host = origin = site = None
    for name, value in scope["headers"]:
        if name == b"host":
            host = value.decode("latin-1") if host is None else ""  # two are none
        elif name == b"origin":
            origin = value.decode("latin-1")
        elif name == b"sec-fetch-site":
            site = value.decode("latin-1")
    return host, origin, site


async def iterate_body(receive: Receive) -> AsyncIterator[bytes]:
    """The pieces of a body as they arrive.

    Raises: ClientDisconnect.
    """
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return

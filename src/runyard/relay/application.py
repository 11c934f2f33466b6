"""The relay as an ASGI application: MLflow's REST API of one workspace, in front of a journal.

request → Gate (Host, Origin) → token → what is logged: the journal; the rest: the server, once it has what was logged
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import functools
import hmac
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, PlainTextResponse, Response

from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.calls.experiments import Experiments
from runyard.client.journal.calls.traces import Traces
from runyard.client.journal.calls.way import away
from runyard.client.journal.recorder import Recorder
from runyard.entities.access import ANONYMOUS
from runyard.errors import InvalidInput, RouteNotFound, RunyardError, StorageUnavailable, Unauthenticated
from runyard.relay.answers import PLACES, SIGNS, answers_at, local_uris, run_of
from runyard.relay.artifacts import FILES, OF_RUN, RelayedArtifacts
from runyard.relay.asked import Asked, PassOn
from runyard.relay.holders import Holders
from runyard.relay.server import Server
from runyard.relay.spans import EXPORT, RelayedSpans
from runyard.relay.upstream import Upstream
from runyard.server import errors
from runyard.server.application import (
    BODY_LIMIT,
    Receive,
    Scope,
    Send,
    check_json,
    content_type,
    encode,
    iterate_body,
    read_body,
    send_json,
)
from runyard.server.gate import Gate
from runyard.server.routing import PREFIXES, Route, RouteTable
from runyard.version import MLFLOW_API_VERSION
from runyard.wire.mlflow.artifacts import ListProxied, ListRunArtifacts, ServerInfo
from runyard.wire.otlp import decode_protobuf

WORKERS = 32
UPLOAD = ".upload-"
ABANDONED_S = 86_400.0  # since its last byte
PLAIN = {"/health": "OK", "/version": MLFLOW_API_VERSION}
WORKSPACE_HEADER = b"x-mlflow-workspace"
DEFAULT_WORKSPACE = "default"
INFO = "/3.0/mlflow/server-info"
FILE = FILES + "/{artifact_path:path}"
NOSNIFF = {"x-content-type-options": "nosniff"}


class Relay:
    """Serves one workspace.

    Args:
        recorder: of the journal.
        token: that every request has to carry; None: whoever reaches the port may log.
        spool: a folder that uploads arrive in, best on the journal's disk.
    """

    def __init__(self, recorder: Recorder, token: str | None, spool: Path) -> None:
        server = Server(recorder.target)
        self.desk = Desk(recorder, server, server.reach)
        self.holders = Holders(self.desk)
        self._artifacts = RelayedArtifacts(self.desk)
        experiments = Experiments(self.desk)
        traces = Traces(self.desk, experiments, decode_protobuf, plain=True)
        self._spans = RelayedSpans(traces)
        self._answers: dict[tuple[str, str], Callable[[Asked], object]] = {
            **answers_at(self.desk, experiments, traces),
            ("GET", FILES): self._list,
            ("GET", OF_RUN): self._list_of_run,
            ("GET", INFO): _server_info,
        }
        places = [*self._answers, ("GET", FILE), ("PUT", FILE)]
        self._table = RouteTable(Route(method, path, ANONYMOUS) for method, path in places)
        target = recorder.target
        self._upstream = Upstream(target.server, target.workspace or None, target.token or (lambda: None))
        self._gate = Gate(loopback_only=True)
        self._token = token
        self._spool = spool
        self._threads = ThreadPoolExecutor(WORKERS, "runyard-relay")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            self._admit(scope)
            await self._serve(scope, receive, watched)
        except ClientDisconnect:
            pass
        except Exception as exc:
            if begun:
                raise
            status, body, headers = errors.answer(exc)
            await send_json(send, status, body, headers, head=scope["method"] == "HEAD")
        finally:
            self.desk.tell_news()

    def _admit(self, scope: Scope) -> None:
        """Raises: NotAllowed, Unauthenticated, InvalidInput."""
        headers: Mapping[bytes, bytes] = dict(reversed(scope["headers"]))
        told = [headers[name].decode("latin-1") if name in headers else None for name in GATED]
        refusal = self._gate.refusal(scope["method"], scope["path"], *told)
        if refusal is not None:
            raise refusal
        if scope["path"] in PLAIN:
            return
        if self._token is not None and not hmac.compare_digest(
            _secret_of(headers.get(b"authorization", b"")), self._token.encode()
        ):
            raise Unauthenticated(
                "This relay answers whoever has its token. Set MLFLOW_TRACKING_TOKEN to what `runyard relay` printed."
            )
        workspace = headers.get(WORKSPACE_HEADER, b"").decode("latin-1")
        if workspace not in ("", DEFAULT_WORKSPACE):
            raise InvalidInput(
                f"A relay serves one workspace. Start another one for {workspace!r}, with `runyard relay -w`."
            )

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, raw_path = scope["method"], scope["raw_path"].decode("latin-1")
        if raw_path in PLAIN:
            await PlainTextResponse(PLAIN[raw_path], headers=NOSNIFF)(scope, receive, send)
            return
        if raw_path == EXPORT and method == "POST":
            found = await self._spans.received(scope, receive)
            if not isinstance(found, Response):
                found = await self._in_thread(self._spans.taken, *found)
            await found(scope, receive, send)
            return
        path = _below_prefix(raw_path)
        try:
            match = self._table.find(method, path)
        except RunyardError:  # not one of ours
            await self._pass_on(scope, receive, send)
            return
        if match.route.path == FILE:
            serve = self._receive if match.route.method == "PUT" else self._send
            await serve(match.values["artifact_path"], scope, receive, send)
            return
        if method not in ("GET", "HEAD", "DELETE"):
            check_json(content_type(scope))
        body = await read_body(scope, receive, BODY_LIMIT)
        place = (match.route.method, match.route.path)
        name, port = PLACES.get(place), _port_of(scope)
        heed = functools.partial(self.holders.heard, port) if name in SIGNS else None
        asked = Asked(method, path, match.values, scope["query_string"], body, self.desk.way, heed)
        try:
            found = await self._in_thread(self._answered, place, asked)
        except PassOn as exc:
            try:
                await self._pass_on(scope, _again(body), send)
            finally:
                if exc.then is not None:
                    exc.then()
            return
        if name == "CreateRun" and (run_id := run_of(found)) is not None:
            self.holders.heard(port, run_id)
        await send_json(send, 200, encode(found), head=method == "HEAD")

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw_path = scope["raw_path"].decode("latin-1")
        if not raw_path.startswith(PASSED_ON) or ".." in unquote(raw_path).split("/"):
            raise RouteNotFound(f"A relay has no route {scope['method']} {raw_path[:200]}.")
        await self._in_thread(self.desk.settle)
        if not await self._in_thread(self.desk.reach.there):
            raise away("The server is away just now, and the relay does not hold the answer.")
        raw_path, query = await self._in_thread(self._artifacts.translated, raw_path, scope["query_string"])
        there = {**scope, "raw_path": raw_path.encode("latin-1"), "query_string": query}
        try:
            await self._upstream.pass_on(there, receive, send)
        except StorageUnavailable:
            self.desk.reach.lost()
            raise

    async def _receive(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """An upload: into a file first, then into the journal."""
        handle, name = await self._in_thread(_beside, self._spool)
        try:
            with os.fdopen(handle, "wb") as file:
                async for piece in iterate_body(receive):
                    await self._in_thread(file.write, piece)
            await self._in_thread(self._upload, _port_of(scope), path, Path(name))
        finally:
            with contextlib.suppress(OSError):
                os.unlink(name)
        await send_json(send, 200, b"{}")

    def _answered(self, place: tuple[str, str], asked: Asked) -> object:
        return local_uris(self._answers[place](asked))

    def _upload(self, port: int, path: str, source: Path) -> None:
        run_id = self._artifacts.add(path, source)
        if run_id:
            self.holders.heard(port, run_id)

    async def _send(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        file = await self._in_thread(self._artifacts.held, path)
        if file is None:
            await self._pass_on(scope, receive, send)
            return
        response = FileResponse(file.source, media_type="application/octet-stream", headers=NOSNIFF)
        await response(scope, receive, send)

    def _list(self, asked: Asked) -> Any:
        found = self._artifacts.listed(asked.read(ListProxied).path.strip("/"))
        if found is None:
            raise PassOn
        return {"files": found}

    def _list_of_run(self, asked: Asked) -> Any:
        one = asked.read(ListRunArtifacts)
        found = self._artifacts.listed_of_run(one.run(), one.path)
        if found is None:
            raise PassOn
        return found

    async def _in_thread(self, work: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)


GATED = (b"host", b"origin", b"sec-fetch-site")
PASSED_ON = (*(f"{prefix}/" for prefix in PREFIXES), EXPORT)


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


def _port_of(scope: Scope) -> int:
    """The client's."""
    return int((scope.get("client") or ("", 0))[1])


def _below_prefix(raw_path: str) -> str:
    for prefix in PREFIXES:
        if raw_path.startswith(f"{prefix}/"):
            return raw_path.removeprefix(prefix)
    return raw_path


def _secret_of(authorization: bytes) -> bytes:
    """The token that a request carries: as a bearer, or as the password."""
    kind, _, value = authorization.partition(b" ")
    if kind.lower() == b"bearer":
        return value.strip()
    if kind.lower() == b"basic":
        with contextlib.suppress(binascii.Error, ValueError):
            return base64.b64decode(value, validate=True).partition(b":")[2]
    return b""


def _again(body: bytes) -> Receive:
    """A body that was read already."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _beside(folder: Path) -> tuple[int, str]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tempfile.mkstemp(prefix=UPLOAD, dir=folder)


def sweep(folder: Path) -> None:
    """Remove uploads that relays which were killed left unfinished; what was acknowledged is in a journal."""
    for path in folder.glob(f"{UPLOAD}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()


def _server_info(asked: Asked) -> ServerInfo:
    """All files go through the relay, and it has one workspace."""
    return ServerInfo(
        multipart_uploads_enabled=False,
        multipart_downloads_enabled=False,
        presigned_upload_run_id_supported=False,
        presigned_upload_model_id_supported=False,
        model_artifact_presigned_downloads_supported=False,
        workspaces_enabled=False,
    )

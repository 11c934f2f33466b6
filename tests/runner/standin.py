"""A small server that a runner can report to, over a real socket: what it was told is looked at, and it can fail."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import io
import json
import re
import ssl
import tarfile
import threading
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "ry_of-the-job"
ALLOWED = (f"Bearer {TOKEN}", "Basic " + base64.b64encode(f"job:{TOKEN}".encode()).decode())
RUN = "exp_1700000000_0badcafe"


def archive(files: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    """Sources as a server sends them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = mode
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue())


@dataclass
class Told:
    """What the server knows.

    Attributes:
        definition, snapshot: of the job. refusals: by the end of a path: status and body, or None to hang up.
        gates: what answers wait for. lost: how many answers get lost once their request was carried out.
    """

    definition: dict[str, Any] = field(default_factory=dict)
    kind: str = "script"
    snapshot: bytes = b""
    max_seconds: float = 1000.0
    interval_s: float = 0.5
    cancel: bool = False
    environment_hash: str = ""
    logs: dict[str, bytearray] = field(default_factory=dict)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    locks: dict[tuple[str, str, str], str] = field(default_factory=dict)
    begun: list[dict[str, Any]] = field(default_factory=list)
    beats: list[dict[str, Any]] = field(default_factory=list)
    ends: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refusals: dict[str, tuple[int, dict[str, Any]] | None] = field(default_factory=dict)
    gates: dict[str, threading.Event] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)

    def log(self, name: str = "user_logs/std_log.txt") -> str:
        """A log's text so far."""
        return bytes(self.logs.get(name, b"")).decode()


class StandIn:
    """The server; `with` it."""

    def __init__(
        self, told: Told | None = None, port: int = 0, context: ssl.SSLContext | None = None
    ) -> None:
        self.told = told or Told()
        self._server = _Server(("127.0.0.1", port), _handler(self.told))
        self._scheme = "http" if context is None else "https"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def hang_up(self) -> None:
        """Close all connections."""
        self._server.hang_up()

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._sockets: list[Any] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self._sockets.append(request)
        super().process_request(request, client_address)

    def hang_up(self) -> None:
        """Kept connections end with the server."""
        for one in self._sockets:
            try:
                one.shutdown(2)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers may go away."""


def _handler(told: Told) -> type[BaseHTTPRequestHandler]:
    routes: dict[tuple[str, str], Callable[[_Request], Any]] = {
        ("POST", f"/jobs/{RUN}/claim"): lambda one: {"token": TOKEN},
        ("POST", f"/jobs/{RUN}/begin"): lambda one: _begin(told, one),
        ("POST", f"/jobs/{RUN}/beat"): lambda one: _beat(told, one),
        ("POST", f"/jobs/{RUN}/end"): lambda one: _end(told, one),
        ("POST", f"/runs/{RUN}/log-appends"): lambda one: _append(told, one),
        ("GET", f"/runs/{RUN}/logs/content"): lambda one: _content(told, one),
        ("GET", f"/runs/{RUN}/snapshot/archive"): lambda one: told.snapshot,
        ("GET", "/environment-locks"): lambda one: _lock(told, one),
        ("POST", "/environment-locks"): lambda one: _keep_lock(told, one),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _do(self) -> None:
            one = _Request(self)
            told.asked.append(f"{self.command} {one.path}")
            for end, gate in told.gates.items():
                if one.path.endswith(end):
                    gate.wait(30)
            for end, refusal in told.refusals.items():
                if one.path.endswith(end):
                    if refusal is None:
                        self.close_connection = True
                        return
                    self._answer(*refusal)
                    return
            if self.headers.get("authorization") not in ALLOWED and not one.path.endswith("/claim"):
                self._answer(401, {"error_code": "UNAUTHENTICATED", "message": "No such token."})
                return
            self._route(one)

        def _route(self, one: _Request) -> None:
            _, _, rest = one.path.partition("/api/v1")
            rest = re.sub(r"^/(jobs|runs)/[^/]+", rf"/\1/{RUN}", rest)
            found = routes.get((self.command, rest))
            if found is not None:
                try:
                    self._answer(200, found(one))
                except _Refusal as exc:
                    self._answer(exc.status, exc.body)
            elif one.path.endswith("/runs/get"):
                info = {"artifact_uri": f"mlflow-artifacts:/7/{RUN}/artifacts"}
                self._answer(200, {"run": {"info": info}})
            elif "/mlflow-artifacts/artifacts/" in one.path and self.command == "PUT":
                told.artifacts[unquote(one.path).split(f"/7/{RUN}/artifacts/")[1]] = one.body
                self._answer(200, {})
            elif one.path == "/version":
                self._answer(200, b"0.1.0")
            elif one.path == "/simple/":
                self._answer(200, {"projects": [{"name": "azureml-tiny"}, {"name": "runyard"}]})
            elif one.path.startswith("/simple/azureml-tiny/"):
                self._wheel(one)
            else:
                self._answer(404, {"error_code": "NOT_FOUND", "message": f"No {one.path}."})

        def _wheel(self, one: _Request) -> None:
            name, content = tiny_wheel()
            if one.path.endswith(".whl"):
                self._answer(200, content)
                return
            file = {
                "filename": name,
                "url": name,
                "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                "requires-python": ">=3.8",
            }
            listing = {
                "meta": {"api-version": "1.1"},
                "name": "azureml-tiny",
                "versions": ["1.999.0"],
                "files": [file],
            }
            kind = "application/vnd.pypi.simple.v1+json"
            self._answer(200, listing, kind)

        def _answer(self, status: int, body: Any, kind: str = "application/json") -> None:
            for end, times in told.lost.items():
                if urlsplit(self.path).path.endswith(end) and times:
                    told.lost[end] = times - 1
                    self.close_connection = True
                    return
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_HEAD = _do

        def log_message(self, *args: Any) -> None:
            """Silent."""

    return Handler


class _Request:
    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        self.path = parts.path
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.body = handler.rfile.read(int(handler.headers.get("content-length") or 0))


class _Refusal(Exception):
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.body = status, body
        super().__init__(status)


def _begin(told: Told, one: _Request) -> dict[str, Any]:
    told.begun.append(json.loads(one.body))
    return {
        "definition": told.definition,
        "kind": told.kind,
        "snapshot_id": "s1" if told.snapshot else "",
        "environment_hash": told.environment_hash,
        "experiment_id": "7",
        "env": {"RUNYARD_RUN_ID": RUN, "MLFLOW_TRACKING_URI": "http://127.0.0.1:1/workspaces/w"},
        "interval_s": told.interval_s,
        "max_seconds": told.max_seconds,
        "cancel": told.cancel,
    }


def _beat(told: Told, one: _Request) -> dict[str, Any]:
    told.beats.append(json.loads(one.body))
    return {"cancel": told.cancel, "interval_s": told.interval_s}


def _end(told: Told, one: _Request) -> dict[str, Any]:
    told.ends.append(json.loads(one.body))
    return {}


def _append(told: Told, one: _Request) -> dict[str, Any]:
    text = told.logs.setdefault(one.query["name"], bytearray())
    offset = int(one.query["offset"])
    if offset > len(text):
        raise _Refusal(409, {"error_code": "LOG_GAP", "message": "Bytes are missing.", "size": len(text)})
    text += one.body[len(text) - offset :]
    return {"size": len(text)}


def _content(told: Told, one: _Request) -> bytes:
    if one.query["name"] not in told.logs:
        raise _Refusal(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No such log."})
    return bytes(told.logs[one.query["name"]][int(one.query["offset"]) :])


def _lock(told: Told, one: _Request) -> dict[str, Any]:
    key = (one.query["hash"], one.query["platform"], one.query["python"])
    if key not in told.locks:
        raise _Refusal(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Not locked."})
    return {"text": told.locks[key]}


def _keep_lock(told: Told, one: _Request) -> dict[str, Any]:
    body = json.loads(one.body)
    return {"text": told.locks.setdefault((body["hash"], body["platform"], body["python"]), body["text"])}


@functools.cache
def tiny_wheel() -> tuple[str, bytes]:
    """A package that only this server has."""
    packed = io.BytesIO()
    info = "azureml_tiny-1.999.0.dist-info"
    with zipfile.ZipFile(packed, "w") as wheel:
        wheel.writestr("azureml_tiny.py", "WORD = 'of the server'\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: azureml-tiny\nVersion: 1.999.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return "azureml_tiny-1.999.0-py3-none-any.whl", packed.getvalue()

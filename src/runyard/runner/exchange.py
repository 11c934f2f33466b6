"""HTTP with the server: one connection that stays open, tried again with growing pauses."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit

from .proxies import proxy_for

TIMEOUT_S = 60.0
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 60.0
BROKEN = 500
BROKEN_TIMES = 5  # that a server fails in the same way until it is believed
AGAIN = (429, BROKEN, 502, 503, 504)
ERROR_BYTES = 1 << 16
PIECE_BYTES = 1 << 16
UNTRUSTED = "Name the file with its authority's certificate as ca_file, or let the machine trust it."


class Away(Exception):
    """The server does not answer, or says that it cannot just now.

    Attributes:
        status: of HTTP; 0: no answer. retry_after_s: how long it asks to be left alone.
    """

    def __init__(self, message: str, status: int = 0, retry_after_s: int = 0) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(message)


class Refused(Exception):
    """The server answered that this cannot be.

    Attributes:
        status: of HTTP. code: the server's word for it. told: all that its answer says.
    """

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(told.get("error_code", ""))
        self.told = told
        super().__init__(str(told.get("message") or f"The server answered with HTTP status {status}."))


class Stopped(Exception):
    """Waiting was ended, because nobody needs the answer any more."""


class Exchange:
    """Requests to one workspace of a server. Each thread needs its own; `another` makes one.

    Args:
        server: http(s)://host:port and a path in front, if there is one.
        workspace: NAME or SUBSCRIPTION/GROUP/NAME; empty: the server as a whole.
        ca_file: certificates that count besides the machine's.
    """

    def __init__(self, server: str, workspace: str, token: str, ca_file: str = "") -> None:
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                f"{server!r} is no address of a server; it looks like https://runyard.example.org."
            )
        self.server = server
        self.token = token
        self._workspace = workspace
        self._ca_file = ca_file
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        self._netloc = parts.netloc.rpartition("@")[2]
        self._base = parts.path.rstrip("/") + _base_path(workspace)
        self._open: http.client.HTTPConnection | None = None
        self._proxy = proxy_for(parts.scheme, self._netloc)
        self._waking = threading.Event()

    def another(self) -> Exchange:
        """The same, for another thread."""
        other = Exchange(self.server, self._workspace, self.token, self._ca_file)
        other._waking = self._waking
        return other

    def stop_waiting(self) -> None:
        """From another thread: from now on no call of this one and its copies is tried again; it raises Stopped."""
        self._waking.set()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        patience_s: float = 0.0,
        timeout_s: float = TIMEOUT_S,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON that a path below /api/v1 answers; what is sent is JSON, or bytes as they are.

        Args:
            patience_s: how long it is tried again while the server is away; everything here may be done twice.
        Raises: Away, Refused, Stopped.
        """
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        headers = {} if sent is None else {"content-type": kind}
        return self._plain(self.read(method, "/api/v1" + path, sent, headers, patience_s, timeout_s, query))

    def json(
        self, method: str, path: str, *, patience_s: float = 0.0, query: Mapping[str, Any] | None = None
    ) -> Any:
        """The JSON that a path below the workspace answers, such as those of MLflow."""
        return self._plain(self.read(method, path, patience_s=patience_s, query=query))

    def _plain(self, content: bytes) -> Any:
        try:
            return json.loads(content) if content else None
        except ValueError:
            raise Away(
                f"{self.server} answered with something else than JSON; is a proxy in between?"
            ) from None

    def read(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        patience_s: float = 0.0,
        timeout_s: float = TIMEOUT_S,
        query: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The bytes that a path below the workspace answers."""

        def once() -> bytes:
            answer = self._request(method, self._address(path, query), body, dict(headers or {}), timeout_s)
            return _read_all(answer)

        return self._patiently(once, patience_s)

    def stream(self, path: str, timeout_s: float = TIMEOUT_S) -> http.client.HTTPResponse:
        """The answer to a GET, to be read by the caller to its end. Tried once."""
        return self._request("GET", self._address(path, None), None, {}, timeout_s)

    def put_file(self, path: str, local: str, patience_s: float) -> None:
        """Send a file, as long as it is when it is opened, never holding it in memory."""

        def once() -> bytes:
            with open(local, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                headers = {"content-type": "application/octet-stream", "content-length": str(size)}
                return _read_all(
                    self._request("PUT", self._address(path, None), _Part(file, size), headers, 600.0)
                )

        self._patiently(once, patience_s)

    def close(self) -> None:
        """Let the connection go; the next request opens another."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _address(self, path: str, query: Mapping[str, Any] | None) -> str:
        text = self._base + path
        return f"{text}?{urlencode(query)}" if query else text

    def _patiently(self, once: Any, patience_s: float) -> bytes:
        until = time.monotonic() + patience_s
        pause, broken = FIRST_PAUSE_S, 0
        while True:
            try:
                found: bytes = once()
                return found
            except Away as exc:
                broken += exc.status == BROKEN
                if broken >= BROKEN_TIMES:
                    raise Refused(exc.status, {"message": str(exc)}) from exc
                wait = max(pause * random.uniform(0.7, 1.3), exc.retry_after_s)
                if time.monotonic() + wait > until:
                    raise
                if self._waking.wait(wait):
                    raise Stopped from exc
                pause = min(pause * 2, LONGEST_PAUSE_S)

    def _request(
        self, method: str, address: str, body: Any, headers: dict[str, str], timeout_s: float
    ) -> http.client.HTTPResponse:
        """One try; a kept connection that the server has closed meanwhile is replaced once."""
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        fresh = self._open is None
        try:
            try:
                answer = self._send(method, address, body, headers, timeout_s)
            except (http.client.RemoteDisconnected, ConnectionError, http.client.CannotSendRequest):
                if fresh:
                    raise
                self.close()
                if isinstance(body, _Part):
                    body.rewind()
                answer = self._send(method, address, body, headers, timeout_s)
        except ssl.SSLCertVerificationError as exc:
            self.close()
            raise Refused(
                0, {"message": f"{self.server} is not trusted: {exc.verify_message}. {UNTRUSTED}"}
            ) from exc
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise Away(f"{self.server} cannot be reached: {_words(exc)}") from exc
        if answer.status >= 300:
            raise self._failure(answer)
        return answer

    def _send(
        self, method: str, address: str, body: Any, headers: dict[str, str], timeout_s: float
    ) -> http.client.HTTPResponse:
        if self._open is None:
            self._open = self._connection(timeout_s)
        self._open.timeout = timeout_s
        if self._open.sock is not None:
            self._open.sock.settimeout(timeout_s)
        try:
            self._open.request(method, self._target(address), body, headers)
        except (BrokenPipeError, ConnectionResetError):
            if body is None:
                raise
            # a server may refuse a body before all of it is there; what it said then is still to be read
        return self._open.getresponse()

    def _target(self, address: str) -> str:
        """A proxy for plain HTTP is told the whole address."""
        return address if self._proxy is None or self._secure else f"http://{self._netloc}{address}"

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        host, port, headers = (self._host, self._port, {}) if self._proxy is None else self._proxy
        made: http.client.HTTPConnection
        if self._secure:
            made = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=trust(self._ca_file))
            if self._proxy is not None:
                made.set_tunnel(self._host, self._port, headers)
        else:
            made = http.client.HTTPConnection(host, port, timeout=timeout_s)
        made.connect()
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _failure(self, answer: http.client.HTTPResponse) -> Exception:
        try:
            content = answer.read(ERROR_BYTES)
            if not answer.isclosed():
                self.close()
        except (OSError, http.client.HTTPException):
            content = b""
            self.close()
        try:
            told = json.loads(content)
        except ValueError:
            told = {}
        told = told if isinstance(told, dict) else {}
        if answer.status in AGAIN:
            after = answer.getheader("retry-after") or ""
            return Away(
                f"{self.server} answered with HTTP status {answer.status}: {told.get('message', '')}",
                answer.status,
                min(int(after), 300) if after.isdigit() else 0,
            )
        return Refused(answer.status, told)


class _Part:
    """A file's first bytes, no more than were announced."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = self._left = size

    def read(self, size: int = -1) -> bytes:
        """The next bytes; a file that became shorter meanwhile ends the request."""
        wanted = self._left if size < 0 else min(size, self._left)
        piece = self._file.read(min(wanted, PIECE_BYTES)) if wanted else b""
        if wanted and not piece:
            raise OSError("the file became shorter while it was sent")
        self._left -= len(piece)
        return piece

    def rewind(self) -> None:
        """From the start again."""
        self._file.seek(0)
        self._left = self._size


def trust(ca_file: str) -> ssl.SSLContext:
    """Certificates are checked with those of the machine, and with the given ones."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(os.path.expanduser(ca_file))
    return context


def _read_all(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read()
    except (OSError, http.client.HTTPException) as exc:
        answer.close()
        raise Away(f"The connection broke: {_words(exc)}") from exc


def _words(exc: BaseException) -> str:
    return str(exc) or type(exc).__name__


def _base_path(workspace: str) -> str:
    parts = [quote(part, safe="") for part in workspace.split("/")] if workspace else []
    if len(parts) == 3:
        return f"/subscriptions/{parts[0]}/resourceGroups/{parts[1]}/workspaces/{parts[2]}"
    return f"/workspaces/{parts[0]}" if parts else ""

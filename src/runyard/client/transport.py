"""The connection to a server: JSON and files over HTTP, with the server's errors raised as what they are."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from runyard.client import credentials as stored
from runyard.client.addresses import Address, base_path, parse_server
from runyard.client.errors import ServerUnreachable, error_from
from runyard.client.files import Counted, Progress, write_whole
from runyard.client.retrying import Patience
from runyard.errors import InternalFault, InvalidInput, RunyardError, Unauthenticated

if TYPE_CHECKING:
    from requests import Response

    from runyard.client.exchange import Exchange

PATIENCE_S = 30.0
FIRST_CONTACT_S = 3.0
TIMEOUT_S = 60.0
ERROR_BYTES = 1 << 20
COLUMNS = "application/vnd.runyard.columns"
AGAIN = (429, 502, 503, 504)
IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE")
Source = Path | BinaryIO
Token = str | Callable[[], str | None] | None


class _Link:
    """What the connections to one server share; requests is imported when it is first needed."""

    def __init__(self, server: str, timeout_s: float) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self.reached = False

    @functools.cached_property
    def exchange(self) -> Exchange:
        """Sends."""
        found: Exchange = importlib.import_module("runyard.client.exchange").Exchange(
            self._server, self._timeout_s
        )
        return found


class Connection:
    """A server, or a workspace of it. Any number of threads may use one; it is good after a fork too.

    GET, PUT and DELETE, and what is sent with `retry=True`, is tried again after a broken connection, 429, 502, 503 and
    504, with growing pauses, as long as the server asks for, for `patience_s` in total; a server that was never reached
    is given up after three seconds.

    Args:
        server: http(s)://host:port; by default the one that `credentials.find_server()` finds.
        workspace: NAME or SUBSCRIPTION/GROUP/NAME; None: the server as a whole, which answers for its default
            workspace too.
        credentials: a token, or what gives the current one; None: found in the documented order.
        patience_s: how long a call is tried again.
        timeout_s: longest silence of the server.
    Raises: RunyardError as the server raised it, or ServerUnreachable; both by every method.
    """

    def __init__(
        self,
        server: str | None = None,
        workspace: str | None = None,
        credentials: Token = None,
        *,
        patience_s: float = PATIENCE_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.server = parse_server(server) if server else stored.find_server()
        self.workspace = workspace
        self._credentials = credentials
        self._patience_s = patience_s
        self._timeout_s = timeout_s
        self._base = self.server + base_path(workspace)
        self._link = _Link(self.server, timeout_s)

    @classmethod
    def to(cls, address: Address, **options: Any) -> Connection:
        """The connection to what a tracking URI names, with the credential in it, if there is one."""
        return cls(address.server, address.place, address.token, **options)

    def __repr__(self) -> str:
        return f"Connection({self._base!r})"

    def at(self, workspace: str | None) -> Connection:
        """The same server and credential, in a workspace; None: outside any."""
        return self._other(workspace, self._patience_s)

    def impatient(self, patience_s: float) -> Connection:
        """The same, giving up sooner."""
        return self._other(self.workspace, patience_s)

    def _other(self, workspace: str | None, patience_s: float) -> Connection:
        other = Connection(
            self.server,
            workspace,
            self._credentials,
            patience_s=patience_s,
            timeout_s=self._timeout_s,
        )
        other._link = self._link
        return other

    @functools.cached_property
    def credential(self) -> stored.Credential | None:
        """The credential that requests carry, where no callable gives it."""
        given = self._credentials if isinstance(self._credentials, str) else None
        return stored.find(self.server, given)

    def token(self) -> str | None:
        """The token for the next request; None where there is no credential."""
        return self._token()

    def get(self, path: str, /, **query: Any) -> Any:
        """The JSON that a path answers. A query's None is left out, a list is repeated."""
        return self._json("GET", path, None, query)

    def post(self, path: str, /, body: Any = None, *, retry: bool = False, **query: Any) -> Any:
        """Send JSON, a msgspec struct or plain data; what is answered in packed columns comes as the map that it is.

        Args:
            retry: doing it twice is as good as doing it once.
        """
        return self._json("POST", path, body, query, retry=retry)

    def put(self, path: str, /, body: Any = None, **query: Any) -> Any:
        """Send JSON that replaces what is there."""
        return self._json("PUT", path, body, query)

    def patch(self, path: str, /, body: Any = None, *, retry: bool = False, **query: Any) -> Any:
        """Send JSON that changes a part of what is there."""
        return self._json("PATCH", path, body, query, retry=retry)

    def delete(self, path: str, /, body: Any = None, **query: Any) -> Any:
        """Delete what is there."""
        return self._json("DELETE", path, body, query)

    def tracking_token(self, life_s: int | None = None) -> tuple[str, int]:
        """A fresh token for tracking URIs of this workspace, and when it ends, in milliseconds since 1970."""
        answer = self.post(
            "/api/v1/workspace/tracking-token", {} if life_s is None else {"life_s": life_s}, retry=True
        )
        return str(answer["token"]), int(answer["expires_ms"])

    def read(self, path: str, /, **query: Any) -> bytes:
        """The bytes that a path answers, all at once: for what is small."""
        with self._answer("GET", path, query=query) as answer:
            return b"".join(self._link.exchange.pieces(answer))

    def read_told(self, path: str, /, **query: Any) -> tuple[bytes, Mapping[str, str]]:
        """The same, with what the headers tell; their names in any case."""
        with self._answer("GET", path, query=query) as answer:
            return b"".join(self._link.exchange.pieces(answer)), answer.headers

    def lines(self, path: str, /, **query: Any) -> Iterator[bytes]:
        """The lines that a path answers, as they come; empty ones are left out. Not tried again once it began."""
        answer = self._answer("GET", path, query=query)
        rest = b""
        for piece in self._link.exchange.pieces(answer):
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line for line in whole if line)
        if rest:
            yield rest

    def upload(
        self,
        path: str,
        /,
        source: Source,
        size: int | None = None,
        progress: Progress | None = None,
        *,
        method: str = "PUT",
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Any:
        """Send a file, never holding it in memory; tried again where it can be read from its start again.

        Args:
            path: below /api, percent-encoded where names need it.
            source: a path, or a binary file, which is sent from where it stands.
            size: bytes to send; by default all that are left. Needed for what cannot be sought in.
        Returns: the JSON answer, None for an empty one.
        """
        if isinstance(source, Path):
            with source.open("rb") as file:
                return self.upload(path, file, size, progress, method=method, headers=headers, **query)
        start = source.tell() if source.seekable() else None
        if size is None:
            if start is None:
                raise InvalidInput(f"The size of what is uploaded to {path} is not known. Pass size=.")
            size = source.seek(0, os.SEEK_END) - start

        def body() -> Any:
            if start is not None:
                source.seek(start)
            return Counted(source, size, progress) if size else b""

        kind = {"Content-Type": "application/octet-stream", **(headers or {})}
        again = start is not None and method in IDEMPOTENT
        with self._answer(method, path, query=query, body=body, headers=kind, retry=again) as answer:
            return self._decoded(answer)

    def download(self, path: str, /, target: Path, progress: Progress | None = None, **query: Any) -> int:
        """Save what a path answers; the file appears under its name only when it is whole and on disk.

        Args:
            target: see `files.place_inside` for names that come from a server. Missing folders are made.
        Returns: its size in bytes.
        """
        patience = self._patience()
        while True:
            try:
                return self._download(path, target, progress, query)
            except ServerUnreachable as exc:
                if exc.lasting or not patience.pause(None):
                    raise

    def _download(self, path: str, target: Path, progress: Progress | None, query: dict[str, Any]) -> int:
        with self._answer("GET", path, query=query, headers={"Accept-Encoding": "identity"}) as answer:
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            write_whole(target, self._link.exchange.pieces(answer), total, progress)
        return target.stat().st_size

    def _json(self, method: str, path: str, body: Any, query: dict[str, Any], *, retry: bool = False) -> Any:
        encoded = None if body is None else msgspec.json.encode(body)
        headers = {"Accept": "application/json"}
        if encoded is not None:
            headers["Content-Type"] = "application/json"
        again = retry or method in IDEMPOTENT
        with self._answer(
            method, path, query=query, body=lambda: encoded, headers=headers, retry=again
        ) as answer:
            return self._decoded(answer)

    def _answer(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any],
        body: Callable[[], Any] = lambda: None,
        headers: dict[str, str] | None = None,
        retry: bool = True,
    ) -> Response:
        """The answer to a request that went well, after as many tries as patience allows."""
        if not path.startswith("/"):
            raise InvalidInput(f"The path {path!r} does not begin with a slash.")
        params = {name: _text(value) for name, value in query.items() if value is not None}
        patience = self._patience()
        while True:
            try:
                answer = self._link.exchange.send(
                    method,
                    self._base + path,
                    token=self._token(),
                    params=params,
                    headers=headers or {},
                    body=body(),
                )
                if not self._link.reached:
                    self._link.reached = True
                    patience = self._patience()
                if 200 <= answer.status_code < 300:
                    return answer
                error, again = self._error(method, answer)
                again = again and retry
            except ServerUnreachable as exc:
                error, again = exc, not exc.lasting and (retry or not exc.maybe_done)
            if not (again and patience.pause(error.retry_after_s)):
                raise error

    def _patience(self) -> Patience:
        reached = self._link.reached
        return Patience(self._patience_s if reached else min(self._patience_s, FIRST_CONTACT_S))

    def _error(self, method: str, answer: Response) -> tuple[RunyardError, bool]:
        """What went wrong, and whether another try may help."""
        with answer:
            status = answer.status_code
            if 300 <= status < 400:
                return InvalidInput(
                    f"{self.server} redirects {method} to {answer.headers.get('Location', 'elsewhere')}. "
                    "Use that address, or let the proxy not redirect."
                ), False
            body = bytearray()
            for piece in self._link.exchange.pieces(answer):
                body += piece
                if len(body) > ERROR_BYTES:
                    break
            after = answer.headers.get("Retry-After", "")
            return error_from(
                status, bytes(body), url=self._base, retry_after_s=int(after) if after.isdecimal() else None
            ), status in AGAIN

    def _decoded(self, answer: Response) -> Any:
        content = b"".join(self._link.exchange.pieces(answer))
        if not content.strip():
            return None
        packed = answer.headers.get("Content-Type", "").startswith(COLUMNS)
        try:
            return msgspec.msgpack.decode(content) if packed else msgspec.json.decode(content)
        except msgspec.MsgspecError:
            raise InternalFault(
                f"{self._base} did not answer with JSON. Is this the address of a Runyard server?"
            ) from None

    def _token(self) -> str | None:
        if callable(self._credentials):
            token, source = self._credentials(), "program"
        elif self.credential is not None:
            token, source = self.credential.token, self.credential.source
        else:
            return None
        if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
            raise Unauthenticated(
                f"The token from {source} holds characters that no token has. Copy it again."
            )
        return token


def _text(value: Any) -> Any:
    """A value of a query as the server reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_text(one) for one in value] if isinstance(value, list | tuple) else str(value)

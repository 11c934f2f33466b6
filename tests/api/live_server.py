"""A whole server in this process behind a real socket, and a client that keeps its connection."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn

from runyard.server.app import build
from runyard.server.fast_lane import FastLane, KnownHeads
from runyard.server.routing import Route
from runyard.server.settings import Settings
from runyard.server.studio import Bundle

PREFIXES = ("/api", "/ajax-api")
UNKNOWN_RUN = "0" * 32
UNKNOWN_EXPERIMENT = "987654321"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """Status, headers with lower-case names, and body."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)


@dataclass
class Client:
    """Calls on one connection. Paths below /2.0/mlflow/ may be given by their end, such as runs/get."""

    port: int
    routes: list[Route] = field(default_factory=list)
    prefix: str = "/api"
    base: str = ""  # such as /workspaces/other: put before every path
    headers: dict[str, str] = field(default_factory=dict)  # sent with every request
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _connection: http.client.HTTPConnection | None = None
    _others: list[Client] = field(default_factory=list)

    def send(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request as given."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = {**self.headers, **(headers or {})}
            self._connection.request(method, self.base + target, body, sent)
            found = self._connection.getresponse()
            named = {name.lower(): value for name, value in found.getheaders()}
            return Answer(found.status, named, found.read())
        except (http.client.HTTPException, OSError):
            self.close()
            raise

    def call(self, method: str, path: str, fields: Any = None) -> Answer:
        """One request with fields in the query string or the JSON body."""
        target = path if path.startswith("/") else f"{self.prefix}/2.0/mlflow/{path}"
        if method == "GET":
            return self.send(method, f"{target}?{urlencode(fields or {}, doseq=True)}")
        return self.send(method, target, json.dumps(fields or {}).encode(), JSON)

    def ok(self, method: str, path: str, **fields: Any) -> Any:
        """The body of a call that succeeds."""
        answer = self.call(method, path, fields)
        assert answer.status == 200, (answer.status, answer.content)
        return answer.json()

    def fails(self, method: str, path: str, **fields: Any) -> tuple[int, str]:
        """Status and error code of a call that is refused."""
        answer = self.call(method, path, fields)
        assert answer.status >= 400, answer.content
        body = answer.json()
        assert isinstance(body["message"], str) and body["message"]
        return answer.status, body["error_code"]

    def name(self, word: str = "e") -> str:
        """A name that was not used before."""
        return f"{word}-{next(self._numbers)}"

    def experiment(self, **fields: Any) -> str:
        """The id of a new experiment."""
        return str(self.ok("POST", "experiments/create", **{"name": self.name(), **fields})["experiment_id"])

    def run(self, experiment: str | None = None, **fields: Any) -> str:
        """The id of a new run."""
        made = self.ok("POST", "runs/create", experiment_id=experiment or self.experiment(), **fields)
        return str(made["run"]["info"]["run_id"])

    def also(self, *, base: str = "", token: str = "") -> Client:
        """The same server through another base path, or as the owner of another token."""
        return self.with_headers({"Authorization": f"Bearer {token}"} if token else {}, base)

    def in_session(self, cookies: str) -> Client:
        """The same server as a page of its own that a browser with these cookies shows."""
        page = self.with_headers({"Cookie": cookies})
        page.headers["X-Runyard-CSRF"] = page.ok("GET", "/api/v1/me")["csrf_token"]
        return page

    def with_headers(self, headers: Mapping[str, str], base: str = "") -> Client:
        """The same server with other headers; its connection is closed with this one."""
        one = Client(self.port, self.routes, self.prefix, base, dict(headers), self._numbers)
        self._others.append(one)
        return one

    def close(self) -> None:
        """Hang up; the next call connects again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for other in self._others:
            other.close()


@contextlib.contextmanager
def live_server(
    directory: Path, settings: Settings | None = None, bundle: Bundle | None = None, port: int = 0
) -> Iterator[Client]:
    """Serve a fresh database until the block ends. Port 0: any."""
    runtime = build(settings or Settings(data=str(directory)), bundle)
    with contextlib.closing(socket.socket()) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        lane: Any = partial(FastLane, runtime.application, KnownHeads())
        config = uvicorn.Config(
            runtime.application,
            log_level="warning",
            ws="none",
            http=lane,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=600,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        client = Client(listener.getsockname()[1], list(runtime.application.routes.routes))
        try:
            yield client
        finally:
            client.close()
            server.should_exit = True
            thread.join(15)

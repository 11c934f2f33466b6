"""The artifact routes on a real HTTP server in this process, with records instead of a database."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from runyard.artifacts.opening import mount_datastore
from runyard.errors import NotFound
from runyard.server.routes.mlflow import artifacts
from runyard.server.routing import RouteTable
from runyard.services.artifacts import ArtifactService
from runyard.services.context import Context
from runyard.services.upload_order import UploadOrder
from runyard.store.upload_contracts import Turn, UploadPlace
from tests.api.open_application import OneWorkspace, open_application

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
RUN = "0123456789abcdef0123456789abcdef"
RUN_ROOT = f"0/{RUN}/artifacts"
MODEL = "m-0123456789abcdef0123456789abcdef"


@dataclass
class Records:
    """Artifact locations by id."""

    runs: dict[str, str] = field(default_factory=lambda: {RUN: f"mlflow-artifacts:/{RUN_ROOT}"})
    models: dict[str, str] = field(
        default_factory=lambda: {MODEL: f"mlflow-artifacts:/0/models/{MODEL}/artifacts"}
    )
    versions: dict[tuple[str, str], str] = field(default_factory=lambda: {("net", "1"): f"runs:/{RUN}/model"})

    async def run(self, ctx: Context, run_id: str) -> str:
        return _found(self.runs, run_id)

    async def logged_model(self, ctx: Context, model_id: str) -> str:
        return _found(self.models, model_id)

    async def model_version(self, ctx: Context, name: str, version: str) -> str:
        return _found(self.versions, (name, version))


def _found(records: Mapping[Any, str], key: Any) -> str:
    if key not in records:
        raise NotFound(f"{key} not found")
    return records[key]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends a path exactly as given: nothing is normalised or quoted."""

    def __init__(self, port: int) -> None:
        self.port = port

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, dict(headers or {}), **options)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.send(
            "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    def put(self, path: str, body: Any = b"") -> Answer:
        return self.send("PUT", path, body)

    def post(self, path: str, fields: Any) -> Answer:
        return self.send("POST", path, json.dumps(fields), {"Content-Type": "application/json"})

    def names(self, path: str) -> list[str]:
        """What the proxy lists; `path` is quoted already."""
        return [found["path"] for found in self.get(f"{PROXY}?path={path}").json.get("files", [])]


class NoJournals:
    """UploadStore of a server that knows no journal."""

    async def begin(self, place: UploadPlace, seq: int, upload: str, dead_before_ms: int) -> Turn:
        return Turn.UNKNOWN

    async def keep(self, place: UploadPlace, upload: str) -> bool:
        return False

    async def end(self, place: UploadPlace, upload: str) -> None: ...


@contextlib.contextmanager
def artifact_server(
    location: str, environment: Mapping[str, str] | None = None, records: Records | None = None
) -> Iterator[Client]:
    """Serve the artifact routes over the datastore at `location` until the block ends."""
    mount = mount_datastore(location, environment)
    service = ArtifactService(mount, records or Records(), OneWorkspace())

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield
        await mount.datastore.aclose()

    app = open_application(RouteTable(artifacts.routes(service, UploadOrder(NoJournals()))), lifespan)
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield Client(sock.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(20)
        sock.close()

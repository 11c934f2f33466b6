"""The registry's routes on a real HTTP server in this process, over SQLite; runs and logged models are given."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn

from runyard.errors import NotFound
from runyard.server.routes.mlflow import registry
from runyard.server.routing import RouteTable
from runyard.services.context import Context
from runyard.services.registry import RegistryService
from runyard.store.sql import schema
from runyard.store.sql.registry import SqlRegistry
from runyard.store.sql.sqlite import SqliteDatabase, SqliteWriteConnection
from tests.api.open_application import open_application

RUN, OTHER_RUN, FILE_RUN = (digit * 32 for digit in "123")
MODEL_ID = "m-" + "4" * 32
RUN_ROOT = f"mlflow-artifacts:/0/{RUN}/artifacts"
MODEL_ROOT = f"mlflow-artifacts:/0/models/{MODEL_ID}/artifacts"
S3 = "s3://bucket/model"


@dataclass
class Roots:
    """Artifact locations by id."""

    runs: Mapping[str, str] = field(
        default_factory=lambda: {
            RUN: RUN_ROOT,
            OTHER_RUN: f"mlflow-artifacts:/0/{OTHER_RUN}/artifacts",
            FILE_RUN: "/data/exp/run/artifacts",
        }
    )
    models: Mapping[str, str] = field(default_factory=lambda: {MODEL_ID: MODEL_ROOT})

    async def run(self, ctx: Context, run_id: str) -> str:
        return _found(self.runs, run_id)

    async def logged_model(self, ctx: Context, model_id: str) -> str:
        return _found(self.models, model_id)


def _found(records: Mapping[str, str], key: str) -> str:
    if key not in records:
        raise NotFound(f"{key} not found")
    return records[key]


@dataclass(frozen=True)
class Registry:
    """Calls by the end of their path; answers are (status, body)."""

    port: int

    def call(self, method: str, path: str, fields: Mapping[str, Any]) -> tuple[int, Any]:
        target, body, headers = f"/api/2.0/mlflow/{path}", None, {}
        if method == "GET":
            target += "?" + urlencode(fields, doseq=True)
        else:
            body, headers = json.dumps(fields), {"Content-Type": "application/json"}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def ok(self, method: str, path: str, **fields: Any) -> Any:
        """The body of a call that succeeds."""
        status, body = self.call(method, path, fields)
        assert status == 200, body
        return body

    def fails(self, method: str, path: str, **fields: Any) -> tuple[int, str]:
        """Status and error code of a call that is refused."""
        status, body = self.call(method, path, fields)
        assert status >= 400, body
        return status, body["error_code"]

    def model(self, name: str, **fields: Any) -> Any:
        """A new registered model."""
        return self.ok("POST", "registered-models/create", name=name, **fields)["registered_model"]

    def version(self, name: str, source: str = S3, **fields: Any) -> Any:
        """A new version."""
        made = self.ok("POST", "model-versions/create", name=name, source=source, **fields)
        return made["model_version"]

    def get(self, name: str) -> Any:
        """A registered model."""
        return self.ok("GET", "registered-models/get", name=name)["registered_model"]

    def get_version(self, name: str, version: str) -> Any:
        """A model version."""
        return self.ok("GET", "model-versions/get", name=name, version=version)["model_version"]

    def pages(self, noun: str, size: int, **fields: Any) -> list[list[Any]]:
        """All pages of a search, `noun` is "registered-models" or "model-versions"."""
        found, token = [], ""
        while token is not None:
            body = self.ok("GET", f"{noun}/search", max_results=size, page_token=token, **fields)
            found.append(body.get(noun.replace("-", "_"), []))
            token = body.get("next_page_token")
        return found


@contextlib.contextmanager
def registry_server(directory: Path) -> Iterator[Registry]:
    """Serve a fresh registry until the block ends."""
    file = directory / "registry.db"
    connection = SqliteWriteConnection(file)
    schema.upgrade(connection)
    connection.close()
    database = SqliteDatabase(file)
    database.open()
    service = RegistryService(SqlRegistry(database, b"k" * 32), Roots())

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield
        await database.close()

    app = open_application(RouteTable(registry.routes(service)), lifespan)
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield Registry(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(15)

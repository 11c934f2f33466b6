"""The routes of experiments and logged models on a real HTTP server in this process, over SQLite."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from runyard.artifacts.opening import mount_datastore
from runyard.entities.workspace import DEFAULT_WORKSPACE_ID
from runyard.server.routes.mlflow import experiments, logged_models
from runyard.server.routing import RouteTable
from runyard.services.experiments import ExperimentService
from runyard.services.logged_models import LoggedModelService
from runyard.services.places import ExperimentPlaces
from runyard.store.sql import schema
from runyard.store.sql.experiments import SqlExperiments
from runyard.store.sql.identity import SqlIdentity
from runyard.store.sql.logged_models import SqlLoggedModels, record_metrics
from runyard.store.sql.sqlite import SqliteDatabase, SqliteWriteConnection
from tests.api.artifact_server import Answer, Client
from tests.api.open_application import open_application

API = "/api/2.0/mlflow"
RUN = "0123456789abcdef0123456789abcdef"
PAGE_KEY = b"k" * 32


@dataclass(frozen=True)
class Measured:
    """One point of a metric on a model."""

    model_id: str
    key: str = "acc"
    value: float = 0.5
    timestamp: int = 1
    step: int = 0
    dataset_name: str | None = None
    dataset_digest: str | None = None


class Models:
    """Calls of the logged models API, and metrics measured on models."""

    def __init__(self, port: int, database: SqliteDatabase) -> None:
        self._client = Client(port)
        self._database = database

    def call(self, method: str, path: str, fields: Any = None) -> Answer:
        """A call below logged-models; fields is the JSON body."""
        headers = {} if fields is None else {"Content-Type": "application/json"}
        body = None if fields is None else json.dumps(fields)
        return self._client.send(method, f"{API}/logged-models{path}", body, headers)

    def experiment(self, name: str) -> str:
        """A new experiment's id."""
        answer = self._client.post(f"{API}/experiments/create", {"name": name})
        return str(answer.json["experiment_id"])

    def create(self, experiment: str, **fields: Any) -> dict[str, Any]:
        """A new model."""
        answer = self.call("POST", "", {"experiment_id": experiment, **fields})
        assert answer.status == 200, answer.body
        model: dict[str, Any] = answer.json["model"]
        return model

    def model(self, model_id: str) -> dict[str, Any]:
        """The model as it is now."""
        model: dict[str, Any] = self.call("GET", f"/{model_id}").json["model"]
        return model

    def found(self, experiment: str, **fields: Any) -> list[str]:
        """Names of the models that a search finds, in order."""
        answer = self.call("POST", "/search", {"experiment_ids": [experiment], **fields})
        assert answer.status == 200, answer.body
        return [model["info"]["name"] for model in answer.json.get("models", [])]

    def measure(self, *metrics: Measured, run: str = RUN) -> None:
        """What a log-metric or log-batch with model ids does."""
        work = self._database.write(lambda tx: record_metrics(tx, DEFAULT_WORKSPACE_ID, run, metrics))
        asyncio.run(_awaited(work))


async def _awaited(work: Any) -> None:
    await work


@contextlib.contextmanager
def logged_model_server(directory: Path) -> Iterator[Models]:
    """Serve until the block ends."""
    path = directory / "runyard.db"
    connection = SqliteWriteConnection(path)
    schema.upgrade(connection)
    connection.close()
    database = SqliteDatabase(path)
    database.open()
    with _served(database, directory) as port:
        yield Models(port, database)


@contextlib.contextmanager
def _served(database: SqliteDatabase, directory: Path) -> Iterator[int]:
    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield
        await database.close()

    places = ExperimentPlaces(mount_datastore(str(directory)), SqlIdentity(database))
    service = ExperimentService(SqlExperiments(database, PAGE_KEY), "mlflow-artifacts:", places)
    table = RouteTable(
        [
            *experiments.routes(service),
            *logged_models.routes(LoggedModelService(SqlLoggedModels(database, PAGE_KEY))),
        ]
    )
    app = open_application(table, lifespan)
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        sock.close()

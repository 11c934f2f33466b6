"""The routes of experiments and traces on a real HTTP server in this process, over SQLite."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from runyard.artifacts.opening import mount_datastore
from runyard.server.routes import otlp
from runyard.server.routes.mlflow import experiments, trace_files, traces
from runyard.server.routing import RouteTable
from runyard.services.artifacts import ArtifactService
from runyard.services.experiments import ExperimentService
from runyard.services.places import ExperimentPlaces
from runyard.services.traces import TraceService
from runyard.store.sql import schema
from runyard.store.sql.experiments import SqlExperiments
from runyard.store.sql.identity import SqlIdentity
from runyard.store.sql.sqlite import SqliteDatabase, SqliteWriteConnection
from runyard.store.sql.traces import SqlTraces
from tests.api.artifact_server import Records
from tests.api.open_application import open_application

PROTOBUF = "application/x-protobuf"
START_NS = 1_700_000_000_000_000_000


@dataclass(frozen=True)
class Traces:
    """Calls by the end of their path; answers are (status, body)."""

    port: int

    def send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()

    def call(self, method: str, path: str, fields: Mapping[str, Any]) -> tuple[int, Any]:
        version, _, rest = path.rpartition(":")
        target, body, headers = f"/api/{version or '3'}.0/mlflow/{rest}", None, {}
        if method == "GET":
            target += "?" + urlencode(fields, doseq=True)
        else:
            body, headers = json.dumps(fields).encode(), {"Content-Type": "application/json"}
        status, answer = self.send(method, target, body, headers)
        return status, json.loads(answer)

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

    def experiment(self, name: str) -> str:
        """The id of a new experiment."""
        return str(self.ok("POST", "2:experiments/create", name=name)["experiment_id"])

    def start(self, experiment: str, number: int, **info: Any) -> Any:
        """Start a trace whose time is `number` seconds after an arbitrary one."""
        return self.ok("POST", "traces", trace={"trace_info": described(experiment, number) | info})["trace"]

    def export(self, experiment: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        """Send spans; header names with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": PROTOBUF, "x-mlflow-experiment-id": experiment} | named
        return self.send("POST", "/v1/traces", body, sent)

    def get(self, number: int) -> Any:
        """A whole trace, partial or not."""
        return self.ok("GET", "traces/get", trace_id=trace_id(number), allow_partial="True")["trace"]

    def found(self, experiment: str, clause: str = "", **fields: Any) -> list[str]:
        """Ids of the first page of a search."""
        place = [{"mlflow_experiment": {"experiment_id": experiment}}]
        body = self.ok("POST", "traces/search", locations=place, filter=clause, **fields)
        return [trace["trace_id"] for trace in body.get("traces", [])]


def trace_id(number: int) -> str:
    """MLflow's id of the trace with that number."""
    return f"tr-{number:032x}"


def described(experiment: str, number: int) -> dict[str, Any]:
    """The trace_info of a finished trace."""
    return {
        "trace_id": trace_id(number),
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
        "request_time": f"2026-01-01T00:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "execution_duration": "1.500s",
        "state": "OK",
    }


def spans(number: int, names: Mapping[str, Mapping[str, Any]], resource: str = "") -> bytes:
    """An export of one trace: the first name is the root, the others its children; values are attributes."""
    request = ExportTraceServiceRequest()
    batch = request.resource_spans.add()
    if resource:
        batch.resource.attributes.add(key="service.name").value.string_value = resource
    scope = batch.scope_spans.add()
    for at, (name, attributes) in enumerate(names.items(), 1):
        span = scope.spans.add(name=name, trace_id=number.to_bytes(16, "big"), span_id=at.to_bytes(8, "big"))
        span.start_time_unix_nano, span.end_time_unix_nano = START_NS + at, START_NS + 2_000_000_000
        if at > 1:
            span.parent_span_id = (1).to_bytes(8, "big")
        for key, value in attributes.items():
            pair = span.attributes.add(key=key).value
            kind = {str: "string_value", float: "double_value", int: "int_value", bool: "bool_value"}[
                type(value)
            ]
            setattr(pair, kind, value)
    return bytes(request.SerializeToString())


@contextlib.contextmanager
def traces_server(directory: Path) -> Iterator[Traces]:
    """Serve a fresh database until the block ends."""
    file = directory / "traces.db"
    connection = SqliteWriteConnection(file)
    schema.upgrade(connection)
    connection.close()
    database = SqliteDatabase(file)
    database.open()
    key = b"k" * 32
    service = TraceService(SqlTraces(database, key))
    mount, owners = mount_datastore(str(directory / "artifacts")), SqlIdentity(database)
    files = ArtifactService(mount, Records(), owners)
    places = ExperimentPlaces(mount, owners)
    others = ExperimentService(SqlExperiments(database, key), "mlflow-artifacts:", places)

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield
        await database.close()

    table = RouteTable(
        [
            *experiments.routes(others),
            *traces.routes(service),
            *trace_files.routes(service, files),
            *otlp.routes(service),
        ]
    )
    app = open_application(table, lifespan)
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield Traces(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(15)

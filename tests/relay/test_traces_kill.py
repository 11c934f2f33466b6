"""kill -9 of a relay and of the server while traces are sent to it: what was acknowledged is at the server, once."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components.processes import free_ports
from tests.journal.trainers import ROOT, wait_for
from tests.relay.conftest import START, ServerProcess
from tests.relay.test_traces import TRACES, new_id, otlp

SERVER_EVERY = 3
PLACE = {"mlflow_experiment": {"experiment_id": "0"}}


class Tracer(threading.Thread):
    """Sends trace after trace, each with spans, a description, a tag and an assessment; notes what was acknowledged."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.kept: dict[str, set[str]] = {}
        self.over = threading.Event()
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while not self.over.is_set():
            one = new_id()
            info = {
                "trace_id": one,
                "trace_location": PLACE,
                "state": "OK",
                "request_time": "2026-01-01T00:00:00Z",
            }
            said = {"assessment_name": "fine", "feedback": {"value": True}}
            if not self._ask("POST", "/v1/traces", otlp(one).SerializeToString(), "application/x-protobuf"):
                continue
            done = self.kept[one] = {"spans"}
            for what, method, path, fields in (
                ("info", "POST", TRACES, {"trace": {"trace_info": info}}),
                ("tag", "PATCH", f"{TRACES}/{one}/tags", {"key": "mood", "value": one}),
                ("said", "POST", f"{TRACES}/{one}/assessments", {"assessment": said}),
            ):
                if self._ask(method, path, json.dumps(fields).encode(), "application/json"):
                    done.add(what)
        self._close()

    def _ask(self, method: str, path: str, body: bytes, kind: str) -> bool:
        headers = {"Content-Type": kind, "x-mlflow-experiment-id": "0"}
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
            self._connection.request(method, path, body, headers)
            with contextlib.closing(self._connection.getresponse()) as answer:
                answer.read()
                return answer.status == 200
        except (OSError, http.client.HTTPException):
            self._close()
            time.sleep(0.02)
            return False

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextlib.contextmanager
def relay_at(server: ServerProcess, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", START, "relay", "--server", server.url, "--open", "--port", str(port)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.long)])
def test_what_was_acknowledged_is_there_once(server: ServerProcess, home: Path, kills: int) -> None:
    (port,) = free_ports(1)
    tracer, chance = Tracer(port), random.Random(kills)
    tracer.start()
    for number in range(kills):
        before = len(tracer.kept)
        with relay_at(server, port):
            wait_for(lambda before=before: len(tracer.kept) > before + 3, "some traces")  # type: ignore[misc]
            time.sleep(chance.random() / 2)
            if number % SERVER_EVERY == 1:
                server.down()
                time.sleep(chance.random())
        if server.process is None:
            server.up()
    tracer.over.set()
    tracer.join()
    done = subprocess.run(
        [sys.executable, "-c", START, "sync", "--server", server.url],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    direct = server.client()
    for one, parts in tracer.kept.items():
        found = direct.ok("GET", f"{TRACES}/get", trace_id=one, allow_partial=True)["trace"]
        info = found["trace_info"]
        assert len(found["spans"]) == 2
        assert "info" not in parts or info["request_time"] == "2026-01-01T00:00:00Z"
        assert "tag" not in parts or info["tags"]["mood"] == one
        said = len(info.get("assessments", []))
        assert said == 1 if "said" in parts else said <= 1
    assert len(tracer.kept) > 3 * kills

"""A client that writes records down and sends them, for tests of the routes of journals."""

from __future__ import annotations

import uuid
from typing import Any

from runyard.entities.journal import BatchPoint, BatchRecord, NewRun, PointRecord, Record
from runyard.wire.journal import CONTENT_TYPE, encode_frame
from tests.api.live_server import Answer, Client

FRAMES = {"Content-Type": CONTENT_TYPE}


class Journal:
    """A journal of one process."""

    def __init__(self, server: Client) -> None:
        self.server = server
        self.id = uuid.uuid4().hex
        self.seq = 0

    def framed(self, *records: Record) -> bytes:
        """The next records."""
        frames = []
        for record in records:
            self.seq += 1
            frames.append(encode_frame(self.seq, record))
        return b"".join(frames)

    def post(self, body: bytes, server: Client | None = None) -> Answer:
        """Frames as they are."""
        return (server or self.server).send("POST", f"/api/v1/journals/{self.id}/records", body, FRAMES)

    def send(self, *records: Record) -> list[tuple[int, str]]:
        """Send the next records; (seq, code) of those that were refused."""
        answer = self.post(self.framed(*records))
        assert answer.status == 200, answer.content
        assert answer.json()["applied"] == self.seq
        return refusals(answer)

    @property
    def applied(self) -> int:
        """How far the server has taken it."""
        return int(self.server.ok("GET", f"/api/v1/journals/{self.id}")["applied"])


def refusals(answer: Answer) -> list[tuple[int, str]]:
    """(seq, code) of what was refused."""
    return [(one["seq"], one["code"]) for one in answer.json()["refused"]]


def new_run(experiment: str = "0", **fields: Any) -> NewRun:
    """A run with an id of its own."""
    return NewRun(uuid.uuid4().hex, experiment, **fields)


def points(run_id: str, *values: float, key: str = "m") -> list[PointRecord]:
    """Points at steps 0, 1, ..."""
    return [PointRecord(run_id, key, value, 1_000 + step, step) for step, value in enumerate(values)]


def batch(run_id: str, *values: float, **fields: Any) -> BatchRecord:
    """The same as one record."""
    some = [BatchPoint("b", value, 1_000 + step, step) for step, value in enumerate(values)]
    return BatchRecord(run_id, some, **fields)


def run_of(server: Client, run_id: str) -> Any:
    """A run as clients read it, its params and tags by key."""
    run = server.ok("GET", "runs/get", run_id=run_id)["run"]
    data = run["data"]
    return {
        **run["info"],
        "params": {one["key"]: one["value"] for one in data.get("params", [])},
        "tags": {one["key"]: one["value"] for one in data.get("tags", [])},
        "outputs": run.get("outputs", {}),
    }


def history(server: Client, run_id: str, key: str = "m") -> list[tuple[int, Any]]:
    """(step, value) of a metric."""
    found = server.ok("GET", "metrics/get-history", run_id=run_id, metric_key=key)
    return [(one["step"], one["value"]) for one in found.get("metrics", [])]

"""Batches that can be told apart, who sends them until something happens, and what must be stored afterwards."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Sequence
from typing import Any

from tests.acceptance.server_process import ServerProcess

BATCH = 7
PAUSE_S = 0.05
LIMIT_S = 60


def batch(run_id: str, number: int) -> dict[str, Any]:
    """Points of BATCH series at step `number`, and a param of that number."""
    points = [{"key": f"m{i}", "value": number, "timestamp": number, "step": number} for i in range(BATCH)]
    return {
        "run_id": run_id,
        "metrics": points,
        "params": [{"key": f"p{number}", "value": str(number)}],
    }


class Client(threading.Thread):
    """Logs one batch after the other; a batch that got a 503 is sent again, as the MLflow client does.

    It ends when it is told to, or when the server is gone. `sent` is the number of the next batch, `refused` counts
    503 answers and `wrong` keeps whatever a client must never get.
    """

    def __init__(self, server: ServerProcess, run_id: str, first: int = 0) -> None:
        super().__init__(daemon=True)
        self._server, self.run_id = server, run_id
        self._ended = threading.Event()
        self.sent = first
        self.acknowledged: list[int] = []
        self.refused = 0
        self.wrong: list[object] = []

    def run(self) -> None:
        try:
            while not self._ended.is_set():
                self._send(self.sent)
        except (OSError, ValueError, http.client.HTTPException) as exc:
            self.wrong.append(exc)

    def end(self) -> None:
        """Stop after the batch under way."""
        self._ended.set()
        self.join(timeout=60)

    def _send(self, number: int) -> None:
        self.sent = number + 1
        status, answer, headers = self._log(number)
        if status == 200:
            self.acknowledged.append(number)
        elif status == 503 and int(headers.get("retry-after", 0)) > 0:
            self.refused += 1
            self.sent = number
            time.sleep(PAUSE_S)
        else:
            self.wrong.append((status, answer))

    def _log(self, number: int) -> tuple[int, Any, dict[str, str]]:
        return self._server.ask("POST", "/api/2.0/mlflow/runs/log-batch", batch(self.run_id, number))

    def check(self, server: ServerProcess, acknowledged: set[int] | None = None) -> None:
        """What was acknowledged (to this client, unless given) is there, no batch by half, and no point twice."""
        acknowledged = set(self.acknowledged) if acknowledged is None else acknowledged
        stored = [steps(server, self.run_id, f"m{i}") for i in range(BATCH)]
        assert all(series == stored[0] for series in stored), "a batch was stored by half"
        assert_kept(acknowledged, stored[0])
        _, answer = server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={self.run_id}")
        params = {int(param["value"]) for param in answer["run"]["data"].get("params", [])}
        assert params == set(stored[0]), "params and points of a batch differ"


class PointClient(Client):
    """The same with one point per request, which takes another way to the disk."""

    def _log(self, number: int) -> tuple[int, Any, dict[str, str]]:
        point = {"run_id": self.run_id, "key": "m0", "value": number, "timestamp": number, "step": number}
        return self._server.ask("POST", "/api/2.0/mlflow/runs/log-metric", point)

    def check(self, server: ServerProcess, acknowledged: set[int] | None = None) -> None:
        acknowledged = set(self.acknowledged) if acknowledged is None else acknowledged
        assert_kept(acknowledged, steps(server, self.run_id, "m0"))


def wait_until_refused(clients: Sequence[Client]) -> None:
    """Until each client has met a 503."""
    deadline = time.monotonic() + LIMIT_S
    while not all(client.refused for client in clients):
        assert time.monotonic() < deadline, "writes still work"
        time.sleep(0.02)


def seconds_until_acknowledged(clients: Sequence[Client]) -> float:
    """How long it takes from now until each client has been answered 200 again."""
    began = time.monotonic()
    before = [len(client.acknowledged) for client in clients]
    while not all(len(c.acknowledged) > count for c, count in zip(clients, before, strict=True)):
        assert time.monotonic() - began < LIMIT_S, "writes do not work"
        time.sleep(0.02)
    return time.monotonic() - began


def steps(server: ServerProcess, run_id: str, key: str) -> list[int]:
    """The steps of one series as they are stored."""
    path = f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key={key}"
    status, answer = server.call("GET", path)
    assert status == 200, answer
    return [point["step"] for point in answer.get("metrics", [])]


def assert_kept(acknowledged: set[int], stored: list[int]) -> None:
    """Every acknowledged number is stored, and none twice."""
    assert len(set(stored)) == len(stored), "a point is there twice"
    assert acknowledged <= set(stored), "an acknowledged point is lost"

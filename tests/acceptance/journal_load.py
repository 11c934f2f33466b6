"""A client that sends a journal as far as the server has not taken it, again and again, and what must be stored then."""

from __future__ import annotations

import http.client
import json
import random
import threading
import uuid

from runyard.entities.journal import (
    BatchPoint,
    BatchRecord,
    Call,
    NewRun,
    PointRecord,
    Record,
    Untag,
)
from runyard.wire.journal import CONTENT_TYPE, encode_frame
from tests.acceptance.load import steps
from tests.acceptance.server_process import ServerProcess

OUTPUTS = "/api/2.0/mlflow/runs/outputs"
SIZES = (1, 3, 20, 200, 2_000)  # records of a request


def records(run_id: str, number: int) -> list[Record]:
    """Round `number` of what a training writes down: points (many of equal value), params, tags, a call.

    What the call does is kept again if it is done again. The last two records are refused.
    """
    some = range(number * 4, number * 4 + 4)
    wrote = [{"model_id": "m", "step": number}]
    return [
        *(PointRecord(run_id, "loss", 1.0, 7, step) for step in some),
        BatchRecord(run_id, [BatchPoint("acc", 0.5, 9, step) for step in some], [(f"p{number}", "v")]),
        BatchRecord(run_id, tags=[("last", str(number)), ("gone", "x")]),
        Call(run_id, "POST", OUTPUTS, {"run_id": run_id, "models": wrote}),
        Untag(run_id, "gone"),
        BatchRecord(run_id, params=[(f"p{number}", "another")]),
        PointRecord("0" * 32, "loss", 1.0, 1),
    ]


ROUND = len(records("", 0))


class Sender:
    """One journal, through all lives of the server. It remembers nothing: where to go on, the server knows."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.journal, self.run_id = uuid.uuid4().hex, uuid.uuid4().hex
        self.applied = 0
        self.refused: set[int] = set()
        self.wrong: list[object] = []
        self._thread: threading.Thread | None = None

    def start(self, server: ServerProcess, *, end: bool = False) -> None:
        """Send until the server is gone; or, at the end, until a round is complete."""
        self._thread = threading.Thread(target=self._send, args=(server, end), daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until it has ended."""
        assert self._thread is not None
        self._thread.join(timeout=60)

    def _send(self, server: ServerProcess, end: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        path = f"/api/v1/journals/{self.journal}"
        try:
            self._ask(connection, "GET", path)
            last = self.applied + (1 - self.applied) % ROUND + ROUND if end else None
            while last is None or self.applied < last:
                self._ask(connection, "POST", f"{path}/records", self._body(last))
        except (OSError, http.client.HTTPException):
            if end:
                raise
        finally:
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> None:
        connection.request(method, path, body or None, {"Content-Type": CONTENT_TYPE})
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            self.wrong.append((response.status, text))
            raise http.client.HTTPException
        answer = json.loads(text)
        self.refused.update(one["seq"] for one in answer["refused"])
        self.applied = answer["applied"]

    def _body(self, end: int | None) -> bytes:
        last = self.applied + self._chance.choice(SIZES)
        last = last if end is None else min(end, last)
        return b"".join(encode_frame(seq, self._record(seq)) for seq in range(self.applied + 1, last + 1))

    def _record(self, seq: int) -> Record:
        if seq == 1:
            return NewRun(self.run_id, experiment=f"of {self.journal}")
        number, place = divmod(seq - 2, ROUND)
        return records(self.run_id, number)[place]

    def check(self, server: ServerProcess) -> None:
        """Everything that was written down is there, and nothing of it twice."""
        rounds, rest = divmod(self.applied - 1, ROUND)
        assert (rest, self.wrong) == (0, [])
        for key in ("loss", "acc"):
            assert steps(server, self.run_id, key) == list(range(rounds * 4))
        _, answer = server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={self.run_id}")
        run = answer["run"]
        params = {one["key"]: one["value"] for one in run["data"]["params"]}
        assert params == {f"p{number}": "v" for number in range(rounds)}
        tags = {one["key"]: one["value"] for one in run["data"]["tags"]}
        assert (tags["last"], tags.get("gone")) == (str(rounds - 1), None)
        wrote = [one["step"] for one in run["outputs"]["model_outputs"]]
        assert sorted(wrote) == list(range(rounds)), "a call was done twice, or not at all"
        query = {"experiment_ids": [run["info"]["experiment_id"]]}
        _, found = server.call("POST", "/api/2.0/mlflow/runs/search", query)
        assert len(found["runs"]) == 1
        assert self.refused == {
            2 + number * ROUND + place for number in range(rounds) for place in (ROUND - 2, ROUND - 1)
        }

"""The power goes while a server is written to: each write that it acknowledged is there, and nothing is there by half.

The server runs under strace; its data directory is made again as a disk may hold it at random moments, a server is started
on that, and asked. `RUNYARD_POWER` moments (default 6).
"""

from __future__ import annotations

import http.client
import itertools
import os
import random
import shutil
import signal
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from runyard.entities.journal import NewRun, PointRecord, Record
from runyard.wire.journal import CONTENT_TYPE, encode_frame
from tests.acceptance.journal_trainers import stored_steps
from tests.acceptance.load import Client, PointClient, steps
from tests.acceptance.server_process import ServerProcess
from tests.components.power import Trace, missing, traced

MOMENTS = int(os.environ.get("RUNYARD_POWER", "6"))
MANY = 300
LOAD_S = 2.5
UPLOADS = "/api/2.0/mlflow-artifacts/artifacts/files"


class Traced(ServerProcess):
    """A server under strace."""

    trace: Path

    @property
    def prefix(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(traced([], self.trace))

    def stop(self) -> int:
        """SIGTERM to the server; strace ends with it."""
        assert self.process is not None
        strace = self.process.pid
        (server,) = Path(f"/proc/{strace}/task/{strace}/children").read_text().split()
        os.kill(int(server), signal.SIGTERM)
        return self.process.wait(timeout=60)


class Writer(threading.Thread):
    """Writes one thing after the other, and knows when which was acknowledged."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.ended = threading.Event()
        self.acknowledged_s: list[float] = []

    def run(self) -> None:
        for number in itertools.count():
            if self.ended.is_set():
                return
            self.write(number)
            self.acknowledged_s.append(time.time())

    def write(self, number: int) -> None:
        raise NotImplementedError

    def check(self, server: ServerProcess, acknowledged: int) -> None:
        """So many were acknowledged, and one more may be there."""
        raise NotImplementedError

    def end(self) -> None:
        self.ended.set()
        self.join(60)
        assert not self.is_alive()


class Batches(Writer):
    """Points, and a param, in a request; or single points."""

    def __init__(self, server: ServerProcess, kind: type[Client]) -> None:
        super().__init__(server)
        self.client = kind(server, server.run())

    def write(self, number: int) -> None:
        status, answer, _ = self.client._log(number)
        assert status == 200, answer

    def check(self, server: ServerProcess, acknowledged: int) -> None:
        self.client.check(server, set(range(acknowledged)))
        assert len(steps(server, self.client.run_id, "m0")) <= acknowledged + 1


class Journal(Writer):
    """Records of a journal, some to a request."""

    ROWS = 20

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(server)
        self.run_id, self.journal = uuid.uuid4().hex, uuid.uuid4().hex

    def record(self, seq: int) -> Record:
        if seq == 1:
            return NewRun(self.run_id, "0", start_ms=1)
        return PointRecord(self.run_id, "loss", (seq - 2) / 8, 1, seq - 2)

    def write(self, number: int) -> None:
        first = number * self.ROWS + 1
        body = b"".join(encode_frame(seq, self.record(seq)) for seq in range(first, first + self.ROWS))
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=60)
        connection.request(
            "POST", f"/api/v1/journals/{self.journal}/records", body, {"Content-Type": CONTENT_TYPE}
        )
        response = connection.getresponse()
        assert response.status == 200, response.read()
        response.read()
        connection.close()

    def check(self, server: ServerProcess, acknowledged: int) -> None:
        status, answer = server.call("GET", f"/api/v1/journals/{self.journal}")
        assert (status, answer["refused"]) == (200, [])
        applied = answer["applied"]
        assert acknowledged * self.ROWS <= applied <= (acknowledged + 1) * self.ROWS
        if applied:
            assert stored_steps(server.call, self.run_id) == list(range(applied - 1))


class Files(Writer):
    """Artifacts of a few sizes."""

    @staticmethod
    def content(number: int) -> bytes:
        return bytes([number % 251]) * (number * 7_919 % 100_000)

    def write(self, number: int) -> None:
        assert self.server.call("PUT", f"{UPLOADS}/{number}", self.content(number))[0] == 200

    def check(self, server: ServerProcess, acknowledged: int) -> None:
        for number in range(max(0, acknowledged - 20), acknowledged):
            assert self.read(server, number) == (200, self.content(number)), number
        status, found = self.read(server, acknowledged)
        assert status == 404 or found == self.content(acknowledged)

    @staticmethod
    def read(server: ServerProcess, number: int) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
        connection.request("GET", f"{UPLOADS}/{number}")
        response = connection.getresponse()
        found = response.status, response.read()
        connection.close()
        return found


def loaded(place: Path) -> tuple[Trace, list[Writer]]:
    """What a server did to its disk while it was written to, and who wrote what."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    data = place / "data"
    data.mkdir()
    server = Traced(data)
    server.trace = place / "trace"
    server.start()
    makers: list[Callable[[], Writer]] = [
        lambda: Batches(server, Client),
        lambda: Batches(server, PointClient),
        lambda: Journal(server),
        lambda: Files(server),
    ]
    writers = [make() for make in makers]
    for one in writers:
        one.start()
    time.sleep(LOAD_S)
    for one in writers:
        one.end()
    assert server.stop() == 0
    return Trace(place / "trace", data), writers


@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("count", [MOMENTS, pytest.param(MANY, marks=pytest.mark.long)])
def test_what_a_server_acknowledged_is_there_after_a_power_loss(tmp_path: Path, count: int) -> None:
    chance = random.Random(seed := random.randrange(2**32))
    print("seed", seed)
    trace, writers = loaded(tmp_path)
    assert all(len(one.acknowledged_s) > 10 for one in writers)
    trace.rebuild_whole(tmp_path / "again")  # the trace has seen every write
    assert contents(tmp_path / "again") == contents(tmp_path / "data")
    began = min(one.acknowledged_s[0] for one in writers)
    for number, moment in enumerate(chance.choices(trace.moments, k=count)):
        place = tmp_path / "then"
        trace.rebuild(moment, place, chance, ordered=lambda path: False)
        server = ServerProcess(place).start()
        at_s = trace.at(moment)
        print(number, moment, at_s - began)
        for one in writers:
            acknowledged = sum(1 for done in one.acknowledged_s if done < at_s)
            if acknowledged:
                one.check(server, acknowledged)
        assert server.call("GET", "/ready")[0] == 200
        assert server.stop() == 0
        assert not any("Traceback" in line or "damaged" in line for line in server.log)
        shutil.rmtree(place)


def contents(place: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(one.relative_to(place)): one.read_bytes() for one in place.rglob("*") if one.is_file()}

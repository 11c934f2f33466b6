"""Clients that send faster than they are answered, that do not read, or that trickle."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.server import application, fast_lane, patient
from runyard.server.fast_lane import FastLane
from runyard.services.experiments import ExperimentService
from tests.acceptance.server_process import ServerProcess
from tests.api.live_server import Client, live_server
from tests.api.test_fast_lane import BASE, metric, read_answer

HEALTH = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SLOW = b"GET /api/2.0/mlflow/experiments/get?experiment_id=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SLOW_S = 1.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("patience") / "data", "--auth", "required").start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server in this process that waits half a second for everything, and takes one for an experiment."""
    get = ExperimentService.get

    async def slow(*args: object) -> object:
        await asyncio.sleep(SLOW_S)
        return await get(*args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch, live_server(tmp_path_factory.mktemp("hasty")) as client:
        client.run()  # after which the server knows who is nobody, and the hot routes are answered below ASGI
        for module, name in ((fast_lane, "HEAD_S"), (patient, "STALLED_S"), (patient, "BODY_S")):
            patch.setattr(module, name, 0.5)
        patch.setattr(application, "IDLE_S", 60)
        patch.setattr(FastLane, "timeout_keep_alive", property(lambda _: 0.5, lambda *_: None), raising=False)
        patch.setattr(ExperimentService, "get", slow)
        yield client


@pytest.fixture
def line(hasty: Client) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=10) as connection:
        yield connection


def hot(body: bytes, target: str = "log-metric", length: int | None = None) -> bytes:
    head = f"POST {BASE}/{target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def run_of(hasty: Client) -> str:
    """A new run; the server has hung up on the client's connection long ago."""
    hasty.close()
    return hasty.run()


def is_let_go(line: socket.socket, piece: bytes, every_s: float, within_s: float = 30.0) -> bool:
    """Whether the server hangs up on somebody who sends a piece now and then."""
    line.settimeout(every_s)
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        try:
            line.sendall(piece)
            if not line.recv(65_536):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


@pytest.mark.parametrize("request_", [HEALTH, b"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", hot(b"{}")])
def test_requests_sent_far_ahead_cost_no_memory(server: ServerProcess, request_: bytes) -> None:
    """Each that is parsed ahead takes a hundred times the bytes that it has on the wire."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status")

    def rss_kb() -> int:
        return int(re.findall(r"VmRSS:\s+(\d+)", status.read_text())[0])

    before, most = rss_kb(), 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.5) as line:
        reader = threading.Thread(target=drain, args=(line,), daemon=True)
        reader.start()
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 2:
                line.sendall(request_ * 2_000)
                most = max(most, rss_kb())
    reader.join(5)
    assert most - before < 20_000


def drain(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            with contextlib.suppress(TimeoutError):
                if not line.recv(1_000_000):
                    return


@pytest.mark.parametrize("many", [3, 700, 3_000])
def test_requests_sent_far_ahead_are_all_answered_in_order(
    hasty: Client, line: socket.socket, many: int
) -> None:
    run = run_of(hasty)
    kinds = [(hot(metric(run, step=n)), b"HTTP/1.1 200") for n in range(2)]
    kinds += [
        (HEALTH, b"HTTP/1.1 200"),
        (hot(b'{"run_id":"x"}'), b"HTTP/1.1 400"),
        (hot(b"{"), b"HTTP/1.1 400"),
    ]
    chosen = [kinds[n % len(kinds)] for n in range(many)]
    sender = threading.Thread(target=line.sendall, args=(b"".join(one for one, _ in chosen),), daemon=True)
    sender.start()
    left = b""
    for _, expected in chosen:
        answer, left = read_answer(line, left)
        assert answer.startswith(expected)
    sender.join(5)
    assert left == b""


def test_who_does_not_read_is_let_go(hasty: Client) -> None:
    wanted = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.settimeout(10)
        line.connect(("127.0.0.1", hasty.port))
        line.sendall(wanted * 50)
        time.sleep(2.5)
        with pytest.raises(OSError):  # noqa: PT011  # reset or broken pipe
            for _ in range(20):
                line.sendall(wanted)
                time.sleep(0.05)


def test_hot_answers_that_nobody_reads_stop_the_requests(hasty: Client) -> None:
    body = hot(b'{"run_id":"x","key":"k","value":1,"timestamp":1}')
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.settimeout(0.3)
        line.connect(("127.0.0.1", hasty.port))
        with contextlib.suppress(OSError):
            for _ in range(1_000):
                line.sendall(body * 200)
        with pytest.raises(OSError):  # noqa: PT011
            while True:
                line.sendall(b"")
                time.sleep(0.1)
                line.send(body)


@pytest.mark.parametrize(
    ("start", "answer"),
    [
        (hot(b"{", length=100_000), b""),
        (hot(b"{", "log-metric?slow=1", 100_000), b""),
        (hot(b"{", "nowhere", 100_000), b"HTTP/1.1 404"),
        (
            b"PUT /api/2.0/mlflow-artifacts/artifacts/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999\r\n\r\n",
            b"",
        ),
        (
            b"PUT /api/2.0/mlflow-artifacts/artifacts/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"",
        ),
    ],
    ids=["hot", "cold", "answered already", "file", "chunks"],
)
def test_a_body_that_trickles_is_let_go(line: socket.socket, start: bytes, answer: bytes) -> None:
    line.sendall(start)
    if answer:
        assert line.recv(65_536).startswith(answer)
    assert is_let_go(line, b"1\r\na\r\n" if b"chunked" in start else b" ", 0.1)


def test_a_body_that_takes_long_but_moves_is_taken(
    hasty: Client, line: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "LEAST_BYTES", 1_000)
    tag = json.dumps({"run_id": run_of(hasty), "key": "t", "value": "v"}).encode()
    body = tag + b" " * 40_000
    for target in ("set-tag", "set-tag?slow=1"):
        line.sendall(hot(b"", target, len(body)))
        for start in range(0, len(body), 2_000):
            line.sendall(body[start : start + 2_000])
            time.sleep(0.1)
        assert read_answer(line)[0].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("first", [hot(b"{"), hot(b'{"run_id":"x"}'), HEALTH, b""])
@pytest.mark.parametrize("apart", [False, True])
def test_no_timer_ends_a_request_that_is_being_answered(
    line: socket.socket, first: bytes, *, apart: bool
) -> None:
    """Whatever was answered before it on the same connection, in the same packet or just before."""
    left = b""
    if apart and first:
        line.sendall(first)
        left = read_answer(line)[1]
        time.sleep(0.3)
        line.sendall(SLOW[:20])
        time.sleep(0.1)
        line.sendall(SLOW[20:])
    else:
        line.sendall(first + SLOW)
        if first:
            left = read_answer(line)[1]
    assert read_answer(line, left)[0].startswith(b"HTTP/1.1 200")


def test_a_closed_connection_ends_although_nobody_reads(
    hasty: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[FastLane] = []
    lost = FastLane.connection_lost

    def watched(self: FastLane, exc: Exception | None) -> None:
        ended.append(self)
        lost(self, exc)

    monkeypatch.setattr(FastLane, "connection_lost", watched)
    wanted = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        line.connect(("127.0.0.1", hasty.port))
        line.sendall(wanted)
        began = time.monotonic()
        while not ended and time.monotonic() - began < 30:
            time.sleep(0.05)
        assert ended


class Few(ServerProcess):
    """A server that may have few files."""

    prefix = ("bash", "-c", 'ulimit -n 100; exec "$@"', "few")


def test_connections_that_say_nothing_make_room_for_others(tmp_path: Path) -> None:
    server = Few(tmp_path / "data").start()
    try:
        with contextlib.ExitStack() as stack:
            lines = []
            for number in range(150):
                line = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
                if number % 2:
                    line.sendall(HEALTH)
                lines.append(line)
            assert server.process is not None
            assert len(os.listdir(f"/proc/{server.process.pid}/fd")) < 70
            made = server.call("POST", "/api/2.0/mlflow/experiments/create", {"name": "x"})
            assert made[0] == 200, made
    finally:
        server.stop()


def test_a_server_that_stops_under_hot_requests_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    acknowledged: dict[str, int] = {}

    def log() -> None:
        run, step = server.run(), 0
        acknowledged[run] = 0
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            with contextlib.suppress(OSError, AssertionError):  # it hangs up
                while True:
                    line.sendall(hot(metric(run, step=step)))
                    assert read_answer(line)[0].startswith(b"HTTP/1.1 200")
                    step += 1
                    acknowledged[run] = step

    threads = [threading.Thread(target=log) for _ in range(6)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while len(acknowledged) < len(threads) or min(acknowledged.values()) <= 10:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 8
    for thread in threads:
        thread.join(60)
    server.start()
    try:
        for run, count in acknowledged.items():
            asked = f"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=loss"
            found = {point["step"] for point in server.call("GET", asked)[1]["metrics"]}
            assert found >= set(range(count)) and len(found) <= count + 1
    finally:
        server.stop()

"""The engine for Ray against servers that are none, that refuse, or that are away; the real one is in tests/acceptance."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from runyard.engines.contracts import EngineBusy, EngineRefused, EngineUnreachable
from runyard.engines.ray import http
from runyard.engines.ray.engine import RayEngine, open_ray
from runyard.engines.shell.contracts import Reach
from runyard.entities.compute_settings import RaySettings
from runyard.errors import InvalidInput
from tests.components.processes import free_ports
from tests.engines.following import REACH
from tests.engines.tickets import ticket

Answers = Callable[[str, str], tuple[int, bytes]]


@contextmanager
def answering(answers: Answers) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a server that answers so, and the headers of what it was asked."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append({name.lower(): value for name, value in self.headers.items()})
            status, content = answers(self.command, self.path)
            self.send_response(status)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (content[:5], content[5:]):
                if piece:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

        do_POST = do_PUT = do_DELETE = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def ask(address: str, what: Callable[[RayEngine], Awaitable[Any]], reach: Reach = REACH) -> Any:
    async def scenario() -> Any:
        engine = open_ray(RaySettings(address), {"headers": {"Authorization": "Bearer secret"}}, reach)
        try:
            return await what(engine)
        finally:
            await engine.aclose()

    return asyncio.run(scenario())


EVERYTHING = [
    lambda engine: engine.nodes(),
    lambda engine: engine.states(["runyard-a"]),
    lambda engine: engine.find(["a"]),
    lambda engine: engine.submit(ticket()),
    lambda engine: engine.cancel("runyard-a"),
]


@pytest.mark.parametrize("what", EVERYTHING)
def test_what_does_not_answer_is_unreachable(what: Callable[[RayEngine], Awaitable[Any]]) -> None:
    (port,) = free_ports(1)
    with pytest.raises(EngineUnreachable, match=rf"127.0.0.1:{port} does not answer"):
        ask(f"http://127.0.0.1:{port}", what)


@pytest.mark.parametrize("what", EVERYTHING)
def test_what_is_no_ray_is_told(what: Callable[[RayEngine], Awaitable[Any]]) -> None:
    with answering(lambda method, path: (200, b"<html>hello</html>")) as (address, _):
        with pytest.raises(EngineUnreachable, match=r"otherwise than a Ray dashboard"):
            ask(address, what)


@pytest.mark.parametrize(
    "nodes",
    [
        b'{"data": {"result": {"result": [{"node_id": "n", "state": "ALIVE", "resources_total": {"CPU": 1e999}}]}}}',
        b"[" * 100_000,
    ],
)
def test_answers_that_nothing_can_be_made_of_are_told(nodes: bytes) -> None:
    def answers(method: str, path: str) -> tuple[int, bytes]:
        return 200, nodes if "nodes" in path else b"[]"

    with answering(answers) as (address, _):
        with pytest.raises(EngineUnreachable, match=r"otherwise than a Ray dashboard"):
            ask(address, lambda engine: engine.nodes())


@pytest.mark.parametrize("what", EVERYTHING)
def test_what_is_nested_too_deeply_is_told(what: Callable[[RayEngine], Awaitable[Any]]) -> None:
    with answering(lambda method, path: (200, b'[{"a":' * 50_000)) as (address, _):
        with pytest.raises(EngineUnreachable, match=r"otherwise than a Ray dashboard"):
            ask(address, what)


def test_credentials_are_sent_and_their_refusal_is_told_without_them() -> None:
    with answering(lambda method, path: (401, b"no")) as (address, asked):
        with pytest.raises(EngineRefused, match="its credentials need") as told:
            ask(address, lambda engine: engine.nodes())
    assert asked[0]["authorization"] == "Bearer secret" and "secret" not in str(told.value)


def test_a_host_that_may_not_be_reached_is_refused() -> None:
    async def judged(host: str, port: int) -> Any:
        raise InvalidInput(f"Invalid host {host!r}: it is in a private network.")

    with pytest.raises(EngineRefused, match="private network"):
        ask("http://10.1.2.3:8265", lambda engine: engine.nodes(), Reach(judged, REACH.fix_host_key))


def test_a_cluster_that_was_just_started_is_asked_later() -> None:
    def answers(method: str, path: str) -> tuple[int, bytes]:
        if method == "POST":
            return 500, b"No available agent to submit job, please try again later."
        return 200, b"[]"

    with answering(answers) as (address, _), pytest.raises(EngineUnreachable, match="No available agent"):
        ask(address, lambda engine: engine.submit(ticket()))


def test_one_that_ray_has_already_is_the_same() -> None:
    def answers(method: str, path: str) -> tuple[int, bytes]:
        if method == "POST":
            return 500, b"Traceback\nValueError: Job with submission_id runyard-train_1 already exists."
        return 200, b"[]"

    with answering(answers) as (address, _):
        assert ask(address, lambda engine: engine.submit(ticket())) == "runyard-train_1"


def test_many_that_wait_there_keep_others_in_the_queue() -> None:
    waiting = [
        {"status": "PENDING", "submission_id": f"x{number}", "entrypoint": "x"} for number in range(20)
    ]
    with answering(lambda method, path: (200, json.dumps(waiting).encode())) as (address, _):
        with pytest.raises(EngineBusy, match="20 jobs wait for room"):
            ask(address, lambda engine: engine.submit(ticket()))


@pytest.mark.parametrize("logs", [b'{"logs":' * 50_000, b'{"logs": "\\ud800\\u0000"}', b"[]", b'{"logs": 1}'])
def test_a_log_that_is_none_is_no_fault(logs: bytes) -> None:
    with answering(lambda method, path: (200, logs)) as (address, _):
        assert isinstance(ask(address, lambda engine: engine.tail("runyard-a")), str)


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 65_536),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 8_192),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 10_000),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"[" * 65_536),
    ],
)
def test_an_answer_without_an_end_is_given_up(
    begin: bytes, again: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what came of it, not by time: it costs neither memory nor the minute that others get."""
    monkeypatch.setattr(http, "ANSWER_BYTES", 1_000_000)

    def serve(listener: socket.socket) -> None:
        link, _ = listener.accept()
        with link, contextlib.suppress(OSError):
            link.sendall(begin)
            while True:
                link.sendall(again)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        with pytest.raises(EngineUnreachable, match="longer than"):
            ask(f"http://127.0.0.1:{listener.getsockname()[1]}", lambda engine: engine.states(["runyard-a"]))
        thread.join(10)
        assert not thread.is_alive()

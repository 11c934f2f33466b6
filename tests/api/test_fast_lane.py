"""Hot routes are answered below ASGI; whatever is special about a request, the answer is the application's.

A query string keeps a request out of the fast lane, so both lanes can be asked the same thing.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard.server import application, fast_lane, patient
from tests.acceptance.server_process import ServerProcess
from tests.api.live_server import Client, live_server

BASE = "/api/2.0/mlflow/runs"
DATE = re.compile(rb"date: [^\r]+\r\n")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("fast") / "data").start()
    yield process
    process.stop()


@pytest.fixture
def run_id(server: ServerProcess) -> str:
    return server.run()


@pytest.fixture
def line(server: ServerProcess) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        yield connection


def post(server: ServerProcess, path: str, body: bytes, **headers: str) -> bytes:
    fields = {
        "Host": f"127.0.0.1:{server.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def metric(run_id: str, **fields: Any) -> bytes:
    return json.dumps(
        {"run_id": run_id, "key": "loss", "value": 1, "timestamp": 1, "step": 0} | fields
    ).encode()


def read_answer(line: socket.socket, left: bytes = b"") -> tuple[bytes, bytes]:
    """(one whole answer, what came after it)."""
    while b"\r\n\r\n" not in left:
        left += _more(line)
    head, _, rest = left.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head)
    assert found, head
    length = int(found.group(1))
    while len(rest) < length:
        rest += _more(line)
    return DATE.sub(b"", head + b"\r\n\r\n") + rest[:length], rest[length:]


def _more(line: socket.socket) -> bytes:
    data = line.recv(65_536)
    assert data, "the server closed the connection"
    return data


def stored(server: ServerProcess, run_id: str) -> list[int]:
    answer = server.call("GET", f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key=loss")[1]
    return [point["step"] for point in answer.get("metrics", [])]


BODIES = {
    "good": (f"{BASE}/log-metric", b'{"run_id":"RUN","key":"a","value":1.5,"timestamp":3}'),
    "old name of the run": (f"{BASE}/log-metric", b'{"run_uuid":"RUN","key":"a","value":1.5,"timestamp":3}'),
    "camel case": (f"{BASE}/log-metric", b'{"runId":"RUN","key":"a","value":1.5,"timestamp":3}'),
    "NaN": (f"{BASE}/log-metric", b'{"run_id":"RUN","key":"a","value":NaN,"timestamp":3}'),
    "no key": (f"{BASE}/log-metric", b'{"run_id":"RUN","value":1.5,"timestamp":3}'),
    "no run": (f"{BASE}/log-metric", b'{"run_id":"nobody","key":"a","value":1.5,"timestamp":3}'),
    "wrong type": (f"{BASE}/log-metric", b'{"run_id":"RUN","key":"a","value":"x","timestamp":3}'),
    "not JSON": (f"{BASE}/log-metric", b"\xff\x00{"),
    "a list": (f"{BASE}/log-metric", b"[]"),
    "deep": (f"{BASE}/log-metric", b"[" * 5_000),
    "huge number": (
        f"{BASE}/log-metric",
        b'{"run_id":"RUN","key":"a","value":1,"timestamp":1' + b"0" * 400 + b"}",
    ),
    "bad key": (f"{BASE}/log-metric", b'{"run_id":"RUN","key":"../a","value":1.5,"timestamp":3}'),
    "batch": (f"{BASE}/log-batch", b'{"run_id":"RUN","params":[{"key":"p","value":"1"}],"tags":[]}'),
    "batch, param twice": (
        f"{BASE}/log-batch",
        b'{"run_id":"RUN","params":[{"key":"q","value":"1"},{"key":"q","value":"2"}]}',
    ),
    "param": (f"{BASE}/log-parameter", b'{"run_id":"RUN","key":"lr","value":"1"}'),
    "tag": (f"{BASE}/set-tag", b'{"run_id":"RUN","key":"t","value":"\xc3\xbc"}'),
    "camel case, large": (
        f"{BASE}/log-batch",
        b'{"runId":"RUN","params":[{"key":"r","value":"' + b"1" * 5_000 + b'"}]}',
    ),
    "update": (f"{BASE}/update", b'{"run_id":"RUN","status":"FINISHED","end_time":5}'),
    "update, camel case": (f"{BASE}/update", b'{"runId":"RUN","endTime":"6","runName":"n"}'),
    "update, wrong status": (f"{BASE}/update", b'{"run_id":"RUN","status":"GONE"}'),
    "create, no such experiment": (f"{BASE}/create", b'{"experimentId":"77"}'),
    "empty object": (f"{BASE}/set-tag", b"{}"),
}


@pytest.mark.parametrize("name", BODIES)
def test_both_lanes_give_the_same_answer(
    server: ServerProcess, line: socket.socket, run_id: str, name: str
) -> None:
    path, body = BODIES[name]
    body = body.replace(b"RUN", run_id.encode())
    line.sendall(post(server, path, body))
    fast, _ = read_answer(line)
    line.sendall(post(server, path + "?slow=1", body))
    slow, _ = read_answer(line)
    assert _same(fast) == _same(slow)


def test_camel_case_names_are_understood(server: ServerProcess, run_id: str) -> None:
    body = {"runId": run_id, "key": "loss", "value": 1, "timestamp": 1, "step": 4}
    assert server.call("POST", f"{BASE}/log-metric", body) == (200, {})
    many = [{"key": "loss", "value": i, "timestamp": i, "step": i} for i in range(5, 100)]
    assert server.call("POST", f"{BASE}/log-batch", {"runId": run_id, "metrics": many}) == (200, {})
    assert stored(server, run_id) == sorted(range(4, 100))
    made = server.call("POST", f"{BASE}/create", {"experimentId": "0", "runName": "camel"})[1]
    assert made["run"]["info"]["run_name"] == "camel"


def _same(answer: bytes) -> tuple[bytes, set[bytes], bytes]:
    """Status line, headers in any order, body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    return status, set(headers), body


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Content_Type": "text/plain"}, 400),
        ({"Content_Type": ""}, 400),
        ({"Content_Type": "application/json; charset=utf-8"}, 200),
        ({"Content_Encoding": "gzip"}, 400),
        ({"Connection": "close"}, 200),
        ({"Connection": "Upgrade", "Upgrade": "websocket"}, 400),  # what follows is not read as a body
    ],
)
def test_special_headers_are_the_applications_business(
    server: ServerProcess, line: socket.socket, run_id: str, headers: dict[str, str], status: int
) -> None:
    line.sendall(post(server, f"{BASE}/log-metric", metric(run_id), **headers))
    fast, _ = read_answer(line)
    assert fast.startswith(b"HTTP/1.1 %d " % status)
    assert stored(server, run_id) == ([0] if status == 200 else [])


def test_body_over_the_limit_is_refused_before_it_is_read(
    server: ServerProcess, line: socket.socket, run_id: str
) -> None:
    line.sendall(post(server, f"{BASE}/log-metric", b"", Content_Length=str(10**12)))
    assert read_answer(line)[0].startswith(b"HTTP/1.1 413 ")


def test_pipelined_requests_are_answered_in_order(
    server: ServerProcess, line: socket.socket, run_id: str
) -> None:
    hot = [post(server, f"{BASE}/log-metric", metric(run_id, step=step)) for step in range(3)]
    cold = f"GET /version HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    line.sendall(hot[0] + cold + hot[1] + hot[2] + cold)
    left, bodies = b"", []
    for _ in range(5):
        answer, left = read_answer(line, left)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        bodies.append(answer.partition(b"\r\n\r\n")[2])
    assert bodies[0] == bodies[2] == bodies[3] == b"{}"
    assert bodies[1] == bodies[4] != b"{}"
    assert stored(server, run_id) == [0, 1, 2]


def test_body_in_pieces_and_chunked_body_are_stored(
    server: ServerProcess, line: socket.socket, run_id: str
) -> None:
    whole = post(server, f"{BASE}/log-metric", metric(run_id, step=7))
    for start in range(0, len(whole), 50):
        line.sendall(whole[start : start + 50])
    assert read_answer(line)[0].endswith(b"{}")
    head = post(server, f"{BASE}/log-metric", b"", Content_Length="", Transfer_Encoding="chunked")
    body = metric(run_id, step=8)
    line.sendall(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    assert read_answer(line)[0].endswith(b"{}")
    assert stored(server, run_id) == [7, 8]


def test_client_that_leaves_before_the_answer_hurts_nobody(server: ServerProcess, run_id: str) -> None:
    for step in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            line.sendall(post(server, f"{BASE}/log-metric", metric(run_id, step=step)))
    assert server.call("GET", "/health")[0] == 200


def test_hot_requests_are_counted(server: ServerProcess, line: socket.socket, run_id: str) -> None:
    line.sendall(post(server, f"{BASE}/log-metric", metric(run_id)))
    read_answer(line)
    text = str(server.call("GET", "/metrics")[1])
    assert f'runyard_requests_total{{method="POST",route="{BASE}/log-metric",status="200"}}' in text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(
        st.sampled_from(["hot", "hot", "cold", "slow", "batch", "refused"]), min_size=1, max_size=8
    ),
    cuts=st.lists(st.integers(1, 400), max_size=12),
)
def test_requests_cut_anywhere_are_answered_like_whole_ones(
    server: ServerProcess, kinds: list[str], cuts: list[int]
) -> None:
    run_id = server.run()
    sent, expected, steps = b"", [], []
    for step, kind in enumerate(kinds):
        sent += _request(server, kind, run_id, step)
        expected.append(403 if kind == "refused" else 200)
        steps += [step] if kind not in ("cold", "refused") else []
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for cut in cuts:
            line.sendall(sent[:cut])
            sent = sent[cut:]
        line.sendall(sent)
        left, statuses = b"", []
        for _ in kinds:
            answer, left = read_answer(line, left)
            statuses.append(int(answer[9:12]))
    assert statuses == expected
    assert left == b""
    assert stored(server, run_id) == steps


def _request(server: ServerProcess, kind: str, run_id: str, step: int) -> bytes:
    if kind == "cold":
        return f"GET /version HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    point = {"key": "loss", "value": 1, "timestamp": step, "step": step}
    if kind == "batch":
        return post(server, f"{BASE}/log-batch", json.dumps({"run_id": run_id, "metrics": [point]}).encode())
    query = "?slow=1" if kind == "slow" else ""
    headers = {"Host": "evil.example"} if kind == "refused" else {}
    return post(
        server, f"{BASE}/log-metric{query}", json.dumps({"run_id": run_id} | point).encode(), **headers
    )


def test_empty_lines_before_a_request_do_not_teach_a_false_head(
    server: ServerProcess, line: socket.socket, run_id: str
) -> None:
    good = post(server, f"{BASE}/log-metric", metric(run_id))
    line.sendall(b"\r\n\r\n" + good)
    assert read_answer(line)[0].startswith(b"HTTP/1.1 200")
    line.sendall(b"\r\n\r\n" + f"GET /version HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
    assert b"3." in read_answer(line)[0]


def _ends(line: socket.socket) -> bytes:
    """All that the server says until it closes the connection, however it does."""
    found = b""
    try:
        while data := line.recv(65_536):
            found += data
    except ConnectionError:
        pass
    return found


HEADS = {
    "headers": b"GET /health HTTP/1.1\r\n" + b"a:b\r\n" * 202,
    "long headers": b"GET /health HTTP/1.1\r\n" + b"a:%s\r\n" % (b"b" * 1_000) * 66,
    "one header": b"GET /health HTTP/1.1\r\na:" + b"b" * 66_000,
    "url": b"GET /" + b"b" * 66_000,
}


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["unfinished", "finished"])
@pytest.mark.parametrize("name", HEADS)
def test_large_head_is_refused(server: ServerProcess, line: socket.socket, name: str, end: bytes) -> None:
    line.sendall(HEADS[name] + (b" HTTP/1.1" if end and name == "url" else b"") + end)
    head, _, body = _ends(line).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ") and b"connection: close" in head
    assert json.loads(body)["error_code"] == "INVALID_PARAMETER_VALUE"


def test_head_without_end_costs_no_memory(server: ServerProcess) -> None:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status")
    chunked = b"POST /version HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"  # then trailers
    for start in (b"GET / HTTP/1.1\r\n", chunked):
        before = int(re.findall(r"VmRSS:\s+(\d+)", status.read_text())[0])
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            with contextlib.suppress(ConnectionError):
                line.sendall(start + b"a:b\r\n" * 2_000_000)
            _ends(line)
        assert int(re.findall(r"VmRSS:\s+(\d+)", status.read_text())[0]) - before < 50_000


def test_large_bodies_beside_a_head_are_none_of_its_business(
    server: ServerProcess, line: socket.socket, run_id: str
) -> None:
    tag = json.dumps({"run_id": run_id, "key": "t", "value": "v" * 4_000}).encode() + b" " * 200_000
    cold = f"GET /version HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    for path in (f"{BASE}/set-tag", f"{BASE}/set-tag?slow=1"):
        line.sendall((post(server, path, tag) + cold) * 3)
        left = b""
        for _ in range(6):
            answer, left = read_answer(line, left)
            assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server in this process that waits half a second for heads and bodies."""
    with pytest.MonkeyPatch.context() as patch, live_server(tmp_path_factory.mktemp("impatient")) as client:
        for module, name in ((fast_lane, "HEAD_S"), (patient, "STALLED_S"), (application, "IDLE_S")):
            patch.setattr(module, name, 0.5)
        patch.setattr(patient, "BODY_S", 0.75)
        yield client


HOT = f"POST {BASE}/log-metric HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
COLD = HOT.replace("log-metric", "log-metric?slow=1")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("", b""),
        ("\r\n", b""),
        ("GET /health HTTP/1.1\r\nHo", b""),
        (f"{HOT}\r\n{{", b""),
        (f"{COLD}\r\n{{", b"HTTP/1.1 400 "),
        (f"{COLD}\r\n", b"HTTP/1.1 400 "),
    ],
    ids=["nothing", "an empty line", "half a head", "half a hot body", "half a body", "no body"],
)
def test_client_that_says_nothing_more_is_let_go(impatient: Client, sent: str, answer: bytes) -> None:
    impatient.run()  # after which the server knows who is nobody, and the hot route is answered below ASGI
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=10) as line:
        line.sendall(sent.encode())
        found = line.recv(65_536)
        assert found.startswith(answer) if answer else found == b""


def test_trickle_of_a_head_is_let_go(impatient: Client) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=10) as line:
        line.sendall(b"GET /")
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 30:
                line.sendall(b"a")
                time.sleep(0.05)
    assert time.monotonic() - began < 29


def test_connection_outlives_the_time_for_a_head(impatient: Client) -> None:
    body = metric(impatient.run())
    head = HOT.replace("100", str(len(body))).encode() + b"\r\n"
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=10) as line:
        for _ in range(3):
            line.sendall(head)
            time.sleep(0.3)
            line.sendall(body)
            assert read_answer(line)[0].endswith(b"{}")
            time.sleep(0.6)

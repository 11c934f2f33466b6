"""Host and Origin are checked on every route of the table, before anything else is."""

from __future__ import annotations

import socket

import pytest

from runyard.server.gate import OPEN_PATHS
from runyard.server.openapi import template
from runyard.server.routing import Route
from tests.api.live_server import JSON, Client

FOREIGN_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "10.0.0.1",
    "",
    "[::1",
    "a b",
]
GOOD_HOSTS = ["127.0.0.1", "127.0.0.1:5000", "localhost", "LOCALHOST:1", "[::1]:5000"]
FOREIGN_ORIGINS = [
    "http://evil.example",
    "null",
    "http://127.0.0.1:1",
    "http://localhost.evil.example",
    "file://",
    "",
]


def path_of(route: Route) -> str:
    return template(route.path).replace("{", "").replace("}", "")


def refused(client: Client, route: Route, **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.send(
        route.method, path_of(route), b"{}" if route.method != "GET" else None, {**JSON, **named}
    )
    if answer.status != 403:
        return False
    assert answer.json()["error_code"] == "PERMISSION_DENIED"
    return True


def test_every_route_refuses_a_foreign_host(server: Client) -> None:
    let_in = [route.path for route in server.routes if not refused(server, route, host="evil.example")]
    assert set(let_in) == OPEN_PATHS


def test_every_route_that_writes_refuses_a_foreign_origin(server: Client) -> None:
    writing = [route for route in server.routes if route.method != "GET"]
    assert [route.path for route in writing if not refused(server, route, origin="http://evil.example")] == []


def test_every_route_that_writes_refuses_a_cross_site_request_without_origin(server: Client) -> None:
    writing = [route for route in server.routes if route.method != "GET"]
    assert [route.path for route in writing if not refused(server, route, sec_fetch_site="cross-site")] == []


def test_what_has_no_route_is_refused_likewise(server: Client) -> None:
    assert server.send("GET", "/nothing", headers={"host": "evil.example"}).status == 403
    assert server.send("POST", "/nothing", b"", {"origin": "http://evil.example"}).status == 403


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("path", ["runs/get?run_id=x", "runs/log-metric", "runs/log-batch"])
def test_foreign_hosts(server: Client, host: str, path: str) -> None:
    """log-metric and log-batch go through the fast lane, which has the same gate."""
    method = "GET" if "get" in path else "POST"
    answer = server.send(method, f"/api/2.0/mlflow/{path}", b"{}", {**JSON, "host": host})
    assert answer.status == 403
    assert "Invalid Host header" in answer.json()["message"]


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_own_hosts(server: Client, host: str) -> None:
    answer = server.send("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"host": host})
    assert answer.status == 200


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_foreign_origins_do_not_write(server: Client, origin: str) -> None:
    run = server.run()
    body = f'{{"run_id": "{run}", "key": "m", "value": 1, "timestamp": 1}}'.encode()
    for path in ("runs/log-metric", "runs/log-batch", "runs/update"):
        answer = server.send("POST", f"/api/2.0/mlflow/{path}", body, {**JSON, "origin": origin})
        assert answer.status == 403
        assert "Cross-origin request blocked" in answer.json()["message"]
    assert server.ok("GET", "runs/get", run_id=run)["run"]["data"].get("metrics", []) == []


def test_a_page_of_this_server_may_write(server: Client) -> None:
    origin = {"origin": f"http://127.0.0.1:{server.port}", "sec-fetch-site": "same-origin"}
    run = server.run()
    body = f'{{"run_id": "{run}", "key": "m", "value": 1, "timestamp": 1}}'.encode()
    assert server.send("POST", "/api/2.0/mlflow/runs/log-metric", body, {**JSON, **origin}).status == 200


def test_a_foreign_page_may_read_but_is_given_no_permission_to_see_it(server: Client) -> None:
    answer = server.send(
        "GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"origin": "http://evil"}
    )
    assert answer.status == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("target", ["GET /api/v1/me", "POST /api/2.0/mlflow/runs/log-metric"])
@pytest.mark.parametrize("order", [("127.0.0.1", "evil.example"), ("evil.example", "127.0.0.1")])
def test_two_hosts_are_none(server: Client, target: str, order: tuple[str, str]) -> None:
    server.run()  # after which the server knows who is nobody
    hosts = "".join(f"Host: {host}\r\n" for host in order)
    rest = "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(f"{target} HTTP/1.1\r\n{hosts}{rest}".encode())
        assert line.recv(65_536).startswith(b"HTTP/1.1 403 ")
        line.close()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(f"{target} HTTP/1.1\r\n{hosts}{rest.replace('Connection: close', 'X: y')}".encode())
        assert line.recv(65_536).startswith(b"HTTP/1.1 403 ")

"""What watches the server: /health, /version, /ready, /metrics, and server-info below both prefixes."""

from __future__ import annotations

import re

import pytest

from tests.api.live_server import Client


@pytest.mark.parametrize(("path", "text"), [("/health", "OK"), ("/ready", "OK")])
def test_probes_answer_plain_text(server: Client, path: str, text: str) -> None:
    answer = server.send("GET", path)
    assert (answer.status, answer.content.decode()) == (200, text)
    assert answer.headers["content-type"].startswith("text/plain")


def test_version_is_an_mlflow_release_that_has_traces(server: Client) -> None:
    text = server.send("GET", "/version").content.decode()
    assert re.fullmatch(r"\d+\.\d+\.\d+", text)
    assert tuple(map(int, text.split("."))) >= (3, 4, 0)


@pytest.mark.parametrize("path", ["/health", "/version", "/ready", "/metrics", "/openapi.json"])
def test_head_answers_without_a_body(server: Client, path: str) -> None:
    answer = server.send("HEAD", path)
    assert (answer.status, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["/health", "/version", "/ready", "/metrics", "/openapi.json"])
def test_nothing_else_is_allowed(server: Client, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = server.send(method, path)
        assert (answer.status, answer.json()["error_code"]) == (405, "ENDPOINT_NOT_FOUND")


def test_server_info_tells_how_files_travel(api: Client) -> None:
    info = api.ok("GET", f"{api.prefix}/3.0/mlflow/server-info")
    assert (info["store_type"], info["workspaces_enabled"], info["artifact_serving_enabled"]) == (
        "SqlStore",
        True,
        True,
    )
    assert info["multipart_uploads_enabled"] is False  # a directory cannot sign URLs
    assert info["multipart_downloads_enabled"] is False


def sample(page: str, name: str, **labels: str) -> float:
    """The value of one sample of a Prometheus page; 0 when it is not there."""
    for line in page.splitlines():
        if line.startswith(name) and all(f'{key}="{value}"' in line for key, value in labels.items()):
            return float(line.rpartition(" ")[2])
    return 0.0


def metrics(server: Client) -> str:
    return server.send("GET", "/metrics").content.decode()


def test_metrics_count_requests_by_route_and_not_by_path(server: Client) -> None:
    labels = {"method": "GET", "route": "/api/2.0/mlflow/logged-models/{id}", "status": "404"}
    before = sample(metrics(server), "runyard_requests_total", **labels)
    for number in range(3):
        server.send("GET", f"/api/2.0/mlflow/logged-models/m-{number}")
    page = metrics(server)
    assert sample(page, "runyard_requests_total", **labels) == before + 3
    assert "m-1" not in page


def test_metrics_count_paths_without_a_route_together(server: Client) -> None:
    server.send("GET", "/no/such/route")
    page = metrics(server)
    assert sample(page, "runyard_requests_total", route="(none)", status="404") >= 1
    assert "such" not in page


def test_metrics_count_points_commits_and_bytes(server: Client) -> None:
    before = metrics(server)
    run = server.run()
    points = [{"key": "m", "value": 1, "timestamp": 1, "step": step} for step in range(10)]
    server.ok("POST", "runs/log-batch", run_id=run, metrics=points)
    after = metrics(server)
    assert sample(after, "runyard_points_total") == sample(before, "runyard_points_total") + 10
    assert sample(after, "runyard_commits_total") > sample(before, "runyard_commits_total")
    assert sample(after, "runyard_database_bytes") > 0


def test_answers_carry_the_headers_that_keep_browsers_out(server: Client) -> None:
    for path in (
        "/api/2.0/mlflow/experiments/get?experiment_id=0",
        "/api/2.0/mlflow/experiments/get",
        "/nothing",
    ):
        headers = server.send("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["vary"] == "Origin"
        assert "server" not in headers

"""What we do not have answers 404 with ENDPOINT_NOT_FOUND in JSON, on which clients fall back; other methods 405."""

from __future__ import annotations

import pytest

from runyard.server.openapi import template
from tests.api.live_server import JSON, Client

ABSENT = [
    "POST /graphql",
    "GET /",
    "GET /static-files/index.html",
    "GET {prefix}/2.0/mlflow/users/get",
    "POST {prefix}/2.0/mlflow/users/create",
    "GET {prefix}/2.0/mlflow/users/current",
    "POST {prefix}/2.0/mlflow/experiments/permissions/create",
    "GET {prefix}/3.0/mlflow/scorers/list",
    "POST {prefix}/3.0/mlflow/scorers/register",
    "POST {prefix}/3.0/mlflow/jobs",
    "GET {prefix}/3.0/mlflow/jobs/some",
    "GET {prefix}/3.0/mlflow/gateway/endpoints/list",
    "POST {prefix}/3.0/mlflow/gateway/secrets/create",
    "GET {prefix}/2.0/endpoints/",
    "GET {prefix}/2.0/mlflow/gateway-proxy",
    "POST /gateway/chat/invocations",
    "GET {prefix}/3.0/mlflow/mcp-servers",
    "GET {prefix}/3.0/mlflow/skills",
    "POST {prefix}/3.0/mlflow/datasets/create",
    "GET {prefix}/3.0/mlflow/datasets/search",
    "POST {prefix}/3.0/mlflow/issues",
    "GET {prefix}/3.0/mlflow/label-schemas/list",
    "GET {prefix}/3.0/mlflow/review-queues/list",
    "POST {prefix}/2.0/mlflow/webhooks",
    "GET {prefix}/2.0/mlflow/webhooks",
    "POST {prefix}/3.0/mlflow/prompt-optimization/jobs",
    "GET {prefix}/2.0/mlflow/unified-traces",
    "POST {prefix}2.0/mlflow/experiments/search-datasets",
    "GET {prefix}/2.0/mlflow/runs/get/",
    "GET {prefix}/2.0/mlflow//runs/get",
    "GET {prefix}/2.0/mlflow/RUNS/get",
    "GET {prefix}/9.0/mlflow/runs/get",
    "GET {prefix}/2.0/mlflow/%72uns/get/%2e%2e",
    "GET /..%2f..%2fetc/passwd",
]


@pytest.mark.parametrize("route", ABSENT)
def test_an_absent_route_says_so_in_json(api: Client, route: str) -> None:
    method, path = route.replace("{prefix}", api.prefix).split(" ")
    answer = api.send(method, path, None if method == "GET" else b"{}", JSON)
    assert (answer.status, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert answer.headers["content-type"] == "application/json"


def test_every_path_refuses_the_methods_that_it_does_not_have(server: Client) -> None:
    methods: dict[str, set[str]] = {}
    for route in server.routes:
        methods.setdefault(template(route.path), set()).add(route.method)
    for path, known in methods.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - known:
            answer = server.send(method, path.replace("{", "").replace("}", ""), b"", {})
            if answer.status != 405:  # another pattern may have that method
                assert answer.status < 500 and method in {"GET", "DELETE", "PATCH", "POST"}, (method, path)
            else:
                assert answer.json()["error_code"] == "ENDPOINT_NOT_FOUND", (method, path)


def test_a_post_is_never_redirected(server: Client) -> None:
    for path in ("/api/2.0/mlflow/runs/create/", "//api/2.0/mlflow/runs/create", "/api/2.0/mlflow/runs"):
        assert server.send("POST", path, b"{}", JSON).status == 404

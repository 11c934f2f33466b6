"""GET /openapi.json: every route is described, and the description is valid OpenAPI 3.1."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV31SpecValidator

from runyard.cli.main import main
from runyard.server.openapi import summary_of, template
from tests.api.live_server import Client


@pytest.fixture(scope="module")
def described(server: Client) -> Any:
    return server.send("GET", "/openapi.json").json()


def test_it_is_valid_openapi(described: Any) -> None:
    OpenAPIV31SpecValidator(described).validate()


def test_every_route_appears_and_no_other(server: Client, described: Any) -> None:
    operations = {(method.upper(), path) for path, item in described["paths"].items() for method in item}
    assert operations == {(route.method, template(route.path)) for route in server.routes}


def test_every_route_says_what_it_does(server: Client) -> None:
    assert [route.path for route in server.routes if not summary_of(route)] == []


def test_every_parameter_of_a_path_is_described(described: Any) -> None:
    operation = described["paths"]["/api/2.0/mlflow/logged-models/{id}/tags/{key}"]["delete"]
    assert [(p["name"], p["in"], p["required"]) for p in operation["parameters"]] == [
        ("id", "path", True),
        ("key", "path", True),
    ]
    assert "requestBody" not in operation


def test_a_query_string_is_described_by_the_request_type(described: Any) -> None:
    operation = described["paths"]["/api/2.0/mlflow/metrics/get-history"]["get"]
    found = {p["name"]: (p["required"], p["schema"]["type"]) for p in operation["parameters"]}
    assert found["metric_key"] == (True, "string")
    assert found["max_results"] == (False, "integer")


def test_a_body_leaves_out_what_the_path_says(described: Any) -> None:
    operation = described["paths"]["/api/3.0/mlflow/traces/{trace_id}/assessments"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["assessment"]


def test_answers_are_described_under_their_status(server: Client, described: Any) -> None:
    for route in server.routes:
        answers = described["paths"][template(route.path)][route.method.lower()]["responses"]
        assert str(route.status) in answers, route.path
        assert ("content" in answers[str(route.status)]) == (route.status != 204) or route.raw
    session = described["paths"]["/api/v1/login/session"]["post"]["responses"]["200"]
    assert session["content"]["application/json"]["schema"] == {"type": "object"}
    assert "WithHeaders" not in described["components"]["schemas"]


def test_the_gate_guards_it(server: Client) -> None:
    assert server.send("GET", "/openapi.json", headers={"Host": "evil.example"}).status == 403


def test_the_command_prints_the_same(described: Any) -> None:
    printed = CliRunner().invoke(main, ["openapi"])
    assert printed.exit_code == 0
    assert json.loads(printed.output) == described

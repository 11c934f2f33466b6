"""Every route survives what it should never be sent: no 5xx, and errors in MLflow's shape."""

from __future__ import annotations

import contextlib
import hashlib
import json
import pkgutil
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from runyard.server import routes
from runyard.server.openapi import noun_of
from runyard.server.raw_shapes import shape_of
from runyard.server.routes import api, mlflow
from runyard.server.routing import OWN, Route
from runyard.server.settings import Settings
from runyard.services import compute_sizes, computes, saved_views
from tests.api import hostile
from tests.api.live_server import JSON, UNKNOWN_RUN, Answer, Client, live_server
from tests.components.postgres import postgres

NOUNS = sorted(
    module.name
    for package in (routes, mlflow, api)
    for module in pkgutil.iter_modules(package.__path__)
    if not module.ispkg
)
PEOPLE = {"principals", "tokens", "roles", "login", "oidc", "audit"}
OTLP = "/v1/traces"
GARBAGE = (
    b"",
    b"\x00",
    b"\xff" * 100,
    b"{}",
    b"[]",
    b'{"resourceSpans": 1}',
    b"\x0a\xff\xff\xff\xff\x0f",
    b"[" * 20_000,
)
SEARCHES = (
    "/api/2.0/mlflow/experiments/search",
    "/api/2.0/mlflow/runs/search",
    "/api/2.0/mlflow/logged-models/search",
    "/api/2.0/mlflow/registered-models/search",
    "/api/2.0/mlflow/model-versions/search",
    "/api/3.0/mlflow/traces/search",
)
Known = Mapping[str, Any]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with contextlib.ExitStack() as stack:
        directory = tmp_path_factory.mktemp("hostile")
        settings = Settings(data=str(directory))
        if request.param == "postgresql":
            database = stack.enter_context(postgres(fsync=False)).create_database()
            settings = Settings(data=str(directory), database=database)
        client = stack.enter_context(live_server(directory, settings))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(saved_views, "LIMIT", 1_000_000)  # each route finds new records
        patch.setattr(computes, "MOST", 1_000_000)
        patch.setattr(compute_sizes, "MOST", 1_000_000)
        yield client


def known_records(server: Client) -> dict[str, Any]:
    """New records, by the names that fields and parameters have for them."""
    experiment = server.experiment()
    run = server.run(experiment)
    model = server.ok("POST", "logged-models", experiment_id=experiment)["model"]["info"]["model_id"]
    name = server.name("model")
    server.ok("POST", "registered-models/create", name=name)
    server.ok("POST", "model-versions/create", name=name, source="s3://bucket/model")
    definition = {
        "paths": [{"path": "*.csv", "datastore": name}],
        "format": "delimited",
        "steps": [{"op": "take", "count": 1}],
    }
    server.ok("POST", "/api/v1/datasets", name=name, kind="tabular", definition=definition)
    server.ok("POST", "/api/v1/datastores", name=name, kind="workspace", config={})
    server.ok("POST", "/api/v1/secrets", name=name, value="v")
    cluster = {"address": "http://127.0.0.1:1"}
    server.ok("POST", "/api/v1/computes", name=name, kind="ray", settings=cluster)
    server.ok("PUT", f"/api/v1/compute-sizes/{name}", compute=name)
    trace = f"tr-{server.name('t')}"
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    info = {"trace_id": trace, "trace_location": place, "request_time": "2026-01-01T00:00:00Z"}
    server.ok("POST", "/api/3.0/mlflow/traces", trace={"trace_info": info})
    feedback = {"assessment_name": "good", "feedback": {"value": True}, "source": {"source_type": "HUMAN"}}
    path = f"/api/3.0/mlflow/traces/{trace}/assessments"
    assessment = server.ok("POST", path, assessment=feedback)["assessment"]["assessment_id"]
    server.ok("POST", "/api/v1/environments", name=name, definition={"python": {}})
    view = server.ok("POST", "/api/v1/views", name=name, page="runs", state={}, shared=True)["id"]
    return {
        "view_id": view, "experiment_id": experiment, "experiment_ids": [experiment], "experiment_name": "Default",
        "run_id": run, "run_ids": [run], "model_id": model, "id": model, "name": name, "version": "1",
        "trace_id": trace, "trace_ids": [trace], "request_ids": [trace], "request_id": trace,
        "trace_location": place, "locations": [place], "trace_info": info, "assessment_id": assessment,
        "metric_key": "m", "key": "k", "value": 1, "timestamp": 1, "status": 2, "stage": "Staging", "alias": "a",
        "source": "s3://bucket/model", "new_name": server.name("new"), "max_results": 5, "filter": "",
        "definition": definition, "paths": definition["paths"], "op": "take",
        "path": "f.txt", "artifact_path": "f.txt", "update_mask": "rationale", "key_tags": [],
        "sha256": hashlib.sha256(b"{}").hexdigest(),
        "compute": name, "journal_id": uuid.uuid4().hex, "seconds": 60, "url": "http://127.0.0.1:1/", "events": ["failed"], "project": "azureml-core", "file": "azureml_core.whl",
    }  # fmt: skip


def known_people(server: Client, name: str) -> dict[str, Any]:
    """A user of that name with a role and a token, by the names that fields and parameters have for them."""
    server.ok("POST", "/api/v1/users", name=name, password="a passphrase for tests")
    role = server.ok("POST", "/api/v1/role-assignments", principal=name, role="Reader", scope="/")
    token = server.ok("POST", "/api/v1/tokens", name=name)
    return {
        "principal": name, "member": name, "user": name, "role": "Reader", "scope": "/", "actions": ["runs/*"],
        "assignment_id": role["assignment_id"], "token_id": token["token_id"],
    }  # fmt: skip


def filled(path: str, known: Known) -> str:
    """The path with values for its parameters."""
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: quote(str(known.get(found[1], "x"))), path)


def of_noun(server: Client, noun: str) -> list[Route]:
    return [route for route in server.routes if noun_of(route) == noun]


def complaint(path: str, answer: Answer) -> str | None:
    """What is wrong with an answer, or None."""
    if answer.status < 400:
        return None if answer.headers.get("content-type") != "application/json" else _not_json(answer)
    unable = answer.status == 501 and answer.json()["error_code"] == "NOT_IMPLEMENTED"
    if answer.status >= 500 and not unable:
        return f"status {answer.status}"
    body = answer.json() if _not_json(answer) is None else None
    if path == OTLP and isinstance(body, dict) and "detail" in body:
        return None  # exporters of spans get what stock MLflow answers them
    texts = (
        isinstance(body, dict)
        and isinstance(body.get("error_code"), str)
        and isinstance(body.get("message"), str)
    )
    if not texts or not answer.headers["content-type"].startswith("application/json"):
        return f"no error in JSON: {answer.content[:200]!r}"
    return "a huge message" if len(answer.content) > 20_000 else None


def _not_json(answer: Answer) -> str | None:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        json.loads(answer.content, parse_constant=refuse)
    except ValueError as exc:
        return f"no JSON: {exc}"
    return None


class Attack:
    """Sends requests and remembers which answers were wrong."""

    def __init__(self, server: Client) -> None:
        self._server = server
        self.complaints: list[str] = []

    def send(
        self, route: Route, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        answer = self._server.send(route.method, target, body, headers)
        found = complaint(route.path, answer)
        if found:
            self.complaints.append(
                f"{route.method} {target[:200]} {headers} {(body or b'')[:200]!r}: {found}"
            )


def attack(server: Client, routes: list[Route], method: Callable[[Attack, Route, Known], None]) -> list[str]:
    """Complaints about all answers; each route finds new records."""
    made = Attack(server)
    for route in routes:
        known = known_records(server)
        people = known_people(server, known["name"]) if noun_of(route) in PEOPLE else {}
        method(made, route, {**known, **people})
    return made.complaints


def with_bodies(made: Attack, route: Route, known: Known) -> None:
    for body in hostile.BODIES:
        made.send(route, filled(route.path, known), body, JSON)


def with_values(made: Attack, route: Route, known: Known) -> None:
    assert route.request is not None
    if route.method == "GET":
        for query in hostile.queries(route.request, known):
            made.send(route, f"{filled(route.path, known)}?{urlencode(query)}")
    else:
        for body in hostile.bodies(route.request, known):
            made.send(route, filled(route.path, known), body, JSON)


def with_content_types(made: Attack, route: Route, known: Known) -> None:
    kind = route.request
    body = json.dumps(hostile.plausible(kind, known)).encode() if kind else b"{}"
    for media in hostile.CONTENT_TYPES:
        made.send(route, filled(route.path, known), body, {"Content-Type": media})
    made.send(route, filled(route.path, known), body)
    for encoding in ("gzip", "br", "deflate", "\xff"):
        made.send(route, filled(route.path, known), body, {**JSON, "Content-Encoding": encoding})


def with_paths(made: Attack, route: Route, known: Known) -> None:
    body = {} if route.request is None else hostile.plausible(route.request, known)
    for name in re.findall(r"\{(\w+)", route.path):
        for part in hostile.PATH_PARTS:
            target = filled(
                route.path.replace("{" + name + "}", part).replace("{" + name + ":path}", part), known
            )
            made.send(route, target, None if route.method == "GET" else json.dumps(body).encode(), JSON)


def with_queries(made: Attack, route: Route, known: Known) -> None:
    """Queries of routes that read them themselves, and what is no query at all."""
    body = None if route.method == "GET" else b"{}"
    target = filled(route.path, known)
    for query in ("%", "%ff=%ff", "&&&===", "a=1&a=2&a=3", "%00=%00", "run_id[]=x", "a=1&" * 6_000):
        made.send(route, f"{target}?{query}", body, JSON)
    names = shape_of(route.method, route.path).query
    for hole in names:
        for text in hostile.TEXTS:
            made.send(route, f"{target}?{urlencode({name: known.get(name, 'x') for name in names} | {hole: text})}", body, JSON)  # fmt: skip


def with_headers(made: Attack, route: Route, known: Known) -> None:
    for name in (
        "range",
        "if-range",
        "if-none-match",
        "x-mlflow-experiment-id",
        "x-mlflow-run-id",
        "content-length",
    ):
        for text in (
            "-1",
            "1e9",
            "bytes=9999999999999999999999-",
            "bytes=a-b,1-2",
            "\xff",
            "x" * 5_000,
            " ",
            "0",
        ):
            if name != "content-length":
                made.send(route, filled(route.path, known), None, {name: text})


@pytest.mark.parametrize("noun", NOUNS)
def test_bodies_that_are_no_requests(server: Client, noun: str) -> None:
    found = [route for route in of_noun(server, noun) if route.method != "GET"]
    assert attack(server, found, with_bodies) == []


@pytest.mark.parametrize("noun", NOUNS)
def test_values_that_fit_no_field(server: Client, noun: str) -> None:
    """Below one prefix; the other leads to the same handlers, which the next test holds."""
    found = [route for route in of_noun(server, noun) if route.request and not _is_twin(server, route)]
    assert attack(server, found, with_values) == []


def test_both_prefixes_lead_to_the_same_handlers(server: Client) -> None:
    table = {(route.method, route.path): route for route in server.routes}
    for (method, path), route in table.items():
        twin = table.get((method, "/ajax" + path.replace("/api/", "-api/", 1)))
        if path.startswith("/api/") and not path.startswith(f"{OWN}/"):
            assert twin is not None, path
            assert (twin.handler, twin.raw, twin.request) == (route.handler, route.raw, route.request)


@pytest.mark.parametrize("noun", NOUNS)
def test_content_types_that_are_not_json(server: Client, noun: str) -> None:
    found = [route for route in of_noun(server, noun) if route.method != "GET"]
    assert attack(server, found, with_content_types) == []


@pytest.mark.parametrize("noun", NOUNS)
def test_ids_in_paths_that_lead_elsewhere(server: Client, noun: str) -> None:
    found = [route for route in of_noun(server, noun) if "{" in route.path]
    assert attack(server, found, with_paths) == []


@pytest.mark.parametrize("noun", NOUNS)
def test_query_strings_that_are_none(server: Client, noun: str) -> None:
    assert attack(server, of_noun(server, noun), with_queries) == []


@pytest.mark.parametrize("noun", ["otlp", "artifacts", "health"])
def test_headers_that_make_no_sense(server: Client, noun: str) -> None:
    assert attack(server, of_noun(server, noun), with_headers) == []


@pytest.mark.parametrize(
    "media", ["application/x-protobuf", "application/json", "application/json; charset=x"]
)
def test_spans_that_are_none(server: Client, media: str) -> None:
    made = Attack(server)
    route = of_noun(server, "otlp")[0]
    for body in GARBAGE:
        for experiment in ("0", "-1", "x", "1e400", "9" * 30, "987654321"):
            for encoding in ("", "gzip", "deflate", "br"):
                named = {
                    "Content-Type": media,
                    "x-mlflow-experiment-id": experiment,
                    "Content-Encoding": encoding,
                }
                made.send(route, OTLP, body, named)
    assert made.complaints == []


@pytest.mark.parametrize("path", SEARCHES)
def test_searches_that_make_no_sense(server: Client, path: str) -> None:
    """Clauses in filter and order_by, and tokens that are not ours."""
    known = known_records(server)
    made = Attack(server)
    route = min(
        (route for route in server.routes if route.path == path), key=lambda route: route.method == "GET"
    )
    for text in hostile.CLAUSES:
        for fields in ({"filter": text}, {"order_by": [text, text]}, {"page_token": text}):
            everything = {"max_results": 5, "experiment_ids": known["experiment_ids"], **fields}
            if route.method == "GET":
                query = urlencode(everything, doseq=True)
                made.send(route, f"{path}?{query[:60_000]}")  # the HTTP parser refuses longer request lines
            else:
                body = {**everything, "locations": known["locations"]}
                made.send(route, path, json.dumps(body).encode(), JSON)
    assert made.complaints == []


def test_unknown_ids_are_not_found(server: Client) -> None:
    for path, fields in (
        ("runs/get", {"run_id": UNKNOWN_RUN}),
        ("experiments/get", {"experiment_id": "987654321"}),
        ("registered-models/get", {"name": "nobody"}),
        ("logged-models/m-unknown", {}),
    ):
        assert server.fails("GET", path, **fields) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_no_noun_is_left_out(server: Client) -> None:
    assert {noun_of(route) for route in server.routes} == set(NOUNS)


def test_the_server_still_works_afterwards(server: Client) -> None:
    run = server.run()
    server.ok("POST", "runs/log-metric", run_id=run, key="m", value=1, timestamp=1)
    assert server.ok("GET", "runs/get", run_id=run)["run"]["data"]["metrics"][0]["value"] == 1


def _is_twin(server: Client, route: Route) -> bool:
    return route.path.startswith("/ajax-api") and any(
        other.path == route.path.replace("/ajax-api", "/api", 1) for other in server.routes
    )

"""Another workspace's records look like records that do not exist: for every route, for every kind of id."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from runyard.server.raw_shapes import shape_of
from runyard.server.routing import Route
from runyard.wire.api import columns
from tests.api import hostile
from tests.api.live_server import JSON, Answer, Client, live_server
from tests.api.test_hostile_input import filled, known_records

UNKNOWN_NUMBER = "987654321"
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HEX = re.compile(r"[0-9a-f]{32}")
TIME = re.compile(r"\b1[0-9]{12}\b|20\d\d-\d\d-\d\dT[0-9:.]+Z?")
NUMBERED = re.compile(r'("experiment_id":|"id":|mlflow-artifacts:/) ?"?\d+"?')
CUT = re.compile(r"[0-9a-f]+…")
TOKEN = re.compile(r"eyJ[\w.-]+")
FEEDBACK = {"assessment_name": "good", "feedback": {"value": True}, "source": {"source_type": "HUMAN"}}
MODEL_JSON = '{"run_id": "%s", "artifact_path": "m", "utc_time_created": "t", "flavors": {}}'
SPECIAL: Mapping[str, Mapping[str, Any]] = {
    # fields of routes by the end of their path, where one name means several things; None: left out
    "experiments/set-experiment-tag": {"value": "v"},
    "runs/log-parameter": {"value": "v"},
    "runs/set-tag": {"value": "v"},
    "runs/log-model": {"model_json": MODEL_JSON},
    "registered-models/create": {"name": "<new_name>"},
    "registered-models/set-tag": {"value": "v"},
    "model-versions/set-tag": {"value": "v"},
    "model-versions/create": {"source": "runs:/<run_id>/artifacts", "model_id": None},
    "traces/{trace_id}/tags": {"value": "v"},
    "traces/{trace_id}/assessments": {"assessment": FEEDBACK},
    "traces/{trace_id}/assessments/{assessment_id}": {"assessment": FEEDBACK},
    "traces/metrics": {"view_type": "TRACES", "metric_name": "trace_count", "aggregations": [{"aggregation_type": "COUNT"}]},
    "traces/calculate-filter-correlation": {"filter_string1": "trace.status = 'OK'", "filter_string2": "trace.status = 'OK'"},
    "artifacts/presigned-upload-url": {"model_id": None},
    "artifacts/presigned-download-url": {"model_id": None},
    "runs/{run_id}/records": {"kind": None, "records": [{"uuid": "u", "name": "n", "kind": "list", "logged_ms": 1, "body": {}}]},
    "v1/jobs": {"target": "local", "definition": {"script": "t.py"}, "kind": "script", "run_id": None, "parent_run_id": None, "snapshot_id": "", "state": None},
    "{run_id}/resubmit": {"target": "local"},
    "v1/sweeps": {"target": "<name>", "definition": {"script": "t.py"}, "space": {"x": {"kind": "choice", "options": [1]}}, "sampling": "grid", "metric": "m", "goal": "minimize", "max_total": 1, "run_id": None, "parent_run_id": None, "snapshot_id": ""},
    "v1/environments": {"definition": {"python": {}}},
    "v1/environment-locks": {"hash": "<sha256>", "platform": "p", "python": "3", "text": "x==1"},
    "v1/snapshots": {"files": [{"path": "f.txt", "sha256": "<sha256>", "size": 2}]},
    "v1/datastores": {"kind": "workspace", "name": "<new_name>"},
    "v1/datasets": {"kind": "tabular", "name": "<new_name>"},
    "v1/computes": {"kind": "ray", "name": "<new_name>", "settings": {"address": "http://127.0.0.1:1"}},
    "v1/secrets": {"value": "v"},
    "trash/restore": {"items": [{"kind": "run", "id": "<run_id>"}]},
    "trash/purge": {"items": [{"kind": "run", "id": "<run_id>"}], "older_than_ms": None},
    "v1/views": {"page": "runs", "state": {}},
    "views/{view_id}": {"state": {}},
    "charts/series": {"metrics": ["m"]},
    "charts/groups": {"metrics": ["m"]},
}  # fmt: skip
NOT_FOUND_AT_HOME = {
    # what the walk cannot ask for in a way that succeeds: files that the records lack, stores without signatures,
    # records that were not deleted, documents of their own shape (imports are walked below, spans in their own test)
    "experiments/restore", "experiments/delete-experiment-tag", "logged-models/{id}/tags/{key}", "traces/get",
    "traces/{trace_id}/tags", "presigned/{artifact_path:path}", "mpu/create/{artifact_path:path}",
    "mpu/complete/{artifact_path:path}", "mpu/abort/{artifact_path:path}", "artifacts/presigned-upload-url",
    "artifacts/presigned-download-url", "v1/traces", "model-versions/get-artifact", "file/{path:path}", "v1/export/files",
    "journals/{journal_id}/records", "alerts/{name}/test", "v1/preview/logged-models",
    "v1/preview/model-versions", "preview/{path:path}", "v1/spans", "trash/size", "v1/events", "log-appends", "logs/content",
    "jobs/{run_id}", "{run_id}/claim", "{run_id}/begin", "{run_id}/beat", "{run_id}/end",
    "{run_id}/snapshot", "snapshot/archive", "snapshot/file", "sweeps/{run_id}", "sweeps/{run_id}/resubmit", "v1/archive", "audit/export",
}  # fmt: skip


@dataclass(frozen=True)
class House:
    """One server, the directory of its data, and a workspace whose records nobody else may see."""

    client: Client
    directory: Path
    theirs: Client
    known: Mapping[str, Any]

    def room(self) -> Client:
        """A fresh workspace."""
        name = self.client.name("room")
        self.client.ok("POST", "/api/v1/workspaces", name=name)
        return self.client.also(base=f"/workspaces/{name}")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    with live_server(directory) as client:
        for _ in range(40):  # so that the number of an experiment is in no text by chance
            client.experiment()
        client.ok("POST", "/api/v1/workspaces", name="theirs")
        theirs = client.also(base="/workspaces/theirs")
        yield House(client, directory, theirs, records(theirs))


def records(client: Client) -> dict[str, Any]:
    """Records with something in them, by the names that fields and parameters have for them."""
    known = known_records(client)
    name = client.name("home")
    known["experiment_name"] = name
    run, model, experiment = known["run_id"], known["model_id"], known["experiment_id"]
    client.ok("POST", "experiments/update", experiment_id=experiment, new_name=name)
    client.ok("POST", "runs/log-metric", run_id=run, key="m", value=1, timestamp=1)
    client.ok("POST", "runs/log-parameter", run_id=run, key="k", value="v")
    client.ok("POST", "runs/set-tag", run_id=run, key="k", value="v")
    client.ok("POST", "registered-models/alias", name=known["name"], alias="a", version="1")
    dataset = {"name": "d", "digest": "1", "source_type": "x", "source": "y"}
    client.ok("POST", "runs/log-inputs", run_id=run, datasets=[{"dataset": dataset}])
    client.ok("POST", "runs/outputs", run_id=run, models=[{"model_id": model, "step": 1}])
    client.ok("POST", "traces/link-to-run", trace_ids=known["trace_ids"], run_id=run)
    for path in (f"{experiment}/{run}/artifacts/f.txt", f"{experiment}/models/{model}/artifacts/f.txt"):
        assert (
            client.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", b"secret words").status == 200
        )
    client.ok("POST", "/api/v1/alerts", name=known["name"], url=known["url"], events=known["events"])
    known["dataset_version"] = client.ok("GET", f"/api/v1/datasets/{known['name']}")["id"]
    job = {"target": "local", "definition": {"script": "t.py"}, "experiment_id": experiment}
    known["job_run_id"] = client.ok("POST", "/api/v1/jobs", **job)["job"]["run_id"]
    known["proxied"] = f"{experiment}/{run}/artifacts/f.txt"
    return known


def strangers(known: Mapping[str, Any]) -> dict[str, Any]:
    """The same with ids and names that nothing has."""
    swaps = {known["run_id"]: "0" * 32, known["model_id"]: f"m-{'1' * 32}", known["trace_id"]: "tr-nothing"}
    swaps |= {known["name"]: "nothing", known["experiment_name"]: "nowhere", known["new_name"]: "never"}
    swaps |= {known["dataset_version"]: "f" * 32, known["job_run_id"]: "e" * 32}
    swaps |= {known["assessment_id"]: f"a-{'0' * 32}", known["experiment_id"]: UNKNOWN_NUMBER}
    found = _swapped(dict(known), swaps)
    assert isinstance(found, dict)
    return found | {"proxied": f"{UNKNOWN_NUMBER}/{'0' * 32}/artifacts/f.txt"}


def _swapped(value: Any, swaps: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _swapped(item, swaps) for key, item in value.items()}
    if isinstance(value, list):
        return [_swapped(item, swaps) for item in value]
    return swaps.get(value, value) if isinstance(value, str) else value


def ask(client: Client, route: Route, known: Mapping[str, Any]) -> Answer:
    """The request of a route that names these records."""
    target = filled(route.path, known)
    if "dataset-versions" in route.path:
        target = filled(route.path, {**known, "id": known["dataset_version"]})
    if "/jobs/{run_id}" in route.path:
        target = filled(route.path, {**known, "run_id": known["job_run_id"]})
    if "artifact_path" in route.path:
        target = filled(route.path, {**known, "artifact_path": known["proxied"]})
    if route.request is None:
        names = shape_of(route.method, route.path).query
        query = {name: known.get(name, "f.txt") for name in names if name != "presigned"}
        headers = {**JSON, "x-mlflow-experiment-id": str(known["experiment_id"])}
        return client.send(route.method, f"{target}?{urlencode(query)}", None if route.method == "GET" else b"{}", headers)  # fmt: skip
    fields = {**hostile.plausible(route.request, known), **special(route, known)}
    fields = {name: value for name, value in fields.items() if value is not None}
    if route.method == "GET":
        flat = {key: json.dumps(item) if isinstance(item, dict) else item for key, item in fields.items()}
        return client.send("GET", f"{target}?{urlencode(flat, doseq=True)}")
    return client.send(route.method, target, json.dumps(fields).encode(), JSON)


def special(route: Route, known: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a route that mean something else there than elsewhere."""
    found = next((fields for end, fields in SPECIAL.items() if route.path.endswith(end)), {})
    texts = json.dumps(found).replace("%s", str(known["run_id"]))
    for name in ("run_id", "name", "new_name", "sha256"):
        texts = texts.replace(f"<{name}>", str(known[name]))
    filled_in = json.loads(texts)
    assert isinstance(filled_in, dict)
    return filled_in


def plain(answer: Answer, known: Mapping[str, Any], client: Client) -> tuple[int, str]:
    """Status and body without what is different each time."""
    text = answer.content.decode("utf-8", "replace")
    ours = client.base.rpartition("/")[2]
    for key in (
        "proxied",
        "job_run_id",
        "run_id",
        "model_id",
        "trace_id",
        "assessment_id",
        "experiment_name",
        "name",
        "new_name",
    ):
        text = text.replace(str(known[key]), f"<{key}>").replace(quote(str(known[key])), f"<{key}>")
    text = re.sub(rf"\b{re.escape(str(known['experiment_id']))}\b", "<experiment>", text)
    text = text.replace(ours, "<workspace>")
    for pattern, word in (
        (GUID, "<guid>"),
        (HEX, "<hex>"),
        (TIME, "<time>"),
        (NUMBERED, r"\1<number>"),
        (TOKEN, "<token>"),
        (CUT, "<cut>"),
    ):
        text = pattern.sub(word, text)
    return answer.status, text


def of_workspaces(client: Client) -> list[Route]:
    return [route for route in client.routes if route.in_workspace and not route.path.startswith("/ajax-api")]


def contents(house: House, but: Sequence[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of tables that hold what the other workspace holds, but for what others made.

    Args:
        but: tables that are left out.
    """
    number = f"(SELECT id FROM workspaces WHERE name = '{house.theirs.base.rpartition('/')[2]}')"
    run = f"(SELECT id FROM runs WHERE workspace_id = {number})"
    model = f"(SELECT id FROM registered_models WHERE workspace_id = {number})"
    trace = f"(SELECT id FROM traces WHERE workspace_id = {number})"
    tables = {
        **dict.fromkeys(("experiments", "runs", "logged_models", "traces", "registered_models", "model_versions"), f"workspace_id = {number}"),
        **dict.fromkeys(("datastores", "registered_datasets", "secrets", "alerts", "liveness", "snapshots", "snapshot_blobs", "environments", "environment_locks"), f"workspace_id = {number}"),
        **dict.fromkeys(("run_tags", "run_params", "jobs", "series", "run_models", "run_datasets", "run_records", "run_properties", "run_logs"), f"run_id IN {run}"),
        **dict.fromkeys(("registered_model_tags", "registered_model_aliases", "model_version_tags"), f"model_id IN {model}"),
        **dict.fromkeys(("trace_tags", "trace_metadata", "trace_runs", "assessments", "spans"), f"trace_id IN {trace}"),
    }  # fmt: skip
    with closing(sqlite3.connect(house.directory / "runyard.db")) as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table} WHERE {where}").fetchall(), key=repr)
            for table, where in tables.items()
            if table not in but
        }


def test_every_route_takes_foreign_ids_for_unknown_ones(house: House) -> None:
    before, unknown, wrong = contents(house), strangers(house.known), []
    for route in of_workspaces(house.client):
        if route.method == "DELETE" and route.path == "/api/v1/workspace":
            continue
        rooms = house.room(), house.room()
        foreign = plain(ask(rooms[0], route, house.known), house.known, rooms[0])
        absent = plain(ask(rooms[1], route, unknown), unknown, rooms[1])
        if foreign != absent:
            wrong.append(f"{route.method} {route.path}\n  foreign {foreign}\n  absent  {absent}")
    assert wrong == [], "\n".join(wrong)
    assert contents(house) == before


def test_the_walk_asks_for_what_is_there(house: House) -> None:
    """In their own workspace the same requests find something, so that the walk proves something."""
    own, missed = house.room(), []
    for route in of_workspaces(house.client):
        if route.method == "DELETE" and route.path == "/api/v1/workspace":
            continue
        answer = ask(own, route, records(own))
        known_miss = any(route.path.endswith(end) for end in NOT_FOUND_AT_HOME) or "/v1/import/" in route.path
        if answer.status >= 300 and not known_miss:
            missed.append(f"{route.method} {route.path} {answer.status} {answer.content[:150]!r}")
    assert missed == [], "\n".join(missed)


EXPORTED_FILES = {"paths": ["<proxied>"]}
IMPORTED = {
    "runs": {"items": [{"id": "<run_id>", "experiment_id": "<experiment_id>"}]},
    "logged-models": {"items": [{"id": "<model_id>", "experiment_id": "<experiment_id>", "name": "m"}]},
    "traces": {"items": [{"id": "<trace_id>", "experiment_id": "<experiment_id>", "request_ms": 1}]},
    "points": {"run_id": "<run_id>", "items": []},
    "logged": {"run_id": "<run_id>", "items": []},
    "registered-models": {"items": [{"name": "<name>", "versions": [{"version": 1, "run_id": "<run_id>"}]}]},
    "datasets": {"items": [{"name": "<name>", "versions": [{"version": 1, "uuid": "<dataset_version>", "kind": "file", "definition": "{}"}]}]},
    "datastores": {"items": [{"name": "<name>", "kind": "workspace", "config": {}}]},
}  # fmt: skip


@pytest.mark.parametrize("noun", IMPORTED)
def test_imports_take_foreign_ids_for_unknown_ones(house: House, noun: str) -> None:
    before, unknown = contents(house), strangers(house.known)
    answers = []
    for known in (house.known, unknown):
        room, text = house.room(), json.dumps(IMPORTED[noun])
        for name, value in known.items():
            text = text.replace(f"<{name}>", str(value))
        answers.append(plain(room.send("POST", f"/api/v1/import/{noun}", text.encode(), JSON), known, room))
        assert answers[-1][0] < 500
    assert answers[0] == answers[1]
    assert contents(house) == before


def test_an_import_may_use_the_ids_that_another_workspace_has(house: House) -> None:
    before, room = contents(house), house.room()
    home = room.ok("GET", "experiments/get", experiment_id="0")["experiment"]["experiment_id"]
    for noun in ("runs", "logged-models", "traces"):
        text = json.dumps(IMPORTED[noun]).replace("<experiment_id>", home)
        for name, value in house.known.items():
            text = text.replace(f"<{name}>", str(value))
        (placed,) = room.send("POST", f"/api/v1/import/{noun}", text.encode(), JSON).json()["items"]
        assert placed["outcome"] == "created"
    assert contents(house) == before


def test_digests_of_files_tell_nothing_of_another_workspace(house: House) -> None:
    answers = []
    for known in (house.known, strangers(house.known)):
        room, text = house.room(), json.dumps(EXPORTED_FILES).replace("<proxied>", known["proxied"])
        answers.append(plain(room.send("POST", "/api/v1/export/files", text.encode(), JSON), known, room))
    assert answers[0] == answers[1]


def test_spans_go_to_no_other_workspace(house: House) -> None:
    span = {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "name": "s",
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
    }
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()

    def export(client: Client, experiment: str) -> Answer:
        return client.send("POST", "/v1/traces", body, {**JSON, "x-mlflow-experiment-id": experiment})

    room, before = house.room(), contents(house)
    answers = [export(room, each) for each in (house.known["experiment_id"], UNKNOWN_NUMBER)]
    assert answers[0].status == answers[1].status >= 400
    assert answers[1].content == answers[0].content.replace(
        f"id={house.known['experiment_id']} ".encode(), f"id={UNKNOWN_NUMBER} ".encode()
    )
    assert contents(house) == before


def paged(client: Client) -> list[Route]:
    """Routes whose answers come in pages."""
    kinds = [route for route in of_workspaces(client) if route.request is not None]
    return [one for one in kinds if "page_token" in getattr(one.request, "__struct_fields__", ())]


def page(client: Client, route: Route, known: Mapping[str, Any], token: str = "") -> Answer:
    """A page of one record."""
    assert route.request is not None
    fields = hostile.plausible(route.request, known) | {"max_results": 1, "page_token": token}
    fields = {name: value for name, value in fields.items() if name not in ("name", "filter", "kind")}
    target = filled(route.path, known)
    if route.method == "GET":
        return client.send("GET", f"{target}?{urlencode(fields, doseq=True)}")
    return client.send(route.method, target, json.dumps(fields).encode(), JSON)


def token_of(answer: Answer) -> Any:
    """The token of the next page, where the answer has one."""
    packed = answer.headers["content-type"] == columns.MEDIA
    return (columns.unpack(answer.content) if packed else answer.json()).get("next_page_token")


def test_a_page_token_is_good_in_its_own_workspace_only(house: House) -> None:
    with_tokens, wrong = [], []
    room = house.room()
    known = records(room)
    for _ in range(2):
        more = records(room)
    twice = {**known, "experiment_ids": [known["experiment_id"], more["experiment_id"]]}
    room.ok("POST", "runs/log-metric", run_id=known["run_id"], key="m", value=2, timestamp=2, step=2)
    for route in paged(house.client):
        token = token_of(page(room, route, twice))
        if not token:
            continue
        with_tokens.append(route.path)
        assert page(room, route, twice, token).status == 200
        answer = page(house.theirs, route, twice, token)
        if answer.status < 400:
            wrong.append(f"{route.method} {route.path}: {answer.content[:200]!r}")
    assert wrong == [], "\n".join(wrong)
    assert len(with_tokens) >= 8, with_tokens


SEARCHES = [
    ("POST", "runs/search", {"experiment_ids": ["0"], "filter": "attributes.run_id = '<run_id>'"}),
    ("POST", "runs/search", {"experiment_ids": ["0"], "filter": "tags.k = 'v'"}),
    ("POST", "runs/search", {"experiment_ids": ["<experiment_id>"]}),
    ("POST", "runs/search", {"experiment_ids": ["<experiment_id>", "0"], "order_by": ["metrics.m DESC"]}),
    ("POST", "experiments/search", {"max_results": 10, "filter": "name = '<experiment_name>'"}),
    ("GET", "registered-models/search", {"filter": "name = '<name>'"}),
    ("GET", "model-versions/search", {"filter": "run_id = '<run_id>'"}),
    ("GET", "model-versions/search", {"filter": "name = '<name>'"}),
    ("POST", "logged-models/search", {"experiment_ids": ["<experiment_id>"]}),
    ("POST", "logged-models/search", {"experiment_ids": ["0"], "filter": "source_run_id = '<run_id>'"}),
    ("POST", "/api/3.0/mlflow/traces/search", {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}], "filter": "attributes.run_id = '<run_id>'"}),
    ("POST", "/api/3.0/mlflow/traces/search", {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "<experiment_id>"}}]}),
    ("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": ["<experiment_id>"]}),
    ("GET", "metrics/get-history", {"run_id": "<run_id>", "metric_key": "m"}),
    ("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk", {"run_id": "<run_id>", "metric_key": "m"}),
    ("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval", {"run_ids": "<run_id>", "metric_key": "m"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "fields"), SEARCHES)
def test_searches_find_nothing_of_another_workspace(
    house: House, method: str, path: str, fields: dict[str, Any]
) -> None:
    answers = []
    for known in (house.known, strangers(house.known)):
        room, text = house.room(), json.dumps(fields)
        for name, value in known.items():
            text = text.replace(f"<{name}>", str(value))
        answers.append(plain(room.call(method, path, json.loads(text)), known, room))
    assert answers[0] == answers[1]
    assert house.known["run_id"] not in answers[0][1]


def guid_of(house: House) -> str:
    return str(house.theirs.ok("GET", "/api/v1/workspace")["guid"])


def readers(house: House) -> list[Client]:
    """The default workspace, whose files lie at the root, and another one."""
    return [house.client, house.room()]


@pytest.mark.parametrize(
    "spelling",
    [
        "workspaces/<guid>/<proxied>",
        "workspaces/<guid>",
        "./workspaces/<guid>/<proxied>",
        "a/../workspaces/<guid>/<proxied>",
        "../workspaces/<guid>/<proxied>",
        "../<guid>/<proxied>",
        "..%2f<guid>/<proxied>",
        "..%252f<guid>/<proxied>",
        "%2e%2e/<guid>/<proxied>",
        "workspaces%2f<guid>/<proxied>",
        "workspaces//<guid>/<proxied>",
        "/workspaces/<guid>/<proxied>",
        "..\\<guid>\\<proxied>",
        "<proxied>",
    ],
)
def test_no_path_leads_to_the_files_of_another_workspace(house: House, spelling: str) -> None:
    path = spelling.replace("<guid>", guid_of(house)).replace("<proxied>", house.known["proxied"])
    base = "/api/2.0/mlflow-artifacts/artifacts"
    for client in readers(house):
        for target in (f"{base}/{path}", f"{base}?path={quote(path)}", f"{base}?path={path}"):
            answer = client.send("GET", target)
            assert answer.status >= 400 or answer.json() == {}, (target, answer.content)
            assert b"secret words" not in answer.content
        for method in ("PUT", "DELETE"):
            client.send(method, f"{base}/{path}", b"overwritten" if method == "PUT" else None)
    kept = house.theirs.send("GET", f"{base}/{house.known['proxied']}")
    assert kept.content == b"secret words"


def test_the_root_of_the_default_workspace_does_not_show_the_others(house: House) -> None:
    names = json.dumps(house.client.ok("GET", "/api/2.0/mlflow-artifacts/artifacts"))
    assert "workspaces" not in names and guid_of(house) not in names


@pytest.mark.parametrize(
    "location",
    [
        "mlflow-artifacts:/workspaces/<guid>/<place>",
        "mlflow-artifacts:/../<guid>/<place>",
        "mlflow-artifacts:workspaces/<guid>/<place>",
        "mlflow-artifacts://host/workspaces/<guid>/<place>",
        "file:<data>/artifacts/workspaces/<guid>/<place>",
        "file://<data>/artifacts/workspaces/<guid>/<place>",
        "file://<data>/artifacts/x/../workspaces/<guid>/<place>",
        "<data>/artifacts/workspaces/<guid>/<place>",
        "runs:/<run>/artifacts",
        "models:/<model>/1",
    ],
)
def test_no_location_leads_to_the_files_of_another_workspace(house: House, location: str) -> None:
    experiment, run = house.known["experiment_id"], house.known["run_id"]
    text = location.replace("<guid>", guid_of(house)).replace("<place>", f"{experiment}/{run}/artifacts")
    text = (
        text.replace("<data>", str(house.directory))
        .replace("<run>", run)
        .replace("<model>", house.known["name"])
    )
    for client in readers(house):
        made = client.call("POST", "experiments/create", {"name": client.name(), "artifact_location": text})
        if made.status == 200:
            own = client.run(made.json()["experiment_id"])
            for path in ("", "f.txt", f"../../{run}/artifacts/f.txt"):
                listed = client.call("GET", "artifacts/list", {"run_id": own, "path": path})
                assert b"f.txt" not in listed.content.replace(path.encode() or b"\0", b"")
                file = client.send(
                    "GET", f"/get-artifact?{urlencode({'run_id': own, 'path': path or 'f.txt'})}"
                )
                assert b"secret words" not in file.content


@pytest.mark.parametrize("source", ["runs:/<run>/", "models:/<name>/1", "models:/<model>", "mlflow-artifacts:/<proxied>", "mlflow-artifacts:/workspaces/<guid>/<proxied>"])  # fmt: skip
def test_no_model_version_comes_from_another_workspace(house: House, source: str) -> None:
    known = house.known
    text = (
        source.replace("<run>", known["run_id"])
        .replace("<model>", known["model_id"])
        .replace("<name>", known["name"])
    )
    text = text.replace("<proxied>", known["proxied"]).replace("<guid>", guid_of(house))
    for client in readers(house):
        name = client.name("stolen")
        client.ok("POST", "registered-models/create", name=name)
        for owner in ({}, {"run_id": known["run_id"]}, {"model_id": known["model_id"]}):
            made = client.call("POST", "model-versions/create", {"name": name, "source": text, **owner})
            if made.status == 200:
                version = made.json()["model_version"]["version"]
                query = urlencode({"name": name, "version": version, "path": "f.txt"})
                assert (
                    b"secret words" not in client.send("GET", f"/model-versions/get-artifact?{query}").content
                )

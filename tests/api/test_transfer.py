"""Import and export of whole records."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from runyard.client.transport import Connection
from runyard.entities.file_digest import PIECE_BYTES, digest_of_pieces
from runyard.entities.point_bytes import PointDigest, points_of
from runyard.services import transfer
from runyard.transfer.target import Workspace
from runyard.wire.api import transfer as wire
from tests.api import hostile
from tests.api.live_server import JSON, Client, live_server

RUN = "a" * 32
IMPORT = "/api/v1/import"
EXPORT = "/api/v1/export"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with live_server(tmp_path_factory.mktemp("transfer")) as client:
        yield client


def put(server: Client, noun: str, *items: dict[str, Any], **more: Any) -> Any:
    return server.ok("POST", f"{IMPORT}/{noun}", items=list(items), **more)


def experiment(server: Client, wanted: str = "-") -> str:
    placed = put(server, "experiments", {"id": wanted, "name": server.name("imported")})["items"][0]
    return str(placed["experiment_id"])


def points(steps: Sequence[int], ms: Sequence[int], values: Sequence[float]) -> str:
    return base64.b64encode(points_of(steps, ms, values).tobytes()).decode()


def run_record(server: Client, **fields: Any) -> dict[str, Any]:
    run_id = f"{abs(hash(server.name('run'))) % 16**12:032x}"
    return {"id": run_id, "experiment_id": experiment(server), **fields}


def test_an_experiment_keeps_a_number_that_is_free(server: Client) -> None:
    record = {
        "id": "4711",
        "name": "kept",
        "created_ms": 5,
        "updated_ms": 6,
        "stage": "deleted",
        "tags": {"k": "v"},
    }
    assert put(server, "experiments", record)["items"] == [
        {"id": "4711", "outcome": "created", "experiment_id": "4711"}
    ]
    found = server.ok("GET", "experiments/get", experiment_id="4711")["experiment"]
    assert (found["creation_time"], found["last_update_time"], found["lifecycle_stage"]) == (5, 6, "deleted")
    again = put(server, "experiments", {**record, "created_ms": 9})["items"][0]
    assert (again["outcome"], again["experiment_id"]) == ("present", "4711")


@pytest.mark.parametrize("wanted", ["0", "-3", "x", "4712", "9" * 19, "007"])
def test_a_number_that_cannot_be_kept_becomes_another(server: Client, wanted: str) -> None:
    experiment(server, "4712")
    assert experiment(server, wanted) != wanted


def test_numbers_given_out_later_are_free(server: Client) -> None:
    greatest = int(experiment(server, "6000"))
    assert int(server.experiment()) > greatest


def test_a_run_keeps_everything(server: Client) -> None:
    record = run_record(
        server,
        name="r",
        user_id="u",
        status="KILLED",
        stage="deleted",
        start_ms=1,
        end_ms=2,
        deleted_ms=3,
        params={"p": "x" * 10_000},
        tags={"mlflow.runName": "r", "camelCase": "kept"},
        properties={"once": "said"},
        inputs=[
            {
                "dataset": {"name": "d", "digest": "1", "source_type": "local", "source": "{}"},
                "tags": [{"key": "mlflow.data.context", "value": "train"}],
            }
        ],
        model_inputs=[{"model_id": "m-1", "step": 0}],
        model_outputs=[{"model_id": "m-2", "step": 7}],
    )
    assert put(server, "runs", record)["items"][0]["outcome"] == "created"
    assert put(server, "runs", record)["items"][0]["outcome"] == "present"
    found = server.ok("GET", f"{EXPORT}/runs", experiment_id=record["experiment_id"])["items"]
    uri = f"mlflow-artifacts:/{record['experiment_id']}/{record['id']}/artifacts"
    assert found == [{**record, "artifact_uri": uri}]


def test_what_a_present_run_lacks_is_added_and_nothing_is_changed(server: Client) -> None:
    record = run_record(server, params={"a": "1"}, tags={"t": "1"})
    put(server, "runs", record)
    put(
        server,
        "runs",
        {**record, "status": "FAILED", "params": {"a": "2", "b": "2"}, "tags": {"t": "2", "u": "2"}},
    )
    found = server.ok("GET", "runs/get", run_id=record["id"])["run"]
    assert found["info"]["status"] == "RUNNING"
    assert {p["key"]: p["value"] for p in found["data"]["params"]} == {"a": "1", "b": "2"}
    assert {t["key"]: t["value"] for t in found["data"]["tags"]} == {"t": "1", "u": "2"}


def test_points_come_back_with_the_same_digest(server: Client) -> None:
    record = run_record(server, stage="deleted")
    put(server, "runs", record)
    steps, ms, values = [0, 1, 1, 2**62], [5, 4, 3, 2**61], [math.nan, math.inf, -math.inf, -0.0]
    for _ in range(2):
        sent = {"key": "m", "points": points(steps, ms, values)}
        assert put(server, "points", sent, run_id=record["id"]) == {"count": 4}
    digest = PointDigest()
    digest.add(points_of(steps, ms, values))
    found = server.ok("GET", f"{EXPORT}/digests", run_id=record["id"])["items"]
    assert found == [{"key": "m", "count": 4, "digest": digest.text}]


def test_points_come_in_pages_each_once(server: Client) -> None:
    record = run_record(server)
    put(server, "runs", record)
    series = [{"key": f"k{n}", "points": points(range(25), range(25), [0.5] * 25)} for n in range(3)]
    put(server, "points", *series, run_id=record["id"])
    found, token = b"", None
    while True:
        more: dict[str, Any] = {"page_token": token} if token else {}
        page = server.ok("GET", f"{EXPORT}/points", run_id=record["id"], max_results=10, **more)
        found += b"".join(base64.b64decode(one["points"]) for one in page["items"])
        token = page["next_page_token"]
        if not token:
            break
    assert len(found) == 75 * 24


def test_digests_come_in_pages_and_add_up(server: Client) -> None:
    record = run_record(server)
    put(server, "runs", record)
    values = [0.5 / (n + 1) for n in range(25)]
    series = [{"key": f"k{n}", "points": points(range(25), range(25), values)} for n in range(3)]
    put(server, "points", *series, run_id=record["id"])
    digest = PointDigest()
    digest.add(points_of(range(25), range(25), values))
    for size in (1, 10, 25, 26, 1_000_000):
        found: dict[str, PointDigest] = {}
        for page in pages(server, "digests", run_id=record["id"], max_results=size):
            assert sum(one["count"] for one in page) <= size
            for one in page:
                found.setdefault(one["key"], PointDigest()).merge(one["count"], one["digest"])
        assert {key: (one.count, one.text) for key, one in found.items()} == {
            f"k{n}": (25, digest.text) for n in range(3)
        }
    assert server.fails("GET", f"{EXPORT}/digests", run_id=record["id"], max_results=1_000_001)[0] == 400


def pages(server: Client, noun: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    token: dict[str, str] = {}
    while True:
        page = server.ok("GET", f"{EXPORT}/{noun}", **query, **token)
        yield page["items"]
        if not page.get("next_page_token"):
            return
        token = {"page_token": page["next_page_token"]}


def test_a_large_file_is_read_a_piece_at_a_time(server: Client) -> None:
    data = bytes(range(256)) * (PIECE_BYTES // 256) + b"the rest"
    for name, content in (("large", data), ("small", b"x"), ("empty", b"")):
        assert (
            server.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/digests/{name}", content).status == 200
        )
    asked = [f"digests/{name}" for name in ("small", "none", "empty", "large", "small")]
    first = server.ok("POST", f"{EXPORT}/files", paths=asked)["items"]
    assert [(one["bytes"], one["start"], one["end"]) for one in first] == [
        (1, 0, 1), (-1, 0, 0), (0, 0, 0), (len(data), 0, PIECE_BYTES)
    ]  # fmt: skip
    assert [one["sha256"] for one in first] == [
        sha256(b"x"), "", sha256(b""), sha256(data[:PIECE_BYTES])
    ]  # fmt: skip
    rest = server.ok("POST", f"{EXPORT}/files", paths=asked[3:], start=PIECE_BYTES)["items"]
    assert [(one["path"], one["end"], one["sha256"]) for one in rest] == [
        ("digests/large", len(data), sha256(b"the rest")), ("digests/small", 1, sha256(b"x"))
    ]  # fmt: skip
    found = Workspace(Connection(f"http://127.0.0.1:{server.port}")).file_digests(asked)
    assert found[3] == (len(data), digest_of_pieces([sha256(data[:PIECE_BYTES]), sha256(b"the rest")]))
    assert [one.bytes for one in found] == [1, -1, 0, len(data), 1]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_request_does_not_read_files_for_long(server: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        server.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/slow/{name}", name.encode())
    monkeypatch.setattr(transfer, "READING_S", -1.0)
    assert len(server.ok("POST", f"{EXPORT}/files", paths=["slow/a", "slow/b"])["items"]) == 1
    found = Workspace(Connection(f"http://127.0.0.1:{server.port}")).file_digests(["slow/a", "slow/b"])
    assert [one.digest for one in found] == [sha256(b"a"), sha256(b"b")]


@pytest.mark.parametrize("start", [-PIECE_BYTES, 1, 2**60, 2**70])
def test_a_place_that_is_no_beginning_of_a_piece_is_refused(server: Client, start: int) -> None:
    assert server.fails("POST", f"{EXPORT}/files", paths=["x"], start=start)[0] == 400


def test_a_file_that_became_shorter_ends(server: Client) -> None:
    server.send("PUT", "/api/2.0/mlflow-artifacts/artifacts/short", b"xy")
    (one,) = server.ok("POST", f"{EXPORT}/files", paths=["short"], start=PIECE_BYTES)["items"]
    assert (one["bytes"], one["start"], one["end"]) == (2, PIECE_BYTES, PIECE_BYTES)


def test_ids_of_another_experiment_are_a_conflict(server: Client) -> None:
    record = run_record(server)
    put(server, "runs", record)
    other = put(server, "runs", {**record, "experiment_id": experiment(server)})["items"][0]
    assert other["outcome"] == "conflict" and "exists already" in other["message"]


def test_a_logged_model_keeps_everything(server: Client) -> None:
    record = {
        "id": "m-" + "1" * 32,
        "experiment_id": experiment(server),
        "name": "m",
        "model_type": "agent",
        "source_run_id": RUN,
        "status": 2,
        "stage": "deleted",
        "created_ms": 1,
        "updated_ms": 2,
        "params": {"p": "1"},
        "tags": {"t": "1"},
        "metrics": [
            {"key": "k", "value": "NaN", "timestamp": 1, "step": 2, "run_id": RUN, "dataset_name": "d"}
        ],
    }
    put(server, "logged-models", record)
    found = server.ok("GET", f"{EXPORT}/logged-models", experiment_id=record["experiment_id"])["items"][0]
    assert found == {**record, "artifact_uri": found["artifact_uri"]}


def test_a_trace_keeps_everything(server: Client) -> None:
    trace = "tr-" + "b" * 32
    record = {
        "id": trace,
        "experiment_id": experiment(server),
        "request_ms": 1_000,
        "duration_ms": 5,
        "state": "OK",
        "request_preview": "q",
        "tags": {"aCamelKey": "1"},
        "metadata": {"mlflow.sourceRun": RUN},
        "assessments": [
            {
                "id": "a-1",
                "trace_id": trace,
                "name": "good",
                "created_ms": 1,
                "updated_ms": 2,
                "feedback": {"value": None},
            }
        ],
        "spans": [
            {
                "trace_id": "b" * 32,
                "span_id": "c" * 16,
                "name": "s",
                "start_ns": 1,
                "attributes": {"someKey": None, "n": [1, {"deepKey": 2.5}]},
            }
        ],
        "runs": [RUN],
    }
    put(server, "traces", record)
    found = server.ok("GET", f"{EXPORT}/traces", experiment_id=record["experiment_id"])["items"][0]
    assert found["tags"].pop("mlflow.artifactLocation").endswith(f"/traces/{trace}/artifacts")
    assert found == record


def test_a_registered_model_keeps_everything(server: Client) -> None:
    record = {
        "name": server.name("registered"),
        "description": "d",
        "created_ms": 1,
        "updated_ms": 2,
        "last_version": 9,
        "tags": {"t": "1"},
        "aliases": {"best": 7},
        "versions": [
            {"version": 7, "source": "s3://b/k", "storage_location": "s3://b/k", "stage": "Production", "run_id": RUN, "user_id": "u", "status": 2, "created_ms": 3, "updated_ms": 4, "tags": {"v": "1"}}
        ],
    }  # fmt: skip
    put(server, "registered-models", record)
    assert record in server.ok("GET", f"{EXPORT}/registered-models")["items"]
    made = server.ok("POST", "model-versions/create", name=record["name"], source="s3://b/new")
    assert made["model_version"]["version"] == "10"


@pytest.mark.parametrize(
    ("noun", "body"),
    [
        ("runs", {"items": [{"id": "../../x", "experiment_id": "0"}]}),
        ("runs", {"items": [{"id": "x", "experiment_id": "987654321987"}]}),
        ("runs", {"items": [{"id": "x", "experiment_id": "0", "tags": {"k": "\x00"}}]}),
        ("runs", {"items": [{"id": "x", "experiment_id": "0", "tags": {"k" * 501: ""}}]}),
        ("runs", {"items": [{"id": "x", "experiment_id": "0", "start_ms": 2**63}]}),
        ("runs", {"items": [{"id": "x", "experiment_id": "0", "artifact_uri": "javascript:alert(1)"}]}),
        ("points", {"run_id": RUN, "items": []}),
        ("points", {"run_id": RUN, "items": [{"key": "k", "points": "AAAA"}]}),
        ("traces", {"items": [{"id": "t", "experiment_id": "0", "request_ms": 2**62}]}),
        ("experiments", {"items": [{"id": "1", "name": ""}]}),
        ("experiments", {"items": [{"id": "1", "name": f"n{n}"} for n in range(1_001)]}),
    ],
)
def test_records_that_cannot_be_kept_are_refused(server: Client, noun: str, body: dict[str, Any]) -> None:
    answer = server.call("POST", f"{IMPORT}/{noun}", body)
    assert 400 <= answer.status < 500, answer.content


def test_files_are_told_by_size_and_checksum(server: Client) -> None:
    server.send("PUT", "/api/2.0/mlflow-artifacts/artifacts/f/x.txt", b"hello")
    found = server.ok("POST", f"{EXPORT}/files", paths=["f/x.txt", "f/none"])["items"]
    assert (found[0]["bytes"], found[0]["sha256"][:8]) == (5, "2cf24dba")
    assert found[1] == {"path": "f/none", "bytes": -1, "sha256": "", "start": 0, "end": 0}


def test_a_body_is_read_strictly(server: Client) -> None:
    answer = server.send("POST", f"{IMPORT}/runs", b'{"items": 1}', JSON)
    assert answer.status == 400 and "items" in answer.json()["message"]


IMPORTED = {
    "experiments": wire.ImportExperiments,
    "runs": wire.ImportRuns,
    "points": wire.ImportPoints,
    "logged": wire.ImportLogged,
    "logged-models": wire.ImportLoggedModels,
    "traces": wire.ImportTraces,
    "registered-models": wire.ImportRegisteredModels,
    "datasets": wire.ImportDatasets,
    "datastores": wire.ImportDatastores,
}


@pytest.mark.parametrize("noun", IMPORTED)
def test_values_that_fit_no_field_are_refused(server: Client, noun: str) -> None:
    """Whatever got in must also come out, so all that can be exported is read afterwards."""
    home = experiment(server)
    record = run_record(server)
    put(server, "runs", record)
    span = {"trace_id": "b" * 32, "span_id": "c" * 16, "name": "s", "start_ns": 1}
    known = {
        "experiment_id": home, "run_id": record["id"], "id": record["id"], "name": server.name(), "key": "k",
        "value": 1, "timestamp": 1, "points": points([1], [1], [1.0]), "version": 1, "uuid": "u", "kind": "table",
        "body": "{}", "definition": "{}", "config": "{}", "request_ms": 1, "logged_ms": 1, **span,
        "feedback": {"value": 1}, "dataset": {"name": "d", "digest": "1", "source_type": "l", "source": "s"},
    }  # fmt: skip
    for body in hostile.bodies(IMPORTED[noun], known):
        answer = server.send("POST", f"{IMPORT}/{noun}", body, JSON)
        assert answer.status < 500, (body[:300], answer.content)
        assert answer.status < 400 or isinstance(answer.json()["message"], str)
    for what in ("runs", "logged-models", "traces"):
        for place in (home, record["experiment_id"]):
            server.ok("GET", f"{EXPORT}/{what}", experiment_id=place, max_results=1_000)
    for what in ("experiments", "registered-models", "datasets", "datastores"):
        server.ok("GET", f"{EXPORT}/{what}", max_results=1_000)
    locations = [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": home}}]
    for trace in server.ok("POST", "/api/3.0/mlflow/traces/search", locations=locations).get("traces", []):
        server.ok("GET", "/api/3.0/mlflow/traces/get", trace_id=trace["trace_id"], allow_partial=True)


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", "workspaceblobstore", "workspacefilestore"])
def test_datastores_have_names_that_can_be_registered(server: Client, name: str) -> None:
    record = {"name": name, "kind": "workspace", "config": "{}"}
    answer = server.call("POST", f"{IMPORT}/datastores", {"items": [record]})
    assert answer.status == 400, answer.content


def test_numbers_go_on_after_an_import_of_random_ones(server: Client) -> None:
    before = int(server.experiment())
    assert experiment(server, "312345678901234567") == "312345678901234567"
    assert int(server.experiment()) == before + 1
    server.ok("POST", "/api/v1/workspaces", name="after-random")
    found = server.also(base="/workspaces/after-random").ok("POST", "experiments/search", max_results=9)
    assert int(found["experiments"][0]["experiment_id"]) == before + 2
    assert int(experiment(server)) == before + 3

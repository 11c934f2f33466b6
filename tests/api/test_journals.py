"""Records of journals over HTTP: taken once, in their order, whatever is sent again, cut off or wrong."""

from __future__ import annotations

import json
import math
import struct
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from runyard.entities.journal import (
    BatchPoint,
    BatchRecord,
    Call,
    FileRecord,
    NewRun,
    PointRecord,
    Record,
    RunChange,
    Untag,
)
from runyard.server.dispatch import ALLOWED
from runyard.server.routes.journals import BODY_LIMIT
from runyard.services import journals
from runyard.wire.journal import MOST_UNREADABLE, encode_frame, frame_bytes
from tests.api.journal_client import (
    FRAMES,
    Journal,
    batch,
    history,
    new_run,
    points,
    refusals,
    run_of,
)
from tests.api.live_server import JSON, UNKNOWN_RUN, Client
from tests.api.traces_server import described, spans

INVALID = "INVALID_PARAMETER_VALUE"
ABSENT = "RESOURCE_DOES_NOT_EXIST"


@pytest.fixture
def journal(server: Client) -> Journal:
    server.prefix = "/api"
    return Journal(server)


def test_a_run_is_kept_as_it_was_written_down(server: Client, journal: Journal) -> None:
    run = new_run(
        server.experiment(), user_id="me", start_ms=5, name="näme", tags=[("t", "1"), ("gone", "x")]
    )
    first: list[Record] = [
        run,
        *points(run.run_id, 1.0, 2.0, 2.0),
        batch(run.run_id, 7.0, params=[("p", "ü")], tags=[("t", "2")]),
    ]
    assert journal.send(*first) == []
    assert journal.send(Untag(run.run_id, "gone"), RunChange(run.run_id, 3, 99, "new")) == []
    found = run_of(server, run.run_id)
    assert (found["status"], found["start_time"], found["end_time"]) == ("FINISHED", 5, 99)
    assert (found["user_id"], found["run_name"]) == ("me", "new")
    assert found["artifact_uri"].endswith(f"/{run.run_id}/artifacts")
    assert found["params"] == {"p": "ü"}
    assert found["tags"] == {"t": "2", "mlflow.runName": "new"}
    assert history(server, run.run_id) == [(0, 1.0), (1, 2.0), (2, 2.0)]
    assert history(server, run.run_id, "b") == [(0, 7.0)]
    assert journal.applied == journal.seq


def test_an_unknown_journal_is_at_its_beginning(server: Client, journal: Journal) -> None:
    assert server.ok("GET", f"/api/v1/journals/{journal.id}") == {"applied": 0, "refused": []}
    assert journal.post(b"").json() == {"applied": 0, "refused": []}


def test_an_experiment_is_found_by_its_name_or_made(server: Client, journal: Journal) -> None:
    old, fresh = server.name(), server.name()
    number = server.experiment(name=old)
    runs = [NewRun(uuid.uuid4().hex, experiment=name) for name in (old, fresh, fresh)]
    assert journal.send(*runs) == []
    homes = [run_of(server, run.run_id)["experiment_id"] for run in runs]
    made = server.ok("GET", "experiments/get-by-name", experiment_name=fresh)["experiment"]
    assert homes == [number, made["experiment_id"], made["experiment_id"]]
    assert made["artifact_location"] == f"mlflow-artifacts:/{made['experiment_id']}"


def test_a_deleted_experiment_takes_no_run_and_the_rest_goes_on(server: Client, journal: Journal) -> None:
    name = server.name()
    number = server.experiment(name=name)
    server.ok("POST", "experiments/delete", experiment_id=number)
    good = new_run()
    runs = [NewRun(uuid.uuid4().hex, experiment=name), new_run(number)]
    answer = journal.post(
        journal.framed(*runs, *points(runs[0].run_id, 1.0), good, *points(good.run_id, 1.0))
    )
    assert refusals(answer) == [(1, INVALID), (2, INVALID), (3, ABSENT)]
    assert (
        name in answer.json()["refused"][0]["message"] and "deleted" in answer.json()["refused"][0]["message"]
    )
    assert history(server, good.run_id) == [(0, 1.0)]


def test_sending_everything_again_changes_nothing(server: Client, journal: Journal) -> None:
    run = new_run()
    outputs = Call(run.run_id, "POST", "/api/2.0/mlflow/runs/outputs", {"run_id": run.run_id, "models": [{"model_id": "m-1", "step": 1}]})  # fmt: skip
    records: list[Record] = [
        run, *points(run.run_id, 1.0, 1.0, 3.0), batch(run.run_id, 1.0, params=[("p", "1")], tags=[("t", "1")]),
        outputs, batch(run.run_id, tags=[("t", "2")]), Untag(run.run_id, "t"), batch(run.run_id, tags=[("t", "3")]),
        outputs, BatchRecord(run.run_id, params=[("p", "2")]),
    ]  # fmt: skip
    body = journal.framed(*records)
    first = journal.post(body)
    assert refusals(first) == [(journal.seq, INVALID)]
    before = run_of(server, run.run_id), history(server, run.run_id)
    assert len(before[0]["outputs"]["model_outputs"]) == 2
    for _ in range(3):
        again = journal.post(body)
        assert again.json() == first.json()  # what was refused is told again, should the first answer be lost
    assert (run_of(server, run.run_id), history(server, run.run_id)) == before
    assert before[0]["tags"]["t"] == "3"


def test_records_that_overlap_are_taken_from_where_they_are_new(server: Client, journal: Journal) -> None:
    run = new_run()
    records: list[Record] = [run, *points(run.run_id, *map(float, range(9)))]
    bodies = [encode_frame(seq, record) for seq, record in enumerate(records, 1)]
    for start, end in ((0, 3), (1, 2), (2, 6), (0, 6), (5, 10), (9, 10), (0, 10)):
        assert journal.post(b"".join(bodies[start:end])).status == 200
    assert history(server, run.run_id) == [(step, float(step)) for step in range(9)]


def test_a_gap_says_where_to_go_on(server: Client, journal: Journal) -> None:
    run = new_run()
    journal.send(run)
    for first in (3, 1_000, 2**62):
        answer = journal.post(encode_frame(first, points(run.run_id, 1.0)[0]))
        assert (answer.status, answer.json()["error_code"], answer.json()["applied"]) == (
            409,
            "JOURNAL_GAP",
            1,
        )
    fresh = Journal(server).post(encode_frame(2, run))
    assert (fresh.status, fresh.json()["applied"]) == (409, 0)
    assert history(server, run.run_id) == []


def test_records_within_a_request_follow_one_another(journal: Journal) -> None:
    run = new_run()
    frames = [encode_frame(seq, run) for seq in (1, 2, 3)]
    for wrong in ((0, 2), (0, 0), (1, 0), (2, 1, 0)):
        answer = journal.post(b"".join(frames[number] for number in wrong))
        assert answer.status in (400, 409), answer.content
    for seq in (0, 2**63 - 1, 2**63, 2**64 - 1):
        assert journal.post(encode_frame(seq, run)).status in (400, 409)
    assert journal.applied == 0


def test_damage_anywhere_is_refused_and_nothing_is_kept(server: Client, journal: Journal) -> None:
    run = new_run()
    body = journal.framed(run, *points(run.run_id, 1.0), BatchRecord(run.run_id, tags=[("k", "v")]))
    for place in range(len(body)):
        damaged = bytearray(body)
        damaged[place] ^= 0x41
        answer = journal.post(bytes(damaged))
        assert answer.status in (400, 409), (place, answer.content)
        cut = journal.post(body[: place or 1])
        assert cut.status in (200, 400), (place, cut.content)
        if cut.status == 200:  # whole records
            assert cut.json()["applied"] < journal.seq
    assert journal.applied == 2
    assert run_of(server, run.run_id)["tags"].get("k") is None
    assert journal.post(body).json() == {"applied": 3, "refused": []}
    assert history(server, run.run_id) == [(0, 1.0)]


def _body(*values: object) -> bytes:
    return msgspec.msgpack.encode(values)


RUN = "<run>"
UNREADABLE = [
    (0, b"\x90"), (8, b"\x90"), (255, b""), (1, b""), (1, b"\xc1"), (1, b"\x00"), (1, _body()), (1, _body(RUN, "m")),
    (1, _body(1, "m", 1.0, 1)), (1, _body(RUN, "m", "1.0", 1)), (1, _body(RUN, "m", None, 1)), (1, _body(RUN, "m", 1.0, 2**63)),
    (1, _body(RUN, "m", 1.0, 1, 2**63)), (1, b"\x95" * 5_000), (1, _body(RUN, "m", 1.0, 1.5)),
    (1, _body(RUN, "m", 1.0, 1)[:-1]), (1, b"\x94\xa4\xff\xfe\xfd\xfc\xa1m\x01\x01"), (1, b"\x94\xa3\xed\xa0\x80\xa1m\x01\x01"),
    (2, _body(RUN, [["m", 1.0]])), (2, _body(RUN, {}, [], [])), (2, _body(RUN, [], [["p"]])), (2, _body(RUN, [], [["p", 1]])),
    (3, _body(None)), (3, _body("r", 5)), (4, _body(RUN, "FINISHED")), (4, _body(RUN, 3, 2**63)), (5, _body(RUN)),
    (6, _body(RUN, "POST")), (6, _body(RUN, "POST", "/", [1])), (6, b"\x94\xa1r\xa4POST\xa1/" + b"\x81\xa1a" * 3_000),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), UNREADABLE)
def test_a_record_that_cannot_be_read_is_refused_alone(
    server: Client, journal: Journal, kind: int, body: bytes
) -> None:
    run = new_run()
    before, after = points(run.run_id, 1.0, 2.0)
    known = body.replace(_body(RUN)[1:], _body(run.run_id)[1:])
    sent = journal.framed(run, before) + frame_bytes(3, kind, known) + encode_frame(4, after)
    answer = journal.post(sent)
    assert (answer.status, answer.json()["applied"]) == (200, 4), answer.content
    assert refusals(answer) == [(3, INVALID)]
    assert "Record 3" in answer.json()["refused"][0]["message"]
    assert history(server, run.run_id) == [(0, 1.0), (1, 2.0)]


@pytest.mark.parametrize(
    "frame", [lambda seq: frame_bytes(seq, 250, b""), lambda seq: frame_bytes(seq, 1, b"")]
)
def test_many_records_that_cannot_be_read_are_for_several_requests(
    server: Client, journal: Journal, frame: Callable[[int], bytes]
) -> None:
    """A request of a million of them cost gigabytes and minutes."""
    run = new_run()
    head = journal.framed(run)
    bad = MOST_UNREADABLE + 500
    rest = [frame(seq) for seq in range(2, bad + 2)] + [encode_frame(bad + 2, points(run.run_id, 1.0)[0])]
    answer = journal.post(head + b"".join(rest))
    applied = answer.json()["applied"]
    assert (answer.status, applied, len(refusals(answer))) == (200, MOST_UNREADABLE + 1, MOST_UNREADABLE)
    answer = journal.post(b"".join(rest[applied - 1 :]))
    assert (answer.json()["applied"], len(refusals(answer))) == (bad + 2, 500)
    assert history(server, run.run_id) == [(0, 1.0)]


def test_many_records_that_are_refused_are_for_several_requests(
    server: Client, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "MOST_REFUSED", 30)
    for name in ("FIRST_STRETCH", "MOST_STRETCH"):
        monkeypatch.setattr(journals, name, 20)
    run = new_run()
    records: list[Record] = [run, *points(UNKNOWN_RUN, *[1.0] * 100), *points(run.run_id, 1.0)]
    frames = [journal.framed(one) for one in records]
    applied, told = 0, 0
    for _ in range(10):
        answer = journal.post(b"".join(frames[applied:]))
        assert answer.status == 200 and len(refusals(answer)) <= 50
        told += len(refusals(answer))
        applied = answer.json()["applied"]
        if applied == len(records):
            break
    assert (applied, told) == (102, 100)
    assert history(server, run.run_id) == [(0, 1.0)]


def _refused(run: str, taken: str) -> list[tuple[Record, str]]:
    """Records that break a rule, by the code that says so."""
    return [
        (PointRecord(UNKNOWN_RUN, "m", 1.0, 1), ABSENT),
        (PointRecord("a\0b", "m", 1.0, 1), ABSENT),
        (PointRecord("", "m", 1.0, 1), INVALID),
        (PointRecord(run, "", 1.0, 1), INVALID),
        (PointRecord(run, "a/../b", 1.0, 1), INVALID),
        (PointRecord(run, "k\0", 1.0, 1), INVALID),
        (PointRecord(run, "k" * 251, 1.0, 1), INVALID),
        (PointRecord(run, "m", 1.0, -1), INVALID),
        (BatchRecord(run, [BatchPoint("m", 1.0, -1)]), INVALID),
        (BatchRecord(run, [BatchPoint("m", 1.0, 1)], [("p", "2")]), INVALID),
        (
            BatchRecord(run, [BatchPoint("m", 1.0, 1, model_id="m-none")], [("q", "1")], [("t", "x")]),
            "BAD_REQUEST",
        ),
        (BatchRecord(run, [BatchPoint("m", 1.0, 1, 0, "m\0")], [("q", "1")]), INVALID),
        (BatchRecord(run, [BatchPoint("m", 1.0, 1)], [("q", "1"), ("q", "1")]), INVALID),
        (BatchRecord(run, [BatchPoint("m", 1.0, 1)], [("q", "a\0")]), INVALID),
        (BatchRecord(run, [], [], [("\0", "x"), ("t", "x")]), INVALID),
        (BatchRecord(run, [BatchPoint("m", 1.0, 1)] * 1_001), INVALID),
        (BatchRecord(run, [], [], [(f"t{number}", "x") for number in range(101)]), INVALID),
        (NewRun(taken, "0"), "RESOURCE_ALREADY_EXISTS"),
        (NewRun("a" * 31, "0"), INVALID),
        (NewRun("A" * 32, "0"), INVALID),
        (NewRun("../" + "a" * 29, "0"), INVALID),
        (NewRun(uuid.uuid4().hex, "x"), INVALID),
        (NewRun(uuid.uuid4().hex, "987654321"), ABSENT),
        (NewRun(uuid.uuid4().hex, "9" * 30), INVALID),
        (NewRun(uuid.uuid4().hex), "BAD_REQUEST"),
        (NewRun(uuid.uuid4().hex, experiment=" "), INVALID),
        (NewRun(uuid.uuid4().hex, experiment="n" * 501), INVALID),
        (NewRun(uuid.uuid4().hex, experiment="a\0"), INVALID),
        (NewRun(uuid.uuid4().hex, "0", name="a\0"), INVALID),
        (NewRun(uuid.uuid4().hex, "0", user_id="a\0"), INVALID),
        (NewRun(uuid.uuid4().hex, "0", tags=[("k", "1"), ("k", "2")]), "BAD_REQUEST"),
        (NewRun(uuid.uuid4().hex, "0", name="a", tags=[("mlflow.runName", "b")]), INVALID),
        (RunChange(run, 99), INVALID),
        (RunChange(run, None, None, "a\0"), INVALID),
        (RunChange(UNKNOWN_RUN, 3), ABSENT),
        (Untag(run, "none"), ABSENT),
        (Untag(run, ""), INVALID),
        (Untag(run, "a\0"), ABSENT),
        (Untag(UNKNOWN_RUN, "t"), ABSENT),
    ]


def test_what_breaks_a_rule_is_refused_alone_and_leaves_nothing(server: Client, journal: Journal) -> None:
    taken = server.run()
    run = new_run()
    journal.send(run, BatchRecord(run.run_id, params=[("p", "1")], tags=[("t", "1")]))
    before = run_of(server, run.run_id)
    wrong = _refused(run.run_id, taken)
    for record, code in wrong:
        assert journal.send(record) == [(journal.seq, code)], record
    assert run_of(server, run.run_id) == before
    assert history(server, run.run_id) == []
    good = points(run.run_id, 1.0, 2.0)
    first = journal.seq + 2
    found = journal.send(good[0], *(record for record, _ in wrong), good[1])
    assert found == [(first + number, code) for number, (_, code) in enumerate(wrong)]
    assert history(server, run.run_id) == [(0, 1.0), (1, 2.0)]
    assert run_of(server, run.run_id) == before


def test_numbers_are_kept_as_far_as_the_series_goes(server: Client, journal: Journal) -> None:
    run = new_run()
    values = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308]
    records = points(run.run_id, *values)
    records.append(PointRecord(run.run_id, "edge", 1.0, 2**63 - 1, -(2**63)))
    records.append(PointRecord(run.run_id, "edge", 1.0, 0, 2**63 - 1))
    assert journal.send(run, *records) == []
    assert len(history(server, run.run_id)) == len(values)
    assert sorted(step for step, _ in history(server, run.run_id, "edge")) == [-(2**63), 2**63 - 1]


def test_texts_are_kept_as_they_are(server: Client, journal: Journal) -> None:
    run = new_run()
    texts = {f"k{number}": text for number, text in enumerate(["ünï", "日本語", "🙂", "a'b\"c", "100%_", "\\", " ", "é", "new\nline", "\ufeff", ""])}  # fmt: skip
    assert journal.send(run, BatchRecord(run.run_id, [], list(texts.items()), list(texts.items()))) == []
    found = run_of(server, run.run_id)
    assert found["params"] == texts
    assert {key: value for key, value in found["tags"].items() if key != "mlflow.runName"} == texts
    long = BatchRecord(run.run_id, [], [("long", "x" * 7_000)], [("long", "y" * 9_000)])
    assert journal.send(long) == []
    found = run_of(server, run.run_id)
    assert (len(found["params"]["long"]), len(found["tags"]["long"])) == (6_000, 8_000)


def test_a_deleted_run_takes_nothing_until_it_is_restored(server: Client, journal: Journal) -> None:
    run = new_run()
    journal.send(run)
    server.ok("POST", "runs/delete", run_id=run.run_id)
    late: list[Record] = [
        *points(run.run_id, 1.0, 2.0),
        BatchRecord(run.run_id, tags=[("t", "1")]),
        RunChange(run.run_id, 3),
    ]
    assert journal.send(*late) == [(seq, INVALID) for seq in (2, 3, 4, 5)]
    server.ok("POST", "runs/restore", run_id=run.run_id)
    assert journal.send(*points(run.run_id, 3.0)) == []
    assert history(server, run.run_id) == [(0, 3.0)]


def test_files_are_passed_over(journal: Journal) -> None:
    run = new_run()
    assert (
        journal.send(
            run, FileRecord(f"runs/{run.run_id}", "a.txt", "/etc/passwd", 1), RunChange(run.run_id, 3)
        )
        == []
    )


def test_points_of_a_run_that_begins_later_are_refused(server: Client, journal: Journal) -> None:
    run = new_run()
    early, late = points(run.run_id, 1.0, 2.0)
    assert journal.send(early, early, run, late) == [(1, ABSENT), (2, ABSENT)]
    assert history(server, run.run_id) == [(1, 2.0)]


def test_points_of_many_runs_in_any_order(server: Client, journal: Journal) -> None:
    runs = [new_run() for _ in range(20)]
    mixed = [
        PointRecord(run.run_id, f"m{step % 3}", float(step), step, step) for step in range(30) for run in runs
    ]
    assert journal.send(*runs, *mixed) == []
    for run in runs:
        found = [pair for key in ("m0", "m1", "m2") for pair in history(server, run.run_id, key)]
        assert sorted(found) == [(step, float(step)) for step in range(30)]


def test_a_request_has_a_type_and_a_limit(journal: Journal) -> None:
    run = new_run()
    path = f"/api/v1/journals/{journal.id}/records"
    body = journal.framed(run)
    for kind in ("application/json", "application/x-www-form-urlencoded", "", "text/plain"):
        assert journal.server.send("POST", path, body, {"Content-Type": kind}).status == 400
    assert journal.server.send("POST", path, body, {**FRAMES, "Content-Encoding": "gzip"}).status == 400
    large = journal.post(b"\0" * (BODY_LIMIT + 1))
    assert (large.status, large.json()["error_code"]) == (413, INVALID)
    journal.server.close()
    assert journal.post(struct.pack("<IIQB", 2**31, 0, 1, 1) + b"x" * 100).status == 400
    assert journal.post(body).status == 200


@pytest.mark.parametrize("bad", ["x", "A" * 32, "a" * 31, "a" * 33, "%00" * 32, "..%2f" + "a" * 30])
def test_a_journal_has_an_id_of_32_hex_digits(server: Client, bad: str) -> None:
    for answer in (
        server.send("POST", f"/api/v1/journals/{bad}/records", b"", FRAMES),
        server.send("GET", f"/api/v1/journals/{bad}"),
        server.send("POST", f"/api/v1/journals/{bad}/beat", b"{}", JSON),
    ):
        assert (answer.status, answer.json()["error_code"]) in ((400, INVALID), (404, "ENDPOINT_NOT_FOUND"))


def test_a_journal_of_another_workspace_is_another_one(server: Client, journal: Journal) -> None:
    run = new_run()
    journal.send(run, *points(run.run_id, 1.0))
    server.ok("POST", "/api/v1/workspaces", name="journals-2")
    elsewhere = server.also(base="/workspaces/journals-2")
    assert elsewhere.ok("GET", f"/api/v1/journals/{journal.id}")["applied"] == 0
    assert refusals(journal.post(encode_frame(1, points(run.run_id, 9.0)[0]), elsewhere)) == [(1, ABSENT)]
    there = NewRun(run.run_id, "0", name="there")  # ids are free in a workspace whatever others hold
    assert refusals(journal.post(encode_frame(2, there), elsewhere)) == []
    assert run_of(elsewhere, run.run_id)["run_name"] == "there"
    assert history(server, run.run_id) == [(0, 1.0)]
    assert journal.applied == 2


def test_a_metric_of_a_model_is_its_latest(server: Client, journal: Journal) -> None:
    run = new_run(server.experiment())
    model = f"m-{uuid.uuid4().hex}"
    made = Call(model, "POST", "/api/2.0/mlflow/logged-models", {"experiment_id": run.experiment_id, "model_id": model, "name": "net"})  # fmt: skip
    measured = BatchRecord(run.run_id, [BatchPoint("acc", 0.5, 1, 1, model, "d", "1"), BatchPoint("acc", 0.7, 2, 2, model, "d", "1")], tags=[("t", "1")])  # fmt: skip
    ready = Call(model, "PATCH", f"/api/2.0/mlflow/logged-models/{model}", {"model_id": model, "status": "LOGGED_MODEL_READY"})  # fmt: skip
    assert journal.send(run, made, measured, ready) == []
    found = server.ok("GET", f"logged-models/{model}")["model"]
    assert found["info"]["status"] == "LOGGED_MODEL_READY"
    assert [(one["value"], one["step"]) for one in found["data"]["metrics"]] == [(0.7, 2)]


def calls(run: str, model: str, trace: str, experiment: str) -> list[tuple[str, str, dict[str, Any]]]:
    """A call of each route that may come in a journal."""
    mlflow, old, one = "/api/2.0/mlflow", "/api/2.0/mlflow/traces", f"/api/3.0/mlflow/traces/{trace}"
    dataset = {"dataset": {"name": "d", "digest": "1", "source_type": "x", "source": "y"}}
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    info = {"trace_id": trace, "trace_location": place, "request_time": "2026-01-01T00:00:00Z"}
    feedback = {"assessment_name": "good", "feedback": {"value": True}, "source": {"source_type": "HUMAN"}}
    description = f'{{"run_id": "{run}", "artifact_path": "m", "utc_time_created": "t", "flavors": {{}}}}'
    prompts = {"trace_id": trace, "prompt_versions": [{"name": "p", "version": "1"}]}
    record = {"uuid": "u", "name": "n", "kind": "row", "logged_ms": 1, "body": {"a": 1.5}}
    return [
        ("POST", f"{mlflow}/runs/log-inputs", {"run_id": run, "datasets": [dataset]}),
        ("POST", f"{mlflow}/runs/outputs", {"run_id": run, "models": [{"model_id": model, "step": 1}]}),
        ("POST", f"{mlflow}/runs/log-model", {"run_id": run, "model_json": description}),
        ("POST", f"{mlflow}/logged-models", {"experiment_id": experiment, "model_id": model}),
        ("PATCH", f"{mlflow}/logged-models/{model}", {"model_id": model, "status": 2}),
        ("PATCH", f"{mlflow}/logged-models/{model}/tags", {"tags": [{"key": "t", "value": "1"}]}),
        ("DELETE", f"{mlflow}/logged-models/{model}/tags/t", {}),
        (
            "POST",
            f"{mlflow}/logged-models/{model}/params",
            {"model_id": model, "params": [{"key": "p", "value": "1"}]},
        ),
        (
            "POST",
            f"{mlflow}/experiments/set-experiment-tag",
            {"experiment_id": experiment, "key": "t", "value": "1"},
        ),
        ("POST", f"{mlflow}/experiments/delete-experiment-tag", {"experiment_id": experiment, "key": "t"}),
        ("POST", "/api/3.0/mlflow/traces", {"trace": {"trace_info": info}}),
        ("PATCH", f"{one}/tags", {"key": "t", "value": "1"}),
        ("DELETE", f"{one}/tags", {"key": "t"}),
        ("PATCH", f"{old}/{trace}/tags", {"key": "t", "value": "1"}),
        ("DELETE", f"{old}/{trace}/tags", {"key": "t"}),
        ("POST", f"{one}/assessments", {"assessment": feedback}),
        ("POST", f"{old}/link-to-run", {"trace_ids": [trace], "run_id": run}),
        ("POST", f"{old}/link-prompts", prompts),
        ("POST", f"/api/v1/runs/{run}/records", {"records": [record]}),
        ("POST", f"/api/v1/runs/{run}/properties", {"properties": {"k": "v"}}),
        (
            "POST",
            "/api/v1/spans",
            {"experiment_id": experiment, "run_id": run, "spans": spans(7, {"root": {}})},
        ),
    ]


def test_every_call_that_may_come_in_a_journal_is_done_once(server: Client, journal: Journal) -> None:
    run = new_run(server.experiment())
    model, trace = f"m-{uuid.uuid4().hex}", f"tr-{uuid.uuid4().hex}"
    assert run.experiment_id is not None
    asked = calls(run.run_id, model, trace, run.experiment_id)
    assert len(asked) * 2 - 3 == len(ALLOWED), "a route is missing in this test"
    body = journal.framed(run, *(Call(run.run_id, *one) for one in asked))
    for _ in range(2):
        assert journal.post(body).json() == {"applied": journal.seq, "refused": []}
    found = run_of(server, run.run_id)
    assert len(found["outputs"]["model_outputs"]) == 1
    assert found["tags"]["mlflow.log-model.history"].count("artifact_path") == 1
    shown = server.ok("GET", f"/api/3.0/mlflow/traces/{trace}")["trace"]["trace_info"]
    assert len(shown["assessments"]) == 1


def test_a_call_may_name_its_experiment(server: Client, journal: Journal) -> None:
    run = new_run()
    run.experiment_id, run.experiment = None, f"named-{uuid.uuid4().hex[:8]}"
    model = f"m-{uuid.uuid4().hex}"
    tagging = "/api/2.0/mlflow/experiments/set-experiment-tag"
    tag = {"experiment": run.experiment, "key": "k", "value": "v"}
    assert journal.send(
        run,
        Call("", "POST", tagging, tag),
        Call(
            model, "POST", "/api/2.0/mlflow/logged-models", {"experiment": run.experiment, "model_id": model}
        ),
        Call("", "POST", tagging, {**tag, "experiment": "none of that name"}),
    ) == [(4, "RESOURCE_DOES_NOT_EXIST")]
    named = "/api/2.0/mlflow/experiments/get-by-name"
    experiment = server.ok("GET", named, experiment_name=run.experiment)["experiment"]
    assert experiment["tags"] == [{"key": "k", "value": "v"}]
    found = server.ok("GET", f"/api/2.0/mlflow/logged-models/{model}")["model"]["info"]
    assert found["experiment_id"] == experiment["experiment_id"]


def test_traces_make_the_experiment_that_they_name_and_are_kept_once(
    server: Client, journal: Journal
) -> None:
    number, name = uuid.uuid4().int >> 8, f"traced-{uuid.uuid4().hex[:8]}"
    trace = f"tr-{number:032x}"
    told = described("offline-0", 1) | {"trace_id": trace}
    said = {"assessment_name": "good", "feedback": {"value": True}, "assessment_id": f"a-{'0' * 32}", "create_time": "2026-01-01T00:00:00Z"}  # fmt: skip
    assess = Call(trace, "POST", f"/api/3.0/mlflow/traces/{trace}/assessments", {"assessment": said})
    sent = journal.framed(
        Call(trace, "POST", "/api/v1/spans", {"experiment": name, "spans": spans(number, {"root": {}, "leaf": {}})}),
        Call(trace, "POST", "/api/3.0/mlflow/traces", {"experiment": name, "trace": {"trace_info": told}}),
        *(assess, assess),
    )  # fmt: skip
    for _ in range(2):
        assert refusals(journal.post(sent)) == []
    found = server.ok("GET", "/api/3.0/mlflow/traces/get", trace_id=trace)["trace"]
    experiment = server.ok("GET", "/api/2.0/mlflow/experiments/get-by-name", experiment_name=name)[
        "experiment"
    ]
    place = found["trace_info"]["trace_location"]["mlflow_experiment"]
    assert place == {"experiment_id": experiment["experiment_id"]}
    assert [one["name"] for one in found["spans"]] == ["root", "leaf"]
    assert [one["assessment_id"] for one in found["trace_info"]["assessments"]] == [f"a-{'0' * 32}"]


@pytest.mark.parametrize(
    "spans", [b"", b"\xff" * 50, "no base64!", 5, None, ["a"], {"a": b"b"}], ids=lambda one: str(one)[:9]
)
def test_spans_that_cannot_be_read_are_refused(server: Client, journal: Journal, spans: Any) -> None:
    body = {"experiment_id": "0", "spans": spans}
    assert [seq for seq, _ in journal.send(Call("", "POST", "/api/v1/spans", body), new_run())] == [1]
    assert server.send("POST", "/api/v1/spans", json.dumps(body, default=str).encode(), JSON).status == 400
    absent = {"experiment_id": "987654321", "spans": "", "run_id": "x"}
    assert server.send("POST", "/api/v1/spans", json.dumps(absent).encode(), JSON).status in (400, 404)


@pytest.mark.parametrize("trace", [None, 5, [], {"trace_info": 5}, {"trace_info": {}}, {}])
def test_odd_traces_of_a_named_experiment_are_refused(journal: Journal, trace: Any) -> None:
    body = {"experiment": "odd", "trace": trace}
    assert [seq for seq, _ in journal.send(Call("", "POST", "/api/3.0/mlflow/traces", body), new_run())] == [
        1
    ]


def test_another_assessment_under_a_taken_id_gets_an_id_of_its_own(server: Client) -> None:
    experiment, trace = server.experiment(), f"tr-{uuid.uuid4().hex}"
    told = described(experiment, 1) | {"trace_id": trace}
    server.ok("POST", "/api/3.0/mlflow/traces", trace={"trace_info": told})
    one = f"a-{'1' * 32}"
    ids = []
    for name, its in (("a", one), ("b", one), ("a", "not of our form"), ("a", "")):
        said = {"assessment_name": name, "feedback": {"value": 1}, "assessment_id": its}
        made = server.ok("POST", f"/api/3.0/mlflow/traces/{trace}/assessments", assessment=said)
        ids.append(made["assessment"]["assessment_id"])
    assert ids[0] == one and len(set(ids)) == 4
    assert all(len(made) == 34 for made in ids)


def counters(server: Client) -> dict[str, float]:
    lines = server.send("GET", "/metrics").content.decode().splitlines()
    found = (line.split(" ") for line in lines if line.startswith("runyard_journal_"))
    return {
        name.removeprefix("runyard_journal_").removesuffix("_total"): float(value) for name, value in found
    }


def test_what_journals_bring_is_counted(server: Client, journal: Journal) -> None:
    before = counters(server)
    run = new_run()
    body = journal.framed(run, *points(run.run_id, 1.0, 2.0), PointRecord(UNKNOWN_RUN, "m", 1.0, 1), Call("", "GET", "/x"))  # fmt: skip
    journal.post(body)
    journal.post(body)
    after = counters(server)
    rose = {name: after[name] - before[name] for name in after if name.removesuffix("_created") == name}
    assert 0 < rose.pop("seconds") < 60
    assert rose == {
        "requests": 2,
        "bytes": 2 * len(body),
        "records": 5,
        "points": 2,
        "repeated": 5,
        "refused": 2,
    }


NOT_ALLOWED = [
    ("POST", "/api/2.0/mlflow/runs/log-metric", "PERMISSION_DENIED"),
    ("POST", "/api/2.0/mlflow/runs/delete", "PERMISSION_DENIED"),
    ("POST", "/api/2.0/mlflow/experiments/delete", "PERMISSION_DENIED"),
    ("POST", "/api/2.0/mlflow/registered-models/create", "PERMISSION_DENIED"),
    ("DELETE", "/api/v1/workspace", "PERMISSION_DENIED"),
    ("POST", "/api/v1/tokens", "PERMISSION_DENIED"),
    ("POST", "/api/v1/login", "PERMISSION_DENIED"),
    ("POST", "/api/v1/users", "PERMISSION_DENIED"),
    ("GET", "/api/2.0/mlflow/runs/get", "PERMISSION_DENIED"),
    ("PUT", "/api/2.0/mlflow-artifacts/artifacts/x", "PERMISSION_DENIED"),
    ("POST", "/api/v1/journals/" + "0" * 32 + "/records", "PERMISSION_DENIED"),
    ("POST", "/workspaces/default/api/2.0/mlflow/runs/outputs", "ENDPOINT_NOT_FOUND"),
    ("POST", "http://127.0.0.1/api/2.0/mlflow/runs/outputs", "ENDPOINT_NOT_FOUND"),
    ("DELETE", "/api/2.0/mlflow/runs/outputs", "ENDPOINT_NOT_FOUND"),
    ("", "", "ENDPOINT_NOT_FOUND"),
    ("POST", "/api/2.0/mlflow/runs/" + "x" * 100_000, "ENDPOINT_NOT_FOUND"),
]


@pytest.mark.parametrize(("method", "path", "code"), NOT_ALLOWED)
def test_other_calls_are_refused(journal: Journal, method: str, path: str, code: str) -> None:
    run = new_run()
    answer = journal.post(journal.framed(run, Call(run.run_id, method, path, {}), RunChange(run.run_id, 3)))
    assert refusals(answer) == [(2, code)]
    assert len(answer.content) < 2_000
    assert journal.applied == 3


def test_a_refused_call_holds_nothing_up_and_is_not_done_by_half(server: Client, journal: Journal) -> None:
    run = new_run()
    path = "/api/2.0/mlflow/runs/log-inputs"
    bad: list[dict[str, Any]] = [
        {"run_id": UNKNOWN_RUN},
        {"run_id": run.run_id, "datasets": [{"dataset": {"name": "d"}}]},
        {"run_id": run.run_id, "datasets": [{"dataset": {"name": "d\0", "digest": "1", "source_type": "", "source": ""}}]},
        {"run_id": run.run_id, "datasets": "x" * 10_000},
        {"run_id": {"a": b"bytes"}},
        {},
    ]  # fmt: skip
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"a": deep}
    found = journal.send(
        run, *(Call(run.run_id, "POST", path, body) for body in (*bad, deep)), *points(run.run_id, 1.0)
    )
    assert [seq for seq, _ in found] == [2, 3, 4, 5, 6, 7, 8]
    assert history(server, run.run_id) == [(0, 1.0)]
    assert journal.applied == journal.seq


def test_a_beat_is_taken(server: Client, journal: Journal) -> None:
    run = new_run()
    journal.send(run)
    path = f"/api/v1/journals/{journal.id}/beat"
    assert server.ok("POST", path, runs=[run.run_id], interval_s=15) == {}
    assert server.ok("POST", path, runs=[], ended="killed") == {}
    assert server.ok("POST", f"/api/v1/journals/{uuid.uuid4().hex}/beat") == {}
    assert server.fails("POST", path, runs="x")[0] == 400

"""Who may send journals, decided per record: roles in the workspace, in one experiment, denied in one, and none."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runyard.entities.journal import BatchRecord, Call, NewRun, RunChange, Untag
from runyard.server.settings import Settings
from tests.api.journal_client import Journal, history, new_run, points, refusals, run_of
from tests.api.live_server import Client, live_server
from tests.api.people import People
from tests.api.traces_server import described, spans, trace_id

SCOPE = "/subscriptions/default/resourceGroups/default/workspaces/default"
ABSENT, DENIED = "RESOURCE_DOES_NOT_EXIST", "PERMISSION_DENIED"


@dataclass(frozen=True)
class Lab:
    """A server that demands a credential, with two experiments."""

    server: Client
    people: People
    owner: Client
    mine: str
    theirs: str

    def who(self, *roles: tuple[str, str], deny: list[tuple[str, str]] | None = None) -> Client:
        return self.server.also(token=self.people.with_roles(*roles, deny=deny or []))

    def scope(self, experiment: str) -> str:
        return f"{SCOPE}/experiments/{experiment}"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    data = tmp_path_factory.mktemp("closed")
    with live_server(data, Settings(data=str(data), auth="required")) as server:
        people = People(Path(data))
        owner = server.also(token=people.with_roles(("Owner", "/")))
        yield Lab(server, people, owner, owner.experiment(name="mine"), owner.experiment(name="theirs"))


def test_a_role_in_one_experiment_is_good_for_its_records_alone(lab: Lab) -> None:
    guest = lab.who(("Data Scientist", lab.scope(lab.mine)))
    other = new_run(lab.theirs)
    Journal(lab.owner).send(other, BatchRecord(other.run_id, params=[("p", "1")], tags=[("t", "1")]))
    run, closed = new_run(lab.mine), new_run(lab.theirs)
    journal, model = Journal(guest), f"m-{uuid.uuid4().hex}"
    made = Call(
        model, "POST", "/api/2.0/mlflow/logged-models", {"experiment_id": lab.mine, "model_id": model}
    )
    by_name = NewRun(uuid.uuid4().hex, experiment="mine")
    assert journal.send(run, *points(run.run_id, 1.0), by_name, made) == []
    wrote = [{"model_id": model}]
    refused = journal.send(
        *points(other.run_id, 9.0, 9.0),
        BatchRecord(other.run_id, tags=[("t", "2")]),
        Untag(other.run_id, "t"),
        RunChange(other.run_id, 5),
        closed,
        NewRun(uuid.uuid4().hex, experiment="theirs"),
        NewRun(uuid.uuid4().hex, experiment="fresh"),
        NewRun(uuid.uuid4().hex, "987654"),
        NewRun(other.run_id, lab.mine),
        Call(other.run_id, "POST", "/api/2.0/mlflow/runs/outputs", {"run_id": other.run_id, "models": wrote}),
        Call(run.run_id, "POST", "/api/2.0/mlflow/runs/outputs", {"run_id": run.run_id, "models": wrote}),
        *points(run.run_id, 2.0, 3.0),
    )  # fmt: skip
    assert [code for _, code in refused] == [
        *[ABSENT] * 7, DENIED, ABSENT, "RESOURCE_ALREADY_EXISTS", ABSENT,
    ]  # fmt: skip
    assert history(lab.owner, run.run_id) == [(0, 1.0), (0, 2.0), (1, 3.0)]
    assert len(run_of(lab.owner, run.run_id)["outputs"]["model_outputs"]) == 1
    kept = run_of(lab.owner, other.run_id)
    assert (kept["status"], kept["tags"]["t"], history(lab.owner, other.run_id)) == ("RUNNING", "1", [])
    assert guest.ok("GET", f"/api/v1/journals/{journal.id}")["applied"] == journal.seq


def test_what_is_closed_and_what_is_not_there_look_the_same(lab: Lab) -> None:
    guest = lab.who(("Data Scientist", lab.scope(lab.mine)))
    other = lab.owner.run(lab.theirs)
    journal = Journal(guest)
    unknown = uuid.uuid4().hex
    told = journal.post(journal.framed(*points(other, 1.0), *points(unknown, 1.0))).json()["refused"]
    assert told[0]["message"].replace(other, unknown) == told[1]["message"]
    told = journal.post(journal.framed(new_run(lab.theirs), new_run("987654"))).json()["refused"]
    assert told[0]["message"].replace(f"id={lab.theirs} ", "id=987654 ") == told[1]["message"]


def test_an_experiment_that_is_denied_takes_nothing(lab: Lab) -> None:
    barred = lab.who(("Owner", "/"), deny=[("Owner", lab.scope(lab.theirs))])
    other = lab.owner.run(lab.theirs)
    run = new_run(lab.mine)
    found = Journal(barred).send(new_run(lab.theirs), *points(other, 1.0), run, *points(run.run_id, 1.0))
    assert found == [(1, ABSENT), (2, ABSENT)]
    reads_only = lab.who(("Owner", "/"), deny=[("Data Scientist", lab.scope(lab.theirs))])
    lab.people.add()
    assert Journal(reads_only).send(new_run(lab.theirs)) == [(1, ABSENT)]


def test_a_reader_of_an_experiment_is_told_that_it_may_not(lab: Lab) -> None:
    mixed = lab.who(("Reader", "/"), ("Data Scientist", lab.scope(lab.mine)))
    other = lab.owner.run(lab.theirs)
    run = new_run(lab.mine)
    answer = Journal(mixed)
    assert answer.send(run, new_run(lab.theirs), *points(other, 1.0)) == [(2, DENIED), (3, DENIED)]


def test_whoever_may_log_nowhere_may_send_nothing(lab: Lab) -> None:
    run = new_run(lab.mine)
    reader = lab.who(("Reader", "/"))
    limited = lab.server.also(token=lab.people.token(lab.people.add(("Owner", "/")), actions='["runs/read"]'))
    for client in (reader, limited):
        journal = Journal(client)
        answers = (
            journal.post(journal.framed(run)),
            client.call("GET", f"/api/v1/journals/{journal.id}"),
            client.call("POST", f"/api/v1/journals/{journal.id}/beat"),
        )
        for answer in answers:
            assert (answer.status, answer.json()["error_code"]) == (403, DENIED)
    stranger = lab.who()
    assert Journal(stranger).post(b"").status == 404


@pytest.mark.parametrize("token", ["", "ry_forged", "x", "ry_" + "0" * 500, "a.b.c"])
def test_without_a_token_that_is_one_nothing_is_taken(lab: Lab, token: str) -> None:
    client = lab.server.also(token=token)
    journal = Journal(client)
    for answer in (
        journal.post(journal.framed(new_run())),
        client.call("GET", f"/api/v1/journals/{journal.id}"),
    ):
        assert (answer.status, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert lab.owner.ok("GET", f"/api/v1/journals/{journal.id}")["applied"] == 0


def test_calls_of_audited_routes_are_written_down(lab: Lab) -> None:
    run = new_run(lab.mine)
    model = f"m-{uuid.uuid4().hex}"
    path = "/api/2.0/mlflow/logged-models"
    made = Call(model, "POST", path, {"experiment_id": lab.mine, "model_id": model})
    refused = Call(model, "POST", path, {"experiment_id": "987654", "model_id": model})
    body_of = Journal(lab.owner)
    assert refusals(body_of.post(body_of.framed(run, made, refused))) == [(3, ABSENT)]
    lines = lab.owner.ok("GET", "/api/v1/audit", action="models/write")["items"]
    mine = [line for line in lines if line["target"].get("model_id") == model]
    assert sorted(line["outcome"] for line in mine) == [ABSENT, "done"]
    assert all(line["credential"].startswith("token ") for line in mine)


def test_traces_go_where_their_sender_may_write_and_make_no_experiment_for_others(lab: Lab) -> None:
    guest = lab.who(("Data Scientist", lab.scope(lab.mine)))

    def traced(number: int, place: dict[str, str]) -> list[Call]:
        told = described("offline-0", 1) | {"trace_id": trace_id(number)}
        return [
            Call("", "POST", "/api/v1/spans", {**place, "spans": spans(number, {"root": {}})}),
            Call("", "POST", "/api/3.0/mlflow/traces", {**place, "trace": {"trace_info": told}}),
        ]

    first = uuid.uuid4().int >> 32
    refused = Journal(guest).send(
        *traced(first, {"experiment": "mine"}),
        *traced(first + 1, {"experiment": "theirs"}),
        *traced(first + 2, {"experiment": "new"}),
    )
    assert refused == [(seq, ABSENT) for seq in (3, 4, 5, 6)]
    assert guest.ok("GET", f"/api/3.0/mlflow/traces/{trace_id(first)}")
    named = lab.owner.send("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=new")
    assert named.status == 404
    for number in (first + 1, first + 2):
        assert lab.owner.send("GET", f"/api/3.0/mlflow/traces/{trace_id(number)}").status == 404

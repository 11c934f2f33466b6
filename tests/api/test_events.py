"""Changes as they happen, over HTTP."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runyard.entities.change import RUNS
from runyard.entities.journal import BatchPoint, BatchRecord
from runyard.server.routes.api import events
from runyard.server.settings import Settings
from runyard.services.events import STREAMS_EACH
from tests.api.event_reader import ACCEPT, Stream, follow
from tests.api.journal_client import Journal, new_run, points
from tests.api.live_server import UNKNOWN_EXPERIMENT, Client, live_server
from tests.api.people import People

SCOPE = "/subscriptions/default/resourceGroups/default/workspaces/default"
PATH = "/api/v1/events"


def test_a_run_is_told_of_from_its_creation_to_its_deletion(server: Client) -> None:
    experiment = server.experiment()
    with follow(server, f"?experiment_id={experiment}") as stream:
        run = server.run(experiment)
        stream.kinds_of(run, {"created"})
        server.ok("POST", "runs/log-metric", run_id=run, key="m", value=1, timestamp=1)
        stream.kinds_of(run, {"points"})
        server.ok("POST", "runs/set-tag", run_id=run, key="k", value="v")
        stream.kinds_of(run, {"info"})
        server.ok("POST", "runs/log-batch", run_id=run, metrics=[{"key": "m", "value": 2, "timestamp": 2}], params=[{"key": "p", "value": "v"}])  # fmt: skip
        stream.kinds_of(run, {"points", "info"})
        server.ok("POST", "runs/update", run_id=run, status="FINISHED", end_time=5)
        stream.kinds_of(run, {"info"})
        server.ok("POST", "runs/delete", run_id=run)
        stream.kinds_of(run, {"deleted"})


def _log_inputs(server: Client, run: str) -> None:
    dataset = {"name": "d", "digest": "1", "source_type": "x", "source": "y"}
    server.ok("POST", "runs/log-inputs", run_id=run, datasets=[{"dataset": dataset}])


def _log_model(server: Client, run: str) -> None:
    text = f'{{"run_id": "{run}", "artifact_path": "m", "utc_time_created": "t", "flavors": {{}}}}'
    server.ok("POST", "runs/log-model", run_id=run, model_json=text)


def _untag(server: Client, run: str) -> None:
    server.ok("POST", "runs/delete-tag", run_id=run, key="k")


@pytest.mark.parametrize("change", [_log_inputs, _log_model, _untag])
def test_every_other_change_of_a_run_is_told(server: Client, change: Callable[[Client, str], None]) -> None:
    run = server.run(tags=[{"key": "k", "value": "v"}])
    with follow(server) as stream:
        change(server, run)
        stream.kinds_of(run, {"info"})


def test_what_comes_through_a_journal_is_told(server: Client) -> None:
    journal, new = Journal(server), new_run()
    with follow(server) as stream:
        journal.send(new)
        stream.kinds_of(new.run_id, {"created"})
        journal.send(*points(new.run_id, 1.0))
        stream.kinds_of(new.run_id, {"points"})
        some = [BatchPoint("m", 2.0, 2_000, 2)]
        assert journal.send(BatchRecord(new.run_id, some, [("p", "v")], [("t", "v")])) == []
        stream.kinds_of(new.run_id, {"points", "info"})


def test_experiments_are_told_of(server: Client) -> None:
    with follow(server) as stream:
        experiment = server.experiment()
        assert experiment in stream.until("experiments")["experiment_ids"]
        server.ok("POST", "experiments/update", experiment_id=experiment, new_name=server.name("renamed"))
        assert experiment in stream.until("experiments")["experiment_ids"]
        server.ok("POST", "experiments/delete", experiment_id=experiment)
        assert experiment in stream.until("runs")["many"]


def test_other_experiments_and_workspaces_are_not_told(server: Client) -> None:
    mine, other = server.experiment(), server.experiment()
    server.ok("POST", "/api/v1/workspaces", name=(name := server.name("w")))
    inside = server.also(base=f"/workspaces/{name}")
    with follow(server, f"?experiment_id={mine}") as stream, follow(inside) as theirs:
        server.run(other)
        hidden = inside.run()
        run = server.run(mine)
        first = stream.until("runs")
        assert [one["run_id"] for one in first["runs"]] == [run]
        assert [one["run_id"] for one in theirs.until("runs")["runs"]] == [hidden]


def test_very_many_runs_are_told_as_their_experiment(server: Client) -> None:
    experiment = server.experiment()
    with follow(server, f"?experiment_id={experiment}") as stream:
        items = [{"id": f"{n:032x}", "experiment_id": experiment} for n in range(1, RUNS + 100)]
        server.ok("POST", "/api/v1/import/runs", items=items)
        told = stream.until("runs")
        while "many" not in told:
            told = stream.until("runs")
        assert told["many"] == [experiment] and len(told.get("runs", [])) <= RUNS


def test_at_most_one_message_a_second_says_all(server: Client) -> None:
    experiment = server.experiment()
    run = server.run(experiment)
    with follow(server, f"?experiment_id={experiment}") as stream:
        began = time.monotonic()
        for step in range(60):
            server.ok("POST", "runs/log-metric", run_id=run, key="m", value=1, timestamp=step, step=step)
            time.sleep(0.02)
        last, messages = server.run(experiment), 1
        while last not in runs_of(stream):
            messages += 1
        assert messages <= time.monotonic() - began + 2 < 60


def test_pings_show_that_the_stream_lives(server: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PING_S", 0.1)
    with follow(server) as stream:
        for _ in range(3):
            assert stream.until("ping") == {}


def test_a_reader_that_leaves_is_forgotten(server: Client) -> None:
    """More readers than one may have at once, one after the other."""
    for _ in range(STREAMS_EACH + 5):
        deadline = time.monotonic() + 10
        while True:
            try:
                with follow(server):
                    break
            except AssertionError:  # those before are not gone yet
                assert time.monotonic() < deadline
                time.sleep(0.05)


def test_streams_of_one_principal_are_limited(tmp_path: Path) -> None:
    with live_server(tmp_path) as client, contextlib.ExitStack() as stack:
        for _ in range(STREAMS_EACH):
            stack.enter_context(follow(client))
        answer = client.send("GET", PATH, headers=ACCEPT)
        assert (answer.status, answer.json()["error_code"]) == (429, "REQUEST_LIMIT_EXCEEDED")
        run = client.run()
        assert client.ok("GET", "runs/get", run_id=run)


@pytest.mark.parametrize("query", ["?experiment_id=x", "?experiment_id=1&experiment_id=", "?experiment_id=9"])
def test_bad_experiments(server: Client, query: str) -> None:
    if query.endswith("=9"):
        query = "?" + "&".join(f"experiment_id={n}" for n in range(1_001))
    assert server.send("GET", PATH + query, headers=ACCEPT).status == 400


def test_who_does_not_want_a_stream_gets_none(server: Client) -> None:
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        assert server.send("GET", PATH, headers=headers).status == 400
    assert server.send("HEAD", PATH, headers=ACCEPT).status == 200
    with follow(server, f"?experiment_id={UNKNOWN_EXPERIMENT}"):
        assert server.run()


@dataclass(frozen=True)
class Lab:
    """Two experiments; `guest` has a role in the first only, `barred` everywhere but in the second."""

    client: Client
    people: People
    owner: Client
    guest: Client
    barred: Client
    open: str
    closed: str


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory = tmp_path_factory.mktemp("events")
    with live_server(directory, Settings(data=str(directory), auth="required")) as client:
        people = People(directory)
        owner = client.also(token=people.with_roles(("Owner", "/")))
        first, second = owner.experiment(), owner.experiment()
        guest = people.with_roles(("Reader", f"{SCOPE}/experiments/{first}"))
        barred = people.with_roles(("Reader", SCOPE), deny=[("Owner", f"{SCOPE}/experiments/{second}")])
        one, other = client.also(token=guest), client.also(token=barred)
        yield Lab(client, people, owner, one, other, first, second)


def runs_of(stream: Stream) -> list[str]:
    return [one["run_id"] for one in stream.until("runs").get("runs", [])]


def test_nobody_hears_of_what_is_closed_to_them(lab: Lab) -> None:
    with follow(lab.guest) as guest, follow(lab.barred) as barred, follow(lab.owner) as owner:
        hidden = lab.owner.run(lab.closed)
        shown = lab.owner.run(lab.open)
        assert runs_of(guest) == runs_of(barred) == [shown]
        assert {*runs_of(owner), hidden} >= {hidden}
        lab.owner.ok("POST", "experiments/set-experiment-tag", experiment_id=lab.closed, key="k", value="v")
        lab.owner.ok("POST", "experiments/set-experiment-tag", experiment_id=lab.open, key="k", value="v")
        for stream in (guest, barred):
            assert stream.until("experiments")["experiment_ids"] == [lab.open]


def test_naming_what_is_closed_is_as_naming_what_is_absent(lab: Lab) -> None:
    for client in (lab.guest, lab.barred):
        for query in (lab.closed, f"{lab.closed}&experiment_id={lab.open}"):
            answer = client.send("GET", f"{PATH}?experiment_id={query}", headers=ACCEPT)
            assert answer.status == 404
    assert lab.guest.send("GET", f"{PATH}?experiment_id=987654321", headers=ACCEPT).status == 404
    assert lab.client.send("GET", PATH, headers=ACCEPT).status == 401


def test_a_revoked_token_ends_its_stream(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "CHECK_S", 0.2)
    token = lab.owner.ok("POST", "/api/v1/tokens", name="t")
    reader = lab.client.also(token=token["token"])
    with follow(reader) as stream:
        assert lab.owner.run(lab.open) in runs_of(stream)
        lab.owner.call("DELETE", f"/api/v1/tokens/{token['token_id']}")
        assert stream.until("end")["retry"] is False
        assert stream.next() is None


def test_roles_that_change_count_soon(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "CHECK_S", 0.2)
    person = lab.people.add(("Reader", SCOPE))
    reader = lab.client.also(token=lab.people.token(person))
    with follow(reader, timeout_s=30) as stream:
        lab.people.assign(person, "Owner", f"{SCOPE}/experiments/{lab.closed}", effect=0)
        deadline = time.monotonic() + 20
        while True:
            hidden, shown = lab.owner.run(lab.closed), lab.owner.run(lab.open)
            heard = set[str]()
            while shown not in heard:
                heard |= set(runs_of(stream))
            if hidden not in heard:
                return
            assert time.monotonic() < deadline

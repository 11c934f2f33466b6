"""A real server that demands credentials: tokens end while a journal is written, and what may not be logged is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.client.journal.folder import journals
from runyard.client.journal.recorder import Recorder
from runyard.client.journal.sender.access import Access
from runyard.client.journal.settings import JournalSettings
from runyard.client.journal.target import Target
from runyard.client.renewal import claims_of
from runyard.client.transport import Connection
from runyard.entities.journal import NewRun, PointRecord, RunChange
from runyard.server.settings import Settings
from tests.api.live_server import live_server
from tests.api.people import People
from tests.journal.trainers import wait_for

OWNER = ("Owner", "/")
RUN = "c" * 32


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, People]]:
    """Address and people of a server that demands a credential."""
    data = tmp_path_factory.mktemp("closed")
    with live_server(data, Settings(data=str(data), auth="required")) as client:
        yield f"http://127.0.0.1:{client.port}", People(data)


def point(step: int) -> PointRecord:
    return PointRecord(RUN, "loss", 0.5, 1, step)


def last_step(server: str, token: str) -> int:
    """The step of the last point of the run; -1 when there is none."""
    found = Connection(server, credentials=token).get("/api/2.0/mlflow/runs/get", run_id=RUN)
    metrics = found["run"]["data"].get("metrics", [])
    return int(metrics[0]["step"]) if metrics else -1


def test_a_tracking_token_is_renewed_while_a_journal_is_sent(
    closed: tuple[str, People], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, people = closed
    person = people.add(OWNER)
    lasting = people.token(person)
    short = Connection(server, credentials=lasting).tracking_token(60)[0]
    monkeypatch.setenv("RUNYARD_TOKEN", lasting)
    access = Access(server, "", short)
    assert access.get("/api/v1/workspace").status == 200
    claims = claims_of(short)
    assert claims is not None
    monkeypatch.setattr(time, "time", lambda: claims.iat + 50.0)
    access._source._clock = time.time
    assert access.get("/api/v1/workspace").status == 200
    fresh = access._source.current()
    assert fresh not in (short, lasting)
    access.close()


def test_what_a_token_that_ended_left_waiting_goes_on_with_a_new_one(
    closed: tuple[str, People], home: Path
) -> None:
    server, people = closed
    token = people.with_roles(OWNER)
    given = ["ry_" + "x" * 40]
    recorder = Recorder(Target(server, token=lambda: given[0]), JournalSettings(drain_s=5))
    recorder.append(NewRun(RUN, "0", start_ms=1))
    recorder.append(point(1))
    wait_for(lambda: recorder.trouble is not None, "trouble")
    news: list[str] = []
    wait_for(lambda: bool(recorder._news), "news")
    news += recorder.take_news()
    assert "no such access token" in news[0]
    assert "`runyard login`" in news[0]
    assert str(recorder.folder) in news[0]
    given[0] = token
    wait_for(lambda: recorder.sent == recorder.seq, "the points")
    assert last_step(server, token) == 1
    recorder.append(RunChange(RUN, 3, 5))
    assert recorder.flush(20).sent
    recorder.close()
    wait_for(lambda: not list(journals(home)), "the end of the journal")
    assert any("being sent again" in text for text in [*news, *recorder.take_news()])


def test_what_may_not_be_logged_is_told_and_the_rest_arrives(closed: tuple[str, People], home: Path) -> None:
    server, people = closed
    owner = Connection(server, credentials=people.with_roles(OWNER))
    ours, theirs = (
        str(owner.post("/api/2.0/mlflow/experiments/create", {"name": name})["experiment_id"])
        for name in ("ours", "theirs")
    )
    scope = "/subscriptions/default/resourceGroups/default/workspaces/default"
    token = people.with_roles(
        ("Data Scientist", scope), deny=[("Data Scientist", f"{scope}/experiments/{theirs}")]
    )
    recorder = Recorder(Target(server, token=lambda: token))
    good, bad = "d" * 32, "e" * 32
    recorder.append(NewRun(good, ours, start_ms=1))
    recorder.append(NewRun(bad, theirs, start_ms=1))
    recorder.append(PointRecord(good, "loss", 0.25, 1, 1))
    assert recorder.flush(20).sent
    (text,) = recorder.take_news()
    assert f"run {bad}" in text
    assert owner.get("/api/2.0/mlflow/runs/get", run_id=good)["run"]["data"]["metrics"][0]["value"] == 0.25
    recorder.close()
    wait_for(lambda: not list(journals(home)), "the end of the journal")

"""A workspace at a glance over HTTP."""

from __future__ import annotations

import time

from tests.api.live_server import Client
from tests.api.test_run_table_roles import Lab, lab  # noqa: F401

PATH = "/api/v1/overview"


def room(server: Client) -> Client:
    server.ok("POST", "/api/v1/workspaces", name=(name := server.name("glance")))
    return server.also(base=f"/workspaces/{name}")


def test_an_empty_workspace(server: Client) -> None:
    found = room(server).ok("GET", PATH)
    assert found["runs"] == 0 and found["latest"] == found["running"] == found["failed"] == []
    assert found["runs_by_status"] == dict.fromkeys(
        ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"), 0
    )


def test_runs_are_counted_and_named(server: Client) -> None:
    inside, now = room(server), int(time.time() * 1000)
    experiment = inside.experiment()
    running = inside.run(experiment, start_time=now, run_name="here")
    failed = inside.run(experiment, start_time=now - 1)
    inside.ok("POST", "runs/update", run_id=failed, status="FAILED", end_time=now)
    long_ago = inside.run(experiment, start_time=1_000)
    inside.ok("POST", "runs/update", run_id=long_ago, status="FAILED", end_time=2_000)
    found = inside.ok("GET", PATH)
    assert (found["runs"], found["whole"]) == (3, True)
    assert (found["runs_by_status"]["RUNNING"], found["runs_by_status"]["FAILED"]) == (1, 2)
    assert [one["run_id"] for one in found["latest"]] == [running, failed, long_ago]
    assert [one["run_id"] for one in found["failed"]] == [failed]
    assert found["running"] == [
        {
            "run_id": running,
            "experiment_id": experiment,
            "name": "here",
            "status": "RUNNING",
            "stage": "active",
            "start_ms": now,
            "end_ms": None,
        }
    ]


def test_what_is_closed_is_not_counted(lab: Lab) -> None:  # noqa: F811
    for client in (lab.guest, lab.barred):
        found = client.ok("GET", PATH)
        assert found["runs"] == 1 and [one["run_id"] for one in found["latest"]] == [lab.here]
    assert lab.owner.ok("GET", PATH)["runs"] == 2
    assert lab.owner.with_headers({}).call("GET", PATH).status == 401


def test_other_methods_and_unknown_fields(server: Client) -> None:
    assert server.call("POST", PATH).status == 405
    assert server.call("GET", PATH, {"nonsense": "1"}).status == 200

"""Jobs and sweeps of people who mean harm: what they submit opens no more than they have, and harms nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.live_server import Client, live_server
from tests.api.people import People
from tests.api.test_job_runners import execute, forget_admissions
from tests.api.test_jobs import HERE, JOBS, SCRIPT, submit
from tests.api.test_sweeps import ASKED, SWEEPS, trials, wait_for

SOME_ACTIONS = '["jobs/*", "runs/*", "experiments/*", "workspaces/read"]'


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[Client]:
    with live_server(directory) as client:
        client.ok("POST", "/api/v1/computes", name="stopped", kind="local")
        client.ok("POST", "/api/v1/computes/stopped/stop")
        yield client


def owner(server: Client, directory: Path, **token: Any) -> Client:
    people = People(directory)
    return server.also(token=people.token(people.add(("Owner", "/")), **token))


def allowed_of(directory: Path, run_id: str) -> str:
    return str(execute(directory, "SELECT actions FROM access_tokens WHERE job = ?", run_id)[0][0])


def test_a_narrow_token_is_handed_no_wider_one(server: Client, directory: Path) -> None:
    narrow = owner(server, directory, actions=SOME_ACTIONS)
    assert narrow.fails("GET", "/api/v1/secrets")[0] == 403
    job = server.also(token=submit(narrow)["token"])
    assert job.fails("GET", "/api/v1/secrets") == (403, "PERMISSION_DENIED")
    assert job.fails("GET", "/api/v1/datastores")[0] == 403


def test_trials_may_do_no_more_than_who_submitted_the_sweep(server: Client, directory: Path) -> None:
    narrow = owner(server, directory, actions=SOME_ACTIONS)
    run = narrow.ok("POST", SWEEPS, **ASKED)["job"]["run_id"]
    wait_for(lambda: len(trials(server, run)) == 2)
    wait_for(lambda: execute(directory, "SELECT 1 FROM access_tokens WHERE job = ?", f"{run}_1"))
    assert "secrets" not in allowed_of(directory, f"{run}_1") and "runs/write" in allowed_of(
        directory, f"{run}_1"
    )


def test_a_job_s_token_ends_with_the_token_that_it_was_submitted_with(
    server: Client, directory: Path
) -> None:
    me = owner(server, directory)
    made = me.ok("POST", "/api/v1/tokens", name="leaked")
    leaked = server.also(token=made["token"])
    job = server.also(token=submit(leaked)["token"])
    sweep = leaked.ok("POST", SWEEPS, **ASKED)["job"]["run_id"]
    wait_for(lambda: len(trials(server, sweep)) == 2)
    job.ok("GET", "/api/v1/me")
    me.ok("DELETE", f"/api/v1/tokens/{made['token_id']}")
    assert job.fails("GET", "/api/v1/me")[0] == 401
    good = "SELECT 1 FROM access_tokens WHERE job LIKE ? AND revoked_ms IS NULL"
    assert not execute(directory, good, f"{sweep}%")


def test_a_job_does_not_begin_whose_submitter_may_submit_no_more(server: Client, directory: Path) -> None:
    people = People(directory)
    person = people.add(("Data Scientist", HERE))
    made = submit(server.also(token=people.token(person)))
    execute(directory, "DELETE FROM role_assignments WHERE principal_id = ?", person)
    people.assign(person, "Reader", HERE)
    forget_admissions(server)
    runner = server.also(token=made["token"])
    path = f"{JOBS}/{made['job']['run_id']}/begin"
    assert runner.fails("POST", path, attempt="a") == (403, "PERMISSION_DENIED")


def test_an_id_of_another_workspace_s_job_is_taken(server: Client) -> None:
    """Machines may be shared: there, jobs are known by the ids of their runs."""
    server.ok("POST", "/api/v1/workspaces", name="others")
    other = server.also(base="/workspaces/others")
    other.ok("POST", "/api/v1/computes", name="stopped", kind="local")
    other.ok("POST", "/api/v1/computes/stopped/stop")
    run_id = submit(server, "stopped")["job"]["run_id"]
    asked = {"target": "stopped", "definition": SCRIPT, "experiment_name": "x", "run_id": run_id}
    assert other.fails("POST", JOBS, **asked) == (400, "RESOURCE_ALREADY_EXISTS")

"""Jobs and sweeps of people who mean harm: what they submit opens no more than they have, and harms nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
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


def test_a_narrow_token_is_not_handed_that_of_a_wider_one_s_job(server: Client, directory: Path) -> None:
    people = People(directory)
    person = people.add(("Owner", "/"))
    run_id = server.name("again")
    assert submit(server.also(token=people.token(person)), run_id=run_id)["token"]
    narrow = server.also(token=people.token(person, actions=SOME_ACTIONS))
    assert "token" not in submit(narrow, run_id=run_id)


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


def test_submitting_again_needs_to_see_the_run(server: Client, directory: Path) -> None:
    """The new run has the sources of the old one, and is the caller's."""
    role = server.name("Watcher")
    server.ok("POST", "/api/v1/roles", name=role, description="", actions=["jobs/read", "experiments/read"])
    mine = server.experiment()
    roles = ((role, HERE), ("Data Scientist", f"{HERE}/experiments/{mine}"))
    watcher = server.also(token=People(directory).with_roles(*roles))
    run_id = submit(server)["job"]["run_id"]
    watcher.ok("GET", f"{JOBS}/{run_id}")
    again = f"{JOBS}/{run_id}/resubmit"
    assert watcher.fails("POST", again, experiment_id=mine) == (403, "PERMISSION_DENIED")


def test_an_id_of_another_workspace_s_job_is_taken(server: Client) -> None:
    """Machines may be shared: there, jobs are known by the ids of their runs."""
    server.ok("POST", "/api/v1/workspaces", name="others")
    other = server.also(base="/workspaces/others")
    other.ok("POST", "/api/v1/computes", name="stopped", kind="local")
    other.ok("POST", "/api/v1/computes/stopped/stop")
    run_id = submit(server, "stopped")["job"]["run_id"]
    asked = {"target": "stopped", "definition": SCRIPT, "experiment_name": "x", "run_id": run_id}
    assert other.fails("POST", JOBS, **asked) == (400, "RESOURCE_ALREADY_EXISTS")


def test_nobody_puts_jobs_of_their_own_below_a_sweep(server: Client, directory: Path) -> None:
    """They would hold up its end, and count as its trials."""
    theirs, mine = server.experiment(), server.experiment()
    sweep = server.ok("POST", SWEEPS, **{**ASKED, "experiment_name": None, "experiment_id": theirs})["job"]
    roles = (("Reader", HERE), ("Data Scientist", f"{HERE}/experiments/{mine}"))
    other = server.also(token=People(directory).with_roles(*roles))
    asked = {"target": "local", "definition": SCRIPT, "experiment_id": mine}
    below = {**asked, "parent_run_id": sweep["run_id"]}
    assert other.fails("POST", JOBS, **below) == (400, "INVALID_PARAMETER_VALUE")
    for number in (0, 7):
        trial = {**asked, "run_id": f"{sweep['run_id']}_{number}"}
        assert other.fails("POST", JOBS, **trial) == (400, "RESOURCE_ALREADY_EXISTS")


def test_a_sweep_s_id_leaves_room_for_those_of_its_trials(server: Client) -> None:
    assert server.fails("POST", SWEEPS, **{**ASKED, "run_id": "x" * 254}) == (400, "INVALID_PARAMETER_VALUE")


def test_a_space_without_sense_holds_up_no_other_sweep(server: Client) -> None:
    wide = {"x": {"kind": "quniform", "min": 0, "max": 1e300, "q": 1e-300}}
    for space in (wide, ASKED["space"]):
        run = server.ok("POST", SWEEPS, **{**ASKED, "space": space})["job"]["run_id"]
        wait_for(partial(has_two_trials, server, run))


def has_two_trials(server: Client, run: str) -> bool:
    return len(trials(server, run)) == 2


def test_a_job_writes_no_log_of_another_s(server: Client) -> None:
    """What it wrote ahead of the other's runner would stand there in place of the other's lines."""
    experiment = server.experiment()
    mine, theirs = (submit(server, experiment_name=None, experiment_id=experiment) for _ in range(2))
    job = server.also(token=mine["token"])
    for made, status in ((mine, 200), (theirs, 403)):
        path = f"/api/v1/runs/{made['job']['run_id']}/log-appends?name=logs/a.txt&offset=0"
        assert job.send("POST", path, b"x").status == status

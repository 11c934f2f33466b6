"""/api/v1/jobs: submitting, seeing, canceling and submitting again, by people with and without the rights to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.event_reader import follow
from tests.api.live_server import Client, live_server
from tests.api.people import People

JOBS = "/api/v1/jobs"
HERE = "/subscriptions/default/resourceGroups/default/workspaces/default"
SCRIPT = {"script": "train.py", "arguments": ["--lr", "0.1"]}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[Client]:
    with live_server(directory) as client:
        client.ok("POST", "/api/v1/computes", name="stopped", kind="local")
        client.ok("POST", "/api/v1/computes/stopped/stop")
        yield client


def somebody(server: Client, directory: Path, *roles: tuple[str, str]) -> Client:
    return server.also(token=People(directory).with_roles(*roles))


def submit(client: Client, target: str = "local", **fields: Any) -> dict[str, Any]:
    """The answer to a submission."""
    asked = {"target": target, "definition": SCRIPT, "experiment_name": "jobs", **fields}
    return dict(client.ok("POST", JOBS, **asked))


def job_of(client: Client, run_id: str) -> dict[str, Any]:
    return dict(client.ok("GET", f"{JOBS}/{run_id}"))


def status(client: Client, run_id: str) -> str:
    return str(client.ok("GET", "runs/get", run_id=run_id)["run"]["info"]["status"])


def tags(run: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["value"] for one in run["data"]["tags"]}


def test_a_submitted_run_has_a_job(server: Client) -> None:
    name = server.name("a b/")
    made = submit(
        server, experiment_name=name, run_name="nice", tags={"t": "1"}, properties={"azureml.git": "x"}
    )
    job, run = made["job"], made["run"]
    assert job == job_of(server, job["run_id"])
    assert (job["state"], job["status"], job["run_name"]) == ("Queued", "SCHEDULED", "nice")
    assert job["definition"] == SCRIPT
    assert run["info"]["status"] == "SCHEDULED" and run["info"]["run_id"] == job["run_id"]
    assert job["run_id"].startswith("a-b-")
    assert tags(run) == {
        "mlflow.runName": "nice",
        "mlflow.source.name": "train.py",
        "mlflow.source.type": "JOB",
        "mlflow.user": "local",
        "runyard.runType": "azureml.scriptrun",
        "runyard.target": "local",
        "t": "1",
    }
    assert server.ok("GET", f"/api/v1/runs/{job['run_id']}/properties")["properties"] == {"azureml.git": "x"}
    found = server.ok("GET", "experiments/get-by-name", experiment_name=name)["experiment"]
    assert found["experiment_id"] == job["experiment_id"]


def test_who_submits_may_name_the_source(server: Client) -> None:
    run = submit(server, tags={"mlflow.source.name": "https://code.example.org/project"})["run"]
    assert tags(run)["mlflow.source.name"] == "https://code.example.org/project"


def test_only_what_its_submitter_runs_comes_with_a_token(server: Client) -> None:
    assert submit(server)["token"].startswith("ry_")
    assert "token" not in submit(server, "stopped")


def test_the_same_submission_again_is_the_same_job(server: Client) -> None:
    run_id = server.name("once")
    first = submit(server, run_id=run_id)
    assert submit(server, run_id=run_id) == first
    assert server.fails(
        "POST", JOBS, target="local", definition=SCRIPT, experiment_name="jobs", run_id=run_id, priority=1
    ) == (
        400,
        "RESOURCE_ALREADY_EXISTS",
    )
    server.also(token=first["token"]).ok("POST", f"{JOBS}/{run_id}/begin", attempt="a")
    assert "token" not in submit(server, run_id=run_id)


def test_another_person_is_not_handed_the_token(server: Client, directory: Path) -> None:
    run_id = server.name("mine")
    submit(server, run_id=run_id)
    other = somebody(server, directory, ("Owner", "/"))
    asked = {"target": "local", "definition": SCRIPT, "experiment_name": "jobs", "run_id": run_id}
    assert other.fails("POST", JOBS, **asked) == (400, "RESOURCE_ALREADY_EXISTS")


def test_a_dry_run_makes_nothing(server: Client) -> None:
    name = server.name("never")
    for target in ("local", "stopped"):
        told = submit(server, target, experiment_name=name, dry_run=True)
        assert set(told) == {"request"} and told["request"]
    assert server.fails("GET", "experiments/get-by-name", experiment_name=name)[0] == 404
    assert "ry_" not in told["request"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"script": ""},
        {"command": ["x"]},
        {"script": "../train.py"},
        {"script": "/etc/passwd"},
        {"script": "a\0b"},
        {"arguments": ["x\0"]},
        {"arguments": ["x" * 32_001]},
        {"arguments": ["x"] * 5_001},
        {"arguments": "not a list"},
        {"node_count": 0},
        {"node_count": 100_000},
        {"process_count": 0},
        {"max_seconds": 0},
        {"max_seconds": 10**9},
        {"communicator": "Pigeon"},
        {"resources": {"gpus": -1}},
        {"resources": {"memory_mb": 2**40}},
        {"environment_variables": {"1x": "y"}},
        {"environment_variables": {"X": "y\0"}},
        {"environment_variables": {"X=Y": "z"}},
        {"outputs": ["../up"]},
        {"outputs": ["a"] * 51},
        {"watch": ["\\\\host\\share"]},
        {"environment": {"x": "y" * 300_000}},
        {"environment": []},
    ],
)
def test_definitions_that_make_no_sense_are_refused(server: Client, wrong: dict[str, Any]) -> None:
    asked = {"target": "local", "experiment_name": "jobs", "definition": {**SCRIPT, **wrong}}
    assert server.fails("POST", JOBS, **asked) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ({"target": ""}, 400),
        ({"target": "nowhere"}, 404),
        ({"target": "x" * 600}, 400),
        ({"kind": "sweep"}, 400),
        ({"kind": "walk"}, 400),
        ({"experiment_name": None}, 400),
        ({"experiment_name": " "}, 400),
        ({"experiment_id": "987654321", "experiment_name": None}, 404),
        ({"experiment_id": "x", "experiment_name": None}, 400),
        ({"run_id": "a/b"}, 400),
        ({"run_id": ""}, 400),
        ({"run_id": "x" * 300}, 400),
        ({"run_name": "a\0"}, 400),
        ({"snapshot_id": "../x"}, 400),
        ({"snapshot_id": "0" * 64}, 400),
        ({"priority": 101}, 400),
        ({"priority": "high"}, 400),
        ({"parent_run_id": "0" * 32}, 404),
        ({"tags": {"": "x"}}, 400),
        ({"tags": {"x": "y" * 9_000}}, 400),
        ({"tags": {str(n): "" for n in range(101)}}, 400),
        ({"properties": {"x": "y\0"}}, 400),
        ({"definition": None}, 400),
    ],
)
def test_submissions_that_make_no_sense_are_refused(
    server: Client, wrong: dict[str, Any], answer: int
) -> None:
    asked = {"target": "local", "experiment_name": "jobs", "definition": SCRIPT, **wrong}
    before = len(server.ok("GET", JOBS, max_results=1_000)["items"])
    assert server.fails("POST", JOBS, **asked)[0] == answer
    assert len(server.ok("GET", JOBS, max_results=1_000)["items"]) == before


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a\nb", "' OR 1=1 --", "😀", "..", "{{7*7}}"])
def test_hostile_names_are_kept_as_text(server: Client, name: str) -> None:
    job = submit(server, run_name=name, tags={"t": name})["job"]
    assert job_of(server, job["run_id"])["run_name"] == name


def test_a_deleted_experiment_takes_no_jobs(server: Client) -> None:
    experiment = server.experiment()
    server.ok("POST", "experiments/delete", experiment_id=experiment)
    asked = {"target": "local", "definition": SCRIPT, "experiment_id": experiment}
    assert server.fails("POST", JOBS, **asked)[0] == 400


def test_jobs_wait_in_the_queue_of_a_target(server: Client) -> None:
    first, second = (submit(server, "stopped")["job"]["run_id"] for _ in range(2))
    places = [job_of(server, one)["queue_position"] for one in (first, second)]
    assert places[1] == places[0] + 1
    raised = server.ok("PATCH", f"{JOBS}/{second}", priority=50)
    assert (raised["priority"], raised["queue_position"]) == (50, 1)
    listed = server.ok("GET", JOBS, target="stopped", active=True)["items"]
    assert [one["run_id"] for one in listed][:2] == [second, first]
    assert listed[0] == job_of(server, second)
    assert server.call("GET", f"{JOBS}/{first}/tail").content == b""
    for one in (first, second):
        canceled = server.ok("POST", f"{JOBS}/{one}/cancel")
        assert (canceled["state"], canceled["error"]["code"]) == ("Canceled", "Canceled")
        assert status(server, one) == "KILLED"
    assert server.fails("PATCH", f"{JOBS}/{first}", priority=1) == (400, "INVALID_STATE")
    assert server.fails("PATCH", f"{JOBS}/{first}", priority=1_000)[0] == 400


def test_mlflow_cancels_and_does_nothing_else(server: Client) -> None:
    run_id = submit(server, "stopped")["job"]["run_id"]
    server.ok("POST", "runs/update", run_id=run_id, status="FINISHED", end_time=5, run_name="renamed")
    job = job_of(server, run_id)
    assert (job["state"], job["run_name"], status(server, run_id)) == ("NotStarted", "renamed", "SCHEDULED")
    server.ok("POST", "runs/update", run_id=run_id, status="KILLED")
    assert job_of(server, run_id)["state"] == "Canceled"


def test_lists_are_filtered_and_come_in_pages(server: Client, directory: Path) -> None:
    experiment = server.experiment()
    made = [
        submit(server, "stopped", experiment_id=experiment, experiment_name=None)["job"]["run_id"]
        for _ in range(5)
    ]
    server.ok("POST", f"{JOBS}/{made[0]}/cancel")
    found: list[str] = []
    query: dict[str, Any] = {"experiment_id": experiment, "max_results": 2}
    while True:
        page = server.ok("GET", JOBS, **query)
        found += [one["run_id"] for one in page["items"]]
        if not page["next_page_token"]:
            break
        query["page_token"] = page["next_page_token"]
    assert found == made[::-1]

    def count(**more: Any) -> int:
        return len(server.ok("GET", JOBS, experiment_id=experiment, **more)["items"])

    assert (count(active=True), count(state="Canceled"), count(state=["NotStarted", "canceled"])) == (4, 1, 5)
    assert (count(target="stopped"), count(target="other"), count(submitted_by="local")) == (5, 0, 5)
    assert count(parent_run_id=made[0]) == 0
    for wrong in ({"state": "Bored"}, {"max_results": 0}, {"max_results": 1_001}, {"page_token": "x"}):
        assert server.fails("GET", JOBS, **wrong)[0] == 400
    assert server.fails("GET", JOBS, target="stopped", page_token=query["page_token"])[0] == 400


def test_a_job_is_submitted_again(server: Client) -> None:
    old = submit(server, "stopped", tags={"mine": "1"}, properties={"p": "q"}, priority=7)["job"]
    new = server.ok("POST", f"{JOBS}/{old['run_id']}/resubmit", run_name="again", arguments=["--lr", "1"])
    assert new["job"]["run_id"] != old["run_id"]
    assert (new["job"]["target"], new["job"]["priority"], new["job"]["run_name"]) == ("stopped", 7, "again")
    assert new["job"]["definition"]["arguments"] == ["--lr", "1"]
    assert tags(new["run"])["mine"] == "1"
    properties = server.ok("GET", f"/api/v1/runs/{new['job']['run_id']}/properties")["properties"]
    assert properties == {"p": "q"}
    assert server.ok("POST", f"{JOBS}/{old['run_id']}/resubmit", target="local")["token"]
    assert server.fails("POST", f"{JOBS}/{old['run_id']}/resubmit", target="nowhere")[0] == 404
    assert server.fails("POST", f"{JOBS}/nothing/resubmit")[0] == 404


def test_a_run_that_nobody_submitted_has_no_job(server: Client) -> None:
    run_id = server.run()
    for method, rest in (
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/cancel"),
        ("POST", "/resubmit"),
        ("GET", "/tail"),
    ):
        fields = {"priority": 1} if method == "PATCH" else {}
        assert server.fails(method, f"{JOBS}/{run_id}{rest}", **fields) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_whoever_looks_is_told_of_every_state(server: Client) -> None:
    experiment = server.experiment()
    with follow(server, f"?experiment_id={experiment}") as stream:
        run_id = submit(server, "stopped", experiment_id=experiment, experiment_name=None)["job"]["run_id"]
        stream.kinds_of(run_id, {"created"})
        server.ok("PATCH", f"{JOBS}/{run_id}", priority=1)
        assert "info" in stream.kinds_of(run_id, {"info"})
        server.ok("POST", f"{JOBS}/{run_id}/cancel")
        assert "info" in stream.kinds_of(run_id, {"info"})


def test_a_deleted_run_cancels_its_job(server: Client) -> None:
    run_id = submit(server, "stopped")["job"]["run_id"]
    server.ok("POST", "runs/delete", run_id=run_id)
    assert job_of(server, run_id)["state"] == "Canceled"


def test_a_reader_sees_jobs_and_changes_none(server: Client, directory: Path) -> None:
    run_id = submit(server, "stopped")["job"]["run_id"]
    reader = somebody(server, directory, ("Reader", HERE))
    assert job_of(reader, run_id)["run_id"] == run_id
    assert reader.ok("GET", JOBS)["items"]
    asked = {"target": "stopped", "definition": SCRIPT, "experiment_name": "jobs"}
    for method, path, fields in (
        ("POST", JOBS, asked),
        ("POST", JOBS, {**asked, "dry_run": True}),
        ("POST", JOBS, {**asked, "experiment_name": "another one"}),
        ("POST", f"{JOBS}/{run_id}/cancel", {}),
        ("POST", f"{JOBS}/{run_id}/resubmit", {}),
        ("PATCH", f"{JOBS}/{run_id}", {"priority": 1}),
    ):
        assert reader.fails(method, path, **fields) == (403, "PERMISSION_DENIED"), path
    assert job_of(server, run_id)["state"] == "NotStarted"


def test_who_manages_no_targets_goes_before_nobody(server: Client, directory: Path) -> None:
    theirs = submit(server, "stopped")["job"]["run_id"]
    person = somebody(server, directory, ("Data Scientist", HERE))
    asked = {"target": "stopped", "definition": SCRIPT, "experiment_name": "jobs"}
    assert person.fails("POST", JOBS, **asked, priority=1) == (403, "PERMISSION_DENIED")
    own = person.ok("POST", JOBS, **asked, priority=-5)["job"]["run_id"]
    assert person.ok("PATCH", f"{JOBS}/{own}", priority=0)["priority"] == 0
    assert person.fails("PATCH", f"{JOBS}/{own}", priority=1) == (403, "PERMISSION_DENIED")
    assert person.fails("PATCH", f"{JOBS}/{theirs}", priority=-1) == (403, "PERMISSION_DENIED")
    server.ok("PATCH", f"{JOBS}/{own}", priority=9)
    assert person.ok("PATCH", f"{JOBS}/{own}", priority=8)["priority"] == 8
    assert person.ok("POST", f"{JOBS}/{own}/resubmit")["job"]["priority"] == 0
    for run_id in (own, theirs):
        server.ok("POST", f"{JOBS}/{run_id}/cancel")


def test_nobody_without_a_role_is_told_anything(server: Client, directory: Path) -> None:
    run_id = submit(server, "stopped")["job"]["run_id"]
    nobody = somebody(server, directory)
    assert nobody.fails("GET", JOBS)[0] == 404
    assert nobody.fails("GET", f"{JOBS}/{run_id}")[0] == 404
    asked = {"target": "stopped", "definition": SCRIPT, "experiment_name": "jobs"}
    assert nobody.fails("POST", JOBS, **asked)[0] == 404


def test_a_role_in_one_experiment_is_enough_to_submit_there(server: Client, directory: Path) -> None:
    mine, theirs = server.experiment(), server.experiment()
    hidden = submit(server, "stopped", experiment_id=theirs, experiment_name=None)["job"]["run_id"]
    person = somebody(server, directory, ("Data Scientist", f"{HERE}/experiments/{mine}"))
    asked: dict[str, Any] = {"experiment_name": None, "run_id": server.name("own")}
    made = submit(person, experiment_id=mine, **asked)
    assert [one["run_id"] for one in person.ok("GET", JOBS)["items"]] == [made["job"]["run_id"]]
    for method, rest in (("GET", ""), ("POST", "/cancel"), ("GET", "/tail"), ("POST", "/resubmit")):
        assert person.fails(method, f"{JOBS}/{hidden}{rest}")[0] == 404
    body = {"target": "local", "definition": SCRIPT}
    assert person.fails("POST", JOBS, **body, experiment_id=theirs)[0] == 404
    assert person.fails("POST", JOBS, **body, experiment_id=mine, parent_run_id=hidden)[0] == 404
    assert person.fails("POST", JOBS, **body, experiment_name=server.name("new"))[0] == 403
    assert person.fails("POST", f"{JOBS}/{made['job']['run_id']}/resubmit", experiment_id=theirs)[0] == 404
    runner = person.also(token=made["token"])
    runner.ok("POST", f"{JOBS}/{made['job']['run_id']}/begin", attempt="a")
    runner.ok("POST", "runs/log-metric", run_id=made["job"]["run_id"], key="m", value=1, timestamp=1)


def test_a_submission_is_in_the_audit_log_and_beats_are_not(server: Client) -> None:
    made = submit(server)
    runner = server.also(token=made["token"])
    one = f"{JOBS}/{made['job']['run_id']}"
    runner.ok("POST", f"{one}/begin", attempt="a")
    runner.ok("POST", f"{one}/beat", attempt="a", state="Running")
    server.ok("POST", f"{one}/cancel")
    actions = [line["action"] for line in server.ok("GET", "/api/v1/audit", max_results=5)["items"]]
    assert actions[:2] == ["jobs/write", "jobs/write"]

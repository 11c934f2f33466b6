"""/api/v1/jobs/…/claim, begin, beat, end: what a runner does with the job's token, and what that token does not open."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runyard.server.settings import Settings, secret_key
from runyard.server.storage import DATABASE_FILE
from runyard.services.jobs_keys import CODE_PURPOSE
from runyard.services.vault import Vault
from tests.api.live_server import Client, live_server
from tests.api.people import People
from tests.api.test_jobs import HERE, JOBS, SCRIPT, job_of, status, submit

SERVER = "https://runyard.example/path"
BOOM = {"code": "UserError", "message": "boom", "exit_code": 3}
LOG = "user_logs/std_log.txt"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runners")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[Client]:
    with live_server(directory) as client:
        client.ok("POST", "/api/v1/computes", name="stopped", kind="local")
        client.ok("POST", "/api/v1/computes/stopped/stop")
        yield client


class Runner:
    """A runner of a job of its own."""

    def __init__(self, server: Client, **fields: Any) -> None:
        made = submit(server, **fields)
        self.server = server
        self.run_id = made["job"]["run_id"]
        self.experiment = made["job"]["experiment_id"]
        self.token = made["token"]
        self.client = server.also(token=self.token)

    def ok(self, verb: str, **fields: Any) -> Any:
        return self.client.ok("POST", f"{JOBS}/{self.run_id}/{verb}", **{"attempt": "a", **fields})

    def fails(self, verb: str, **fields: Any) -> tuple[int, str]:
        return self.client.fails("POST", f"{JOBS}/{self.run_id}/{verb}", **{"attempt": "a", **fields})

    def begun(self) -> Runner:
        self.ok("begin")
        self.ok("beat", state="Running")
        return self

    @property
    def job(self) -> dict[str, Any]:
        return job_of(self.server, self.run_id)


def execute(directory: Path, sql: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(directory / DATABASE_FILE, timeout=20)) as connection, connection:
        return connection.execute(sql, values).fetchall()


def forget_admissions(server: Client) -> None:
    """What the server remembers of tokens is read again."""
    made = server.ok("POST", "/api/v1/tokens", name="x")
    server.ok("DELETE", f"/api/v1/tokens/{made['token_id']}")


def test_begin_tells_all_that_a_runner_needs(server: Client) -> None:
    name = server.name("Tom's tests")
    runner = Runner(server, experiment_name=name, run_name="nice")
    told = runner.ok(
        "begin", server=f"{SERVER}/", host="node-1", pid=7, platform="linux-x86_64", python="3.11.2"
    )
    assert (told["definition"], told["kind"], told["run_name"]) == (SCRIPT, "script", "nice")
    assert (told["experiment_id"], told["experiment_name"]) == (runner.experiment, name)
    assert (told["interval_s"], told["max_seconds"]) == (2.0, 30 * 86_400)
    assert told["workspace"]["name"] == "default" and len(told["workspace"]["guid"]) == 36
    env = told["env"]
    assert env["MLFLOW_TRACKING_URI"] == f"{SERVER}/workspaces/default"
    assert env["MLFLOW_RUN_ID"] == env["AZUREML_RUN_ID"] == env["RUNYARD_RUN_ID"] == runner.run_id
    assert env["MLFLOW_EXPERIMENT_ID"] == runner.experiment and "MLFLOW_EXPERIMENT_NAME" not in env
    assert env["AZUREML_ARM_PROJECT_NAME"] == name
    assert env["AZUREML_EXPERIMENT_SCOPE"].endswith(f"/workspaces/default/experiments/{name}")
    assert not any("ry_" in value for value in env.values())
    assert (runner.job["state"], runner.job["host"]) == ("Preparing", "node-1")


def test_a_job_runs_and_fails(server: Client) -> None:
    runner = Runner(server).begun()
    assert (runner.job["state"], status(server, runner.run_id)) == ("Running", "RUNNING")
    append = f"/api/v1/runs/{runner.run_id}/log-appends?name={LOG}&offset=0"
    assert runner.client.send("POST", append, b"line\n").status == 200
    assert runner.ok("beat", state="Finalizing") == {"cancel": False, "interval_s": 2.0}
    assert runner.ok("end", state="Failed", error=BOOM) == {}
    job = runner.job
    assert (job["state"], job["error"], status(server, runner.run_id)) == ("Failed", BOOM, "FAILED")
    assert job["created_ms"] <= job["started_ms"] <= job["ended_ms"]
    (record,) = server.ok("GET", f"/api/v1/runs/{runner.run_id}/records", kind="error")["items"]
    assert record["body"] == {"code": "UserError", "message": "boom"}
    (log,) = server.ok("GET", f"/api/v1/runs/{runner.run_id}/logs")["items"]
    assert (log["name"], log["sealed"]) == (LOG, True)


def test_a_job_completes_and_its_token_ends(server: Client) -> None:
    runner = Runner(server).begun()
    runner.ok("end", state="Completed", error=BOOM)
    assert (runner.job["state"], runner.job["error"], status(server, runner.run_id)) == (
        "Completed",
        None,
        "FINISHED",
    )
    assert runner.fails("beat", state="Running") == (401, "UNAUTHENTICATED")
    assert runner.client.fails("GET", "runs/get", run_id=runner.run_id)[0] == 401


def test_a_failure_without_a_reason_has_one(server: Client) -> None:
    runner = Runner(server).begun()
    runner.ok("end", state="Failed")
    assert runner.job["error"]["code"] == "UserError"


def test_the_script_does_not_end_its_run_by_mlflow(server: Client) -> None:
    runner = Runner(server).begun()
    for path in ("runs/update",):
        runner.client.ok("POST", path, run_id=runner.run_id, status="FINISHED", end_time=1)
    assert status(server, runner.run_id) == "RUNNING"
    assert runner.ok("beat", state="Running")["cancel"] is False
    runner.client.ok("POST", "runs/update", run_id=runner.run_id, status="KILLED")
    assert runner.ok("beat", state="Running")["cancel"] is True
    assert runner.job["state"] == "CancelRequested"
    runner.ok("end", state="Canceled")
    assert (runner.job["state"], status(server, runner.run_id)) == ("Canceled", "KILLED")


def test_a_second_attempt_leaves_while_the_first_is_alive(server: Client, directory: Path) -> None:
    runner = Runner(server).begun()
    assert runner.fails("begin", attempt="b") == (400, "RESOURCE_ALREADY_EXISTS")
    runner.ok("begin")  # whose answer was lost
    assert runner.job["state"] == "Running"
    execute(directory, "UPDATE jobs SET beat_ms = beat_ms - 61000 WHERE uuid = ?", runner.run_id)
    runner.ok("begin", attempt="b")
    assert runner.job["state"] == "Preparing"
    assert runner.ok("beat", state="Running")["cancel"] is True  # the first one, back from the dead
    runner.ok("end", state="Failed", error=BOOM)
    assert runner.job["state"] == "Preparing"


def test_a_canceled_job_is_not_begun(server: Client) -> None:
    runner = Runner(server)
    other = Runner(server)
    other.begun()
    server.ok("POST", f"{JOBS}/{other.run_id}/cancel")
    assert other.ok("begin") == {"interval_s": 2.0, "cancel": True}
    server.ok("POST", f"{JOBS}/{runner.run_id}/cancel")
    assert runner.fails("begin")[0] == 401


def test_other_ranks_are_told_the_same_and_change_nothing(server: Client) -> None:
    runner = Runner(server)
    told = runner.ok("begin", attempt="r1", rank=1)
    assert told["definition"] == SCRIPT and runner.job["state"] == "Queued"
    runner.ok("begin")
    assert runner.ok("beat", attempt="r1", rank=1, state="Running")["cancel"] is False
    runner.ok("end", attempt="r1", rank=1, state="Completed")
    assert runner.job["state"] == "Preparing" and runner.ok("beat", state="Running")["cancel"] is False


def test_a_rank_that_fails_fails_the_job(server: Client) -> None:
    runner = Runner(server).begun()
    runner.ok("begin", attempt="r1", rank=1)
    runner.ok("end", attempt="r1", rank=1, state="Failed", error=BOOM)
    assert runner.job["state"] == "Running"
    assert runner.ok("begin", attempt="r2", rank=2)["cancel"] is True
    assert runner.ok("beat", state="Running")["cancel"] is True
    runner.ok("end", state="Canceled")
    assert (runner.job["state"], runner.job["error"]) == ("Failed", BOOM)


@pytest.mark.parametrize(
    ("verb", "wrong"),
    [
        ("begin", {"attempt": ""}),
        ("begin", {"attempt": "a/b"}),
        ("begin", {"attempt": "x" * 65}),
        ("begin", {"rank": -1}),
        ("begin", {"rank": 10**9}),
        ("begin", {"host": "x" * 300}),
        ("begin", {"host": "a\0"}),
        ("begin", {"server": "ftp://x"}),
        ("begin", {"server": "http://x y"}),
        ("begin", {"server": "http://user:password@x"}),
        ("begin", {"server": "javascript:alert(1)"}),
        ("begin", {"server": "http://" + "x" * 3_000}),
        ("beat", {"state": "Completed"}),
        ("beat", {"state": ""}),
        ("beat", {"state": "Running", "attempt": "é"}),
        ("end", {"state": "Running"}),
        ("end", {"state": "Failed", "error": {"code": "no words", "message": "x"}}),
        ("end", {"state": "Failed", "error": {"code": "X", "message": "x", "exit_code": 2**40}}),
        ("end", {"state": "Failed", "error": {"code": "X"}}),
    ],
)
def test_what_makes_no_sense_is_refused(server: Client, verb: str, wrong: dict[str, Any]) -> None:
    runner = Runner(server)
    assert runner.fails(verb, **wrong) == (400, "INVALID_PARAMETER_VALUE")
    assert runner.job["state"] == "Queued"


def test_a_long_message_loses_its_middle(server: Client) -> None:
    runner = Runner(server).begun()
    runner.ok("end", state="Failed", error={"code": "UserError", "message": "head" + "x\0" * 20_000 + "tail"})
    message = runner.job["error"]["message"]
    assert message.startswith("head") and message.endswith("tail") and len(message) <= 10_000


def test_only_a_jobs_token_tells_of_a_job(server: Client, directory: Path) -> None:
    runner = Runner(server)
    owner = server.also(token=People(directory).with_roles(("Owner", "/")))
    for verb, fields in (("begin", {}), ("beat", {"state": "Running"}), ("end", {"state": "Failed"})):
        for client in (server, owner):
            path = f"{JOBS}/{runner.run_id}/{verb}"
            assert client.fails("POST", path, attempt="a", **fields) == (403, "PERMISSION_DENIED")
    assert runner.job["state"] == "Queued"


def test_the_token_of_another_job_is_no_use(server: Client) -> None:
    mine, other = Runner(server), Runner(server)
    for verb, fields in (("begin", {}), ("beat", {"state": "Running"}), ("end", {"state": "Failed"})):
        path = f"{JOBS}/{other.run_id}/{verb}"
        assert mine.client.fails("POST", path, attempt="a", **fields) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert other.job["state"] == "Queued"


def test_an_expired_token_is_no_use(server: Client, directory: Path) -> None:
    runner = Runner(server).begun()
    execute(directory, "UPDATE access_tokens SET expires_ms = 1 WHERE job = ?", runner.run_id)
    forget_admissions(server)
    assert runner.fails("beat", state="Running") == (401, "UNAUTHENTICATED")


def test_beats_keep_the_token_alive(server: Client, directory: Path) -> None:
    runner = Runner(server).begun()
    expiry = "SELECT expires_ms FROM access_tokens WHERE job = ?"
    now = time.time() * 1000
    ((first,),) = execute(directory, expiry, runner.run_id)
    assert now + 3_500_000 < first < now + 3_700_000  # an hour from its beginning
    runner.ok("beat", state="Running")
    assert execute(directory, expiry, runner.run_id) == [(first,)]  # not written each time
    execute(
        directory, "UPDATE access_tokens SET expires_ms = ? WHERE job = ?", int(now) + 600_000, runner.run_id
    )
    forget_admissions(server)
    runner.ok("beat", state="Running")
    ((last,),) = execute(directory, expiry, runner.run_id)
    assert last > now + 3_500_000


def test_a_disabled_person_s_jobs_are_not_let_in(server: Client, directory: Path) -> None:
    people = People(directory)
    person = people.add(("Data Scientist", HERE))
    runner = Runner(server.also(token=people.token(person)))
    runner.begun()
    execute(directory, "UPDATE principals SET disabled = 1 WHERE id = ?", person)
    forget_admissions(server)
    assert runner.fails("beat", state="Running")[0] == 401


def test_a_job_writes_in_its_experiment_alone(server: Client) -> None:
    runner = Runner(server, experiment_name=server.name("mine")).begun()
    client, other = runner.client, server.run()
    elsewhere = server.ok("GET", "runs/get", run_id=other)["run"]["info"]["experiment_id"]
    client.ok("POST", "runs/log-metric", run_id=runner.run_id, key="m", value=1, timestamp=1)
    client.ok("POST", "runs/log-batch", run_id=runner.run_id, params=[{"key": "p", "value": "1"}])
    child = client.ok("POST", "runs/create", experiment_id=runner.experiment)["run"]["info"]["run_id"]
    client.ok("POST", "runs/log-metric", run_id=child, key="m", value=1, timestamp=1)
    files = "/api/2.0/mlflow-artifacts/artifacts"
    own = f"{files}/{runner.experiment}/{runner.run_id}/artifacts/outputs/model.bin"
    assert client.send("PUT", own, b"x").status == 200
    assert client.ok("GET", "runs/get", run_id=other)
    refused = [
        client.call("POST", "runs/log-metric", {"run_id": other, "key": "m", "value": 1, "timestamp": 1}),
        client.call("POST", "runs/create", {"experiment_id": elsewhere}),
        client.call("POST", "runs/set-tag", {"run_id": other, "key": "k", "value": "v"}),
        client.call("POST", "runs/update", {"run_id": other, "status": "KILLED"}),
        client.send("PUT", f"{files}/{elsewhere}/{other}/artifacts/x", b"x"),
        client.send("DELETE", f"{files}/{elsewhere}/{other}/artifacts/x"),
        client.send("POST", f"/api/v1/runs/{other}/log-appends?name={LOG}", b"x"),
    ]
    assert {answer.status for answer in refused} <= {403, 404}, [answer.content for answer in refused]


def test_what_a_job_logs_again_and_again_is_checked_each_time(server: Client) -> None:
    runner = Runner(server, experiment_name=server.name("mine")).begun()
    other = server.run()
    elsewhere = server.ok("GET", "runs/get", run_id=other)["run"]["info"]["experiment_id"]
    model = server.ok("POST", "logged-models", experiment_id=elsewhere)["model"]["info"]["model_id"]
    point = {"key": "m", "value": 1, "timestamp": 1}

    def log(path: str = "runs/log-metric", **fields: Any) -> int:
        return runner.client.call("POST", path, {"run_id": runner.run_id, **point, **fields}).status

    for _ in range(4):
        assert log() == 200
        assert log(run_id=other) == 403
        assert log(run_id="0" * 32) == 404
        assert log(run_uuid=other) == 403
        assert log(run_id=other, run_uuid=runner.run_id) == 403
        assert log(model_id=model) == 403
        assert log("runs/log-batch", metrics=[point]) == 200
        assert log("runs/log-batch", metrics=[{**point, "model_id": model}]) == 403
        assert log("runs/log-batch", run_id=other, metrics=[point]) == 403
        assert log("runs/update", run_id=other, status="FAILED") == 403
        assert log("runs/create", experiment_id=elsewhere) == 403
        assert log("runs/set-tag", run_id=other, value="v") == 403
    runner.ok("end", state="Completed")
    assert log() == 401


def test_a_job_deletes_and_manages_nothing(server: Client) -> None:
    runner = Runner(server).begun()
    name = server.name("model")
    runner.client.ok("POST", "registered-models/create", name=name)
    for method, path, fields in (
        ("POST", "runs/delete", {"run_id": runner.run_id}),
        ("POST", "experiments/delete", {"experiment_id": runner.experiment}),
        ("DELETE", "registered-models/delete", {"name": name}),
        ("POST", "/api/v1/computes", {"name": "c", "kind": "local"}),
        ("POST", "/api/v1/secrets", {"name": "s", "value": "v"}),
        ("POST", "/api/v1/datastores", {"name": "d", "kind": "workspace", "config": {}}),
        ("POST", "/api/v1/alerts", {"name": "a", "url": "http://127.0.0.1:1/", "events": ["failed"]}),
        ("DELETE", "/api/v1/workspace", {}),
        ("GET", "/api/v1/audit", {}),
        ("GET", "/api/v1/users", {}),
    ):
        assert runner.client.fails(method, path, **fields)[0] in (403, 404), path


def test_a_job_submits_and_cancels_no_jobs(server: Client) -> None:
    runner, other = Runner(server).begun(), Runner(server)
    body = {"target": "local", "definition": SCRIPT, "experiment_id": runner.experiment}
    refusal = (403, "PERMISSION_DENIED")
    assert runner.client.fails("POST", JOBS, **body) == refusal
    assert runner.client.fails("POST", JOBS, **body, dry_run=True) == refusal
    for one in (runner.run_id, other.run_id):
        assert runner.client.fails("POST", f"{JOBS}/{one}/resubmit") == refusal
        assert runner.client.fails("POST", f"{JOBS}/{one}/cancel") == refusal
        assert runner.client.fails("PATCH", f"{JOBS}/{one}", priority=1) == refusal
    assert runner.client.ok("GET", f"{JOBS}/{runner.run_id}")["state"] == "Running"


def test_a_jobs_token_makes_and_shows_no_tokens(server: Client) -> None:
    runner = Runner(server).begun()
    tokens = "/api/v1/tokens"
    assert runner.client.fails("POST", tokens, name="x", workspace="default") == (403, "PERMISSION_DENIED")
    assert runner.client.fails("GET", tokens) == (403, "PERMISSION_DENIED")
    runner.client.call("POST", "/api/v1/logout")
    forget_admissions(server)
    runner.ok("beat", state="Running")
    plain = server.ok("GET", tokens, max_results=1_000)["items"]
    assert all(one["kind"] != "job" for one in plain)
    every = server.ok("GET", tokens, max_results=1_000, jobs=True)["items"]
    assert f"job {runner.run_id}" in {one["name"] for one in every if one["kind"] == "job"}


def test_a_tracking_token_made_with_it_opens_no_more(server: Client) -> None:
    runner = Runner(server, experiment_name=server.name("own")).begun()
    made = runner.client.ok("POST", "/api/v1/workspace/tracking-token")
    tracker = server.also(token=made["token"])
    tracker.ok("POST", "runs/log-metric", run_id=runner.run_id, key="m", value=1, timestamp=1)
    other = server.run()
    body = {"run_id": other, "key": "m", "value": 1, "timestamp": 1}
    assert tracker.call("POST", "runs/log-metric", body).status in (403, 404)
    assert tracker.fails("POST", JOBS, target="local", definition=SCRIPT, experiment_name="jobs")[0] == 403
    runner.ok("end", state="Completed")
    assert tracker.fails("GET", "runs/get", run_id=runner.run_id)[0] == 401


def test_it_is_good_in_its_workspace_alone(server: Client) -> None:
    name = server.name("w")
    server.ok("POST", "/api/v1/workspaces", name=name)
    runner = Runner(server).begun()
    elsewhere = server.also(base=f"/workspaces/{name}", token=runner.token)
    assert elsewhere.fails("GET", JOBS)[0] == 404
    assert elsewhere.fails("POST", f"{JOBS}/{runner.run_id}/beat", attempt="a", state="Running")[0] == 404
    theirs = server.also(base=f"/workspaces/{name}")
    assert theirs.fails("GET", f"{JOBS}/{runner.run_id}")[0] == 404
    assert theirs.fails("POST", f"{JOBS}/{runner.run_id}/cancel")[0] == 404
    assert runner.ok("beat", state="Running")["cancel"] is False


def test_a_code_is_good_for_the_token_once(server: Client, directory: Path) -> None:
    run_id = submit(server, "stopped")["job"]["run_id"]
    ((sealed,),) = execute(
        directory, "SELECT t.code FROM job_texts t JOIN jobs j ON j.id = t.job_id WHERE j.uuid = ?", run_id
    )
    vault = Vault(secret_key(Settings(data=str(directory))))
    code = vault.open(sealed, CODE_PURPOSE, "1", run_id).decode()
    anonymous = server.also(base="/workspaces/default")
    for wrong in ("", "x", "x" * 5_000, code[:-1], f"{code}\0"):
        assert anonymous.fails("POST", f"{JOBS}/{run_id}/claim", code=wrong)[0] == 404
    other = submit(server, "stopped")["job"]["run_id"]
    assert anonymous.fails("POST", f"{JOBS}/{other}/claim", code=code)[0] == 404
    token = anonymous.ok("POST", f"{JOBS}/{run_id}/claim", code=code)["token"]
    assert anonymous.fails("POST", f"{JOBS}/{run_id}/claim", code=code)[0] == 404
    server.also(token=token).ok("POST", f"{JOBS}/{run_id}/begin", attempt="a")
    assert job_of(server, run_id)["state"] == "Preparing"


def test_no_secret_of_a_job_lies_open(server: Client, directory: Path) -> None:
    runner = Runner(server)
    rows = execute(directory, "SELECT * FROM job_texts") + execute(directory, "SELECT * FROM access_tokens")
    assert runner.token not in repr(rows) and runner.token.encode() not in b"".join(
        value for row in rows for value in row if isinstance(value, bytes)
    )


def test_tokens_of_running_jobs_survive_a_server_that_was_away(tmp_path: Path) -> None:
    with live_server(tmp_path) as client:
        runner = Runner(client).begun()
        ended = Runner(client).begun()
        ended.ok("end", state="Completed")
    execute(tmp_path, "UPDATE access_tokens SET expires_ms = 1")
    with live_server(tmp_path) as client:
        again = client.also(token=runner.token)
        told = again.ok("POST", f"{JOBS}/{runner.run_id}/beat", attempt="a", state="Running")
        assert told["cancel"] is False
        late = client.also(token=ended.token)
        assert late.fails("POST", f"{JOBS}/{ended.run_id}/beat", attempt="a", state="Running")[0] == 401

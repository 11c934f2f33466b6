"""A relay in front of a real server: what is logged is acknowledged by the journal, and arrives once."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runyard.client.journal.folder import journals
from runyard.relay.answers import PLACES
from runyard.relay.running import Running
from tests.journal.trainers import wait_for
from tests.relay.conftest import ServerProcess, relayed

FILE = "/api/2.0/mlflow-artifacts/artifacts"


def test_logs_and_reads_with_the_server_up(server: ServerProcess) -> None:
    with relayed(server) as (relay, client):
        experiment = client.experiment(name="e")
        run = client.run(experiment, run_name="one")
        for step in range(20):
            client.ok(
                "POST", "runs/log-metric", run_id=run, key="loss", value=step / 8, timestamp=step, step=step
            )
        client.ok("POST", "runs/log-parameter", run_id=run, key="lr", value="0.1")
        client.ok("POST", "runs/set-tag", run_id=run, key="a", value="b")
        client.ok("POST", "runs/set-tag", run_id=run, key="gone", value="b")
        client.ok("POST", "runs/delete-tag", run_id=run, key="gone")
        client.ok(
            "POST",
            "runs/log-batch",
            run_id=run,
            metrics=[{"key": "acc", "value": 1.5, "timestamp": 1, "step": 0}],
            params=[{"key": "depth", "value": "3"}],
        )
        found = client.ok("GET", "runs/get", run_id=run)["run"]
        assert {one["key"]: one["value"] for one in found["data"]["params"]} == {"lr": "0.1", "depth": "3"}
        assert len(client.ok("GET", "metrics/get-history", run_id=run, metric_key="loss")["metrics"]) == 20
        assert (
            client.ok("POST", "runs/search", experiment_ids=[experiment])["runs"][0]["info"]["run_id"] == run
        )
        there = server.client().ok("GET", "runs/get", run_id=run)["run"]
        assert there == found
        tags = {one["key"]: one["value"] for one in there["data"]["tags"]}
        assert tags["a"] == "b" and "gone" not in tags
        assert relay.desk.recorder.seq > 20  # logged by way of the journal


def test_refuses_at_once_what_the_server_would(server: ServerProcess) -> None:
    with relayed(server) as (_, client):
        run = client.run("0")
        client.ok("POST", "runs/log-parameter", run_id=run, key="lr", value="1")
        direct = server.client()
        wait = client.ok("GET", "runs/get", run_id=run)
        assert wait["run"]["data"]["params"]
        for path, fields in (
            ("runs/log-parameter", {"run_id": run, "key": "lr", "value": "2"}),
            ("runs/log-metric", {"run_id": run, "key": "bad/../\n", "value": 1, "timestamp": 1}),
            ("runs/log-metric", {"run_id": "0" * 32, "key": "a", "value": 1, "timestamp": 1}),
            ("runs/log-metric", {"key": "a", "value": 1, "timestamp": 1}),
            ("runs/log-batch", {"run_id": run, "metrics": [{"key": "a"}]}),
            ("runs/update", {"run_id": run, "status": "NONSENSE"}),
            ("runs/create", {"experiment_id": "987654321"}),
            ("runs/create", {"experiment_id": "0", "run_id": "mine"}),
        ):
            ours, theirs = client.call("POST", path, fields), direct.call("POST", path, fields)
            assert (ours.status, ours.json()) == (theirs.status, theirs.json()), path
            assert ours.status >= 400


def test_the_server_goes_away_and_comes_back(server: ServerProcess) -> None:
    with relayed(server) as (relay, client):
        early = client.run(client.experiment(name="early"))
        server.down()
        relay.desk.reach.lost()
        experiment = client.ok("POST", "experiments/create", name="late")["experiment_id"]
        assert client.ok("GET", "experiments/get-by-name", experiment_name="late")["experiment"][
            "experiment_id"
        ] == (experiment)
        late = client.run(experiment, run_name="late", start_time=1)
        for run in (early, late):
            for step in range(10):
                client.ok(
                    "POST", "runs/log-metric", run_id=run, key="loss", value=step, timestamp=step, step=step
                )
        root = client.ok("GET", "runs/get", run_id=late)["run"]["info"]["artifact_uri"]
        assert root.startswith("mlflow-artifacts:/")
        place = f"{FILE}/{root.removeprefix('mlflow-artifacts:/')}"
        assert client.send("PUT", f"{place}/logs/a%20b.txt", b"hello").status == 200
        assert client.send("GET", f"{place}/logs/a%20b.txt").content == b"hello"
        listed = client.call("GET", "artifacts/list", {"run_id": late, "path": "logs"}).json()["files"]
        assert listed == [{"path": "logs/a b.txt", "is_dir": False, "file_size": 5}]
        assert len(client.ok("GET", "metrics/get-history", run_id=late, metric_key="loss")["metrics"]) == 10
        client.ok("POST", "runs/update", run_id=late, status="FINISHED", end_time=9)
        assert client.fails("GET", "/api/2.0/mlflow/registered-models/search")[0] == 503

        server.up()
        assert relay.desk.recorder.flush(20).sent
        relay.desk.reach.heard()
        direct = server.client()
        for run in (early, late):
            found = direct.ok("GET", "metrics/get-history", run_id=run, metric_key="loss")["metrics"]
            assert [one["step"] for one in found] == list(range(10))
        there = direct.ok("GET", "runs/get", run_id=late)["run"]["info"]
        assert (there["status"], there["run_name"], there["end_time"]) == ("FINISHED", "late", 9)
        # what was told while the server was away stays good
        assert client.send("GET", f"{place}/logs/a%20b.txt").content == b"hello"
        folder = f"{root.removeprefix('mlflow-artifacts:/')}/logs"
        files = client.call("GET", FILE, {"path": folder}).json()["files"]
        assert [one["path"] for one in files] == ["a b.txt"]
        assert len(client.ok("POST", "runs/search", experiment_ids=[experiment])["runs"]) == 1


def test_searches_find_what_the_relay_knows_while_the_server_is_away(server: ServerProcess) -> None:
    with relayed(server) as (relay, client):
        known = client.experiment(name="known")
        first = client.run(known, start_time=1)
        client.ok("POST", "runs/log-metric", run_id=first, key="loss", value=0.5, timestamp=1, step=0)
        client.ok("GET", "experiments/get", experiment_id=known)
        page = client.ok("POST", "runs/search", experiment_ids=[known])
        server.down()
        relay.desk.reach.lost()
        made = client.ok("POST", "experiments/create", name="away", tags=[{"key": "team", "value": "a"}])
        away = made["experiment_id"]
        runs = [client.run(away, start_time=at) for at in (10, 30, 20)]
        for at, run in enumerate(runs):
            client.ok("POST", "runs/log-metric", run_id=run, key="loss", value=at, timestamp=1, step=0)
        client.ok("POST", "runs/log-parameter", run_id=runs[0], key="lr", value="0.1")

        def found(**fields: Any) -> list[str]:
            answer = client.ok("POST", "runs/search", **{"experiment_ids": [away], **fields})
            return [one["info"]["run_id"] for one in answer["runs"]]

        assert found(experiment_ids=[known]) == [one["info"]["run_id"] for one in page["runs"]] == [first]
        assert found() == [runs[1], runs[2], runs[0]]
        assert found(order_by=["metrics.loss DESC"]) == [runs[2], runs[1], runs[0]]
        assert found(filter="metrics.loss < 1.5 and params.lr LIKE '0%'") == [runs[0]]
        assert found(filter="metrics.loss != 1 and params.lr IS NULL") == [runs[2]]
        assert found(run_view_type="DELETED_ONLY") == []
        two = client.ok("POST", "runs/search", experiment_ids=[away], max_results=2)
        assert found(max_results=2, page_token=two["next_page_token"]) == [runs[0]]
        named = client.ok("POST", "experiments/search", max_results=10, filter="tags.team = 'a'")
        assert [one["name"] for one in named["experiments"]] == ["away"]
        names = client.ok("POST", "experiments/search", max_results=10, order_by=["name"])["experiments"]
        assert [one["name"] for one in names] == ["away", "known"]
        uris = [
            one["info"]["artifact_uri"]
            for one in client.ok("POST", "runs/search", experiment_ids=[away])["runs"]
        ]
        assert all(one.startswith("mlflow-artifacts:/runyard-relay/runs/") for one in uris)
        for fields, status in (
            ({"filter": "metrics.loss.min < 1"}, 503),
            ({"page_token": "AAAA"}, 503),
            ({"page_token": "here-AAAA"}, 400),
            ({"page_token": two["next_page_token"], "filter": "metrics.loss > 0"}, 400),
            ({"filter": "nonsense"}, 400),
            ({"filter": "params.lr > '1'"}, 400),
            ({"order_by": ["metrics.loss", "metrics.loss"]}, 400),
            ({"order_by": "metrics.loss"}, 400),
            ({"max_results": 0}, 400),
            ({"max_results": 50_001}, 400),
            ({"run_view_type": "NONSENSE"}, 400),
            ({"experiment_ids": ["offline-" + "0" * 20]}, 200),
        ):
            answer = client.call("POST", "runs/search", {"experiment_ids": [away], **fields})
            assert answer.status == status, (fields, answer.content)
        assert client.fails("POST", "logged-models/search") == (400, "INVALID_PARAMETER_VALUE")
        assert client.ok("POST", "logged-models/search", experiment_ids=[away]) == {"models": []}

        server.up()
        assert relay.desk.recorder.flush(20).sent
        relay.desk.reach.heard()
        assert found() == [runs[1], runs[2], runs[0]]
        direct = server.client()
        there = direct.ok("GET", "experiments/get-by-name", experiment_name="away")["experiment"]
        assert there["tags"] == [{"key": "team", "value": "a"}]
        assert client.fails(
            "POST", "runs/search", experiment_ids=[away], page_token=two["next_page_token"]
        ) == (
            400,
            "INVALID_PARAMETER_VALUE",
        )


JUNK: list[Any] = [
    {},
    {
        "run_id": 3,
        "experiment_id": {},
        "key": [],
        "value": {},
        "tags": 1,
        "metrics": 1,
        "status": "x",
        "name": 5,
    },
    {"run_id": "r" * 300, "experiment_id": "x", "key": "k" * 300, "value": "v", "timestamp": "t", "name": ""},
    {
        "run_id": "0" * 32,
        "experiment_id": "987654321",
        "key": "a",
        "value": "1",
        "timestamp": 1,
        "name": "\0",
    },
    {"experiment_ids": [{}], "max_results": -1, "order_by": {}, "filter": 3, "page_token": [], "model_id": 1},
    {"experiment_ids": ["x"], "max_results": 1, "filter": "(", "order_by": [1], "datasets": 1, "trace": 1},
    [1],
    "text",
]


@pytest.mark.parametrize("up", [True, False], ids=["up", "away"])
def test_no_request_makes_it_fail(server: ServerProcess, up: bool) -> None:
    """Each route with input that makes no sense: with the server up as the server answers, else never a 500."""
    with relayed(server) as (relay, client):
        direct = server.client()
        if not up:
            server.down()
            relay.desk.reach.lost()
        for method, template in PLACES:
            path = "/api" + template.replace("{id}", "m-1").replace("{key}", "k")
            for junk in JUNK:
                if method == "GET" and not isinstance(junk, dict):
                    continue
                ours = client.call(method, path, junk)
                if not up:
                    assert ours.status in (200, 400, 404, 503), (method, path, junk, ours.content)
                elif ours.status >= 400:
                    theirs = direct.call(method, path, junk)
                    told = (ours.status, ours.json()["error_code"])
                    assert told == (theirs.status, theirs.json()["error_code"]), (method, path, junk)
                else:
                    assert direct.call(method, path, junk).status < 400, (method, path, junk, ours.content)


LOGGING = """
import http.client, json, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
for step in range(3):
    point = {"run_id": sys.argv[2], "key": "loss", "value": 1.0, "timestamp": 1, "step": step}
    connection.request("POST", "/api/2.0/mlflow/runs/log-metric", json.dumps(point), {"Content-Type": "application/json"})
    assert connection.getresponse().read() == b"{}"
print("logged", flush=True)
sys.stdin.read()
"""


def test_a_run_whose_program_was_killed_gives_no_more_signs_of_life(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runyard.relay.holders.QUIET_S", 0.0)
    with relayed(server) as (relay, client):
        run = client.run("0")
        relay.holders._runs.clear()  # this process made it, and lives
        command = [sys.executable, "-c", LOGGING, str(relay.port), run]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None and program.stdout.readline() == "logged\n"
            relay.holders.look(relay.port)
            _under_way(relay, [run])
            program.kill()
        relay.holders.look(relay.port)
        _under_way(relay, [])
        client.ok("POST", "runs/log-metric", run_id=run, key="loss", value=1, timestamp=1, step=9)
        _under_way(relay, [run])


def _under_way(relay: Running, runs: list[str]) -> None:
    """What the sender tells the server."""
    folder = relay.desk.recorder.folder
    assert folder is not None and relay.desk.recorder.flush(20).sent
    wait_for(
        lambda: json.loads((folder / "alive.json").read_bytes())["runs"] == runs, f"{runs} are under way"
    )


def test_uploads_wait_for_nothing_and_arrive_before_the_end(server: ServerProcess) -> None:
    with relayed(server) as (relay, client):
        run = client.run("0")
        root = client.ok("GET", "runs/get", run_id=run)["run"]["info"]["artifact_uri"]
        place = f"{FILE}/{root.removeprefix('mlflow-artifacts:/')}"
        content = bytes(range(256)) * 4096
        assert client.send("PUT", f"{place}/big.bin", content).status == 200
        assert client.fails("PUT", f"{place}/../../x")[0] in (400, 404)
        client.ok("POST", "runs/update", run_id=run, status="FINISHED", end_time=9)
        assert relay.desk.recorder.flush(20).sent
        assert server.client().send("GET", f"{place}/big.bin").content == content
        assert client.send("GET", f"{place}/big.bin").content == content


def test_only_who_has_the_token_may_log(server: ServerProcess) -> None:
    with relayed(server, guarded=True) as (relay, client):
        assert relay.token and len(relay.token) >= 32 and relay.token not in repr(relay)
        assert client.fails("POST", "experiments/create", name="x")[0] == 401
        assert client.also(token="wrong").fails("POST", "experiments/create", name="x")[0] == 401
        assert client.also(token=relay.token).ok("POST", "experiments/create", name="x")
        basic = base64.b64encode(f"anybody:{relay.token}".encode()).decode()
        by_password = client.with_headers({"Authorization": f"Basic {basic}"})
        assert by_password.ok("POST", "experiments/create", name="y")
        for path in ("/health", "/version"):  # what clients ask before they know anybody
            assert client.send("GET", path).content == server.client().send("GET", path).content


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"X-MLFLOW-WORKSPACE": "other"}, 400),
    ],
)
def test_refuses_foreign_pages_and_other_workspaces(
    server: ServerProcess, headers: dict[str, str], status: int
) -> None:
    with relayed(server) as (_, client):
        answer = client.with_headers(headers).call("POST", "experiments/create", {"name": "x"})
        assert answer.status == status, answer.content


@pytest.mark.parametrize(
    "path", ["/api/../workspaces/other/api/2.0/mlflow/x", "/api/%2e%2e/workspaces/other/api/x", "/metrics"]
)
def test_passes_on_nothing_but_the_api(server: ServerProcess, path: str) -> None:
    with relayed(server) as (_, client):
        assert client.fails("GET", path)[0] == 404


def test_a_logged_model_is_made_without_a_server(server: ServerProcess, home: Path) -> None:
    with relayed(server) as (relay, client):
        run = client.run("0", start_time=1)
        server.down()
        relay.desk.reach.lost()
        made = client.ok("POST", "logged-models", experiment_id="0", name="m", source_run_id=run)["model"][
            "info"
        ]
        one = f"logged-models/{made['model_id']}"
        place = f"{FILE}/{made['artifact_uri'].removeprefix('mlflow-artifacts:/')}"
        assert client.send("PUT", f"{place}/MLmodel", b"flavors: {}").status == 200
        client.ok("PATCH", f"{one}/tags", tags=[{"key": "a", "value": "b"}])
        ready = client.ok("PATCH", one, model_id=made["model_id"], status="LOGGED_MODEL_READY")
        assert ready["model"]["info"]["status"] in ("LOGGED_MODEL_READY", "READY", 2)
        server.up()
        assert relay.desk.recorder.flush(20).sent
        found = server.client().ok("GET", one)["model"]["info"]
        assert found["tags"] == [{"key": "a", "value": "b"}]
        relay.desk.reach.heard()
        assert client.send("GET", f"{place}/MLmodel").content == b"flavors: {}"
        client.ok("DELETE", one)
        assert client.fails("GET", one)[0] == 404
    assert all(folder.path.is_dir() for folder in journals(home))


def test_unfinished_uploads_of_killed_relays_are_removed_after_a_day(
    server: ServerProcess, home: Path
) -> None:
    home.mkdir()
    old, new = home / ".upload-old", home / ".upload-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    with relayed(server) as (_, client):
        assert not old.exists() and new.exists()
        client.send("PUT", f"{FILE}/a/b.txt", b"whole")
        assert [path.name for path in home.glob(".upload-*")] == [new.name]

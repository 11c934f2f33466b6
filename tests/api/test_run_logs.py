"""/api/v1/runs/{run_id}/logs: live text, what becomes of it when the job ends, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from runyard.entities.run_log import APPEND_BYTES, HEAD_BYTES, MIB, TAIL_BYTES
from runyard.server.composition import sources
from runyard.services.run_logs import LOGS_LIMIT
from tests.api.event_reader import follow
from tests.api.live_server import UNKNOWN_RUN, Answer, Client, live_server
from tests.api.people import People

LOG = "user_logs/std_log.txt"
HERE = "/subscriptions/default/resourceGroups/default/workspaces/default"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[Client]:
    """Logs of runs that have ended are sealed at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "SEAL_EVERY_S", 0.2)
        patch.setattr(sources, "SEAL_SILENT_MS", 0)
        with live_server(directory) as client:
            yield client


def append(
    client: Client, run: str, body: bytes, offset: object = 0, name: str = LOG, headers: Any = None
) -> Answer:
    query = urlencode({"name": name, "offset": offset})
    return client.send("POST", f"/api/v1/runs/{quote(run)}/log-appends?{query}", body, headers)


def read(client: Client, run: str, name: str = LOG, **query: object) -> Answer:
    return client.send("GET", f"/api/v1/runs/{run}/logs/content?{urlencode({'name': name, **query})}")


def listed(client: Client, run: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in client.ok("GET", f"/api/v1/runs/{run}/logs")["items"]}


def end(client: Client, run: str, name: str = LOG) -> str:
    """End a run and wait until its log is an artifact; its path in the datastore."""
    client.ok("POST", "runs/update", run_id=run, status="FINISHED", end_time=5)
    info = client.ok("GET", "runs/get", run_id=run)["run"]["info"]
    path = f"{info['artifact_uri'].removeprefix('mlflow-artifacts:/')}/{name}"
    until = time.monotonic() + 20
    while client.send("GET", f"/api/2.0/mlflow-artifacts/artifacts/{path}").status != 200:
        assert time.monotonic() < until, "the log was not sealed"
        time.sleep(0.05)
    return path


def test_text_is_read_while_it_comes(server: Client) -> None:
    run = server.run()
    assert append(server, run, b"one\n").json() == {"size": 4}
    assert append(server, run, "zwei ü\n".encode(), 4).json() == {"size": 12}
    answer = read(server, run)
    assert answer.content == "one\nzwei ü\n".encode()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    told = [answer.headers[f"x-log-{name}"] for name in ("size", "sealed", "offset", "next")]
    assert told == ["12", "false", "0", "12"]
    assert read(server, run, offset=4, limit=4).content == b"zwei"
    assert read(server, run, offset=-3).headers["x-log-offset"] == "9"
    assert listed(server, run)[LOG] | {"updated_ms": 0} == {
        "name": LOG,
        "size": 12,
        "sealed": False,
        "updated_ms": 0,
    }


def test_the_same_again_changes_nothing_and_a_gap_is_told(server: Client) -> None:
    run = server.run()
    for body, offset, size in ((b"abc", 0, 3), (b"abc", 0, 3), (b"cd", 2, 4), (b"", 0, 4)):
        assert append(server, run, body, offset).json() == {"size": size}
    answer = append(server, run, b"x", 9)
    assert (answer.status, answer.json()["error_code"], answer.json()["size"]) == (409, "LOG_GAP", 4)
    assert read(server, run).content == b"abcd"


def test_an_append_is_told_as_it_happens(server: Client) -> None:
    run = server.run()
    with follow(server) as stream:
        append(server, run, b"x")
        stream.kinds_of(run, {"logs"})


def test_a_log_becomes_an_artifact_when_the_run_has_ended(server: Client) -> None:
    run = server.run()
    append(server, run, b"all of it\n")
    append(server, run, b"more", 0, "logs/a/b.txt")
    path = end(server, run)
    assert server.send("GET", f"/api/2.0/mlflow-artifacts/artifacts/{path}").content == b"all of it\n"
    answer = read(server, run, offset=4)
    assert (answer.content, answer.headers["x-log-sealed"], answer.headers["x-log-size"]) == (
        b"of it\n",
        "true",
        "10",
    )
    assert append(server, run, b"y", 10).json()["error_code"] == "INVALID_STATE"
    found = listed(server, run)
    assert {name: one["sealed"] for name, one in found.items()} == {LOG: True, "logs/a/b.txt": True}
    assert read(server, run, offset=99).content == b""


def test_a_long_log_keeps_its_beginning_and_its_end(server: Client) -> None:
    run, piece = server.run(), b"x" * APPEND_BYTES
    count = (HEAD_BYTES + TAIL_BYTES) // MIB + 3
    for number in range(count):
        assert append(server, run, b"%07d" % number + piece[7:], number * MIB).status == 200
    live = read(server, run, offset=33 * MIB)
    assert live.content == b"\n[%d bytes were left out here]\n" % (3 * MIB)
    assert live.headers["x-log-next"] == str(35 * MIB)
    path = end(server, run)
    artifact = server.send("GET", f"/api/2.0/mlflow-artifacts/artifacts/{path}").content
    assert len(artifact) == HEAD_BYTES + len(live.content) + TAIL_BYTES
    assert artifact[HEAD_BYTES:].startswith(live.content + b"0000035")
    for offset, first in ((31 * MIB, b"0000031"), (32 * MIB, b"\n[31457"), (35 * MIB, b"0000035")):
        assert read(server, run, offset=offset, limit=7).content[:7] == first
    last = read(server, run, offset=-7)
    assert (last.content, last.headers["x-log-size"]) == (b"x" * 7, str(count * MIB))


def test_files_among_the_artifacts_are_logs_too(server: Client) -> None:
    run = server.run()
    info = server.ok("GET", "runs/get", run_id=run)["run"]["info"]
    root = info["artifact_uri"].removeprefix("mlflow-artifacts:/")
    for name in ("logs/train.log", "other/x.txt", "azureml-logs/70_driver_log.txt"):
        assert (
            server.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{root}/{name}", b"12345").status == 200
        )
    assert set(listed(server, run)) == {"logs/train.log", "azureml-logs/70_driver_log.txt"}
    answer = read(server, run, "logs/train.log", offset=3)
    assert (answer.content, answer.headers["x-log-sealed"]) == (b"45", "true")
    assert read(server, run, "logs/absent.log").status == 404


def test_a_run_with_artifacts_elsewhere_keeps_its_logs_here(server: Client) -> None:
    run = server.run(server.experiment(artifact_location="s3://elsewhere/x"))
    append(server, run, b"text")
    server.ok("POST", "runs/update", run_id=run, status="FAILED", end_time=5)
    until = time.monotonic() + 20
    while not listed(server, run)[LOG]["sealed"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert read(server, run).content == b"text"


def test_a_run_that_is_purged_takes_its_logs_with_it(server: Client, directory: Path) -> None:
    run = server.run()
    append(server, run, b"text")
    rows = People(directory).count("run_log_chunks", body=b"text")
    server.ok("POST", "runs/delete", run_id=run)
    assert append(server, run, b"more", 4).status == 400
    server.ok("POST", "/api/v1/trash/purge", items=[{"kind": "run", "id": run}])
    until = time.monotonic() + 20
    while People(directory).count("run_log_chunks", body=b"text") == rows:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert read(server, run).status == 404


@pytest.mark.parametrize(
    "name",
    [
        *("", "std_log.txt", "user_logs", "user_logs/", "outputs/model.pkl", "LOGS/x", "../user_logs/x"),
        *("user_logs/../../x", "/user_logs/x", "user_logs//x", "user_logs\\x", "user_logs/a\0b", "C:/logs/x"),
        *(
            "user_logs/%2e%2e/x",
            "logs/..%2f..%2fx",
            "logs/" + "x" * 300,
            "logs/" + "x/" * 200 + "x",
            "logs/./x/..",
        ),
    ],
)
def test_names_that_lead_elsewhere_are_refused(server: Client, name: str) -> None:
    run = server.run()
    for answer in (append(server, run, b"x", 0, name), read(server, run, name)):
        assert (answer.status, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert listed(server, run) == {}


@pytest.mark.parametrize("offset", ["-1", "x", "", "1.5", "9223372036854775807", "9" * 40, "1e3x"])
def test_offsets_that_make_no_sense_are_refused(server: Client, offset: str) -> None:
    assert append(server, server.run(), b"x", offset).status == 400


@pytest.mark.parametrize("limit", [0, -1, MIB + 1, "x", "9" * 40])
def test_limits_that_make_no_sense_are_refused(server: Client, limit: object) -> None:
    run = server.run()
    append(server, run, b"x")
    assert read(server, run, limit=limit).status == 400


def test_an_append_has_a_megabyte_at_most(server: Client) -> None:
    run = server.run()
    assert append(server, run, b"x" * (APPEND_BYTES + 1)).status == 413
    assert append(server, run, b"x", headers={"Content-Encoding": "gzip"}).status == 400
    assert append(server, run, b"x" * APPEND_BYTES).json() == {"size": APPEND_BYTES}


def test_a_run_has_so_many_logs(server: Client) -> None:
    run = server.run()
    for number in range(LOGS_LIMIT):
        assert append(server, run, b"x", 0, f"logs/{number}").status == 200
    answer = append(server, run, b"x", 0, "logs/more")
    assert (answer.status, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_a_run_that_is_not_there_is_not_found(server: Client) -> None:
    for run in (UNKNOWN_RUN, "..", "x' OR 1=1"):
        assert append(server, run, b"x").status == 404
    assert read(server, UNKNOWN_RUN).status == 404
    assert server.fails("GET", f"/api/v1/runs/{UNKNOWN_RUN}/logs")[0] == 404


def test_readers_read_and_do_not_write(server: Client, directory: Path) -> None:
    run = server.run()
    append(server, run, b"x")
    people = People(directory)
    reader = server.also(token=people.with_roles(("Reader", HERE)))
    writer = server.also(token=people.with_roles(("Data Scientist", HERE)))
    nobody = server.also(token=people.with_roles())
    assert read(reader, run).content == b"x" and set(listed(reader, run)) == {LOG}
    assert append(reader, run, b"y", 1).status == 403
    assert append(writer, run, b"y", 1).json() == {"size": 2}
    assert [append(nobody, run, b"y", 2).status, read(nobody, run).status] == [404, 404]


def test_a_role_in_one_experiment_opens_no_logs_of_another(server: Client, directory: Path) -> None:
    mine, theirs = server.experiment(), server.experiment()
    runs = [server.run(one) for one in (mine, theirs)]
    for run in runs:
        append(server, run, b"x")
    token = People(directory).with_roles(("Data Scientist", f"{HERE}/experiments/{mine}"))
    client = server.also(token=token)
    assert append(client, runs[0], b"y", 1).status == 200
    assert [append(client, runs[1], b"y", 1).status, read(client, runs[1]).status] == [404, 404]
    assert client.fails("GET", f"/api/v1/runs/{runs[1]}/logs")[0] == 404
    end(server, runs[0])
    assert read(client, runs[0]).content == b"xy"


def test_another_workspace_has_its_own(server: Client) -> None:
    run = server.run()
    append(server, run, b"x")
    name = server.name("w")
    server.ok("POST", "/api/v1/workspaces", name=name)
    other = server.also(base=f"/workspaces/{name}")
    assert [append(other, run, b"y", 1).status, read(other, run).status] == [404, 404]
    inside = other.run()
    append(other, inside, b"theirs")
    end(other, inside)
    assert read(other, inside).content == b"theirs"
    assert read(server, inside).status == 404

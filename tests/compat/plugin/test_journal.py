"""The journal under real clients: what they log reaches the server, whatever becomes of the server and of them."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compat.environments import CLIENTS

from .place import Place, run_told_by

RELEASES = [pytest.param(CLIENTS[0]), pytest.param(CLIENTS[1], marks=pytest.mark.long)]
FINE = ["history of an unknown run", "good nan", "good param again"]
POINTS = 2_000


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """For tests that leave the server alone."""
    place = Place(tmp_path_factory.mktemp("place"))
    place.server.start()
    yield place
    place.server.kill()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    if place.server.process is not None:
        place.server.kill()


@pytest.mark.parametrize("release", RELEASES)
def test_refusals_are_those_that_the_server_would_have_answered(shared: Place, release: str) -> None:
    journaled = json.loads(shared.run(release, "bad_calls.py").splitlines()[-1])
    direct = json.loads(shared.run(release, "bad_calls.py", RUNYARD_MODE="direct").splitlines()[-1])
    assert journaled == direct
    assert [name for name, found in direct.items() if not found] == FINE


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_logged_offline_and_sent_is_what_is_logged_at_once(shared: Place, release: str) -> None:
    name = f"story-{release}"
    printed = shared.run(release, "story.py", f"{name}-offline", RUNYARD_MODE="offline")
    assert "Runyard is offline: runs are written to" in printed and "`runyard sync` sends them" in printed
    shared.run(release, "story.py", f"{name}-direct", RUNYARD_MODE="direct")
    shared.run(release, "story.py", f"{name}-journal")
    assert "Verified by the server" in shared.sync() and shared.journals == []
    direct = flat(story_at_server(shared, f"{name}-direct"))
    assert len(direct) > 170
    for kind in ("journal", "offline"):
        found = flat(story_at_server(shared, f"{name}-{kind}"))
        differ = {at for at in found.keys() | direct.keys() if found.get(at) != direct.get(at)}
        assert {at: (found.get(at), direct.get(at)) for at in differ} == {}, kind


@pytest.mark.parametrize("release", RELEASES)
def test_threads_and_children_log_to_one_run_online_and_offline(shared: Place, release: str) -> None:
    for mode in ("online", "offline"):
        printed = shared.run(release, "workers.py", RUNYARD_MODE=mode)
        run_id = next(line[4:] for line in printed.splitlines() if line.startswith("run "))
        shared.sync()
        assert shared.journals == []
        for key in ("main", "thread", "fork", "spawn"):
            assert shared.history(run_id, key) == [(step, float(step)) for step in range(300)], (mode, key)
        found = shared.connection.get("/api/2.0/mlflow/artifacts/list", run_id=run_id)["files"]
        assert [one["path"] for one in found] == ["fork.txt", "main.txt", "spawn.txt", "thread.txt"]
        assert shared.run_of(run_id)["info"]["status"] == "FINISHED"


@pytest.mark.parametrize("release", RELEASES)
def test_server_is_killed_and_comes_back_while_a_loop_logs(place: Place, release: str) -> None:
    place.server.start()
    loop = place.start(release, "loop.py", "-", "m", str(POINTS), "0.002")
    run_id = run_told_by(loop)
    for pause_s in (0.5, 1.5):
        time.sleep(0.5)
        place.server.kill()
        time.sleep(pause_s)
        place.server.start()
    printed = loop.communicate(timeout=120)[0]
    assert loop.returncode == 0, printed
    slowest = float(printed.split("done ")[1].split()[0])
    assert slowest < 1.0, "a call waited for the server"
    place.sync()
    assert place.history(run_id, "m") == [(step, float(step)) for step in range(POINTS)]
    assert place.run_of(run_id)["info"]["status"] == "FINISHED"


@pytest.mark.long
def test_without_a_place_for_a_journal_each_call_waits_for_the_server(shared: Place) -> None:
    printed = shared.run(CLIENTS[0], "loop.py", "-", "m", "5", "0", RUNYARD_JOURNAL="/proc/none/journal")
    assert "There is no place for a journal: /proc/none/journal cannot be made" in printed
    run_id = next(line for line in printed.splitlines() if len(line) == 32)
    assert len(shared.history(run_id, "m")) == 5


def test_no_server_at_all_and_a_killed_process_that_is_started_again(place: Place) -> None:
    release = CLIENTS[0]
    first = place.start(release, "loop.py", "-", "a", "100000", "0.001")
    run_id = run_told_by(first)
    time.sleep(1)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    printed = place.run(release, "loop.py", run_id, "b", "200", "0", RUNYARD_DRAIN_S="1")
    assert "records are not sent yet" in printed
    place.server.start()
    place.sync()
    first_points = place.history(run_id, "a")
    assert len(first_points) > 50 and first_points == [(at, float(at)) for at in range(len(first_points))]
    assert len(place.history(run_id, "b")) == 200
    found = place.run_of(run_id)
    assert found["info"]["status"] == "FINISHED"
    experiment = place.connection.get("/api/2.0/mlflow/experiments/get-by-name", experiment_name="loop")
    assert experiment["experiment"]["experiment_id"] == found["info"]["experiment_id"]


def flat(value: Any, place: str = "") -> dict[str, Any]:
    """The leaves of nested dicts by their place."""
    if not isinstance(value, dict):
        return {place: value}
    return {at: leaf for key, inner in value.items() for at, leaf in flat(inner, f"{place}/{key}").items()}


def story_at_server(place: Place, experiment: str) -> Any:
    """All that is kept of the runs of an experiment, but what differs each time."""
    ask = place.connection
    about = ask.get("/api/2.0/mlflow/experiments/get-by-name", experiment_name=experiment)["experiment"]
    body = {"experiment_ids": [about["experiment_id"]]}
    runs = ask.post("/api/2.0/mlflow/runs/search", body)["runs"]
    models = ask.post("/api/2.0/mlflow/logged-models/search", body).get("models", [])
    return {
        "tags": sorted((one["key"], one["value"]) for one in about["tags"]),
        "runs": {one["info"]["run_name"]: _of_run(place, one) for one in runs},
        "models": {str(at): _of_model(place, one) for at, one in enumerate(models)},
    }


def _of_run(place: Place, run: Any) -> Any:
    run_id, data = run["info"]["run_id"], run["data"]
    tags = {one["key"]: one["value"] for one in data["tags"]}
    history = json.loads(tags.pop("mlflow.log-model.history", "[]"))
    parent = tags.pop("mlflow.parentRunId", None) is not None
    tags.pop(
        "mlflow.source.git.commit", None
    )  # as the source of the dataset, where the checkout stands just now
    inputs = run["inputs"].get("dataset_inputs", [])
    return {
        "status": run["info"]["status"],
        "ended": "end_time" in run["info"],
        "nested": parent,
        "tags": tags,
        "params": {one["key"]: one["value"] for one in data.get("params", [])},
        "metrics": sorted(
            (one["key"], str(one["value"]), one["timestamp"], one["step"]) for one in data["metrics"]
        ),
        "histories": {one["key"]: _history(place, run_id, one["key"]) for one in data["metrics"]},
        "inputs": [(one["dataset"]["name"], one["dataset"]["digest"], one.get("tags")) for one in inputs],
        "outputs": len(run.get("outputs", {}).get("model_outputs", [])),
        "models": [one["artifact_path"] for one in history],
        "files": _files(place, run["info"]["artifact_uri"], ""),
    }


def _of_model(place: Place, model: Any) -> Any:
    info, data = model["info"], model["data"]
    return {
        "name": info["name"],
        "status": info["status"],
        "tags": sorted(
            (one["key"], one["value"]) for one in info["tags"] if not one["key"].startswith("mlflow.")
        ),
        "metrics": [(one["key"], one["value"], one["timestamp"]) for one in data.get("metrics", [])],
        "files": sorted(_files(place, info["artifact_uri"], "")),
    }


def _history(place: Place, run_id: str, key: str) -> list[Any]:
    found = place.connection.get("/api/2.0/mlflow/metrics/get-history", run_id=run_id, metric_key=key)
    return [(one["timestamp"], one["step"], str(one["value"])) for one in found["metrics"]]


def _files(place: Place, uri: str, path: str) -> dict[str, str]:
    """Path and digest of all files below a folder; of a model's files, which hold times, the path alone."""
    root = uri.removeprefix("mlflow-artifacts:/")
    folder = f"{root}/{path}".rstrip("/")
    found: dict[str, str] = {}
    for one in place.connection.get("/api/2.0/mlflow-artifacts/artifacts", path=folder).get("files", []):
        inner = f"{path}/{one['path']}".strip("/")
        if one["is_dir"]:
            found.update(_files(place, uri, inner))
        else:
            whole = inner.replace("%", "%25").replace("#", "%23").replace(" ", "%20")
            body = place.connection.read(f"/api/2.0/mlflow-artifacts/artifacts/{root}/{whole}")
            found[inner] = "" if inner.startswith("model/") else hashlib.sha256(body).hexdigest()
    return found

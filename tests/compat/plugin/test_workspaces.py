"""Workspaces that `mlflow.set_workspace` chooses: each is journaled, and gets what is logged to it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from runyard.client.transport import Connection
from tests.compat.environments import CLIENTS

from .place import Place

NAMES = ("default", "vision", "sound")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("place"))
    place.server.start()
    for name in NAMES[1:]:
        place.connection.post("/api/v1/workspaces", {"name": name})
    yield place
    place.server.kill()


@pytest.mark.parametrize("mode", ["online", "offline", "direct"])
def test_each_workspace_gets_what_was_logged_to_it(place: Place, mode: str) -> None:
    printed = place.run(CLIENTS[0], "workspaces.py", *NAMES, RUNYARD_MODE=mode)
    if mode == "offline":
        assert len(place.journals) == len(NAMES)
    place.sync()
    assert place.journals == []
    runs = json.loads(next(line for line in printed.splitlines() if line.startswith('{"runs"')))["runs"]
    for name, run_id in runs.items():
        there = Connection(place.connection.server, name, lambda: None)
        run = there.get("/api/2.0/mlflow/runs/get", run_id=run_id)["run"]
        assert run["data"]["params"] == [{"key": "workspace", "value": name}]
        assert run["info"]["status"] == "FINISHED"
        found = there.get("/api/2.0/mlflow/metrics/get-history", run_id=run_id, metric_key="m")["metrics"]
        assert [one["step"] for one in found] == list(range(20))
        files = there.get("/api/2.0/mlflow/artifacts/list", run_id=run_id)["files"]
        assert [(one["path"], one["file_size"]) for one in files] == [("note.txt", len(name))]
        where = {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": run["info"]["experiment_id"]},
        }
        traces = there.post("/api/3.0/mlflow/traces/search", {"locations": [where]})["traces"]
        assert [one["trace_metadata"]["mlflow.sourceRun"] for one in traces].count(run_id) == 1


def test_a_workspace_that_is_not_there_is_told_at_the_call(place: Place) -> None:
    program = place.start(CLIENTS[0], "workspaces.py", "nowhere")
    printed = program.communicate(timeout=120)[0]
    assert program.returncode != 0 and "nowhere" in printed.splitlines()[-1]
    assert place.journals == []

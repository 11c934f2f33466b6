"""Traces of a real client: each reaches the server once, whatever becomes of the server meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compat.environments import CLIENTS

from .place import Place

MODERN = CLIENTS[0]
MANY = 60


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    if place.server.process is not None:
        place.server.kill()


def told(printed: str) -> Any:
    return json.loads(next(line for line in printed.splitlines() if line.startswith('{"traces')))


def at_server(place: Place, experiment: str) -> dict[str, Any]:
    """The traces of an experiment by id, with their spans."""
    mlflow = "/api/2.0/mlflow"
    found = place.connection.get(f"{mlflow}/experiments/get-by-name", experiment_name=experiment)[
        "experiment"
    ]
    where = {"mlflow_experiment": {"experiment_id": found["experiment_id"]}, "type": "MLFLOW_EXPERIMENT"}
    traces: dict[str, Any] = {}
    token = None
    while token is not None or not traces:
        page = place.connection.post(
            "/api/3.0/mlflow/traces/search",
            {"locations": [where], "max_results": 500, **({"page_token": token} if token else {})},
        )
        for one in page.get("traces", []):
            one_id = one["trace_id"]
            assert one_id not in traces
            traces[one_id] = place.connection.get("/api/3.0/mlflow/traces/get", trace_id=one_id)["trace"]
        token = page.get("next_page_token")
        if token is None:
            break
    return traces


def check(place: Place, experiment: str, printed: str, count: int) -> dict[str, Any]:
    said = told(printed)
    found = at_server(place, experiment)
    assert sorted(found) == sorted(said["traces"]) and len(found) == count + 1
    for trace in found.values():
        assert sorted(span["name"] for span in trace["spans"]) == ["inner", "outer"]
        assert trace["trace_info"]["state"] == "OK"
        stats = json.loads(trace["trace_info"]["trace_metadata"]["mlflow.trace.sizeStats"])
        assert stats["num_spans"] == 2
    first = found[said["traces"][0]]["trace_info"]
    assert first["tags"]["mood"] == "good" and "gone" not in first["tags"]
    assert first["trace_metadata"]["mlflow.sourceRun"] == said["run"]
    by_name = {one["assessment_name"]: one for one in first["assessments"]}
    assert sorted(by_name) == ["fine", "wanted"] and len(first["assessments"]) == 2
    assert by_name["fine"]["assessment_id"] == said["assessment"]
    assert by_name["fine"]["feedback"] == {"value": True} and by_name["fine"]["rationale"] == "r"
    pictured = found[said["traces"][1]]["trace_info"]
    folder = pictured["tags"]["mlflow.artifactLocation"].removeprefix("mlflow-artifacts:/")
    files = place.connection.get("/api/2.0/mlflow-artifacts/artifacts", path=f"{folder}/attachments")["files"]
    assert [one["file_size"] for one in files] == [500]
    return found


def test_traces_reach_a_server_that_is_there(place: Place) -> None:
    place.server.start()
    printed = place.run(MODERN, "traces.py", "there", "5", "0", "read")
    place.sync()
    check(place, "there", printed, 5)


def test_traces_are_kept_while_the_server_is_dead(place: Place) -> None:
    place.server.start()
    program = place.start(MODERN, "traces.py", "dead", str(MANY), "0.05")
    assert program.stdout is not None
    while program.stdout.readline().strip() != "begun":
        pass
    for _ in range(2):
        time.sleep(0.7)
        place.server.kill()
        time.sleep(0.7)
        place.server.start()
    printed = program.communicate(timeout=120)[0]
    assert program.returncode == 0, printed
    place.sync()
    check(place, "dead", printed, MANY)


def test_traces_without_a_server_and_without_a_run_of_the_experiment_before_are_sent_later(
    place: Place,
) -> None:
    printed = place.run(MODERN, "traces.py", "offline", "5", "0", "read", RUNYARD_MODE="offline")
    assert "Failed to" not in printed and "Traceback" not in printed
    assert len(place.journals) == 1
    place.server.start()
    place.sync()
    assert place.journals == []
    found = check(place, "offline", printed, 5)
    assert len(found) == 6

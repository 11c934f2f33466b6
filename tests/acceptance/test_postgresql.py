"""Two servers on one PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.server_process import ServerProcess
from tests.components.postgres import postgres


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as server:
        yield server.create_database()


def test_what_one_server_acknowledged_the_other_answers(database: str, tmp_path: Path) -> None:
    one = ServerProcess(tmp_path / "one", "--database", database).start()
    two = ServerProcess(tmp_path / "two", "--database", database).start()
    run_id = one.run()
    for number, server in enumerate([one, two] * 5):
        body = {
            "run_id": run_id,
            "metrics": [{"key": "m", "value": number, "timestamp": number, "step": number}],
            "params": [{"key": f"p{number}", "value": "1"}],
        }
        assert server.call("POST", "/api/2.0/mlflow/runs/log-batch", body) == (200, {})
    for server in (one, two):
        status, answer = server.call(
            "POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["0"], "filter": "metrics.m = 9"}
        )
        assert status == 200
        assert [run["info"]["run_id"] for run in answer["runs"]] == [run_id]
        assert len(answer["runs"][0]["data"]["params"]) == 10
    assert one.call("POST", "/api/2.0/mlflow/runs/delete", {"run_id": run_id}) == (200, {})
    status, answer = two.call("POST", "/api/2.0/mlflow/runs/log-batch", {"run_id": run_id, "tags": []})
    assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert one.stop() == 0
    assert two.stop() == 0


def test_a_text_that_postgresql_cannot_keep_is_the_caller_s_mistake(database: str, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", "--database", database).start()
    experiment = {"experiment_id": "0"}
    for method, path, body in (
        ("GET", "/api/2.0/mlflow/runs/get?run_id=%00", None),
        ("GET", "/api/v1/preview?run_id=%00&path=f.txt", None),
        ("POST", "/api/2.0/mlflow/runs/create", {**experiment, "user_id": "a\0b"}),
        ("POST", "/api/2.0/mlflow/registered-models/rename", {"name": "\0", "new_name": "b"}),
    ):
        status, answer = server.call(method, path, body)
        assert (status, answer["error_code"]) in (
            (400, "INVALID_PARAMETER_VALUE"),
            (404, "RESOURCE_DOES_NOT_EXIST"),
        ), path
    assert server.run()
    assert server.stop() == 0


def test_two_workers_serve_one_port_and_stop_together(database: str, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", "--database", database, "--workers", "2").start()
    run_ids = {server.run() for _ in range(20)}
    for run_id in run_ids:
        assert server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")[0] == 200
    assert server.stop() == 0


def test_unreachable_database_is_one_sentence(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", "--database", "postgresql://nobody@127.0.0.1:1/none")
    process = server.spawn()
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "PostgreSQL server cannot be used" in out

"""Starting and stopping the server, and what it says when it cannot."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

from tests.acceptance.server_process import ServerProcess


def refused(server: ServerProcess, *flags: str) -> str:
    """The output of a server that must not start."""
    process = server.spawn(*flags)
    out, _ = process.communicate(timeout=30)
    assert process.returncode not in (0, None)
    assert "Traceback" not in out
    return out


def test_sigterm_ends_with_exit_code_0_and_data_is_there_again(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    run_id = server.run()
    assert server.call("GET", "/health") == (200, "OK")
    assert server.stop() == 0
    server.start()
    assert server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")[0] == 200
    assert server.stop() == 0


def test_second_server_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    assert "Another server" in refused(ServerProcess(tmp_path / "data"))
    assert server.stop() == 0


def test_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port}" in refused(ServerProcess(tmp_path / "data"), "--port", str(port))


def test_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused(ServerProcess(tmp_path / "file" / "data"))


def test_database_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    assert server.stop() == 0
    connection = sqlite3.connect(tmp_path / "data" / "runyard.db")
    connection.execute("INSERT INTO schema_versions (version) VALUES (99)")
    connection.commit()
    connection.close()
    assert "newer Runyard" in refused(server)


def test_address_beyond_loopback_needs_insecure(tmp_path: Path) -> None:
    assert "--insecure" in refused(ServerProcess(tmp_path / "data"), "--host", "0.0.0.0")


def test_workers_need_postgresql(tmp_path: Path) -> None:
    assert "PostgreSQL" in refused(ServerProcess(tmp_path / "data"), "--workers", "2")


def test_metrics_page_counts_requests_points_and_commits(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    run_id = server.run()
    body = {
        "run_id": run_id,
        "metrics": [{"key": "m", "value": i, "timestamp": i, "step": i} for i in range(25)],
    }
    assert server.call("POST", "/api/2.0/mlflow/runs/log-batch", body)[0] == 200
    _, text = server.call("GET", "/metrics")
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    route = 'method="POST",route="/api/2.0/mlflow/runs/log-batch"'
    assert float(lines[f'runyard_requests_total{{{route},status="200"}}']) == 1
    assert float(lines["runyard_points_total"]) == 25
    assert float(lines["runyard_commits_total"]) >= 2
    assert float(lines["runyard_database_bytes"]) > 0
    assert server.stop() == 0

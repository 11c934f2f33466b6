"""What a run logs survives the server and the program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.server_process import ServerProcess
from tests.components.processes import free_ports

PROGRAM = """
import sys, time
from runyard.sdk.experiment import Experiment
from runyard.sdk.workspace import Workspace

run = Experiment(Workspace.get("default"), "journal").start_logging(snapshot_directory=None)
run.log("before", 1)
run.flush()
print(run.id, flush=True)
sys.stdin.readline()  # the server is killed meanwhile
started = time.monotonic()
for step in range(500):
    run.log("m", step)
run.log_list("list", [1, 2, "three"])
print(f"{time.monotonic() - started:.3f}", flush=True)
run.tag("key", "value")
run.upload_file("notes/a.txt", __file__)
"""
END = "run.complete()\nprint(run.get_status(), flush=True)"
KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize(("end", "status"), [(END, "FINISHED"), (KILLED, "FAILED")], ids=["ends", "killed"])
def test_a_run_goes_on_without_its_server(tmp_path: Path, end: str, status: str) -> None:
    (port,) = free_ports(1)
    server = ServerProcess(tmp_path / "data", "--port", str(port)).start()
    try:
        program = tmp_path / "program.py"
        program.write_text(PROGRAM + end)
        environment = {
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
            "HOME": str(tmp_path),
            "RUNYARD_DRAIN_S": "1",
            "RUNYARD_SERVER": f"http://127.0.0.1:{port}",
        }
        process = subprocess.Popen(
            [sys.executable, str(program)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        run_id = process.stdout.readline().strip()
        server.kill()
        printed, _ = process.communicate("\n", timeout=120)
        assert float(printed.split()[0]) < 10.0, "logging waited for the server"
        assert (process.returncode == 0 and "Completed" in printed) or end == KILLED, printed
        server.start()
        sync = subprocess.run(
            [sys.executable, "-m", "runyard", "sync", "--ended", "--server", environment["RUNYARD_SERVER"]],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert sync.returncode == 0, sync.stdout + sync.stderr
        run = server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")[1]["run"]
        assert run["info"]["status"] == status
        assert {one["key"]: one["value"] for one in run["data"]["metrics"]} == {"before": 1, "m": 499}
        assert ("key", "value") in {(one["key"], one["value"]) for one in run["data"]["tags"]}
        history = f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key=m"
        assert [one["step"] for one in server.call("GET", history)[1]["metrics"]] == list(range(500))
        records = server.call("GET", f"/api/v1/runs/{run_id}/records")[1]["items"]
        assert [one["name"] for one in records if one["kind"] == "list"] == ["list"]
        files = server.call("GET", f"/api/2.0/mlflow/artifacts/list?run_id={run_id}&path=notes")[1]["files"]
        assert [one["path"] for one in files] == ["notes/a.txt"]
    finally:
        server.kill()

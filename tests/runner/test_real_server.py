"""The runner at a real server: submitted, begun, shipped, ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.client.submission import Submission, submit
from runyard.client.transport import Connection
from runyard.errors import Unauthenticated
from runyard.runner import processes
from tests.acceptance.server_process import ServerProcess
from tests.runner.jobs import until

LOG = "user_logs/std_log.txt"
TRAIN = """
import mlflow, os
print("first", flush=True)
with mlflow.start_run():
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("hello", "note.txt")
with open("outputs/model.txt", "w") as model:
    model.write("weights")
"""
PLAIN = ["mlflow-skinny==3.4.0"]
JOURNALED = ["mlflow-skinny==3.4.0", "runyard"]


class Place:
    """A server, and this machine's jobs at it."""

    def __init__(self, server: ServerProcess, home: Path, source: Path) -> None:
        self.server = server
        self.home = home
        self.source = source
        self.connection = Connection(f"http://127.0.0.1:{server.port}", "default", patience_s=60)

    def submit(self, text: str, **definition: Any) -> str:
        """Submit a script; returns the run's id."""
        (self.source / "train.py").write_text(text)
        whole = {"script": "train.py", **definition}
        return submit(
            self.connection, Submission(definition=whole, experiment="e", folder=self.source)
        ).run_id

    def job(self, run_id: str) -> Any:
        """As the server tells it."""
        return self.connection.get(f"/api/v1/jobs/{run_id}")

    def log(self, run_id: str, name: str = LOG) -> str:
        """What is there of a log."""
        names = [one["name"] for one in self.connection.get(f"/api/v1/runs/{run_id}/logs")["items"]]
        if name not in names:
            return ""
        return self.connection.read(f"/api/v1/runs/{run_id}/logs/content", name=name).decode()

    def ended(self, run_id: str, seconds: float = 120) -> Any:
        """The job, once it has ended."""
        return until(lambda: next((job for job in [self.job(run_id)] if job["ended_ms"]), None), seconds)

    def run(self, run_id: str) -> Any:
        """As MLflow's API tells it."""
        return self.connection.get("/api/2.0/mlflow/runs/get", run_id=run_id)["run"]

    def files(self, run_id: str, path: str) -> list[str]:
        """Artifacts."""
        found = self.connection.get("/api/2.0/mlflow/artifacts/list", run_id=run_id, path=path)
        return [one["path"] for one in found.get("files") or ()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for all tests here, with environments that they share."""
    root = tmp_path_factory.mktemp("real")
    (root / "source").mkdir()
    changes = pytest.MonkeyPatch()
    changes.setenv("RUNYARD_HOME", str(root / "home"))
    for name in ("RUNYARD_JOURNAL", "RUNYARD_SERVER", "RUNYARD_TOKEN"):
        changes.delenv(name, raising=False)
    server = ServerProcess(root / "data").start()
    made = Place(server, root / "home", root / "source")
    yield made
    made.server.stop()  # tests may have started it again
    changes.undo()


def made(*pip: str) -> dict[str, Any]:
    """An environment of packages."""
    return {
        "name": "e",
        "python": {"condaDependencies": {"dependencies": ["python=3.11", {"pip": list(pip)}]}},
    }


@pytest.mark.parametrize(
    ("pip", "scheme"), [(PLAIN, "http"), (JOURNALED, "runyard")], ids=["plain", "journaled"]
)
def test_a_script_of_mlflow_logs_to_the_run_that_was_submitted(
    place: Place, pip: list[str], scheme: str
) -> None:
    text = TRAIN + "print(os.environ['MLFLOW_TRACKING_URI'])"
    run_id = place.submit(text, environment=made(*pip))
    job = place.ended(run_id, 240)
    assert job["state"] == "Completed", (
        job["error"],
        place.log(run_id, "azureml-logs/20_image_build_log.txt"),
    )
    assert f"{scheme}://127.0.0.1:{place.server.port}/workspaces/default" in place.log(run_id)
    run = place.run(run_id)
    assert run["info"]["status"] == "FINISHED"
    assert [(one["key"], one["value"]) for one in run["data"]["metrics"]] == [("loss", 0.5)]
    assert "note.txt" in place.files(run_id, "")
    assert place.files(run_id, "outputs") == ["outputs/model.txt"]
    experiment = run["info"]["experiment_id"]
    found = place.connection.post("/api/2.0/mlflow/runs/search", {"experiment_ids": [experiment]})
    assert len([one for one in found["runs"] if one["info"]["run_name"] != "x"]) == len(
        place.connection.get("/api/v1/jobs")["items"]
    )  # one run for each job, and none besides


def test_the_first_line_comes_soon_after_the_submission(place: Place) -> None:
    environment = made(*PLAIN)
    text = "import time; print(time.time(), flush=True)"
    place.ended(place.submit(text, environment=environment), 240)
    began = time.time()
    run_id = place.submit(text, environment=environment)
    place.ended(run_id)
    first = float(place.log(run_id))
    assert first - began < 5  # 0.4 s on a quiet machine; tests run beside others


def test_logs_are_there_while_the_script_runs_and_a_cancel_ends_it(place: Place) -> None:
    run_id = place.submit("import time; print('working', flush=True); time.sleep(300)")
    until(lambda: "working" in place.log(run_id))
    assert place.job(run_id)["state"] == "Running"
    assert place.run(run_id)["info"]["status"] == "RUNNING"
    place.connection.post(f"/api/v1/jobs/{run_id}/cancel", {})
    job = place.ended(run_id, 60)
    assert (job["state"], place.run(run_id)["info"]["status"]) == ("Canceled", "KILLED")
    assert not processes.of_job(str(place.home / "jobs" / run_id) + ":")


def test_a_failure_is_told_with_its_reason(place: Place) -> None:
    run_id = place.submit("raise ValueError('bad rate')")
    job = place.ended(run_id, 60)
    assert job["state"] == "Failed"
    assert job["error"]["message"] == "User program failed with ValueError: bad rate (exit code 1)"
    assert place.run(run_id)["info"]["status"] == "FAILED"
    assert "Traceback" in place.log(run_id)
    assert LOG in place.files(run_id, "user_logs")


def test_the_scripts_own_end_of_the_run_is_not_the_jobs(place: Place) -> None:
    run_id = place.submit(
        f"import sys; sys.path.insert(0, {str(Path(sys.modules['runyard'].__path__[0]).parent)!r})\n"
        "import os, requests\n"
        "at = os.environ['MLFLOW_TRACKING_URI'] + '/api/2.0/mlflow/runs/update'\n"
        "body = {'run_id': os.environ['RUNYARD_RUN_ID'], 'status': 'FINISHED', 'end_time': 1}\n"
        "token = {'Authorization': 'Bearer ' + os.environ['RUNYARD_TOKEN']}\n"
        "print(requests.post(at, json=body, headers=token).status_code)\n"
        "raise SystemExit(3)"
    )
    assert place.ended(run_id, 60)["state"] == "Failed"
    assert place.log(run_id) == "200\n"
    assert place.run(run_id)["info"]["status"] == "FAILED"


def test_a_server_that_is_killed_and_comes_back_has_everything(place: Place) -> None:
    text = "import time\nfor n in range(60):\n    print('line', n, flush=True)\n    time.sleep(0.05)"
    run_id = place.submit(text)
    until(lambda: "line 5" in place.log(run_id))
    place.server.kill()
    time.sleep(1)
    place.server = place.server.again()
    assert place.ended(run_id, 90)["state"] == "Completed"
    assert place.log(run_id) == "".join(f"line {number}\n" for number in range(60))


def test_a_killed_runner_leaves_no_process(place: Place) -> None:
    run_id = place.submit("import time; print('working', flush=True); time.sleep(300)")
    until(lambda: "working" in place.log(run_id))
    mark = str(place.home / "jobs" / run_id) + ":"
    (script,) = processes.of_job(mark)
    os.kill(processes.all_processes()[script].parent, signal.SIGKILL)
    until(lambda: not processes.of_job(mark))


def test_what_a_script_logged_while_the_server_was_away_arrives_before_the_end(place: Place) -> None:
    text = (
        "import mlflow, time\n"
        "with mlflow.start_run():\n"
        "    for step in range(40):\n"
        "        mlflow.log_metric('loss', step, step=step)\n"
        "        print('step', step, flush=True)\n"
        "        time.sleep(0.05)\n"
    )
    environment = made(*JOURNALED)
    run_id = place.submit(text, environment=environment, environment_variables={"RUNYARD_DRAIN_S": "1"})
    until(lambda: "step 5" in place.log(run_id), 240)
    place.server.kill()
    log = place.home / "jobs" / run_id / "runner.log"
    until(lambda: "it is waited for" in log.read_text(), 60)
    place.server = place.server.again()
    assert place.ended(run_id, 120)["state"] == "Completed"
    history = place.connection.get("/api/2.0/mlflow/metrics/get-history", run_id=run_id, metric_key="loss")
    assert [one["step"] for one in history["metrics"]] == list(range(40))
    assert place.log(run_id).count("step ") == 40


@pytest.mark.long
def test_where_everybody_logs_in_the_jobs_token_does_for_script_and_packages(
    place: Place, tmp_path: Path
) -> None:
    owner = [sys.executable, "-m", "runyard", "admin", "create-owner", "root", "--token", "--data"]
    shown = subprocess.run([*owner, str(tmp_path / "data")], check=True, capture_output=True, text=True)
    server = ServerProcess(tmp_path / "data", "--auth", "required", token=shown.stdout.split()[-1]).start()
    try:
        closed = Place(server, place.home, place.source)
        closed.connection = Connection(f"http://127.0.0.1:{server.port}", "default", server.token)
        text = "from azureml.core import Run; Run.get_context().log('loss', 2); print('logged')"
        run_id = closed.submit(text, environment=made("azureml-core==1.0.85.*"))
        job = closed.ended(run_id, 240)
        assert job["state"] == "Completed", (job["error"], closed.log(run_id))
        assert [one["value"] for one in closed.run(run_id)["data"]["metrics"]] == [2]
        said = closed.log(run_id, "azureml-logs/20_image_build_log.txt") + closed.log(run_id)
        token = json.loads((place.home / "jobs" / run_id / "job.json").read_text())["token"]
        assert token not in said
        status = Connection(closed.connection.server, "default", token, patience_s=0)
        with pytest.raises(Unauthenticated):  # it ended with the job
            status.get(f"/api/v1/jobs/{run_id}")
    finally:
        server.stop()

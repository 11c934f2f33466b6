"""A sweep of 30 trials on a real Ray cluster, most of which are stopped early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.acceptance.job_server import JobServer
from tests.acceptance.job_sources import snapshot
from tests.acceptance.server_process import ServerProcess
from tests.acceptance.test_sweeps import SCRIPT, sweep
from tests.components import ray

pytestmark = [pytest.mark.timeout(1_200), pytest.mark.long]
TRIALS = 30


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobServer]:
    with ray.ray_cluster() as cluster:
        process = ServerProcess(tmp_path_factory.mktemp("sweeps")).start()
        server = JobServer(process)
        settings = {"address": cluster.address, "folder": str(cluster.shared)}
        server.compute("ray", "ray", settings=settings)
        yield server
        assert process.stop() == 0, process.log


def test_thirty_trials_with_early_stopping(server: JobServer) -> None:
    asked = {
        "target": "ray",
        "experiment_name": "sweeps",
        "definition": {"script": "train.py", "arguments": ["--steps", "100", "--pause", "0.1"]},
        "snapshot_id": snapshot(server, {"train.py": SCRIPT}),
        "space": {"x": {"kind": "choice", "options": list(range(TRIALS))}},
        "sampling": "grid",
        "metric": "loss",
        "goal": "minimize",
        "max_total": TRIALS,
        "max_concurrent": 3,
        "policy": {"kind": "bandit", "slack_amount": 3, "evaluation_interval": 2, "delay_evaluation": 4},
    }
    run_id = str(server.ok("POST", "/sweeps", asked)["job"]["run_id"])
    parent = server.wait_state(run_id, "Completed", "Failed", "Canceled", limit_s=1_000)
    found = sweep(server, run_id)
    assert parent["state"] == "Completed", (parent, found)
    trials = found["trials"]
    assert [one["parameters"]["x"] for one in trials] == list(range(TRIALS))
    states = Counter((one["state"], one["stopped"]) for one in trials)
    assert set(states) <= {("Completed", ""), ("Canceled", "policy"), ("Completed", "policy")}, states
    assert states[("Canceled", "policy")] >= 20, states
    assert found["best_run_id"] == trials[0]["run_id"] and trials[0]["state"] == "Completed"
    listed = server.ok("GET", f"/jobs?parent_run_id={run_id}&max_results=1000")["items"]
    assert len(listed) == TRIALS

"""A sweep of 30 trials on a real Ray cluster, most of which are stopped early, and how it is seen in a browser."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.acceptance.job_server import JobServer
from tests.acceptance.job_sources import snapshot
from tests.acceptance.server_process import ServerProcess
from tests.acceptance.test_sweeps import SCRIPT, sweep
from tests.components import ray
from tests.studio.browser import Studio, launch
from tests.studio.submitted import page_of

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
    with sync_playwright() as playwright:
        browser = launch(playwright)
        look_at(Studio(browser, f"http://127.0.0.1:{server.process.port}"), page_of(server, run_id), trials)
        browser.close()


def look_at(studio: Studio, address: str, trials: list[dict[str, Any]]) -> None:
    """The sweep's page: its best trial, all trials in order, their charts, and what differs between them."""
    page = studio.open(address)
    expect(page.get_by_role("region", name="Job")).to_contain_text("Best trial")
    page.get_by_role("tab", name="Trials").click()
    expect(page.get_by_role("region", name="Sweep")).to_contain_text(f"{TRIALS} of {TRIALS} done")
    rows = page.get_by_role("region", name="Table of trials").get_by_role("row")
    expect(rows).to_have_count(TRIALS + 1)
    expect(rows.nth(1).get_by_role("img", name="the best")).to_be_visible()
    stopped = sum(one["stopped"] == "policy" for one in trials)
    expect(page.get_by_text("stopped early")).to_have_count(stopped)
    page.get_by_role("link", name="Parallel coordinates").click()
    expect(page.get_by_text(f"{TRIALS} runs shown of {TRIALS}")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("arallel")).first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile(f"^loss by step: {TRIALS} runs"))).to_be_visible()
    page.goto(studio.base + address + "?tab=trials")
    page.get_by_role("link", name="Compare", exact=True).click()
    expect(page.get_by_role("heading", name=f"Compare {TRIALS} runs")).to_be_visible()
    expect(page.get_by_role("table", name="Differences")).to_contain_text("loss")
    studio.close()

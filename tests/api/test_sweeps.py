"""/api/v1/sweeps: submitting, seeing and canceling, by people with and without the rights to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.jobs import sweep_sampling
from tests.api.live_server import UNKNOWN_RUN, Client, live_server
from tests.api.people import People

SWEEPS, JOBS = "/api/v1/sweeps", "/api/v1/jobs"
HERE = "/subscriptions/default/resourceGroups/default/workspaces/default"
ASKED: dict[str, Any] = {
    "target": "stopped",
    "definition": {"script": "train.py", "arguments": ["--epochs", "3"]},
    "experiment_name": "sweeps",
    "space": {
        "learningRate": {"kind": "loguniform", "min": -9, "max": -1},
        "--batch": {"kind": "choice", "options": [16, 32]},
    },
    "sampling": "random",
    "metric": "loss",
    "goal": "minimize",
    "max_total": 3,
    "max_concurrent": 2,
}
GRID = {"sampling": "grid", "space": {"b": {"kind": "choice", "options": [1, 2, 3]}}}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[Client]:
    """Its compute target takes jobs and starts none."""
    with live_server(directory) as client:
        client.ok("POST", "/api/v1/computes", name="stopped", kind="local")
        client.ok("POST", "/api/v1/computes/stopped/stop")
        yield client


def somebody(server: Client, directory: Path, *roles: tuple[str, str]) -> Client:
    return server.also(token=People(directory).with_roles(*roles))


def submit(client: Client, **fields: Any) -> str:
    """The run of a new sweep."""
    return str(client.ok("POST", SWEEPS, **{**ASKED, **fields})["job"]["run_id"])


def trials(client: Client, run: str) -> list[dict[str, Any]]:
    return list(client.ok("GET", f"{SWEEPS}/{run}")["trials"])


def wait_for(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.1)


def test_a_sweep_has_a_run_and_trials_below_it(server: Client) -> None:
    made = server.ok("POST", SWEEPS, **ASKED, run_name="my sweep", tags={"t": "1"})
    run_id = made["job"]["run_id"]
    assert (made["job"]["kind"], made["job"]["state"]) == ("sweep", "Running")
    assert made["run"]["info"]["run_name"] == "my sweep" and run_id.startswith("HD_")
    wait_for(lambda: [one["state"] for one in trials(server, run_id)] == ["NotStarted"] * 2)
    answer = server.ok("GET", f"{SWEEPS}/{run_id}")
    config = answer["config"]
    assert list(config["space"]) == ["learningRate", "batch"]
    assert config["space"]["batch"] == {"kind": "choice", "options": [16, 32], "flag": "--batch"}
    assert (config["metric"], config["goal"], config["max_total"]) == ("loss", "minimize", 3)
    first = answer["trials"][0]
    assert (answer["best_run_id"], first["metric"], first["best"]) == (None, None, False)
    job = server.ok("GET", f"{JOBS}/{first['run_id']}")
    rate, batch = (str(first["parameters"][name]) for name in ("learningRate", "batch"))
    arguments = ["--epochs", "3", "--learningRate", rate, "--batch", batch]
    assert job["definition"]["arguments"] == arguments and job["parent_run_id"] == run_id
    run = server.ok("GET", "runs/get", run_id=first["run_id"])["run"]
    tags = {one["key"]: one["value"] for one in run["data"]["tags"]}
    assert json.loads(tags["hyperparameters"]) == first["parameters"]
    assert run["info"]["run_name"] == "my sweep-0"
    alone = server.ok("GET", JOBS, nested=False)["items"]
    assert [one["run_id"] for one in alone] == [run_id]
    listed = server.ok("GET", JOBS, parent_run_id=run_id)["items"]
    assert {one["run_id"] for one in listed} == {one["run_id"] for one in trials(server, run_id)}


def test_values_of_the_metric_are_told_as_they_come(server: Client) -> None:
    run_id = submit(server, **GRID)
    wait_for(lambda: len(trials(server, run_id)) == 2)
    for one, value in zip(trials(server, run_id), (0.5, 0.25), strict=True):
        for step, point in enumerate((value, value + 1)):
            server.ok(
                "POST", "runs/log-metric", run_id=one["run_id"], key="loss", value=point, timestamp=step + 1
            )
    answer = server.ok("GET", f"{SWEEPS}/{run_id}")
    assert [(one["metric"], one["best"]) for one in answer["trials"]] == [(0.5, False), (0.25, True)]
    assert (answer["best_run_id"], answer["best_metric"]) == (answer["trials"][1]["run_id"], 0.25)

    def tagged() -> bool:
        tags = server.ok("GET", "runs/get", run_id=run_id)["run"]["data"]["tags"]
        return {"key": "runyard.sweep.bestRun", "value": answer["best_run_id"]} in tags

    wait_for(tagged)


def test_the_same_submission_again_is_the_same_sweep(server: Client) -> None:
    run_id = server.name("sweep")
    assert submit(server, run_id=run_id) == submit(server, run_id=run_id) == run_id
    for change in ({"max_total": 4}, {"priority": 1}, {"seed": 5}):
        asked = {**ASKED, "run_id": run_id, **change}
        assert server.fails("POST", SWEEPS, **asked) == (400, "RESOURCE_ALREADY_EXISTS")
    assert submit(server, run_id=run_id) == run_id


def test_a_seed_makes_the_same_trials(server: Client) -> None:
    runs = [submit(server, seed=7) for _ in range(2)]
    wait_for(lambda: all(len(trials(server, run)) == 2 for run in runs))
    first, second = ([one["parameters"] for one in trials(server, run)] for run in runs)
    assert first == second


def test_a_sweep_is_submitted_again(server: Client) -> None:
    asked = {"tags": {"mine": "1"}, "run_name": "first", "priority": 3, "seed": 7}
    space = {"-b": {"kind": "choice", "options": [1, 2, 3]}}
    old = submit(server, **asked, space=space)
    wait_for(lambda: len(trials(server, old)) == 2)
    made = server.ok("POST", f"{SWEEPS}/{old}/resubmit", run_name="again", max_total=1, target="stopped")
    new = made["job"]["run_id"]
    assert new != old and made["run"]["info"]["run_name"] == "again" and made["job"]["priority"] == 3
    before, after = (server.ok("GET", f"{SWEEPS}/{one}")["config"] for one in (old, new))
    assert after == {**before, "max_total": 1} and after["space"]["b"]["flag"] == "-b"
    jobs = [server.ok("GET", f"{JOBS}/{one}") for one in (old, new)]
    assert jobs[0]["definition"] == jobs[1]["definition"]
    assert {"key": "mine", "value": "1"} in made["run"]["data"]["tags"]
    wait_for(lambda: len(trials(server, new)) == 1)
    assert trials(server, new)[0]["parameters"] == trials(server, old)[0]["parameters"]
    other = server.ok(
        "POST", f"{SWEEPS}/{new}/resubmit", seed=8, max_concurrent=1, arguments=["--epochs", "9"]
    )
    config = server.ok("GET", f"{SWEEPS}/{other['job']['run_id']}")["config"]
    assert (config["seed"], config["max_concurrent"], config["max_total"]) == (8, 1, 1)
    assert other["job"]["definition"]["arguments"] == ["--epochs", "9"]


def test_the_machine_that_submits_takes_its_trials_one_by_one(server: Client, directory: Path) -> None:
    made = server.ok("POST", SWEEPS, **{**ASKED, **GRID, "target": "local", "max_concurrent": None})
    run_id = made["job"]["run_id"]
    wait_for(lambda: [one["state"] for one in trials(server, run_id)] == ["Queued"])
    assert server.ok("GET", f"{SWEEPS}/{run_id}")["config"]["max_concurrent"] == 1
    first = f"{JOBS}/{run_id}_0"
    colleague = somebody(server, directory, ("Owner", HERE))
    assert colleague.fails("POST", f"{first}/take") == (403, "PERMISSION_DENIED")
    runner = server.also(token=server.ok("POST", f"{first}/take")["token"])
    assert runner.fails("POST", f"{first}/take") == (403, "PERMISSION_DENIED")
    runner.ok("POST", f"{first}/begin", attempt="a")
    begun = server.call("POST", f"{first}/take", {})
    assert begun.status == 400 and "is Preparing on local" in begun.json()["message"]
    for other in (run_id, f"{submit(server, **GRID)}_0"):
        wait_for(lambda other=other: server.call("GET", f"{JOBS}/{other}").status == 200)  # type: ignore[misc]
        assert server.fails("POST", f"{JOBS}/{other}/take")[0] == 400
    runner.ok("POST", f"{first}/end", attempt="a", state="Completed")
    wait_for(lambda: [one["state"] for one in trials(server, run_id)] == ["Completed", "Queued"])
    server.ok("POST", f"{JOBS}/{run_id}/cancel")
    wait_for(lambda: server.ok("GET", f"{JOBS}/{run_id}")["state"] == "Canceled")
    assert server.fails("POST", f"{JOBS}/{run_id}_1/take")[0] == 400
    assert trials(server, run_id)[1]["state"] == "Canceled"


def test_only_a_sweep_is_submitted_again_as_one(server: Client, directory: Path) -> None:
    old = submit(server)
    answer = server.call("POST", f"{JOBS}/{old}/resubmit", {})
    assert answer.status == 400 and f"/sweeps/{old}/resubmit" in answer.json()["message"]
    for wrong in ({"max_total": 0}, {"max_concurrent": 101}, {"seed": -1}):
        assert server.fails("POST", f"{SWEEPS}/{old}/resubmit", **wrong) == (400, "INVALID_PARAMETER_VALUE")
    assert server.fails("POST", f"{SWEEPS}/{old}/resubmit", target="nowhere")[0] == 404
    for run_id in (server.run(), UNKNOWN_RUN):
        assert server.fails("POST", f"{SWEEPS}/{run_id}/resubmit")[0] == 404
    reader = somebody(server, directory, ("Reader", HERE))
    assert reader.fails("POST", f"{SWEEPS}/{old}/resubmit") == (403, "PERMISSION_DENIED")
    assert somebody(server, directory).fails("POST", f"{SWEEPS}/{old}/resubmit")[0] == 404


def test_a_dry_run_makes_nothing(server: Client) -> None:
    before = len(server.ok("GET", JOBS, max_results=1000)["items"])
    told = server.ok("POST", SWEEPS, **ASKED, dry_run=True)
    assert set(told) == {"request"}
    assert len(server.ok("GET", JOBS, max_results=1000)["items"]) == before


def test_cancel_of_the_sweep_cancels_its_trials(server: Client) -> None:
    run_id = submit(server)
    wait_for(lambda: len(trials(server, run_id)) == 2)
    server.ok("POST", f"{JOBS}/{run_id}/cancel")
    wait_for(lambda: server.ok("GET", f"{JOBS}/{run_id}")["state"] == "Canceled")
    assert {one["state"] for one in trials(server, run_id)} == {"Canceled"}
    assert server.ok("GET", "runs/get", run_id=run_id)["run"]["info"]["status"] == "KILLED"
    assert len(trials(server, run_id)) == 2


def test_a_sweep_that_is_purged_takes_its_rows_with_it(server: Client, directory: Path) -> None:
    run_id = submit(server)
    wait_for(lambda: len(trials(server, run_id)) == 2)
    server.ok("POST", f"{JOBS}/{run_id}/cancel")
    wait_for(lambda: server.ok("GET", f"{JOBS}/{run_id}")["state"] == "Canceled")
    server.ok("POST", "runs/delete", run_id=run_id)
    server.ok("POST", "/api/v1/trash/purge", items=[{"kind": "run", "id": run_id}])
    wait_for(lambda: People(directory).count("sweeps", uuid=run_id) == 0)
    assert People(directory).count("sweep_trials", uuid=f"{run_id}_0") == 0


NO_SPACES: list[Any] = [{}, {"x": {}}, {"x": {"kind": "none"}}, {"x": []}, [], None, "x"]
WRONG: list[dict[str, Any]] = [
    *({"space": space} for space in NO_SPACES),
    *(
        {"space": {"x": {"kind": "uniform", "min": low, "max": high}}}
        for low, high in ((1, 0), (0, None), ("a", 1))
    ),
    {"space": {"a b": {"kind": "choice", "options": [1]}}},
    {"space": {"x": {"kind": "choice", "options": [1]}, "--x": {"kind": "choice", "options": [1]}}},
    {"sampling": "grid"},
    *({"sampling": value} for value in ("", "Grid", 7)),
    *({"goal": value} for value in ("", "max", None)),
    *({"metric": value} for value in ("", None, "a\nb", "x" * 300)),
    *({"max_total": value} for value in (0, -1, 1_001, None, "x", 1e10)),
    *({"max_concurrent": value} for value in (0, 101)),
    *({"max_seconds": value} for value in (0, -1, 2**40)),
    *({"seed": value} for value in (-1, 2**40, "x")),
    *({"policy": {"kind": value}} for value in ("", "bandit", "truncation", 7)),
    {"policy": {"kind": "bandit", "slack_factor": 0.1, "slack_amount": 1}},
    {"policy": {"kind": "median", "evaluation_interval": 0}},
    {"policy": "median"},
    *({"run_id": value} for value in ("-x", "a b", "x" * 256)),
    {"definition": {}},
    {"definition": {"script": "../x.py"}},
    {"snapshot_id": "x"},
    {"priority": 1_000},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_makes_no_sense_is_refused(server: Client, wrong: dict[str, Any]) -> None:
    assert server.fails("POST", SWEEPS, **{**ASKED, **wrong}) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("field", ["target", "definition", "space", "metric", "goal", "max_total"])
def test_a_sweep_needs_its_parts(server: Client, field: str) -> None:
    asked = {name: value for name, value in ASKED.items() if name != field}
    assert server.fails("POST", SWEEPS, **asked) == (400, "INVALID_PARAMETER_VALUE")


def test_what_is_not_there_is_not_found(server: Client) -> None:
    assert server.fails("POST", SWEEPS, **{**ASKED, "target": "nowhere"})[0] == 404
    assert server.fails("POST", SWEEPS, **{**ASKED, "snapshot_id": "a" * 64})[0] in (400, 404)
    script = server.ok("POST", JOBS, target="local", definition={"script": "a.py"}, experiment_name="sweeps")
    for run_id in (UNKNOWN_RUN, server.run(), script["job"]["run_id"]):
        assert server.fails("GET", f"{SWEEPS}/{run_id}")[0] == 404


def test_a_refused_sweep_leaves_nothing(server: Client, directory: Path) -> None:
    run_id = server.name("sweep")
    assert server.fails("POST", SWEEPS, **{**ASKED, "target": "nowhere", "run_id": run_id})[0] == 404
    assert People(directory).count("sweeps", uuid=run_id) == 0
    assert submit(server, run_id=run_id) == run_id


def test_without_the_library_there_is_no_model(server: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        assert name == "optuna"

    monkeypatch.setattr(sweep_sampling, "find_spec", absent)
    answer = server.call("POST", SWEEPS, {**ASKED, "sampling": "bayesian"})
    assert answer.status == 501 and "runyard[sweeps]" in answer.json()["message"]


def test_a_model_proposes_trials(server: Client) -> None:
    run_id = submit(server, sampling="bayesian")
    wait_for(lambda: len(trials(server, run_id)) == 2)


def test_who_may_submit_and_who_may_see(server: Client, directory: Path) -> None:
    mine, theirs = server.experiment(), server.experiment()
    reader = somebody(server, directory, ("Reader", HERE))
    partly = somebody(server, directory, ("Data Scientist", f"{HERE}/experiments/{mine}"))
    nobody = somebody(server, directory)
    asked = {name: value for name, value in ASKED.items() if name != "experiment_name"}
    assert reader.fails("POST", SWEEPS, **asked, experiment_id=mine)[0] == 403
    assert partly.fails("POST", SWEEPS, **asked, experiment_id=theirs)[0] == 404
    assert nobody.fails("POST", SWEEPS, **asked, experiment_id=mine)[0] == 404
    made = server.ok("POST", SWEEPS, **asked, experiment_id=mine)["job"]["run_id"]
    other = server.ok("POST", SWEEPS, **asked, experiment_id=theirs)["job"]["run_id"]
    for client in (reader, partly):
        assert client.ok("GET", f"{SWEEPS}/{made}")["config"]["metric"] == "loss"
    assert partly.fails("GET", f"{SWEEPS}/{other}")[0] == 404
    assert nobody.fails("GET", f"{SWEEPS}/{made}")[0] == 404


def test_a_jobs_own_token_submits_no_sweeps(server: Client) -> None:
    job = server.ok("POST", JOBS, target="local", definition={"script": "a.py"}, experiment_name="sweeps")
    client = server.also(token=job["token"])
    assert client.fails("POST", SWEEPS, **ASKED) == (403, "PERMISSION_DENIED")


def test_another_workspace_sees_nothing_of_it(server: Client) -> None:
    run_id = submit(server)
    name = server.name("w")
    server.ok("POST", "/api/v1/workspaces", name=name)
    other = server.also(base=f"/workspaces/{name}")
    assert other.fails("GET", f"{SWEEPS}/{run_id}")[0] == 404
    assert other.fails("POST", f"{SWEEPS}/{run_id}/resubmit")[0] == 404
    assert other.fails("POST", SWEEPS, **ASKED)[0] == 404  # the compute target is not theirs

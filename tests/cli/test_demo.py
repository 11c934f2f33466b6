"""`runyard demo data`: once, whole, and never over what is there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.live_server import Client
from tests.cli.command_line import CommandLine


@pytest.fixture(scope="module")
def made(server: Client, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    rows = CommandLine(server, tmp_path_factory.mktemp("home")).data("demo", "data", "--runs", "6")
    return {row["what"]: row["made"] for row in rows}


@pytest.fixture
def here(server: Client, made: dict[str, Any]) -> Client:
    return server.also(base="/workspaces/demo")


def runs_in(here: Client, name: str) -> list[dict[str, Any]]:
    experiment = here.ok("GET", "experiments/get-by-name", experiment_name=name)["experiment"][
        "experiment_id"
    ]
    found = here.ok("POST", "runs/search", experiment_ids=[experiment], max_results=1000)
    return list(found["runs"])


def test_all_of_it_is_there(here: Client, made: dict[str, Any]) -> None:
    found = here.ok("POST", "experiments/search", max_results=100)["experiments"]
    assert (
        len([one for one in found if one["name"] != "Default"]) == made["experiments"] - 1
    )  # one is in the trash
    assert len(runs_in(here, "hyperparameter-sweep")) == 7
    assert len(here.ok("GET", "model-versions/search")["model_versions"]) == made["model versions"]
    assert len(here.ok("GET", "/api/v1/datasets")["items"]) == made["datasets"] == 2
    assert made["points"] > 100_000 and made["files"] > 300


def test_nested_runs_know_their_parent(here: Client) -> None:
    runs = runs_in(here, "hyperparameter-sweep")
    (parent,) = [run["info"]["run_id"] for run in runs if run["info"]["run_name"] == "random-search"]
    tags = [{tag["key"]: tag["value"] for tag in run["data"]["tags"]} for run in runs]
    assert [one.get("mlflow.parentRunId") for one in tags].count(parent) == 6


def test_a_run_that_came_apart_says_nan(here: Client) -> None:
    (run,) = [
        run for run in runs_in(here, "shapes-classification") if run["info"]["run_name"].endswith("-09")
    ]
    assert run["info"]["status"] == "FAILED"
    assert {m["key"]: m["value"] for m in run["data"]["metrics"]}["train/loss"] == "NaN"


def test_the_folder_of_a_model_names_the_run_that_made_it(here: Client) -> None:
    (version, *_) = here.ok("GET", "model-versions/search")["model_versions"]
    path = version["source"].removeprefix("mlflow-artifacts:/")
    about = here.send("GET", f"/api/2.0/mlflow-artifacts/artifacts/{path}/MLmodel").content.decode()
    assert f"\nrun_id: {version['run_id']}\n" in about


def test_traces_have_spans_and_opinions(here: Client) -> None:
    experiment = here.ok("GET", "experiments/get-by-name", experiment_name="support-assistant")["experiment"]
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment["experiment_id"]}}
    found = here.ok("POST", "/api/3.0/mlflow/traces/search", locations=[place], max_results=100)["traces"]
    assert len(found) == 36
    assert {one["state"] for one in found} == {"OK", "ERROR"}
    assert any(one.get("assessments") for one in found)
    whole = here.ok("GET", "/api/3.0/mlflow/traces/get", trace_id=found[0]["trace_id"])["trace"]
    assert [span["name"] for span in whole["spans"]] == ["answer", "search_docs", "rerank", "complete"]


def test_again_makes_nothing(cli: CommandLine, here: Client) -> None:
    before = here.ok("POST", "experiments/search", max_results=100)
    done = cli.call("demo", "data")
    assert done.exit_code == 0 and "nothing was made" in done.stderr
    assert here.ok("POST", "experiments/search", max_results=100) == before


def test_a_workspace_that_is_something_else_is_left_alone(cli: CommandLine) -> None:
    cli.ok("workspace", "create", "precious")
    said = cli.fails(1, "demo", "data", "--workspace", "precious")
    assert "precious" in said and "--workspace" in said


@pytest.mark.parametrize("words", [["--runs", "0"], ["--runs", "many"], ["-w", "no/slash"], ["-w", ""]])
def test_what_makes_no_sense_is_refused(cli: CommandLine, words: list[str]) -> None:
    assert cli.call("demo", "data", *words).exit_code in (1, 2)

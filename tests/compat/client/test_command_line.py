"""The client's commands: experiments, runs, artifacts and traces without a line of Python."""

import json

import mlflow
import pytest
from click.testing import CliRunner
from mlflow.cli import cli


@pytest.fixture
def command(url, monkeypatch):
    """Runs `mlflow ...` and gives what it printed."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)

    def run(*words):
        done = CliRunner().invoke(cli, [str(word) for word in words])
        assert done.exit_code == 0, (words, done.output, done.exception)
        return done.output

    return run


def test_experiment_is_made_renamed_deleted_and_restored(command, client, name):
    command("experiments", "create", "-n", name)
    id = client.get_experiment_by_name(name).experiment_id
    assert name in command("experiments", "search")
    command("experiments", "rename", "-x", id, "--new-name", f"{name} new")
    command("experiments", "delete", "-x", id)
    assert client.get_experiment(id).lifecycle_stage == "deleted"
    assert f"{name} new" in command("experiments", "search", "--view", "deleted_only")
    command("experiments", "restore", "-x", id)
    assert client.get_experiment(id).name == f"{name} new"


def test_runs_are_written_as_a_table(command, client, experiment, run, tmp_path):
    client.log_metric(run, "loss", 0.5)
    client.log_param(run, "lr", "0.1")
    command("experiments", "csv", "-x", experiment, "-o", tmp_path / "runs.csv")
    header, row = (tmp_path / "runs.csv").read_text().splitlines()
    assert "metrics.loss" in header
    assert "params.lr" in header
    assert run in row


def test_run_is_listed_described_deleted_and_restored(command, client, experiment, run):
    client.set_tag(run, "k", "v")
    assert run in command("runs", "list", "--experiment-id", experiment)
    described = json.loads(command("runs", "describe", "--run-id", run))
    assert (described["info"]["run_id"], described["data"]["tags"]["k"]) == (run, "v")
    command("runs", "delete", "--run-id", run)
    assert run not in command("runs", "list", "--experiment-id", experiment)
    command("runs", "restore", "--run-id", run)
    assert client.get_run(run).info.lifecycle_stage == "active"


def test_files_go_up_are_listed_and_come_down(command, run, tmp_path):
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "a.txt").write_text("x")
    command("artifacts", "log-artifact", "-l", tmp_path / "up" / "a.txt", "-r", run, "-a", "one")
    command("artifacts", "log-artifacts", "-l", tmp_path / "up", "-r", run, "-a", "all")
    listed = json.loads(command("artifacts", "list", "-r", run))
    assert [file["path"] for file in listed] == ["all", "one"]
    command("artifacts", "download", "-r", run, "-a", "all", "-d", tmp_path)
    assert (tmp_path / "all" / "a.txt").read_text() == "x"


@pytest.mark.mlflow3
def test_run_is_made_and_experiment_is_shown(command, client, experiment, name):
    assert name in command("experiments", "get", "-x", experiment)
    command("runs", "create", "--experiment-id", experiment, "--run-name", "by command", "--tags", "k=v")
    found = client.search_runs([experiment])
    assert [(r.info.run_name, r.info.status, r.data.tags["k"]) for r in found] == [
        ("by command", "FINISHED", "v")
    ]


@pytest.mark.mlflow3
def test_trace_is_searched_tagged_judged_linked_and_deleted(command, client, experiment, run):
    @mlflow.trace(name="traced")
    def traced(x):
        return x

    traced(1)
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_last_active_trace_id()
    found = json.loads(command("traces", "search", "--experiment-id", experiment, "--output", "json"))
    assert [one["info"]["trace_id"] for one in found["traces"]] == [trace]
    command("traces", "set-tag", "--trace-id", trace, "--key", "mood", "--value", "good")
    command("traces", "log-feedback", "--trace-id", trace, "--name", "quality", "--value", "0.5")
    command("traces", "log-expectation", "--trace-id", trace, "--name", "answer", "--value", "1")
    info = json.loads(command("traces", "get", "--trace-id", trace))["info"]
    assert info["tags"]["mood"] == "good"
    assert {said["assessment_name"] for said in info["assessments"]} == {"quality", "answer"}
    command("traces", "delete-tag", "--trace-id", trace, "--key", "mood")
    command("runs", "link-traces", "--run-id", run, "-t", trace)
    assert [t.info.trace_id for t in mlflow.search_traces(run_id=run, return_type="list")] == [trace]
    command("traces", "delete", "--experiment-id", experiment, "--trace-ids", trace)
    assert client.search_traces(locations=[experiment]) == []

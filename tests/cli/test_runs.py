"""Runs and experiments against a real server."""

from __future__ import annotations

import json

import pytest
import yaml

from runyard import Experiment, Workspace
from tests.cli.command_line import UNKNOWN_RUN, CommandLine


def test_list_shows_the_runs_of_an_experiment(cli: CommandLine) -> None:
    name = cli.client.name("listed")
    run_id = cli.logged(cli.client.experiment(name=name))
    table = cli.ok("run", "list", "-e", name, "--metrics", "loss,odd", "--params", "rate")
    assert table.splitlines()[0].split() == ["RUN", "NAME", "STATUS", "loss", "odd", "rate", "STARTED"]
    assert f"{run_id}  hello  RUNNING  0.3333333  NaN  0.1" in table


def test_list_has_the_same_runs_in_every_format(cli: CommandLine) -> None:
    name = cli.client.name("ümläut 🌿")
    run_id = cli.logged(cli.client.experiment(name=name))
    (as_json,) = json.loads(cli.ok("run", "list", "-e", name, "-o", "json"))
    (as_yaml,) = yaml.safe_load(cli.ok("run", "list", "-e", name, "-o", "yaml"))
    assert as_json["run_id"] == as_yaml["run_id"] == run_id
    assert as_json["experiment"] == as_yaml["experiment"] == name
    assert as_json["metrics"] == {"loss": 1 / 3, "odd": "NaN"}
    assert cli.ok("run", "list", "-e", name, "-o", "tsv").split("\t")[0] == run_id
    assert cli.ok("run", "list", "-e", name, "--query", "[].run_id") == f"{run_id}\n"


def test_list_filters_by_status_tag_and_expression(cli: CommandLine) -> None:
    experiment = cli.client.experiment()
    one, other = cli.logged(experiment), cli.run(experiment=experiment)
    cli.client.ok("POST", "runs/update", run_id=other, status="FAILED", end_time=1)
    cli.client.ok("POST", "runs/set-tag", run_id=other, key="who", value="it's")

    def listed(*words: str) -> str:
        return cli.ok("run", "list", "-e", experiment, "--query", "[].run_id", "-o", "tsv", *words).strip()

    assert listed("--status", "running") == one
    assert listed("--status", "Failed") == other
    assert listed("--tag", "team=a") == one
    assert listed("--tag", "team") == one
    assert listed("--tag", "who=it's") == other
    assert listed("--filter", "metrics.loss < 0.5") == one
    assert listed("--filter", "metrics.loss < 0.5", "--status", "failed") == ""
    assert listed("--order-by", "metrics.loss ASC", "--last", "1") == one
    assert listed("--view", "deleted") == ""


def test_list_without_an_experiment_covers_all_of_the_workspace_and_says_that_there_is_more(
    cli: CommandLine,
) -> None:
    cli.run()
    cli.run()
    done = cli.call("run", "list", "--last", "1")
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == "The first 1; --last 0 lists all.\n"


def test_list_fits_a_narrow_terminal(cli: CommandLine) -> None:
    experiment = cli.client.experiment()
    run_id = cli.run(
        experiment=experiment, run_name="a name that is much longer than what is left", start_time=9
    )
    done = cli.call("run", "list", "-e", experiment, COLUMNS="60")
    assert run_id in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 60
    assert done.stderr.startswith("Not shown for want of room: ")


def test_children_of_a_run(cli: CommandLine) -> None:
    experiment = cli.client.experiment()
    parent = cli.run(experiment=experiment)
    child = cli.run(experiment=experiment, tags=[{"key": "mlflow.parentRunId", "value": parent}])
    assert cli.ok("run", "list", "--parent", parent, "--query", "[].run_id") == f"{child}\n"


def test_show_by_word_and_by_flag(cli: CommandLine) -> None:
    run_id = cli.logged()
    assert (
        cli.ok("run", "show", run_id)
        == cli.ok("run", "show", "-r", run_id)
        == cli.ok("run", "show", "--run", run_id)
    )
    card = cli.ok("run", "show", run_id)
    assert (
        f"Run         {run_id}\n" in card
        and "Metrics     loss  0.3333333\n            odd   NaN\n" in card
        and "rate  0.1\n" in card
    )
    assert cli.ok("run", "show", run_id, "--query", "metrics.loss", "-o", "tsv") == "0.3333333333333333\n"


def test_show_asks_for_exactly_one_run(cli: CommandLine) -> None:
    assert "Missing RUN" in cli.fails(2, "run", "show")
    assert "Give RUN once" in cli.fails(2, "run", "show", "a", "-r", "b")


def test_an_unknown_run_is_not_found(cli: CommandLine) -> None:
    for command in (["show"], ["metrics"], ["cancel"], ["delete"], ["restore"], ["logs"], ["download"]):
        assert UNKNOWN_RUN in cli.fails(4, "run", *command, UNKNOWN_RUN)


def test_metrics_shows_the_last_values(cli: CommandLine) -> None:
    run_id = cli.logged()
    table = cli.ok("run", "metrics", "-r", run_id)
    assert table.splitlines()[0].split() == ["METRIC", "VALUE", "STEP", "KIND", "LOGGED"]
    assert "loss    0.3333333     2  metric" in table and "odd     NaN" in table
    assert [one["name"] for one in cli.data("run", "metrics", run_id)] == ["loss", "odd"]


def test_metrics_shows_every_point_when_asked(cli: CommandLine) -> None:
    run_id = cli.logged()
    found = cli.data("run", "metrics", "-r", run_id, "--name", "loss", "--history")
    assert [(point["step"], point["value"]) for point in found] == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    lines = cli.ok("run", "metrics", "-r", run_id, "--name", "loss", "--history", "-o", "tsv").splitlines()
    assert lines[1].startswith("1\t0.5\t")
    assert len(cli.data("run", "metrics", "-r", run_id, "--history")) == 4


def test_metrics_shows_what_the_sdk_logged_beside_numbers(cli: CommandLine) -> None:
    name = cli.client.name("sdk")
    workspace = Workspace.get("default", server=f"http://127.0.0.1:{cli.client.port}")
    run = Experiment(workspace, name).start_logging(snapshot_directory=None)
    run.log("count", 3)
    run.log("note", "early stop")
    run.log_list("sizes", [1, 2, 3])
    run.log_row("curve", x=1, y=0.5)
    run.log_row("curve", x=2, y=0.25)
    run.complete()
    found = {one["name"]: one["value"] for one in cli.data("run", "metrics", run.id)}
    assert found == run.get_metrics()
    assert "x=[1, 2], y=[0.5, 0.25]" in cli.ok("run", "metrics", run.id, "--name", "curve")


def test_metrics_of_an_unknown_name_are_not_found(cli: CommandLine) -> None:
    assert "'acc'" in cli.fails(4, "run", "metrics", cli.logged(), "--name", "acc")


def test_compare_lays_runs_side_by_side(cli: CommandLine) -> None:
    one, other = cli.logged(), cli.logged()
    cli.client.ok("POST", "runs/log-metric", run_id=other, key="loss", value=9, timestamp=9, step=9)
    rows = {row["name"]: row["values"] for row in cli.data("run", "compare", one, other)}
    assert rows["loss"] == {one: 1 / 3, other: 9.0} and rows["rate"] == {one: "0.1", other: "0.1"}
    different = cli.ok("run", "compare", "-r", one, "-r", other, "--different", "-o", "tsv")
    assert different == f"metric\tloss\t{1 / 3}\t9.0\n"
    assert "two or more" in cli.fails(2, "run", "compare", one, one)


def test_tags_come_and_go(cli: CommandLine) -> None:
    run_id = cli.run()
    assert (
        cli.data("run", "tag", run_id, "a=1", "b=x=y", "c")["tags"].items()
        >= {"a": "1", "b": "x=y", "c": ""}.items()
    )
    assert "a" not in cli.data("run", "tag", run_id, "--remove", "a")["tags"]
    assert "Nothing to do" in cli.fails(2, "run", "tag", run_id)
    assert "has no key" in cli.fails(2, "run", "tag", run_id, "=1")


def test_update_changes_name_description_status_and_tags(cli: CommandLine) -> None:
    run_id = cli.run()
    changes = ["--name", "best", "--description", "Lowest.", "--status", "completed", "--add-tag", "a=1"]
    found = cli.data("run", "update", run_id, *changes)
    assert (found["name"], found["status"]) == ("best", "FINISHED")
    assert found["end_ms"] > 0 and found["tags"]["mlflow.note.content"] == "Lowest."
    assert "Nothing to change" in cli.fails(2, "run", "update", run_id)


def test_cancel_ends_a_run_once(cli: CommandLine) -> None:
    run_id = cli.run()
    assert cli.ok("run", "cancel", run_id) == ""
    assert cli.data("run", "show", run_id)["status"] == "KILLED"
    assert "has ended already" in cli.fails(1, "run", "cancel", run_id)


def test_delete_and_restore(cli: CommandLine) -> None:
    run_id = cli.run()
    done = cli.call("run", "delete", run_id)
    assert done.stdout == "" and f"run restore {run_id}" in done.stderr
    assert cli.data("run", "show", run_id)["stage"] == "deleted"
    cli.ok("run", "restore", run_id)
    assert cli.data("run", "show", run_id)["stage"] == "active"


def test_experiments_are_made_found_changed_deleted_and_restored(cli: CommandLine) -> None:
    name = cli.client.name("ex")
    made = cli.data("experiment", "create", name, "--tag", "team=a")
    assert made["tags"] == {"team": "a"} and made["stage"] == "active"
    assert name in cli.ok("experiment", "list") and made["experiment_id"] in cli.ok(
        "experiment", "show", name
    )
    assert cli.data("experiment", "show", made["experiment_id"])["name"] == name
    assert cli.data("experiment", "tag", name, "b=1", "--remove", "team")["tags"] == {"b": "1"}
    cli.ok("experiment", "rename", name, f"{name}!")
    cli.ok("experiment", "delete", f"{name}!")
    assert f"{name}!" in cli.ok("experiment", "list", "--view", "deleted")
    cli.ok("experiment", "restore", f"{name}!")
    assert cli.data("experiment", "show", f"{name}!")["stage"] == "active"


@pytest.mark.parametrize("which", ["nothing-of-that-name", "987654321"])
def test_an_unknown_experiment_is_not_found(cli: CommandLine, which: str) -> None:
    assert which in cli.fails(4, "experiment", "show", which)
    assert which in cli.fails(4, "run", "list", "-e", which)


def test_a_taken_name_is_refused_with_the_way_out(cli: CommandLine) -> None:
    name = cli.client.name("twice")
    cli.ok("experiment", "create", name)
    assert "already exists" in cli.fails(1, "experiment", "create", name)

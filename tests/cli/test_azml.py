"""Azure's spelling of the same commands."""

from __future__ import annotations

from pathlib import Path

from runyard.cli.azml import main as azml
from tests.cli.command_line import CommandLine


def test_the_commands_of_azure_scripts_work(cli: CommandLine, tmp_path: Path) -> None:
    name = cli.client.name("ws")
    place = ["--workspace-name", name, "--resource-group", "default", "--subscription-id", "default"]
    assert cli.azml("workspace", "create", "-w", name, "-g", "default", "--yes")["name"] == name
    assert cli.azml("workspace", "show", *place)["name"] == name
    cli.azml("folder", "attach", "-w", name, "-g", "default", "-e", "first")
    assert cli.azml("workspace", "show", "--path", str(tmp_path))["name"] == name
    assert [one["name"] for one in cli.azml("experiment", "list", *place)] == ["Default"]
    assert cli.azml("datastore", "show-default")["name"] == "workspaceblobstore"


def test_runs_are_shown_as_json_unless_a_table_is_asked_for(cli: CommandLine) -> None:
    experiment = cli.client.experiment()
    run_id = cli.logged(experiment)
    assert cli.azml("run", "show", "-r", run_id, "-e", experiment)["run_id"] == run_id
    (found,) = cli.azml("run", "list", "--experiment-name", experiment, "--last", "5", "--minimal")
    assert found["run_id"] == run_id
    assert cli.azml("run", "update", "-r", run_id, "--add-tag", "a=1")["tags"]["a"] == "1"
    table = cli.call("run", "list", "-e", experiment, "-o", "table", root=azml)
    assert table.stdout.startswith("RUN ")


def test_what_azure_has_no_word_for_is_only_in_runyard(cli: CommandLine) -> None:
    assert cli.call("audit", "list", root=azml).exit_code == 2


def test_errors_name_the_program_that_was_called(cli: CommandLine) -> None:
    done = cli.call("experiment", "show", "nothing", root=azml)
    assert done.exit_code == 4 and "`azml experiment list`" in done.stderr

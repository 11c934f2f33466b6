"""Workspaces, resource groups, folders and defaults against a real server."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runyard.client.addresses import parse_tracking_uri
from tests.cli.command_line import CommandLine


def made(cli: CommandLine, **options: str) -> str:
    """The name of a new workspace."""
    name = cli.client.name("ws")
    cli.ok(
        "workspace",
        "create",
        name,
        *(word for flag, value in options.items() for word in (f"--{flag}", value)),
    )
    return name


def test_workspaces_are_made_listed_shown_changed_and_deleted(cli: CommandLine) -> None:
    name, group = cli.client.name("ws"), cli.client.name("group")
    found = cli.data("workspace", "create", name, "-g", group, "-d", "Leaves 🌿", "--tag", "team=a")
    assert (found["group"], found["description"], found["tags"]) == (group, "Leaves 🌿", {"team": "a"})
    assert found["mlflow_tracking_uri"].endswith(f"/workspaces/{name}")
    assert cli.ok("workspace", "list", "-g", group, "--query", "[].name") == f"{name}\n"
    assert "Leaves 🌿" in cli.ok("workspace", "show", name) == cli.ok("workspace", "show", "-w", name)
    changed = cli.data(
        "workspace", "update", name, "--add-tag", "b=1", "--remove-tag", "team", "-f", "Friendly"
    )
    assert (changed["tags"], changed["friendly_name"]) == ({"b": "1"}, "Friendly")
    assert "Nothing to change" in cli.fails(2, "workspace", "update", name)
    cli.ok("workspace", "delete", name, "--yes", name)
    assert name in cli.fails(4, "workspace", "show", name)


def test_a_name_that_is_taken_is_refused_unless_that_is_fine(cli: CommandLine) -> None:
    name = made(cli)
    assert name in cli.fails(1, "workspace", "create", name)
    assert cli.data("workspace", "create", "-w", name, "--exist-ok")["name"] == name


@pytest.mark.parametrize("words", [[], ["--yes", "other"]])
def test_nothing_is_deleted_without_its_name(cli: CommandLine, words: list[str]) -> None:
    name = made(cli)
    assert name in cli.fails(2, "workspace", "delete", name, *words)
    cli.ok("workspace", "show", name)


def test_the_default_workspace_is_never_deleted_by_default(cli: CommandLine) -> None:
    assert "never taken from a default" in cli.fails(2, "workspace", "delete")


def test_two_names_for_one_workspace_are_refused(cli: CommandLine) -> None:
    assert "'a' and, by -w, 'b'" in cli.fails(2, "workspace", "show", "a", "-w", "b")


def test_a_tracking_uri_carries_a_token_for_this_workspace(cli: CommandLine) -> None:
    name = made(cli)
    line = cli.ok("workspace", "tracking-uri", name)
    address = parse_tracking_uri(line.strip())
    assert line.startswith("runyard://") and address.workspace == name and address.token
    assert cli.ok("workspace", "show", name, RUNYARD_TOKEN=address.token)
    assert cli.data("workspace", "tracking-uri", name, "--life", "5m")["expires_ms"] > 0
    assert cli.ok("workspace", "tracking-uri", name, "--scheme", "azureml").startswith("azureml://")
    plain = cli.ok("workspace", "tracking-uri", name, "--scheme", "http")
    assert (
        plain
        == f"http://127.0.0.1:{cli.client.port}/subscriptions/default/resourceGroups/default/workspaces/{name}\n"
    )
    assert "no duration" in cli.fails(2, "workspace", "tracking-uri", name, "--life", "soon")


def test_groups_are_made_shown_and_deleted_with_what_is_in_them(cli: CommandLine) -> None:
    group = cli.client.name("group")
    cli.ok("group", "create", group, "--tag", "a=1")
    name = made(cli, **{"resource-group": group})
    assert group in cli.ok("group", "list")
    assert cli.data("group", "show", group)["workspaces"] == [name]
    assert group in cli.fails(2, "group", "delete", group)
    cli.ok("group", "delete", group, "--yes", group)
    cli.fails(4, "workspace", "show", name)
    assert group in cli.fails(4, "group", "show", group)


def test_what_is_in_one_workspace_is_not_seen_from_another(cli: CommandLine) -> None:
    name, experiment = made(cli), cli.client.name("ex")
    cli.ok("experiment", "create", experiment, "-w", name)
    assert experiment in cli.ok("experiment", "list", "-w", name)
    assert experiment not in cli.ok("experiment", "list")
    assert cli.ok("run", "list", "-w", name, "--query", "length(@)") == "0\n"


def test_a_workspace_is_found_only_in_its_group(cli: CommandLine) -> None:
    group = cli.client.name("group")
    name = made(cli, **{"resource-group": group})
    cli.ok("run", "list", "-w", name, "-g", group)
    assert name in cli.fails(4, "run", "list", "-w", name, "-g", "default")


def test_an_attached_folder_says_where_its_workspace_is(cli: CommandLine, tmp_path: Path) -> None:
    name = made(cli)
    cli.ok("folder", "attach", "-w", name)
    said = json.loads((tmp_path / ".azureml" / "config.json").read_text())
    assert (said["workspace_name"], said["server"]) == (name, f"http://127.0.0.1:{cli.client.port}")
    (tmp_path / "deep" / "down").mkdir(parents=True)
    os.chdir(tmp_path / "deep" / "down")
    assert cli.data("workspace", "show")["name"] == name
    assert cli.data("config", "show")["folder_config"] == str(tmp_path / ".azureml" / "config.json")
    assert cli.data("workspace", "show", "-w", "default")["name"] == "default"


def test_the_folders_server_counts_when_no_variable_names_one(cli: CommandLine) -> None:
    cli.ok("folder", "attach", "-w", "default")
    assert f":{cli.client.port}\n" in cli.ok("config", "show", "--query", "server", RUNYARD_SERVER="")


def test_defaults_are_set_shown_and_unset(cli: CommandLine) -> None:
    name = made(cli)
    cli.ok("config", "set", "workspace", name)
    assert cli.data("workspace", "show")["name"] == name
    cli.ok("config", "set", "output", "json")
    assert json.loads(cli.ok("workspace", "show"))["name"] == name
    cli.ok("config", "set", "server", "http://127.0.0.1:1/")
    assert json.loads(cli.ok("config", "show", RUNYARD_SERVER=""))["server"] == "http://127.0.0.1:1"
    cli.ok("config", "unset", "workspace")
    assert json.loads(cli.ok("workspace", "show"))["name"] == "default"
    assert "not one of" in cli.fails(2, "config", "set", "output", "pdf")
    cli.fails(2, "config", "set", "colour", "red")


def test_defaults_that_cannot_be_read_are_named(cli: CommandLine) -> None:
    cli.home.mkdir()
    (cli.home / "config.json").write_text("{")
    assert "config.json" in cli.fails(1, "run", "list")

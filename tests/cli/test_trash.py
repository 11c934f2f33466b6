"""`runyard trash`: look, bring back, remove for good."""

from __future__ import annotations

import pytest

from tests.cli.command_line import UNKNOWN_RUN, CommandLine


@pytest.fixture
def deleted(cli: CommandLine) -> str:
    """The id of a run in the trash."""
    run = cli.logged()
    cli.client.ok("POST", "runs/delete", run_id=run)
    return run


def ids(cli: CommandLine, *words: str) -> set[str]:
    return {one["id"] for one in cli.data("trash", "list", "--last", "0", *words)}


def test_a_deleted_run_is_listed_and_comes_back(cli: CommandLine, deleted: str) -> None:
    assert deleted in ids(cli) and deleted in ids(cli, "--kind", "run")
    assert deleted not in ids(cli, "--kind", "model")
    assert "hello" in cli.ok("trash", "list")
    assert cli.data("trash", "restore", deleted) == [
        {"kind": "run", "id": deleted, "state": "restored", "reason": ""}
    ]
    assert deleted not in ids(cli)


def test_sizes_are_counted_on_request(cli: CommandLine, deleted: str) -> None:
    (mine,) = [one for one in cli.data("trash", "list", "--sizes", "--last", "0") if one["id"] == deleted]
    assert (mine["files"], mine["bytes"], mine["whole"]) == (0, 0, True)


def test_what_an_id_is_of_follows_from_its_form(cli: CommandLine, deleted: str) -> None:
    experiment = cli.client.experiment()
    model = cli.client.ok("POST", "logged-models", experiment_id=experiment)["model"]["info"]["model_id"]
    cli.client.ok("DELETE", f"logged-models/{model}")
    gone = cli.client.experiment()
    cli.client.ok("POST", "experiments/delete", experiment_id=gone)
    done = cli.data("trash", "restore", deleted, model, gone)
    assert [one["kind"] for one in done] == ["run", "model", "experiment"]
    assert {one["state"] for one in done} == {"restored"}


def test_purging_needs_a_confirmation(cli: CommandLine, deleted: str) -> None:
    assert "--yes 1" in cli.fails(2, "trash", "purge", deleted)
    assert "Nothing was deleted" in cli.fails(2, "trash", "purge", deleted, "--yes", "2")
    assert deleted in ids(cli)
    assert cli.data("trash", "purge", deleted, "--yes", "1")[0]["state"] == "purged"
    assert deleted not in ids(cli)


def test_everything_older_is_purged(cli: CommandLine, deleted: str) -> None:
    assert cli.data("trash", "purge", "--older-than", "1h", "--yes", "1h") == []
    assert deleted in ids(cli)
    done = cli.data("trash", "purge", "--older-than", "0s", "--yes", "0s")
    assert deleted in {one["id"] for one in done}


def test_what_is_not_there_is_said(cli: CommandLine) -> None:
    done = cli.call("trash", "restore", UNKNOWN_RUN)
    assert done.exit_code == 1
    assert "not in the trash" in done.stdout and "Nothing was restored" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["restore"],
        ["purge"],
        ["purge", "1", "--older-than", "1d"],
        ["purge", "--older-than", "soon", "--yes", "soon"],
        ["list", "--kind", "trace"],
        ["list", "--last", "-1"],
    ],
)
def test_what_makes_no_sense_is_refused(cli: CommandLine, words: list[str]) -> None:
    assert cli.call("trash", *words).exit_code == 2

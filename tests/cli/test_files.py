"""Artifacts, models, datastores and datasets against a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine


def folder(path: Path) -> Path:
    """Two files, one of them further down, with names that need care."""
    (path / "sub").mkdir(parents=True)
    (path / "a b ü#?.txt").write_text("hello")
    (path / "sub" / "b.bin").write_bytes(bytes(range(256)) * 100)
    return path


def same(one: Path, other: Path) -> None:
    for name in ("a b ü#?.txt", "sub/b.bin"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_artifacts_go_up_and_come_back(cli: CommandLine, tmp_path: Path) -> None:
    run_id, source = cli.run(), folder(tmp_path / "up")
    done = cli.data("artifact", "upload", "-r", run_id, "up", "--to", "outputs")
    assert [one["path"] for one in done] == ["outputs/up/a b ü#?.txt", "outputs/up/sub/b.bin"]
    assert cli.ok("artifact", "list", run_id) == (
        "PATH                        SIZE\noutputs/up/a b ü#?.txt       5 B\noutputs/up/sub/b.bin    25.0 KiB\n"
    )
    assert cli.ok("artifact", "list", "-r", run_id, "--flat", "--query", "[].path") == "outputs\n"
    cli.ok("run", "download", run_id, "--to", "all")
    same(source, tmp_path / "all" / "outputs" / "up")
    cli.ok("artifact", "download", "-r", run_id, "outputs/up/sub", "--to", "part")
    assert [path.name for path in (tmp_path / "part").rglob("*") if path.is_file()] == ["b.bin"]


def test_a_download_overwrites_nothing_unless_told(cli: CommandLine, tmp_path: Path) -> None:
    run_id = cli.run()
    folder(tmp_path / "up")
    cli.ok("artifact", "upload", "-r", run_id, "up")
    cli.ok("run", "download", run_id, "--to", "all")
    kept = tmp_path / "all" / "up" / "sub" / "b.bin"
    kept.write_text("mine")
    assert "--overwrite" in cli.fails(1, "run", "download", run_id, "--to", "all")
    assert kept.read_text() == "mine"
    cli.ok("run", "download", run_id, "--to", "all", "--overwrite")
    assert kept.stat().st_size == 25_600


def test_artifacts_are_deleted_and_then_gone(cli: CommandLine, tmp_path: Path) -> None:
    run_id = cli.run()
    folder(tmp_path / "up")
    cli.ok("artifact", "upload", "-r", run_id, "up")
    cli.ok("artifact", "delete", "-r", run_id, "up/sub")
    assert cli.ok("artifact", "list", run_id, "--query", "[].path") == "up/a b ü#?.txt\n"
    for command in (["delete"], ["download"]):
        assert "no artifact" in cli.fails(4, "artifact", *command, "-r", run_id, "up/sub")
    assert "no artifact" in cli.fails(4, "artifact", "list", run_id, "--artifact", "nowhere")


def test_a_file_that_is_not_here_is_a_wrong_command_line(cli: CommandLine) -> None:
    assert "does not exist" in cli.fails(2, "artifact", "upload", "-r", cli.run(), "nowhere.txt")


def test_logs_are_printed(cli: CommandLine, tmp_path: Path) -> None:
    run_id = cli.run()
    assert "no log files" in cli.fails(4, "run", "logs", run_id)
    (tmp_path / "train.txt").write_text("epoch 1\n")
    cli.ok("artifact", "upload", "-r", run_id, "train.txt", "--to", "logs")
    assert cli.ok("run", "logs", run_id) == "epoch 1\n"
    assert cli.ok("run", "monitor-logs", "-r", run_id, "--file", "logs/train.txt") == "epoch 1\n"


def test_models_are_registered_shown_updated_downloaded_and_deleted(cli: CommandLine, tmp_path: Path) -> None:
    run_id, name = cli.run(), cli.client.name("model")
    source = folder(tmp_path / "net")
    cli.ok("artifact", "upload", "-r", run_id, "net")
    register = ["model", "register", name, "-r", run_id, "--asset-path", "net"]
    made = cli.data(*register, "--alias", "champion", "--tag", "a=1", "-d", "First.")
    assert (made["version"], made["aliases"], made["tags"]) == ("1", ["champion"], {"a": "1"})
    assert cli.data(*register)["version"] == "2"
    assert name in cli.ok("model", "list")
    assert [one["aliases"] for one in cli.data("model", "list", "-n", name)] == [[], ["champion"]]
    assert cli.data("model", "show", f"{name}:champion")["version"] == "1"
    assert cli.data("model", "show", name)["latest_version"] == "2"
    assert cli.data("model", "update", f"{name}:2", "--alias", "champion")["aliases"] == ["champion"]
    assert cli.data("model", "update", name, "--description", "New.", "--add-tag", "b=2")["tags"] == {
        "b": "2"
    }
    cli.ok("model", "download", "-n", f"{name}:1", "-t", "models")
    same(source, tmp_path / "models" / "net")
    cli.ok("model", "delete", f"{name}:1")
    assert [one["version"] for one in cli.data("model", "list", "-n", name)] == ["2"]
    assert f"--yes {name}" in cli.fails(2, "model", "delete", name)
    cli.ok("model", "delete", name, "--yes", name)
    assert name in cli.fails(4, "model", "show", name)


def test_only_artifacts_that_are_there_become_models(cli: CommandLine) -> None:
    said = cli.fails(4, "model", "register", "m", "-r", cli.run(), "--asset-path", "nowhere")
    assert "no artifact 'nowhere'" in said


def test_files_go_into_the_default_datastore_and_come_back(cli: CommandLine, tmp_path: Path) -> None:
    source, place = folder(tmp_path / "data"), cli.client.name("place")
    done = cli.data("datastore", "upload", "data", "--to", place)
    assert [one["path"] for one in done] == [f"{place}/a b ü#?.txt", f"{place}/sub/b.bin"]
    assert "already" in cli.fails(1, "datastore", "upload", "-p", "data", "-u", place)
    cli.ok("datastore", "upload", "data", "--to", place, "--overwrite")
    assert cli.ok("datastore", "ls", place, "--flat", "--query", "[].path", "-o", "tsv").splitlines() == [
        f"{place}/a b ü#?.txt",
        f"{place}/sub",
    ]
    cli.ok("datastore", "download", place, "--to", "back")
    same(source, tmp_path / "back" / place)
    assert "nothing at" in cli.fails(4, "datastore", "download", "nowhere")
    assert "nothing at" in cli.fails(4, "datastore", "ls", "nowhere")


def test_datastores_are_listed_attached_chosen_and_detached(cli: CommandLine) -> None:
    names = cli.ok("datastore", "list", "--query", "[].name")
    assert "workspaceblobstore" in names
    name = cli.client.name("s3").replace("-", "_")
    attach = ["datastore", "attach-s3", name, "--bucket", "leaves", "--anonymous", "--skip-validation"]
    made = cli.data(*attach)
    assert (made["kind"], made["config"]["bucket"], made["has_secret"]) == ("s3", "leaves", False)
    assert name in cli.fails(1, *attach)
    keys = ["--access-key-id", "AKIA", "--secret-access-key", "very-secret"]
    shown = cli.ok(
        "datastore", "attach-s3", name, "--bucket", "leaves", *keys, "--overwrite", "--skip-validation"
    )
    assert "very-secret" not in shown and "kept encrypted" in shown
    cli.ok("datastore", "set-default", name)
    assert cli.data("datastore", "show-default")["name"] == name
    cli.ok("datastore", "set-default", "workspaceblobstore")
    cli.ok("datastore", "detach", "-n", name)
    assert name in cli.fails(4, "datastore", "show", name)


@pytest.mark.parametrize(
    "words",
    [
        ["attach-s3", "x", "--bucket", "b"],
        ["attach-gcs", "x", "--bucket", "b"],
        ["attach-blob", "x", "-a", "account", "-c", "leaves"],
        ["attach-sftp", "x", "--host", "h", "-u", "ada", "--host-key", "ssh-ed25519 AAAA"],
        ["upload"],
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(cli: CommandLine, words: list[str]) -> None:
    cli.fails(2, "datastore", *words)


def test_a_blob_container_is_attached_as_azure_spells_it(cli: CommandLine) -> None:
    name = cli.client.name("blob").replace("-", "_")
    key = "a2V5a2V5a2V5a2V5"
    made = cli.azml(
        "datastore",
        "attach-blob",
        "-n",
        name,
        "-a",
        "account",
        "-c",
        "leaves",
        "-k",
        key,
        "--skip-validation",
    )
    assert made["config"]["container"] == "leaves" and made["has_secret"]


def test_datasets_are_registered_archived_and_unregistered(cli: CommandLine, tmp_path: Path) -> None:
    name = cli.client.name("set")
    (tmp_path / "labels.csv").write_text("a,b\n1,2\n")
    cli.ok("datastore", "upload", "labels.csv", "--to", name)
    register = ["dataset", "register", name, "--path", f"{name}/*.csv", "-d", "By hand.", "--tag", "a=1"]
    made = cli.data(*register)
    assert (made["version"], made["kind"], made["definition"]["format"]) == (1, "tabular", "delimited")
    changed = cli.data(*register, "--separator", ";", "--new-version")
    assert changed["version"] == 2
    assert name in cli.ok("dataset", "list")
    assert cli.data("dataset", "show", name, "--version", "1")["latest_version"] == 2
    assert cli.data("dataset", "show", "--id", made["id"])["version"] == 1
    cli.ok("dataset", "archive", name)
    assert name not in cli.ok("dataset", "list") and name in cli.ok("dataset", "list", "--archived")
    cli.ok("dataset", "reactivate", name)
    cli.ok("dataset", "unregister", name, "--yes", name)
    assert name in cli.fails(4, "dataset", "show", name)


def test_a_dataset_from_a_file(cli: CommandLine, tmp_path: Path) -> None:
    name = cli.client.name("set")
    (tmp_path / "set.json").write_text(
        '{"kind": "file", "definition": {"paths": [{"path": "https://x.example/a"}]}}'
    )
    assert cli.data("dataset", "register", name, "-f", "set.json")["kind"] == "file"
    (tmp_path / "bad.json").write_text("{")
    assert "is not JSON" in cli.fails(2, "dataset", "register", name, "-f", "bad.json")
    assert "Missing --path" in cli.fails(2, "dataset", "register", name)

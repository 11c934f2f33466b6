"""Out into a folder and back: nothing is lost, and what is not as it was written is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet
import pytest

from runyard.transfer.exporting import Exporter, sha256_of
from runyard.transfer.folder import ExportedFolder
from runyard.transfer.importing import Choice
from runyard.transfer.runyard_server import RunyardServer
from runyard.transfer.source import SourceFault
from tests.api.live_server import Client, live_server
from tests.transfer.importing import Heard, connection_to, counts, faults, import_into

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with live_server(tmp_path_factory.mktemp("from")) as client:
        fill(client)
        yield client


@pytest.fixture(scope="module")
def folder(server: Client, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(server, tmp_path_factory.mktemp("exported") / "out")


def exported(server: Client, folder: Path, *experiments: str) -> Path:
    source = RunyardServer(connection_to(server))
    exporter = Exporter(
        source, folder, Choice(experiments), Heard(), workspace="default", details={"name": "default"}
    )
    exporter.run()
    assert exporter.left_out == []
    return folder


def fill(server: Client) -> None:
    experiment = server.experiment(name="vision", tags=[{"key": "camelCase", "value": "ü"}])
    for number in range(3):
        run = server.run(experiment, run_name=f"r{number}", start_time=number)
        points = [{"key": "loss", "value": n / 3, "timestamp": n, "step": n} for n in range(500)]
        server.ok("POST", "runs/log-batch", run_id=run, metrics=points, params=[{"key": "p", "value": "1"}])
        server.ok("POST", "runs/log-metric", run_id=run, key="odd", value="NaN", timestamp=1)
        path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/a b/ü.txt"
        server.send("PUT", path.replace(" ", "%20").replace("ü", "%C3%BC"), f"file {number}".encode())
        body = {
            "uuid": f"u{number}",
            "name": "words",
            "kind": "list",
            "logged_ms": 5,
            "body": '{"value": ["a", null]}',
        }
        server.ok("POST", "/api/v1/import/logged", run_id=run, items=[body])
    server.ok("POST", "runs/delete", run_id=run)
    model = server.ok("POST", "logged-models", experiment_id=experiment, name="net")["model"]["info"][
        "model_id"
    ]
    server.ok("POST", "registered-models/create", name="registered")
    server.ok("POST", "model-versions/create", name="registered", source=f"models:/{model}", model_id=model)
    trace = {"id": "tr-" + "1" * 32, "experiment_id": experiment, "request_ms": 1, "tags": {"k": "v"}}
    span = {
        "trace_id": "1" * 32,
        "span_id": "2" * 16,
        "name": "s",
        "start_ns": 1,
        "attributes": {"nullKey": None},
    }
    server.ok("POST", "/api/v1/import/traces", items=[{**trace, "spans": [span]}])
    version = {"version": 1, "uuid": "d1", "kind": "file", "definition": "{}"}
    server.ok(
        "POST", "/api/v1/import/datasets", items=[{"name": "train", "versions": [version], "last_version": 1}]
    )
    server.ok(
        "POST",
        "/api/v1/import/datastores",
        items=[{"name": "lake", "kind": "s3", "config": '{"bucket": "b"}'}],
    )


def test_out_and_in_and_out_again_is_the_same(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    with live_server(tmp_path / "to") as other:
        source = ExportedFolder(folder)
        source.check(Heard())
        report = import_into(other, source, tmp_path / "journal")
        assert faults(report) == []
        assert counts(report) | {"bytes of files": 0} == {
            "experiments": 2, "runs": 3, "models": 1, "traces": 1, "registered models": 1, "datasets": 1,
            "datastores": 1, "metrics": 6, "points": 1503, "files": 3, "bytes of files": 0,
        }  # fmt: skip
        again = exported(other, tmp_path / "again")
    for path in sorted(folder.rglob("*")):
        twin = again / path.relative_to(folder)
        if path.is_file() and path.name != "manifest.json":
            assert _without_own_times(path) == _without_own_times(twin), path


def _without_own_times(path: Path) -> bytes:
    """The default experiment was made by each server itself."""
    if path.name != "experiments.jsonl":
        return path.read_bytes()
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        if record["name"] == "Default":
            del record["created_ms"], record["updated_ms"]
    return json.dumps(records).encode()


def test_into_a_workspace_with_other_numbers(folder: Path, server: Client, tmp_path: Path) -> None:
    server.ok("POST", "/api/v1/workspaces", name="second")
    report = import_into(server, ExportedFolder(folder), tmp_path / "journal", workspace="second")
    assert faults(report) == [] and counts(report)["files"] == 3
    there = server.also(base="/workspaces/second")
    found = there.ok("GET", "experiments/get-by-name", experiment_name="vision")["experiment"][
        "experiment_id"
    ]
    mine = server.ok("GET", "experiments/get-by-name", experiment_name="vision")["experiment"][
        "experiment_id"
    ]
    assert found != mine
    there.close()


def test_one_experiment_may_be_exported(server: Client, tmp_path: Path) -> None:
    out = exported(server, tmp_path / "out", "vision")
    assert not (out / "registered_models.jsonl").exists() and len(list((out / "experiments").iterdir())) == 1


def test_tables_are_plain_parquet(folder: Path) -> None:
    runs = pyarrow.parquet.read_table(folder / "tables/runs.parquet").to_pylist()
    assert [run["name"] for run in runs] == ["r0", "r1", "r2"] and runs[2]["stage"] == "deleted"
    (points,) = [path for path in folder.rglob("points.parquet") if path.stat().st_size > 5_000]
    table = pyarrow.parquet.read_table(points)
    assert table.column_names == ["run_id", "key", "step", "timestamp_ms", "value"] and table.num_rows == 1503


def test_a_folder_that_is_not_empty_is_left_alone(server: Client, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(SourceFault, match="not empty"):
        exported(server, tmp_path)


def _edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def _artifact(folder: Path) -> Path:
    return next(path for path in (folder / "artifacts").rglob("*.txt"))


def _listed(folder: Path) -> Path:
    return next(path for path in folder.rglob("artifacts.jsonl") if path.stat().st_size)


def _relist(folder: Path, path: Path) -> None:
    """A manifest that fits a file which was changed."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for one in manifest["files"]:
        if one["path"] == path.relative_to(folder).as_posix():
            one["bytes"], one["sha256"] = path.stat().st_size, sha256_of(path)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _misplace(folder: Path) -> None:
    _edit(_listed(folder), "artifacts/runs/", "artifacts/../../")
    _relist(folder, _listed(folder))


def _link(folder: Path) -> None:
    path = _artifact(folder)
    path.rename(folder.parent / "moved.txt")
    path.symlink_to(folder.parent / "moved.txt")


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text("{"),
        lambda folder: _edit(folder / "manifest.json", '"version": 1', '"version": 2'),
        lambda folder: _edit(folder / "manifest.json", "experiments.jsonl", "../../../etc/passwd"),
        lambda folder: _edit(
            folder / "manifest.json", '"path": "experiments.jsonl"', '"path": "/etc/passwd"'
        ),
        lambda folder: _edit(folder / "experiments.jsonl", "vision", "vision2"),
        lambda folder: (folder / "experiments.jsonl").unlink(),
        lambda folder: _artifact(folder).write_text("another"),
        lambda folder: _artifact(folder).unlink(),
        lambda folder: (folder / "artifacts" / "more.txt").write_text("more"),
        _misplace,
        _link,
    ],
)
def test_a_folder_that_is_not_as_it_was_written_is_refused(
    folder: Path, tmp_path: Path, change: Change
) -> None:
    shutil.copytree(folder, tmp_path / "x")
    change(tmp_path / "x")
    with pytest.raises(SourceFault):
        ExportedFolder(tmp_path / "x").check(Heard())


@pytest.mark.parametrize("name", ["runs.jsonl", "points.parquet", "logged.jsonl"])
def test_files_that_are_cut_are_told(server: Client, folder: Path, tmp_path: Path, name: str) -> None:
    """Even when a manifest fits them."""
    shutil.copytree(folder, tmp_path / "x")
    path = max((tmp_path / "x").rglob(name), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-20])
    server.ok("POST", "/api/v1/workspaces", name=f"cut-{name.partition('.')[0]}")
    report = import_into(
        server,
        ExportedFolder(tmp_path / "x"),
        tmp_path / "journal",
        workspace=f"cut-{name.partition('.')[0]}",
    )
    assert faults(report)

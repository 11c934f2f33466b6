"""What real MLflow wrote, imported, and read again through the real client: the same."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.transfer.artifacts import Places
from runyard.transfer.opening import open_mlflow
from runyard.transfer.source import SourceFault
from tests.api.live_server import Client, live_server
from tests.components.mariadb import MariaDb, mariadb, missing_programs
from tests.components.postgres import is_installed, postgres
from tests.components.processes import free_ports
from tests.components.s3 import S3Server, s3_server
from tests.components.s3 import missing_programs as missing_s3_programs
from tests.transfer.environments import OLD, Release, dumped, release
from tests.transfer.importing import counts, faults, import_into

LARGEST = "1.7976931348623157e+308"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "runyard").mkdir()
    with live_server(tmp_path / "runyard") as client:
        yield client


def same(wanted: dict[str, Any], found: dict[str, Any]) -> None:
    """Compare part by part, so that a failure names the part."""
    assert wanted["registry"] == found["registry"]
    assert wanted["experiments"].keys() == found["experiments"].keys()
    for name, experiment in wanted["experiments"].items():
        there = found["experiments"][name]
        assert {key: value for key, value in experiment.items() if key != "runs"} == {
            key: value for key, value in there.items() if key != "runs"
        }
        assert experiment["runs"].keys() == there["runs"].keys()
        for run_id, run in experiment["runs"].items():
            assert run == there["runs"][run_id], run_id


def as_databases_keep(dump: dict[str, Any]) -> dict[str, Any]:
    """File stores tell infinite values as they are; databases, Runyard among them, as the greatest numbers.

    They also lose the sign of a zero that is the latest value, and MLflow's file store the step of a point with a dataset.
    """
    for experiment in dump["experiments"].values():
        for run in experiment["runs"].values():
            run["latest"] = {
                key: value.replace("-0.0", "0.0").replace("inf", LARGEST)
                for key, value in run["latest"].items()
            }
            run["history"] = {
                key: sorted(point.replace("inf", LARGEST) for point in points)
                for key, points in run["history"].items()
                if key != "accuracy"
            }
    return dump


def test_a_database_of_mlflow_3(server: Client, tmp_path: Path) -> None:
    of, uri = release("3.18.0"), f"sqlite:///{tmp_path}/m.db"
    of.run("client_fill.py", uri, str(tmp_path / "files"), cwd=tmp_path)
    report = import_into(server, open_mlflow(uri), tmp_path / "journal")
    assert faults(report) == []
    assert (
        counts(report)["points"] > 2_500 and counts(report)["models"] == 1 and counts(report)["traces"] == 2
    )
    same(dumped(of, uri, tmp_path), dumped(of, f"http://127.0.0.1:{server.port}", tmp_path))


def test_a_database_of_mlflow_1(server: Client, tmp_path: Path) -> None:
    """Imported as it is; its own later release brings a copy up to date, so that the same client reads both."""
    of, newer = release(OLD), release("2.17.2")
    of.run("client_fill.py", f"sqlite:///{tmp_path}/m.db", str(tmp_path / "files"), cwd=tmp_path)
    shutil.copy(tmp_path / "m.db", tmp_path / "copy.db")
    report = import_into(server, open_mlflow(f"sqlite:///{tmp_path}/m.db"), tmp_path / "journal")
    assert faults(report) == []
    newer.call(["-m", "mlflow", "db", "upgrade", f"sqlite:///{tmp_path}/copy.db"], tmp_path)
    wanted = dumped(newer, f"sqlite:///{tmp_path}/copy.db", tmp_path)
    same(wanted, dumped(newer, f"http://127.0.0.1:{server.port}", tmp_path))


@pytest.mark.skipif(not is_installed(), reason="PostgreSQL's server package is not installed")
def test_a_postgresql_database(server: Client, tmp_path: Path) -> None:
    of = release("2.17.2")
    with postgres(fsync=False) as database:
        uri = database.dsn
        of.run("client_fill.py", uri, str(tmp_path / "files"), cwd=tmp_path)
        report = import_into(
            server,
            open_mlflow(uri, artifact_dirs=[tmp_path / "files", tmp_path / "mlruns"]),
            tmp_path / "journal",
        )
        assert faults(report) == []
        same(dumped(of, uri, tmp_path), dumped(of, f"http://127.0.0.1:{server.port}", tmp_path))


@pytest.fixture(scope="module")
def maria() -> Iterator[MariaDb]:
    if missing_programs():
        pytest.skip("MariaDB's server package is not installed")
    with mariadb() as database:
        yield database


@pytest.mark.parametrize(
    "version", ["3.18.0", *(pytest.param(old, marks=pytest.mark.long) for old in (OLD, "2.17.2"))]
)
def test_a_mysql_database(
    server: Client, maria: MariaDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """What 1.30 wrote is brought up to date by a later release after the import, so that the same client reads both."""
    of, uri = release(version, "mysql"), maria.create_database()
    monkeypatch.chdir(tmp_path)  # 1.30 writes ./mlruns as the place of the default experiment
    of.run("client_fill.py", uri, str(tmp_path / "files"), cwd=tmp_path)
    source = open_mlflow(uri, artifact_dirs=[tmp_path / "files", tmp_path / "mlruns"])
    report = import_into(server, source, tmp_path / "journal")
    assert faults(report) == []
    assert counts(report)["points"] > 2_500 and counts(report)["files"] >= 3
    if version == OLD:
        of = release("2.17.2", "mysql")
        of.call(["-m", "mlflow", "db", "upgrade", uri], tmp_path)
    same(dumped(of, uri, tmp_path), dumped(of, f"http://127.0.0.1:{server.port}", tmp_path))
    again = import_into(
        server, open_mlflow(uri, artifact_dirs=[tmp_path / "files", tmp_path / "mlruns"]), tmp_path / "other"
    )
    assert faults(again) == [] and counts(again) == counts(report)


@pytest.mark.parametrize("version", ["2.17.2", pytest.param("3.18.0", marks=pytest.mark.long)])
def test_a_file_store(server: Client, tmp_path: Path, version: str) -> None:
    of, uri = release(version), f"file://{tmp_path}/mlruns"
    of.run("client_fill.py", uri, cwd=tmp_path)
    report = import_into(server, open_mlflow(str(tmp_path / "mlruns")), tmp_path / "journal")
    assert faults(report) == []
    wanted = as_databases_keep(dumped(of, uri, tmp_path))
    same(wanted, as_databases_keep(dumped(of, f"http://127.0.0.1:{server.port}", tmp_path)))


@pytest.mark.parametrize("version", ["3.18.0", pytest.param("2.17.2", marks=pytest.mark.long)])
def test_a_running_server_and_its_database(server: Client, tmp_path: Path, version: str) -> None:
    """The database alone does not say where mlflow-artifacts: is; a directory or the server does."""
    of = release(version)
    with running(of, tmp_path) as url:
        of.run("client_fill.py", url, cwd=tmp_path)
        report = import_into(server, open_mlflow(url), tmp_path / "journal")
        assert faults(report) == []
        same(dumped(of, url, tmp_path), dumped(of, f"http://127.0.0.1:{server.port}", tmp_path))
        uri = f"sqlite:///{tmp_path}/m.db"
        for proxied in (str(tmp_path / "artifacts"), url):
            folder = tmp_path / f"other-{proxied[0]}"
            folder.mkdir()
            with live_server(folder) as other:
                again = import_into(
                    other, open_mlflow(uri, proxied=proxied), tmp_path / f"journal-{proxied[0]}"
                )
                assert faults(again) == []
                assert counts(again)["files"] == counts(report)["files"]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    if missing := missing_s3_programs():
        pytest.skip(f"not installed: {', '.join(missing)}")
    with s3_server() as running:
        running.create_bucket("mlflow")
        yield running


PUT = """
import boto3, sys
client = boto3.client("s3", endpoint_url=sys.argv[1])
for key in sys.argv[2:]:
    client.put_object(Bucket="mlflow", Key=key, Body=b"" if key.endswith("/") else key.encode())
"""
ODD = ("x y.txt", "ü.txt", "p%20q.txt", "h#x.txt", "q?x.txt", "plus+x", "..x", "[x]~", "a folder/")


@pytest.mark.long
def test_files_in_s3(server: Client, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By MLflow's own variables, both where records say s3: and where --mlflow-artifacts does."""
    of, uri = release("3.18.0", "s3"), f"sqlite:///{tmp_path}/m.db"
    variables = {
        "MLFLOW_S3_ENDPOINT_URL": s3.url,
        "AWS_ACCESS_KEY_ID": s3.access_key,
        "AWS_SECRET_ACCESS_KEY": s3.secret_key,
        "AWS_DEFAULT_REGION": s3.region,
    }
    of.environment.update(variables)
    of.run("client_fill.py", uri, "s3://mlflow/direct files", cwd=tmp_path)
    refused = import_into(server, open_mlflow(uri), tmp_path / "journal")
    assert all("there are no credentials" in text for text in faults(refused)) and faults(refused)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    report = import_into(server, open_mlflow(uri), tmp_path / "journal")
    assert faults(report) == []
    same(dumped(of, uri, tmp_path), dumped(of, f"http://127.0.0.1:{server.port}", tmp_path))
    of.call(["-c", PUT, s3.url, *(f"odd/{name}" for name in ODD)], tmp_path)
    places = Places(proxied="s3://mlflow")
    found = {}
    for file in places.files("mlflow-artifacts:/odd"):
        with file.open() as opened:
            found[file.path] = opened.read()
    assert found == {name: f"odd/{name}".encode() for name in ODD[:-1]}


@pytest.mark.long
def test_workspaces_of_mlflow(server: Client, tmp_path: Path) -> None:
    """Of one database each comes by its name, through the database and through its server."""
    of = release("3.18.0")
    with running(of, tmp_path, "--enable-workspaces") as url:
        of.call(
            ["-c", f"import mlflow; mlflow.set_tracking_uri('{url}'); mlflow.create_workspace('team-a')"],
            tmp_path,
        )
        of.environment["MLFLOW_WORKSPACE"] = "team-a"
        of.run("client_fill.py", url, cwd=tmp_path)
        wanted = dumped(of, url, tmp_path)
        uri = f"sqlite:///{tmp_path}/m.db"
        server.ok("POST", "/api/v1/workspaces", name="by-server")
        for source, artifacts, name in ((url, None, "by-server"), (uri, str(tmp_path / "artifacts"), None)):
            opened = open_mlflow(source, workspace="team-a", proxied=artifacts)
            report = import_into(server, opened, tmp_path / f"journal-{source[0]}", workspace=name)
            assert faults(report) == [] and counts(report)["runs"] == 5
            with pytest.raises(SourceFault, match="no workspace 'team-b'"):
                open_mlflow(source, workspace="team-b")
        others = open_mlflow(uri, workspace="default").left_out()
        assert "--source-workspace team-a" in others["workspace team-a"]
    del of.environment["MLFLOW_WORKSPACE"]
    found = dumped(of, f"http://127.0.0.1:{server.port}", tmp_path)
    del found["experiments"]["Default"]
    same(without_ids(wanted), without_ids(found))


def without_ids(dump: dict[str, Any]) -> dict[str, Any]:
    """Numbers of experiments that are taken become others."""
    for experiment in dump["experiments"].values():
        del experiment["id"]
    return dump


@pytest.mark.long
def test_a_server_without_workspaces_is_told(tmp_path: Path) -> None:
    with running(release("2.17.2"), tmp_path) as url:
        for source in (url, f"sqlite:///{tmp_path}/m.db", str(tmp_path)):
            with pytest.raises(SourceFault, match=r"no workspaces. Leave --source-workspace out"):
                open_mlflow(source, workspace="team-a")


@contextlib.contextmanager
def running(of: Release, folder: Path, *flags: str) -> Iterator[str]:
    """The URL of `mlflow server` with its files in a folder."""
    (port,) = free_ports(1)
    command = [
        str(of.python),
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/m.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
        *flags,
    ]
    with (folder / "mlflow.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=of.variables(), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 120
        while not _healthy(f"http://127.0.0.1:{port}"):
            assert process.poll() is None and time.monotonic() < deadline, (
                folder / "mlflow.log"
            ).read_text()[-2000:]
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False

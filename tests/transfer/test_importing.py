"""Imports of file stores and databases that are made by hand: resumed, refused, mapped."""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from urllib3.exceptions import InsecureRequestWarning

from runyard.entities.transfer import RegisteredModelRecord, VersionRecord
from runyard.transfer.importing import Artifacts
from runyard.transfer.journal import Journal, journal_path
from runyard.transfer.opening import open_mlflow
from runyard.transfer.source import SourceFault
from runyard.transfer.target import Workspace
from tests.api.live_server import Client, live_server
from tests.components.certificates import issued
from tests.transfer.importing import Heard, connection_to, counts, faults, import_into

ROOT = Path(__file__).resolve().parents[2]
POINTS = 50


NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runyard")


@pytest.fixture(scope="module")
def whole(data: Path) -> Iterator[Client]:
    with live_server(data) as client:
        yield client


@pytest.fixture
def server(whole: Client) -> Client:
    """A workspace of its own for each test, whose ids are its own, too."""
    name = f"test-{next(NUMBERS)}"
    whole.ok("POST", "/api/v1/workspaces", name=name)
    return whole.also(base=f"/workspaces/{name}")


def salt() -> str:
    """Changes with every test."""
    return hashlib.sha256(os.environ["PYTEST_CURRENT_TEST"].partition(" ")[0].encode()).hexdigest()


def run_id(number: int) -> str:
    return f"{salt()[:24]}{number:08x}"


def own_experiment() -> str:
    return str(10**17 + int(salt()[:12], 16))


def file_store(folder: Path, runs: int = 2, experiment: str = "", name: str = "hand made") -> Path:
    """An mlruns directory as MLflow 2 writes it."""
    experiment = experiment or own_experiment()
    home = folder / "mlruns" / experiment
    home.mkdir(parents=True)
    home.joinpath("meta.yaml").write_text(
        f"artifact_location: file://{home}\ncreation_time: 5\nexperiment_id: '{experiment}'\nlast_update_time: 6\n"
        f"lifecycle_stage: active\nname: {name}\n"
    )
    for number in range(runs):
        add_run(home, run_id(number + 1))
    return folder / "mlruns"


def add_run(home: Path, id: str) -> Path:
    run = home / id
    for part in ("metrics/group", "params", "tags", "artifacts/deep"):
        (run / part).mkdir(parents=True)
    run.joinpath("meta.yaml").write_text(
        f"artifact_uri: file:///elsewhere/{id}/artifacts\nend_time: 9\nexperiment_id: '{home.name}'\n"
        f"lifecycle_stage: active\nrun_id: '{id}'\nrun_name: r\nstart_time: 7\nstatus: 3\nuser_id: u\n"
    )
    lines = [f"{n} {n / 4} {n}\n" for n in range(POINTS)]
    run.joinpath("metrics/group/m").write_text("".join([*lines, *lines[:10]]))
    run.joinpath("params/p").write_text("x" * 20_000)
    run.joinpath("tags/t").write_text("v")
    run.joinpath("artifacts/deep/f.txt").write_text(f"file of {id}")
    return run


def home_of(mlruns: Path) -> Path:
    return next(path for path in mlruns.iterdir() if path.name != "models")


def test_repetitions_count_once_and_long_values_are_kept(server: Client, tmp_path: Path) -> None:
    report = import_into(server, open_mlflow(str(file_store(tmp_path))), tmp_path / "journal")
    assert faults(report) == []
    assert (counts(report)["runs"], counts(report)["points"], counts(report)["files"]) == (2, 2 * POINTS, 2)
    found = server.ok("GET", "runs/get", run_id=run_id(1))["run"]
    assert found["data"]["params"] == [{"key": "p", "value": "x" * 20_000}]
    assert found["info"]["experiment_id"] == own_experiment()


def test_a_second_import_sends_nothing_and_a_lost_journal_changes_nothing(
    server: Client, tmp_path: Path
) -> None:
    mlruns = file_store(tmp_path)
    import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal")
    before = server.ok("GET", "runs/get", run_id=run_id(1))
    heard = Heard()
    assert faults(import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal", heard=heard)) == []
    assert (heard.counts["points"], heard.counts["files"]) == (0, 0)
    assert faults(import_into(server, open_mlflow(str(mlruns)), tmp_path / "another")) == []
    assert server.ok("GET", "runs/get", run_id=run_id(1)) == before


def test_what_was_logged_since_is_brought_by_the_next_import(server: Client, tmp_path: Path) -> None:
    mlruns = file_store(tmp_path)
    import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal")
    with (home_of(mlruns) / run_id(2) / "metrics/group/m").open("a") as file:
        file.write("1000 0.5 1000\n")
    add_run(home_of(mlruns), run_id(3))
    report = import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal")
    assert faults(report) == [] and counts(report)["points"] == 3 * POINTS + 1


def test_what_was_changed_here_is_not_overwritten_but_reported(server: Client, tmp_path: Path) -> None:
    mlruns = file_store(tmp_path)
    import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal")
    server.ok("POST", "runs/set-tag", run_id=run_id(1), key="t", value="mine")
    report = import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal")
    assert faults(report) == [f"runs: 2 there, 1 same, ['{run_id(1)}']"]
    tags = server.ok("GET", "runs/get", run_id=run_id(1))["run"]["data"]["tags"]
    assert {"key": "t", "value": "mine"} in tags


def test_points_that_are_lost_are_found_missing(server: Client, tmp_path: Path) -> None:
    import_into(server, open_mlflow(str(file_store(tmp_path))), tmp_path / "journal")
    server.ok("POST", "runs/log-metric", run_id=run_id(1), key="group/m", value=77, timestamp=1)
    report = import_into(server, open_mlflow(str(tmp_path / "mlruns")), tmp_path / "journal")
    assert any(fault.startswith("metrics: 2 there, 1 same") for fault in faults(report))


def test_a_file_that_is_damaged_is_found(server: Client, tmp_path: Path) -> None:
    import_into(server, open_mlflow(str(file_store(tmp_path))), tmp_path / "journal")
    path = f"/api/2.0/mlflow-artifacts/artifacts/{own_experiment()}/{run_id(1)}/artifacts/deep/f.txt"
    server.send("PUT", path, b"other bytes")
    report = import_into(server, open_mlflow(str(tmp_path / "mlruns")), tmp_path / "journal")
    assert any(fault.startswith("files: 2 there, 1 same") for fault in faults(report))


def test_experiments_of_the_same_name_become_one_and_taken_numbers_others(
    server: Client, tmp_path: Path
) -> None:
    theirs = server.experiment(name="hand made")
    report = import_into(server, open_mlflow(str(file_store(tmp_path))), tmp_path / "journal")
    assert faults(report) == []
    assert server.ok("GET", "runs/get", run_id=run_id(1))["run"]["info"]["experiment_id"] == theirs
    assert any("is " + theirs + " here" in note.text for note in report.notes)


def test_two_workspaces_may_hold_the_same_runs(server: Client, tmp_path: Path) -> None:
    mlruns = file_store(tmp_path)
    for journal, workspace in (("a", "default"), ("b", None)):
        report = import_into(server, open_mlflow(str(mlruns)), tmp_path / journal, workspace=workspace)
        assert faults(report) == [] and counts(report)["points"] == 2 * POINTS


def test_a_run_that_is_in_another_experiment_is_a_conflict(server: Client, tmp_path: Path) -> None:
    mlruns = file_store(tmp_path)
    import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal")
    meta = home_of(mlruns) / "meta.yaml"
    meta.write_text(meta.read_text().replace("hand made", "another"))
    told = faults(import_into(server, open_mlflow(str(mlruns)), tmp_path / "other"))
    assert sum("exists already in experiment" in fault for fault in told) == 2


@pytest.mark.parametrize("how", [Artifacts.REFERENCE, Artifacts.NONE])
def test_files_may_stay_where_they_are(server: Client, tmp_path: Path, how: Artifacts) -> None:
    report = import_into(server, open_mlflow(str(file_store(tmp_path))), tmp_path / "journal", artifacts=how)
    assert faults(report) == [] and "files" not in counts(report)
    uri = server.ok("GET", "runs/get", run_id=run_id(1))["run"]["info"]["artifact_uri"]
    assert uri.startswith("file:///elsewhere" if how is Artifacts.REFERENCE else "mlflow-artifacts:/")


def test_an_experiment_may_be_chosen(server: Client, tmp_path: Path) -> None:
    mlruns = file_store(tmp_path)
    home = file_store(tmp_path / "more", runs=1, experiment="99", name="second")
    (home / "99").rename(mlruns / "99")
    (mlruns / "99" / run_id(1)).rename(mlruns / "99" / run_id(9))
    meta = mlruns / "99" / run_id(9) / "meta.yaml"
    meta.write_text(meta.read_text().replace(run_id(1), run_id(9)))
    report = import_into(
        server, open_mlflow(str(mlruns)), tmp_path / "journal", experiments=("second", "nothing")
    )
    assert counts(report)["runs"] == 1
    assert faults(report) == ["experiment nothing: The source has no such experiment."]


# --- a process that dies ---


def test_a_killed_import_goes_on_where_it_was(server: Client, tmp_path: Path) -> None:
    mlruns = file_store(tmp_path, runs=150)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "RUNYARD_HOME": str(tmp_path / "home"),
        "RUNYARD_SERVER": f"http://127.0.0.1:{server.port}",
        "RUNYARD_WORKSPACE": server.base.removeprefix("/workspaces/"),
    }
    command = [sys.executable, "-m", "runyard", "import", "mlflow", str(mlruns)]
    process = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL)
    kept = tmp_path / "home" / "transfers"
    _wait_for(lambda: _finished(kept) > 10, process)
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    before = _finished(kept)
    assert 10 < before < 150
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verified" in done.stderr and str(150 * POINTS) in done.stdout


def _finished(folder: Path) -> int:
    """Runs that a journal says are whole."""
    total = 0
    for path in folder.glob("*.journal"):
        try:
            found = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            total += found.execute(
                "SELECT count(*) FROM records WHERE kind = 'run' AND state <> ''"
            ).fetchone()[0]
            found.close()
        except sqlite3.OperationalError:
            continue
    return total


def _wait_for(condition: object, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    assert callable(condition)
    while not condition():
        assert process.poll() is None, "the import ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)


# --- hostile stores ---


def test_links_are_not_followed(server: Client, data: Path, tmp_path: Path) -> None:
    mlruns = file_store(tmp_path, runs=3)
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret of the machine")
    home = home_of(mlruns)
    (home / run_id(1) / "artifacts" / "link").symlink_to(secret / "key")
    (home / run_id(2) / "artifacts").rename(tmp_path / "moved")
    (home / run_id(2) / "artifacts").symlink_to(secret)
    (home / run_id(3) / "params" / "q").symlink_to(secret / "key")
    report = import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal")
    told = "\n".join(faults(report))
    assert "link" in told and len(report.notes) >= 3
    stored = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert b"secret of the machine" not in stored


def test_files_outside_the_store_are_read_only_where_allowed(server: Client, tmp_path: Path) -> None:
    mlruns = file_store(tmp_path, runs=1)
    outside = tmp_path / "outside"
    (home_of(mlruns) / run_id(1) / "artifacts").rename(outside)
    meta = home_of(mlruns) / run_id(1) / "meta.yaml"
    meta.write_text(meta.read_text().replace(f"file:///elsewhere/{run_id(1)}/artifacts", f"file://{outside}"))
    told = faults(import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal"))
    assert len(told) == 1 and "--artifact-dir" in told[0]
    allowed = open_mlflow(str(mlruns), artifact_dirs=[outside])
    assert faults(import_into(server, allowed, tmp_path / "journal")) == []


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("meta.yaml", "run_id: ../../../etc\nstatus: 3\n", "says that it is"),
        ("meta.yaml", "run_id: [1, 2\n", "is not YAML"),
        ("meta.yaml", "", "holds no mapping"),
        ("meta.yaml", "!!python/object/apply:os.system ['true']\n", "is not YAML"),
        ("meta.yaml", "status: 99\n", "is no status"),
        ("meta.yaml", "status: 3\nstart_time: soon\n", "is no number"),
        ("metrics/group/m", "1 0.5 1\n2 0.", "no point of a metric"),
        ("metrics/group/m", "1 0.5 1\nx y z\n", "no point of a metric"),
        ("metrics/group/m", f"{2**70} 0.5 1\n", "64 bits"),
        ("tags/t", "nul \x00 byte", "NUL"),
        ("params/" + "k" * 251, "", ""),
    ],
)
def test_damaged_runs_are_told_and_the_others_are_brought(
    server: Client, tmp_path: Path, file: str, content: str, told: str
) -> None:
    mlruns = file_store(tmp_path)
    (home_of(mlruns) / run_id(1) / file).write_text(content)
    report = import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal")
    assert told in "\n".join(faults(report)) and bool(faults(report)) == bool(told)
    assert server.ok("GET", "runs/get", run_id=run_id(2))["run"]["info"]["run_name"] == "r"


def test_text_that_is_not_utf8_is_told(server: Client, tmp_path: Path) -> None:
    mlruns = file_store(tmp_path)
    (home_of(mlruns) / run_id(1) / "tags" / "t").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in "\n".join(
        faults(import_into(server, open_mlflow(str(mlruns)), tmp_path / "journal"))
    )


@pytest.mark.parametrize(
    "source",
    ["{}/none", "{}", "sqlite:///{}/none.db", "sqlite:///{}/text", "oracle://host/x", "http://127.0.0.1:9/"],
)
def test_what_is_no_source_is_told(server: Client, tmp_path: Path, source: str) -> None:
    (tmp_path / "text").write_text("no database" * 100)
    with pytest.raises(SourceFault):
        list(open_mlflow(source.format(tmp_path / "empty" if source == "{}" else tmp_path)).experiments())


def test_the_journal_knows_a_new_workspace_of_the_same_name(server: Client, tmp_path: Path) -> None:
    first = Workspace(connection_to(server)).identity()
    other = Workspace(connection_to(server, "default")).identity()
    assert first != other and journal_path("s", first) != journal_path("s", other)
    journal = Journal(tmp_path / "j")
    journal.note("run", "x", "text")
    journal.begin()
    assert journal.notes() == []
    journal.close()


@pytest.mark.parametrize(("tags", "told"), [({}, True), ({"mlflow.prompt.is_prompt": "true"}, False)])
def test_prompts_have_no_files_to_miss(
    server: Client, tmp_path: Path, tags: dict[str, str], *, told: bool
) -> None:
    version = VersionRecord(1, source="dummy-source")
    record = RegisteredModelRecord("p", last_version=1, tags=tags, versions=[version])
    source = open_mlflow(str(file_store(tmp_path)))
    source.registered_models = lambda: iter([record])  # type: ignore[method-assign]
    report = import_into(server, source, tmp_path / "journal")
    assert any("dummy-source" in note.text for note in report.notes) == told


# --- workspaces of MLflow ---


def test_a_workspace_of_a_server_comes_and_no_other(server: Client, whole: Client, tmp_path: Path) -> None:
    """Runyard itself as the server that is imported from."""
    name = f"from-{next(NUMBERS)}"
    whole.ok("POST", "/api/v1/workspaces", name=name)
    there = whole.also(base=f"/workspaces/{name}")
    run = there.run(there.experiment(name="theirs"), run_name="r")
    report = import_into(
        server, open_mlflow(f"http://127.0.0.1:{whole.port}", workspace=name), tmp_path / "journal"
    )
    found = server.ok("GET", "experiments/get-by-name", experiment_name="theirs")["experiment"]
    assert (
        faults(report) == [] and counts(report)["experiments"] == 2 and found["lifecycle_stage"] == "active"
    )
    assert server.ok("GET", "runs/get", run_id=run)["run"]["info"]["run_name"] == "r"
    with pytest.raises(SourceFault, match="no workspace 'none'"):
        open_mlflow(f"http://127.0.0.1:{whole.port}", workspace="none")


def test_a_source_without_workspaces_is_told(tmp_path: Path) -> None:
    mlruns = file_store(tmp_path)
    with sqlite3.connect(tmp_path / "m.db") as db:
        db.execute("CREATE TABLE experiments (experiment_id INT)")
        db.execute("CREATE TABLE runs (run_uuid TEXT)")
    for source in (str(mlruns), f"sqlite:///{tmp_path}/m.db"):
        with pytest.raises(SourceFault, match=r"no workspaces. Leave --source-workspace out"):
            open_mlflow(source, workspace="team-a")


def test_the_certificates_of_mlflow_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = issued(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.certificate, made.key)
    with told_on_loopback(tls) as url:
        with pytest.raises(SourceFault, match="CERTIFICATE_VERIFY_FAILED"):
            list(open_mlflow(url).experiments())
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(made.authority))
        assert list(open_mlflow(url).experiments()) == []
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(tmp_path / "absent"))
        with pytest.raises(SourceFault, match="absent, which is not there"):
            open_mlflow(url)
        monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
        with pytest.warns(InsecureRequestWarning):
            assert list(open_mlflow(url).experiments()) == []


@contextmanager
def told_on_loopback(tls: ssl.SSLContext) -> Iterator[str]:
    """The address of a server that says that it has nothing."""

    class Nothing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as listening:
        listening.socket = tls.wrap_socket(listening.socket, server_side=True)
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{listening.server_port}"
        listening.shutdown()

"""Tokens as real programs meet them: renewed, expired, forged, absent, and never shown."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runyard.client.addresses import Address, tracking_uri
from runyard.client.transport import Connection
from runyard.server.settings import Settings
from tests.api.live_server import live_server
from tests.api.people import People
from tests.compat.environments import CLIENTS, client_python

from .installed import kept_environment, plugin_path
from .place import run_told_by

PROGRAMS = Path(__file__).parent / "programs"
LIFE_S = 6
RELEASES = [pytest.param(CLIENTS[0]), pytest.param(CLIENTS[1], marks=pytest.mark.long)]


@dataclass(frozen=True)
class Office:
    """A server that demands credentials, and an owner of it."""

    data: Path
    connection: Connection  # to the default workspace
    token: str
    path: str  # PYTHONPATH of the plugin

    def uri(self, token: str | None = None, scheme: str = "runyard", workspace: str = "default") -> str:
        """A tracking URI."""
        return tracking_uri(Address(self.connection.server, workspace, token), scheme)

    def run(self, release: str, program: str, *arguments: str, home: Path, **variables: str) -> str:
        """What a program prints, both streams; it ends well."""
        done = subprocess.run(
            [str(client_python(release)), str(PROGRAMS / program), *arguments],
            env={**kept_environment(), "PYTHONPATH": self.path, "HOME": str(home), **variables},
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            timeout=150,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def result(self, *arguments: str, **options: Any) -> Any:
        """The JSON that a program prints last on stdout."""
        lines = self.run(*arguments, **options).splitlines()
        return json.loads(next(line for line in reversed(lines) if line.startswith(("{", "["))))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """With the workspace `other` beside the default one."""
    data = tmp_path_factory.mktemp("server")
    with live_server(data, Settings(data=str(data), auth="required")) as client:
        token = People(data).with_roles(("Owner", "/"))
        connection = Connection(f"127.0.0.1:{client.port}", "default", token)
        connection.at(None).post("/api/v1/workspaces", {"name": "other"})
        yield Office(data, connection, token, plugin_path(tmp_path_factory.mktemp("plugin")))


@pytest.mark.parametrize("release", RELEASES)
def test_program_outlives_its_token(office: Office, release: str, tmp_path: Path) -> None:
    short, expires_ms = office.connection.tracking_token(LIFE_S)
    found = office.result(
        release,
        "outlive.py",
        str(expires_ms / 1000),
        home=tmp_path,
        MLFLOW_TRACKING_URI=office.uri(short),
        RUNYARD_TOKEN=office.token,
    )
    assert found["child"] == 0 and found["status"] == "FINISHED"
    assert len(found["logged"]) == 5 and all(found["logged"].values())
    assert found["found"] == found["logged"]


@pytest.mark.parametrize("release", RELEASES)
def test_training_goes_on_when_its_token_ends_and_another_one_sends_the_rest(
    office: Office, release: str, tmp_path: Path
) -> None:
    server = office.connection.at(None)
    made = server.post("/api/v1/tokens", {"name": "short"})
    tracking = Connection(server.server, "default", made["token"]).tracking_token()[0]
    loop = subprocess.Popen(
        [str(client_python(release)), str(PROGRAMS / "loop.py"), "-", "m", "400", "0.01"],
        env={
            **kept_environment(),
            "PYTHONPATH": office.path,
            "HOME": str(tmp_path),
            "MLFLOW_TRACKING_URI": office.uri(tracking),
            "RUNYARD_DRAIN_S": "2",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    run_id = run_told_by(loop)
    server.delete(f"/api/v1/tokens/{made['token_id']}")
    printed = loop.communicate(timeout=120)[0]
    assert loop.returncode == 0 and "done" in printed, printed
    assert "records are not sent yet" in printed
    sync = subprocess.run(
        [sys.executable, "-m", "runyard", "sync"],
        env={
            **kept_environment(),
            "PYTHONPATH": office.path,
            "HOME": str(tmp_path),
            "RUNYARD_TOKEN": office.token,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert sync.returncode == 0, sync.stdout + sync.stderr
    history = office.connection.get(
        "/api/2.0/mlflow/metrics/get-history", run_id=run_id, metric_key="m", max_results=1_000
    )
    assert [int(one["step"]) for one in history["metrics"]] == list(range(400))
    assert (
        office.connection.get("/api/2.0/mlflow/runs/get", run_id=run_id)["run"]["info"]["status"]
        == "FINISHED"
    )


def test_a_fresh_tracking_uri_takes_over_from_one_whose_token_has_ended(
    office: Office, tmp_path: Path
) -> None:
    server = office.connection.at(None)
    made = server.post("/api/v1/tokens", {"name": "first"})
    first = Connection(server.server, "default", made["token"]).tracking_token()[0]
    second = office.connection.tracking_token()[0]
    program = subprocess.Popen(
        [
            str(client_python(CLIENTS[0])),
            str(PROGRAMS / "fresh_uri.py"),
            office.uri(first),
            office.uri(second),
        ],
        env={**kept_environment(), "PYTHONPATH": office.path, "HOME": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    run_told_by(program)
    server.delete(f"/api/v1/tokens/{made['token_id']}")
    printed = program.communicate("\n", timeout=120)[0]
    assert program.returncode == 0 and "not sent" not in printed, printed


@pytest.mark.parametrize("release", RELEASES)
def test_expired_forged_and_rescoped_tokens_are_mlflows_errors_that_say_what_to_do(
    office: Office, release: str, tmp_path: Path
) -> None:
    expired, expires_ms = office.connection.tracking_token(1)
    good = office.connection.tracking_token()[0]
    head, claims, _ = good.split(".")
    time.sleep(max(0.0, expires_ms / 1000 - time.time()))
    uris = [
        office.uri(expired),
        office.uri(f"{head}.{claims}.AAAA"),
        office.uri(good, workspace="other"),
        office.uri(good),
    ]
    *refused, fine = office.result(release, "refused.py", *uris, home=tmp_path)
    assert fine == [["", "", ""]] * 3
    for (kind, code, text), (kind2, code2, text2), (kind3, _, text3) in refused:
        assert (kind, code, kind2, code2) == ("MlflowException", "UNAUTHENTICATED") * 2
        assert kind3 in ("HTTPError", "MlflowException")
        for one in (text, text2, text3):
            assert "get_mlflow_tracking_uri() again" in one
            assert good not in one and expired not in one


@pytest.mark.parametrize("release", RELEASES)
def test_token_is_shown_and_stored_nowhere(office: Office, release: str, tmp_path: Path) -> None:
    token = office.connection.tracking_token()[0]
    (tmp_path / "tmp").mkdir()
    printed = office.run(
        release,
        "talkative.py",
        home=tmp_path,
        MLFLOW_TRACKING_URI=office.uri(token),
        TMPDIR=str(tmp_path / "tmp"),
        MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL="1",
    )
    assert "done" in printed and "View run" in printed
    parts = [token, *token.split(".")[1:]]
    assert not [line for line in printed.splitlines() if any(part in line for part in parts)]
    written = [one for root in (office.data, tmp_path) for one in root.rglob("*") if one.is_file()]
    assert len(written) > 5
    for file in written:
        content = file.read_bytes()
        assert not [part for part in parts if part.encode() in content], file


def test_login_is_noticed_and_azures_schemes_work(office: Office, tmp_path: Path) -> None:
    found = office.result(
        CLIENTS[0],
        "log_in_late.py",
        office.connection.server,
        office.token,
        office.uri(scheme="azureml"),
        home=tmp_path,
        MLFLOW_TRACKING_URI=office.uri(),
    )
    assert "Log in with `runyard login`" in found["refused"]
    assert (found["name"], found["text"]) == ("Default", "hi")


def test_name_and_password_as_mlflow_takes_them_are_good_for_what_is_journaled(
    office: Office, tmp_path: Path
) -> None:
    server = office.connection.at(None)
    person = server.post("/api/v1/users", {"name": "ann", "password": "correct horse battery"})
    server.post("/api/v1/role-assignments", {"principal": "ann", "role": "Owner", "scope": "/"})
    assert person["name"] == "ann"
    who = {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "correct horse battery"}
    printed = office.run(
        CLIENTS[0], "loop.py", "-", "m", "50", "0", home=tmp_path, MLFLOW_TRACKING_URI=office.uri(), **who
    )
    assert "not sent" not in printed
    run_id = next(line for line in printed.splitlines() if len(line) == 32)
    asked = {"run_id": run_id, "metric_key": "m"}
    history = office.connection.get("/api/2.0/mlflow/metrics/get-history", **asked)["metrics"]
    assert len(history) == 50


def test_local_mode_needs_no_credential_and_http_works_as_if_the_plugin_was_not_there(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    with live_server(tmp_path / "server") as client:
        connection = Connection(f"127.0.0.1:{client.port}", "default", lambda: None)
        office = Office(tmp_path, connection, "", plugin_path(tmp_path / "plugin"))
        uris = [office.uri(), office.uri(scheme="http"), connection.server]
        assert office.result(CLIENTS[0], "refused.py", *uris, home=tmp_path) == [[["", "", ""]] * 3] * 3

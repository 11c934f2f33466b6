"""The plugin against a server with a certificate of a private authority: nothing is sent to one that is not trusted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runyard.client.addresses import Address, tracking_uri
from runyard.client.transport import Connection
from tests.acceptance.server_process import ServerProcess
from tests.api.live_server import live_server
from tests.api.people import People
from tests.compat.environments import CLIENTS, client_python
from tests.components.certificates import Certificates, issued
from tests.components.processes import free_ports

from .installed import kept_environment, plugin_path

PROGRAMS = Path(__file__).parent / "programs"
RELEASES = [pytest.param(CLIENTS[0]), pytest.param(CLIENTS[1], marks=pytest.mark.long)]
LIFE_S = 6
FOUND = [0.5, "hello", ["notes/hello.txt"]]


@dataclass(frozen=True)
class Secure:
    """A server that speaks TLS only and demands credentials."""

    port: int
    token: str
    certificates: Certificates
    path: str  # PYTHONPATH of the plugin

    def run(
        self, release: str, program: str, *arguments: str, home: Path, **variables: str
    ) -> tuple[int, str]:
        """How a program ended and what it printed."""
        kept = kept_environment()
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            kept.pop(name, None)
        done = subprocess.run(
            [str(client_python(release)), str(PROGRAMS / program), *arguments],
            env={
                **kept,
                "PYTHONPATH": self.path,
                "HOME": str(home),
                "MLFLOW_TRACKING_URI": f"runyard://127.0.0.1:{self.port}?tls=on",
                "RUNYARD_TOKEN": self.token,
                **variables,
            },
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=150,
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("secure")
    data = folder / "data"
    data.mkdir()
    with live_server(data):
        token = People(data).with_roles(("Owner", "/"))
    made = issued(folder)
    (port,) = free_ports(1)
    flags = (
        "--port",
        str(port),
        "--auth",
        "required",
        "--tls-cert",
        str(made.certificate),
        "--tls-key",
        str(made.key),
    )
    process = ServerProcess(data).spawn(*flags)
    assert process.stdout is not None and "https://127.0.0.1" in process.stdout.readline()
    yield Secure(port, token, made, plugin_path(tmp_path_factory.mktemp("plugin")))
    process.terminate()
    process.communicate(timeout=30)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("mode", "named"), [("direct", "MLFLOW_TRACKING_SERVER_CERT_PATH"), ("online", "RUNYARD_CA_FILE")]
)
def test_a_private_authority_counts_for_records_and_files(
    secure: Secure, release: str, mode: str, named: str, tmp_path: Path
) -> None:
    authority = {named: str(secure.certificates.authority), "RUNYARD_MODE": mode}
    code, printed = secure.run(release, "secure.py", home=tmp_path, **authority)
    assert code == 0, printed
    assert json.loads(next(line for line in printed.splitlines() if line.startswith("["))) == FOUND


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("mode", "trusted"), [("direct", "another authority"), ("online", "nothing")])
def test_an_unknown_authority_is_not_trusted(
    secure: Secure, release: str, mode: str, trusted: str, tmp_path: Path
) -> None:
    """With a journal the program goes on, and nothing is lost: it is kept and can be sent once it is trusted."""
    variables = {"RUNYARD_MODE": mode, "RUNYARD_DRAIN_S": "1"}
    if trusted != "nothing":
        other = issued(tmp_path, "somebody else").authority
        variables["MLFLOW_TRACKING_SERVER_CERT_PATH"] = str(other)
    code, printed = secure.run(release, "secure.py", home=tmp_path, **variables)
    if mode == "direct":
        assert code == 7 and "CERTIFICATE_VERIFY_FAILED" in printed, printed
        return
    assert code == 0 and "is not trusted" in printed and "RUNYARD_CA_FILE" in printed, printed
    done = sync(secure, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list((tmp_path / ".runyard" / "journal").glob("*/head.json"))


def sync(secure: Secure, home: Path) -> subprocess.CompletedProcess[str]:
    """Send what is kept."""
    return subprocess.run(
        [sys.executable, "-m", "runyard", "sync", "--server", f"https://127.0.0.1:{secure.port}"],
        env={
            **kept_environment(),
            "PYTHONPATH": secure.path,
            "HOME": str(home),
            "RUNYARD_TOKEN": secure.token,
            "RUNYARD_CA_FILE": str(secure.certificates.authority),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("mode", "named"), [("direct", "MLFLOW_TRACKING_INSECURE_TLS"), ("online", "RUNYARD_INSECURE_TLS")]
)
def test_checking_can_be_switched_off(secure: Secure, named: str, mode: str, tmp_path: Path) -> None:
    code, printed = secure.run(CLIENTS[0], "secure.py", home=tmp_path, RUNYARD_MODE=mode, **{named: "true"})
    assert code == 0 and json.dumps(FOUND) in printed, printed


def test_tokens_are_renewed_over_the_same_trust(
    secure: Secure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By threads and by a forked child, long after the token in the tracking URI has ended."""
    monkeypatch.setenv("RUNYARD_CA_FILE", str(secure.certificates.authority))
    server = f"https://127.0.0.1:{secure.port}"
    short, expires_ms = Connection(server, "default", secure.token).tracking_token(LIFE_S)
    code, printed = secure.run(
        CLIENTS[0],
        "outlive.py",
        str(expires_ms / 1000),
        home=tmp_path,
        MLFLOW_TRACKING_URI=tracking_uri(Address(server, "default", short)),
        MLFLOW_TRACKING_SERVER_CERT_PATH=str(secure.certificates.authority),
        RUNYARD_MODE="direct",
    )
    assert code == 0, printed
    found = json.loads(next(line for line in reversed(printed.splitlines()) if line.startswith("{")))
    assert found["child"] == 0 and found["found"] == found["logged"] and all(found["logged"].values())

"""Where a credential comes from, and how a login is kept."""

import stat
import time
from pathlib import Path

import pytest

from runyard.client import credentials
from runyard.client.credentials import Credential, Login
from runyard.errors import InvalidInput

SERVER = "http://127.0.0.1:5000"


def token(found: Credential | None) -> str | None:
    return None if found is None else found.token


def test_order_of_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials.find(SERVER) is None
    credentials.save(SERVER, Login("ry_login"))
    assert token(credentials.find(SERVER)) == "ry_login"
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "ry_mlflow")
    assert token(credentials.find(SERVER)) == "ry_mlflow"
    monkeypatch.setenv("RUNYARD_TOKEN", "ry_env")
    assert token(credentials.find(SERVER)) == "ry_env"
    assert token(credentials.find(SERVER, in_uri="uri")) == "uri"
    assert token(credentials.find(SERVER, given="given", in_uri="uri")) == "given"


def test_only_access_tokens_renew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNYARD_TOKEN", "a.b.c")
    assert credentials.renewing(SERVER) is None
    credentials.save(SERVER, Login("ry_login"))
    assert token(credentials.renewing(SERVER)) == "ry_login"
    assert token(credentials.lasting(SERVER)) == "a.b.c"


def test_expired_login_is_none() -> None:
    credentials.save(SERVER, Login("ry_x", expires_ms=int(time.time() * 1000) - 1))
    assert credentials.find(SERVER) is None


def test_logins_are_kept_by_server_for_the_owner_only(own_home: Path) -> None:
    credentials.save(SERVER, Login("ry_1", "ann"))
    credentials.save("https://other.example/", Login("ry_2"), default=False)
    assert stat.S_IMODE((own_home / "credentials.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(own_home.stat().st_mode) == 0o700
    assert [one.name for one in own_home.iterdir()] == ["credentials.json"]
    assert token(credentials.find("other.example")) == "ry_2"
    assert credentials.default_login() == SERVER


def test_forget() -> None:
    credentials.save(SERVER, Login("ry_1"))
    credentials.save("https://other.example", Login("ry_2"))
    assert credentials.forget("https://other.example") and not credentials.forget("https://other.example")
    assert credentials.default_login() == SERVER
    assert credentials.forget(SERVER) and credentials.default_login() is None


def test_failed_write_keeps_the_old_logins(monkeypatch: pytest.MonkeyPatch, own_home: Path) -> None:
    def full(_: int) -> None:
        raise OSError("disk full")

    credentials.save(SERVER, Login("ry_1"))
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="disk full"):
            credentials.save(SERVER, Login("ry_2"))
    assert token(credentials.find(SERVER)) == "ry_1"
    assert [one.name for one in own_home.iterdir()] == ["credentials.json"]


@pytest.mark.parametrize("content", ["", "{", '{"logins": 3}', '{"logins": {"a": {}}}'])
def test_damaged_file_says_what_to_do(content: str, own_home: Path) -> None:
    own_home.mkdir()
    (own_home / "credentials.json").write_text(content)
    with pytest.raises(InvalidInput, match="Delete the file and log in again"):
        credentials.find(SERVER)


def test_find_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials.find_server() == "http://127.0.0.1:5000"
    credentials.save("https://login.example", Login("ry_1"))
    assert credentials.find_server() == "https://login.example"
    assert credentials.find_server("https://config.example/") == "https://config.example"
    monkeypatch.setenv("RUNYARD_SERVER", "env.example")
    assert credentials.find_server("https://config.example/") == "https://env.example"


def test_repr_hides_tokens() -> None:
    assert "SECRET" not in repr(Credential("SECRET", "x")) + repr(Login("SECRET"))

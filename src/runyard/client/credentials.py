"""Credentials of a person or program at a server: where they come from, and where a login is kept.

In this order: one that is given, the one in the tracking URI, RUNYARD_TOKEN, MLFLOW_TRACKING_TOKEN, the login that
`runyard login` stored for the server (`$RUNYARD_HOME/credentials.json`, by default in ~/.runyard, readable by its owner
only), none.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from runyard.client.addresses import DEFAULT_SERVER, parse_server
from runyard.errors import InvalidInput

ACCESS_TOKEN_PREFIX = "ry_"
FROM_ENVIRONMENT = ("RUNYARD_TOKEN", "MLFLOW_TRACKING_TOKEN")


@dataclass(frozen=True)
class Credential:
    """A token and where it comes from. `repr` never shows it."""

    token: str = field(repr=False)
    source: str

    @property
    def renews(self) -> bool:
        """Whether fresh tracking tokens can be made with it: access tokens can, tracking tokens cannot."""
        return self.token.startswith(ACCESS_TOKEN_PREFIX)


class Login(msgspec.Struct, frozen=True):
    """What is kept of a login."""

    token: str
    user: str = ""
    token_id: str = ""
    expires_ms: int | None = None

    def __repr__(self) -> str:
        return f"Login(user={self.user!r}, expires_ms={self.expires_ms})"


class _Kept(msgspec.Struct):
    """The file. `default` is the server of the latest login."""

    default: str | None = None
    logins: dict[str, Login] = {}


def home() -> Path:
    """The folder of the user's settings and credentials."""
    return Path(os.environ.get("RUNYARD_HOME") or Path.home() / ".runyard")


def credentials_file() -> Path:
    """Where logins are kept."""
    return home() / "credentials.json"


def find(server: str, given: str | None = None, in_uri: str | None = None) -> Credential | None:
    """The credential for a server, by the order above; None when there is none.

    Raises: InvalidInput, if the stored logins cannot be read.
    """
    if given:
        return Credential(given, "given")
    if in_uri:
        return Credential(in_uri, "tracking URI")
    return lasting(server)


def lasting(server: str) -> Credential | None:
    """The credential that is there beyond one tracking URI: of the environment, or of the stored login."""
    return next(_lasting(server), None)


def renewing(server: str) -> Credential | None:
    """The first of those that fresh tracking tokens can be made with."""
    return next((one for one in _lasting(server) if one.renews), None)


def _lasting(server: str) -> Iterator[Credential]:
    for name in FROM_ENVIRONMENT:
        if token := os.environ.get(name, "").strip():
            yield Credential(token, name)
    login = find_login(server)
    if login is not None and (login.expires_ms is None or login.expires_ms > time.time() * 1000):
        yield Credential(login.token, "login")


def find_login(server: str) -> Login | None:
    """The stored login at a server."""
    return _read().logins.get(parse_server(server))


def logins() -> dict[str, Login]:
    """All stored logins by server."""
    return dict(_read().logins)


def default_login() -> str | None:
    """The server of the latest login that is still stored."""
    kept = _read()
    return kept.default if kept.default in kept.logins else None


def save(server: str, login: Login, *, default: bool = True) -> None:
    """Keep a login; the former one at this server is forgotten. A crash leaves the old file or the new one."""
    server = parse_server(server)
    kept = _read()
    kept.logins[server] = login
    if default or kept.default is None:
        kept.default = server
    _write(kept)


def forget(server: str) -> bool:
    """Drop the stored login at a server; False when there was none."""
    server = parse_server(server)
    kept = _read()
    if kept.logins.pop(server, None) is None:
        return False
    if kept.default == server:
        kept.default = next(iter(kept.logins), None)
    _write(kept)
    return True


def find_server(configured: str | None = None) -> str:
    """The server to talk to: RUNYARD_SERVER, what a config.json says, the latest login, this machine.

    Args:
        configured: the key "server" of the config.json, if there is one.
    """
    return parse_server(os.environ.get("RUNYARD_SERVER") or configured or default_login() or DEFAULT_SERVER)


def _read() -> _Kept:
    path = credentials_file()
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kept)
    except FileNotFoundError:
        return _Kept()
    except (OSError, msgspec.MsgspecError) as exc:
        raise InvalidInput(
            f"The stored logins in {path} cannot be read. Delete the file and log in again."
        ) from exc


def _write(kept: _Kept) -> None:
    path = credentials_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=".credentials-", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise

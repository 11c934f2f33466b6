"""What the settings and credentials of each kind of compute target may be.

Machines are reached with the credentials of the target and nothing else, and only where `DatastoreHosts` lets users reach.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import pwd
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from runyard.entities.compute_settings import (
    SHAPES,
    LocalSettings,
    RaySettings,
    SlurmSettings,
    SshCredentials,
    SshHost,
    SshSettings,
)
from runyard.errors import InvalidInput, shown
from runyard.services.datastore_hosts import DatastoreHosts

T = TypeVar("T")
TEXT_LIMIT = 4_096
SECRET_LIMIT = 65_536
SETTINGS_BYTES = 256 * 1024
HOSTS_LIMIT = 1_000
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
_KEY = re.compile(r"((ssh|ecdsa|sk)-[A-Za-z0-9@.-]{1,80}) ([A-Za-z0-9+/]{20,8000}={0,3})( [^\n\r\0]{0,200})?")
_FOLDER = re.compile(r"(/|~/)[A-Za-z0-9_./ +=@-]{1,500}")
_PROGRAM = re.compile(r"[A-Za-z0-9_/~][A-Za-z0-9_./~+-]{0,500}")
_LOCAL_WAY = (
    "Jobs run on the server's own machine only where nobody has to log in, or where its administrator allows it by "
    "--local-jobs."
)


_ROOT = "This server is root, and so would be the jobs of everybody who logs in."


class ComputeKinds:
    """Checks.

    Args:
        hosts: which hosts may be named and reached.
        local_jobs: whether jobs may run on the server's own machine.
        as_root: whether they would run as root for people who log in, unless another user is named.
    """

    def __init__(self, hosts: DatastoreHosts, *, local_jobs: bool, as_root: bool = False) -> None:
        self._hosts = hosts
        self._allowed, self._as_root = local_jobs, as_root
        self.local_jobs = local_jobs and not as_root

    async def settings(self, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The settings as they are kept, without what is not set.

        Raises: InvalidInput, naming the field that is wrong.
        """
        if kind not in SHAPES:
            raise InvalidInput(
                f"Unknown kind {shown(kind, 40)} of compute target: choose one of {', '.join(SHAPES)}."
            )
        _check_texts(given, TEXT_LIMIT)
        found = _shaped(given, SHAPES[kind][0], f"settings of a compute target of kind {kind}")
        if isinstance(found, LocalSettings):
            self._check_local(found)
        elif isinstance(found, SshSettings | SlurmSettings):
            await self._check_machines(found)
        elif isinstance(found, RaySettings):
            await self._hosts.check(_host_of(found.address))
        kept: dict[str, Any] = msgspec.to_builtins(found)
        if len(msgspec.json.encode(kept)) > SETTINGS_BYTES:
            raise InvalidInput(f"The settings have more than {SETTINGS_BYTES} bytes as JSON.")
        return kept

    def credentials(self, kind: str, settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """The credentials as they are kept. Raises: InvalidInput, which never repeats a value."""
        _check_texts(given, SECRET_LIMIT, hide=True)
        shape = SHAPES[kind][1]
        try:
            found = msgspec.convert(given, shape)
        except (msgspec.ValidationError, RecursionError):
            known = ", ".join(field.name for field in msgspec.structs.fields(shape)) or "nothing"
            raise InvalidInput(
                f"Invalid credentials of a compute target of kind {kind}: they hold {known}."
            ) from None
        if isinstance(found, SshCredentials) and settings.get("hosts"):
            if bool(found.password) == bool(found.private_key):
                raise InvalidInput(
                    f"A compute target of kind {kind} needs one of credentials.password and credentials.private_key."
                )
        kept: dict[str, Any] = msgspec.to_builtins(found)
        return kept

    def _check_local(self, found: LocalSettings) -> None:
        if not self._allowed:
            raise InvalidInput(_LOCAL_WAY)
        if self._as_root and _is_root(found.user):
            raise InvalidInput(f"{_ROOT} Say in settings.user as which other user of the machine they run.")
        if found.user and not _USER.fullmatch(found.user):
            raise InvalidInput(f"Invalid settings.user {shown(found.user, 80)}: give a login name.")
        if not 0 <= found.jobs_at_once <= 10_000:
            raise InvalidInput(
                "Invalid settings.jobs_at_once: 0 to 10000; 0 is as many as there are processors."
            )
        if found.folder:
            _check_folder(found.folder)
        if found.python:
            _check_program(found.python)

    async def _check_machines(self, found: SshSettings | SlurmSettings) -> None:
        if not found.hosts and isinstance(found, SshSettings):
            raise InvalidInput("A compute target of kind ssh needs at least one host in settings.hosts.")
        if not found.hosts and self._allowed and self._as_root:
            raise InvalidInput(f"{_ROOT} Name a login node in settings.hosts, with the user to be there.")
        if not found.hosts and not self._allowed:
            raise InvalidInput(f"settings.hosts is empty, which means the server's own machine. {_LOCAL_WAY}")
        if len(found.hosts) > HOSTS_LIMIT:
            raise InvalidInput(f"settings.hosts has {len(found.hosts)} hosts; {HOSTS_LIMIT} is the most.")
        if len({(one.address, one.port) for one in found.hosts}) < len(found.hosts):
            raise InvalidInput("settings.hosts names a host twice.")
        for host in found.hosts:
            _check_host(host)
            await self._hosts.check(host.address)
        if found.hosts and not _USER.fullmatch(found.username):
            raise InvalidInput(f"Invalid settings.username {shown(found.username, 80)}: give a login name.")
        if isinstance(found, SshSettings) and not 1 <= found.jobs_per_host <= 1_000:
            raise InvalidInput("Invalid settings.jobs_per_host: it is 1 to 1000.")
        _check_folder(found.folder)
        _check_program(found.python)


def fingerprint(host_key: str) -> str:
    """`SHA256:…` of a public key, as ssh-keygen -l shows it; empty for what is none."""
    try:
        blob = base64.b64decode(host_key.split()[1])
    except (IndexError, binascii.Error):
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def is_loopback(host: str) -> bool:
    """Whether a host is the machine that says it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_root(user: str) -> bool:
    """Whether a login name, or none, is the superuser's."""
    if not user:
        return True
    try:
        return pwd.getpwnam(user).pw_uid == 0
    except KeyError:
        return False  # nobody on this machine: the engine says so


def _check_host(host: SshHost) -> None:
    if not _HOST.fullmatch(host.address):
        raise InvalidInput(
            f"Invalid address {shown(host.address, 100)} in settings.hosts: give a host name or address."
        )
    if not 1 <= host.port <= 65_535:
        raise InvalidInput(f"Invalid port {host.port} in settings.hosts: it is 1 to 65535.")
    if host.host_key and not _KEY.fullmatch(host.host_key.strip()):
        raise InvalidInput(
            "Invalid host_key in settings.hosts: write it like 'ssh-ed25519 AAAA…', as ssh-keyscan prints it; empty: it "
            "is learnt at the first connection."
        )


def _check_folder(folder: str) -> None:
    if not _FOLDER.fullmatch(folder) or ".." in folder.split("/"):
        raise InvalidInput(
            f"Invalid settings.folder {shown(folder, 100)}: give an absolute directory, or one that begins with '~/'."
        )


def _check_program(python: str) -> None:
    if not _PROGRAM.fullmatch(python):
        raise InvalidInput(
            f"Invalid settings.python {shown(python, 100)}: give the name or path of an interpreter."
        )


def _host_of(address: str) -> str:
    try:
        parts = urlsplit(address)
        plain = parts.port is None or parts.port > 0
    except ValueError:
        plain = False
    if not plain or parts.scheme not in ("http", "https") or parts.username or parts.query or parts.fragment:
        raise InvalidInput(
            "Invalid settings.address: write http://host[:port] of the cluster's Jobs API, without user or query."
        )
    if not re.fullmatch(r"[A-Za-z0-9_.~/%-]*", parts.path):
        raise InvalidInput("Invalid settings.address: its path holds what is not plain.")
    if not re.fullmatch(r"[a-z0-9_.:-]{1,255}", parts.hostname or ""):
        raise InvalidInput("Invalid settings.address: its host is none.")
    return parts.hostname or ""


def _shaped(given: Mapping[str, Any], kind: type[T], what: str) -> T:
    try:
        return msgspec.convert(given, kind)
    except (msgspec.ValidationError, RecursionError) as exc:
        known = ", ".join(field.name for field in msgspec.structs.fields(kind)) or "nothing"  # type: ignore[arg-type]
        raise InvalidInput(f"Invalid {what}: {str(exc)[:200]}. They hold {known}.") from None


def _check_texts(value: object, limit: int, *, hide: bool = False) -> None:
    for text in _texts(value):
        if len(text) > limit or not _plain(text, lines=hide):
            raise InvalidInput(
                f"A text of the {'credentials' if hide else 'settings'} has more than {limit} characters, or characters "
                "that cannot be written."
            )


def _plain(text: str, *, lines: bool) -> bool:
    """Whether it can be stored and handed to programs; `lines`: line breaks are fine."""
    if lines:
        text = text.replace("\n", "").replace("\r", "").replace("\t", "")
    return text.isprintable() and not any("\ud800" <= one <= "\udfff" for one in text)


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    if depth > 8:
        raise InvalidInput("The settings or credentials are nested too deeply.")
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, depth + 1)

"""What compute targets are made of."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from runyard.sdk.exceptions import ComputeTargetException


class ComputeConfiguration(msgspec.Struct, frozen=True):
    """A compute target before it is made; each kind's class gives one.

    Attributes:
        credentials: sent once, and never shown.
    """

    kind: str
    settings: Mapping[str, Any] = {}
    credentials: Mapping[str, Any] = {}
    limits: Mapping[str, int] = {}
    size: str = ""
    base: str = ""
    description: str = ""
    tags: Mapping[str, str] = {}
    groups: Sequence[str] = ()
    server_url: str = ""

    def body(self, name: str) -> dict[str, Any]:
        """As the server takes it."""
        fields: dict[str, Any] = msgspec.structs.asdict(self)
        return {"name": name, **{key: value for key, value in fields.items() if value not in ("", {}, ())}}

    def validate_configuration(self) -> None:
        """Kept for scripts that call it; the server checks."""

    def __repr__(self) -> str:
        return (
            f"ComputeConfiguration(kind={self.kind!r}, settings={dict(self.settings)!r}, size={self.size!r})"
        )


LIMITS = ("max_running", "max_running_per_person", "max_queued_per_person", "max_seconds")


def limits_of(**given: int | None) -> dict[str, int]:
    """Those that are given."""
    return {key: int(value) for key, value in given.items() if value is not None}


def configuration(
    kind: str, settings: Mapping[str, Any], credentials: Mapping[str, Any], more: Mapping[str, Any]
) -> ComputeConfiguration:
    """A compute target of machines that are there.

    Args:
        settings: those that are None are left out.
        more: limits, groups (who may submit), server_url (how the machines reach the server), description, tags.
    Raises: ComputeTargetException for anything else.
    """
    known = (*LIMITS, "groups", "server_url", "description", "tags")
    unknown = sorted(set(more) - set(known))
    if unknown:
        raise ComputeTargetException(
            f"Unknown argument {unknown[0]!r} of a compute target; beside those of its kind there are {', '.join(known)}."
        )
    return ComputeConfiguration(
        kind=kind,
        settings={key: value for key, value in settings.items() if value is not None},
        credentials=credentials,
        limits=limits_of(**{name: more.get(name) for name in LIMITS}),
        description=more.get("description") or "",
        tags=dict(more.get("tags") or {}),
        groups=tuple(more.get("groups") or ()),
        server_url=more.get("server_url") or "",
    )


def ssh_credentials(password: str, key_file: str | Path, passphrase: str) -> dict[str, str]:
    """A password, or the text of a private key. Raises: ComputeTargetException."""
    if bool(password) == bool(key_file):
        raise ComputeTargetException("Give password or private_key_file, one of them.")
    if password:
        return {"password": password}
    try:
        text = Path(key_file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ComputeTargetException(f"The private key {key_file} cannot be read: {exc}") from exc
    return {"private_key": text, **({"private_key_passphrase": passphrase} if passphrase else {})}


def hosts_of(address: str | Sequence[str], port: int, host_key: str | None) -> list[dict[str, Any]]:
    """One or several machines; each may have a port of its own, as `host:port`."""
    found = []
    for one in [address] if isinstance(address, str) else address:
        name, mark, own_port = one.rpartition(":")
        with_port = bool(mark) and own_port.isdecimal() and ":" not in name
        host: dict[str, Any] = {
            "address": name if with_port else one,
            "port": int(own_port) if with_port else port,
        }
        found.append({**host, **({"host_key": host_key} if host_key else {})})
    return found


def warn_of_unused(**given: object) -> None:
    """What has no meaning here, and is said so once."""
    unused = ", ".join(name for name, value in given.items() if value)
    if unused:
        warnings.warn(f"Not used here, since the machines are there already: {unused}.", stacklevel=3)

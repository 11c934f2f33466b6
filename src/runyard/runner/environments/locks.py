"""Exact versions of an environment's packages: found out once for a workspace, then the same for every job."""

from __future__ import annotations

import platform
import re
from typing import Sequence

from ..exchange import Away, Exchange, Refused
from .own_packages import normalised

PATIENCE_S = 60.0
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)")
_VERSION = re.compile(
    r"([A-Za-z0-9][\w.-]*)(?:\[[\w.,\s-]*\])?\s*==\s*([A-Za-z0-9][\w.+!]*)\s*(;[^\\#@]*?)?(?:\s--hash.*|\s*\\)?\s*\Z"
)


def this_platform() -> str:
    """linux-x86_64"""
    return f"{platform.system().lower()}-{platform.machine().lower()}"


class Locks:
    """Those of one environment, kept by the server."""

    def __init__(self, server: Exchange, environment_hash: str) -> None:
        self._server = server
        self._hash = environment_hash

    def find(self, python: str) -> str | None:
        """The requirements that were locked for a version of Python here; None: not yet, or nobody knows just now."""
        query = {"hash": self._hash, "platform": this_platform(), "python": python}
        try:
            told = self._server.call("GET", "/environment-locks", patience_s=PATIENCE_S, query=query)
        except (Away, Refused):
            return None
        return str(told.get("text") or "") or None

    def keep(self, python: str, text: str) -> str:
        """Lock; of two that do so at once the first is right, and what it says is returned."""
        told = {"hash": self._hash, "platform": this_platform(), "python": python, "text": text}
        try:
            answer = self._server.call("POST", "/environment-locks", told, patience_s=PATIENCE_S)
        except (Away, Refused):
            return text
        return str(answer.get("text") or text)


def pinned(text: str) -> list[str]:
    """What a lock says of versions, as constraints: they choose among versions of what is wanted anyway, and add nothing.

    Whoever may submit may have written the lock, also of what others are about to make; so other packages, addresses and
    options in it do not count.
    """
    found = (_VERSION.match(line) for line in text.splitlines())
    return [
        f"{one.group(1)}=={one.group(2)}{one.group(3) or ''}".rstrip() for one in found if one is not None
    ]


def without(text: str, names: Sequence[str]) -> str:
    """A lock without some packages, which are of another version on every server."""
    kept = []
    leaving = False
    for line in text.splitlines():
        if not line.startswith((" ", "\t")):
            found = _PINNED.match(line)
            leaving = found is not None and normalised(found.group(1)) in names
        if not leaving:
            kept.append(line)
    return "\n".join(kept) + "\n"

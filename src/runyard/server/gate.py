"""Who may talk to the server at all: Host, Origin and size, before anything is parsed.

Both lanes (ASGI and the fast one below it) call `Gate.refusal`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from runyard.errors import NotAllowed

OPEN_PATHS = frozenset({"/health", "/version", "/ready"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REMEMBERED = 1_000


class Gate:
    """Refuses foreign Host headers (DNS rebinding) and cross-site writes (CSRF).

    An address literal cannot be rebound, so any is accepted once the server listens beyond loopback; a name must be
    a loopback name or one that was allowed.

    Args:
        hosts: further names that reach this server, without port.
        origins: further origins whose pages may write, such as `http://127.0.0.1:5173`.
        loopback_only: the server listens on loopback, so only loopback addresses are plausible.
    """

    def __init__(
        self, hosts: Iterable[str] = (), origins: Iterable[str] = (), *, loopback_only: bool = True
    ) -> None:
        self._hosts = {host.lower().rstrip(".") for host in hosts} | {"localhost"}
        self._origins = {origin.lower().rstrip("/") for origin in origins}
        self._loopback_only = loopback_only
        self._good_hosts: set[str] = set()

    def refusal(
        self, method: str, path: str, host: str | None, origin: str | None, fetch_site: str | None
    ) -> NotAllowed | None:
        """Why the request is refused, or None."""
        if path in OPEN_PATHS:
            return None
        if host not in self._good_hosts and not self._learn(host):
            return NotAllowed(
                "Invalid Host header - possible DNS rebinding attack detected. If clients reach this server by that "
                "name, start it with --allowed-hosts NAME."
            )
        if method not in SAFE_METHODS and self._foreign(host or "", origin, fetch_site):
            return NotAllowed(
                "Cross-origin request blocked. If that page may write here, start the server with "
                "--allowed-origins ORIGIN."
            )
        return None

    def _learn(self, host: str | None) -> bool:
        if host is None or not self._is_good(host):
            return False
        if len(self._good_hosts) >= REMEMBERED:
            self._good_hosts.clear()
        self._good_hosts.add(host)
        return True

    def _is_good(self, host: str) -> bool:
        name = _without_port(host)
        if name is None:
            return False
        if name in self._hosts or "*" in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self._loopback_only

    def _foreign(self, host: str, origin: str | None, fetch_site: str | None) -> bool:
        if origin is None:
            return fetch_site == "cross-site"
        origin = origin.lower().rstrip("/")
        return origin.partition("://")[2] != host.lower() and origin not in self._origins


def _without_port(host: str) -> str | None:
    """The name or address of a Host header, lower case; None when malformed."""
    host = host.lower()
    if host.startswith("["):
        inner, bracket, rest = host[1:].partition("]")
        return inner if bracket and (rest == "" or _is_port(rest)) else None
    name, colon, port = host.partition(":")
    if colon and not _is_port(":" + port):
        return None
    return name.rstrip(".") or None


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isdigit() and len(text) <= 6

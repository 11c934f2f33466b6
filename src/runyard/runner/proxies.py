"""Proxies that the machine's environment names."""

from __future__ import annotations

import base64
import urllib.request
from urllib.parse import unquote, urlsplit


def proxy_for(scheme: str, netloc: str) -> tuple[str, int, dict[str, str]] | None:
    """The proxy that the machine's environment names for a server: its host, port, and what it wants to know."""
    found = urllib.request.getproxies_environment().get(scheme)
    if not found or urllib.request.proxy_bypass(netloc):
        return None
    host = netloc.rpartition("@")[2].rpartition(":")[0] or netloc
    if host in ("localhost", "[::1]") or host.startswith("127."):
        return None
    parts = urlsplit(found if "://" in found else f"http://{found}")
    headers = {}
    if parts.username:
        known = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(known.encode()).decode()}"
    return parts.hostname or "", parts.port or 80, headers

"""How the object-store library talks to the network."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

_LIMITS = {"connect_timeout": "5s", "read_timeout": "60s", "timeout": "24h"}
"""A transfer may take as long as it moves: what is limited is each wait, not the whole."""

RETRIES: Any = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3), "base": 2},
}


def client_options(endpoint: str | None, proxy_url: str | None) -> Any:
    """Options for the store at an endpoint.

    Args:
        proxy_url: what all requests go through, whatever this process's environment says; None: as it says.
    """
    options: dict[str, Any] = {**_LIMITS, "allow_http": (endpoint or "").startswith("http://")}
    if proxy_url is not None:
        options |= {"proxy_url": proxy_url, "proxy_excludes": ""}
    return options

"""How the object-store library talks to the network."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

CLIENT: dict[str, Any] = {"connect_timeout": "5s", "read_timeout": "60s", "timeout": "24h"}
"""A transfer may take as long as it moves: what is limited is each wait, not the whole."""

RETRIES: Any = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3), "base": 2},
}

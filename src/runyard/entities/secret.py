"""Secrets of a workspace's keyvault."""

from __future__ import annotations

import msgspec


class SecretInfo(msgspec.Struct, frozen=True):
    """What may be listed: never the value. Times are milliseconds UTC."""

    name: str
    created_by: str
    created_ms: int
    updated_ms: int

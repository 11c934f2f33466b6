"""Who asks, and in which workspace."""

from __future__ import annotations

import msgspec

DEFAULT_WORKSPACE_ID = 1


class Context(msgspec.Struct, frozen=True):
    """Travels with every call to a service."""

    workspace_id: int = DEFAULT_WORKSPACE_ID

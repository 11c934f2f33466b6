"""Who asks, in which workspace, and what they may do there."""

from __future__ import annotations

import msgspec

from runyard.entities.access import EVERYTHING, Grants
from runyard.entities.principal import LOCAL, Principal
from runyard.entities.workspace import DEFAULT_WORKSPACE_ID


class Context(msgspec.Struct, frozen=True):
    """Travels with every call to a service. The defaults are those of a server's own work in the default workspace.

    Attributes:
        workspace_guid: its files lie below this; empty for the default workspace, whose files lie at the root.
        credential: how the principal was recognised: local, password, `token <uuid>`, `tracking <jti>`.
        grants: what the principal may do in the workspace.
    """

    workspace_id: int = DEFAULT_WORKSPACE_ID
    workspace: str = "default"
    workspace_guid: str = ""
    principal: Principal = LOCAL
    credential: str = "local"
    grants: Grants = EVERYTHING

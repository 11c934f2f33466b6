"""Who asks, in which workspace, and what they may do there."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runyard.entities.access import EVERYTHING, Grants
from runyard.entities.experiment import DEFAULT_EXPERIMENT_ID
from runyard.entities.principal import LOCAL, Principal
from runyard.entities.workspace import DEFAULT_WORKSPACE_ID


class Recognised(msgspec.Struct, frozen=True):
    """Who a credential belongs to.

    Attributes:
        actions: patterns beyond which this credential may do nothing, whatever the principal may.
        workspace: guid of the one workspace that the credential is good for; None: all.
        workspace_id: the same by row, for access tokens.
        expires_ms: after this it is good for nothing; None: does not end.
        token: uuid of the access token, where the credential is one or comes from one.
        job: id of the run whose job's own token it is, or comes from; empty: it is none. job_experiment: where that writes.
        lasting: whether it may make tokens that outlive it: somebody logged in, and this is not just a token.
    """

    principal: Principal
    credential: str
    actions: Sequence[str] = ("*",)
    workspace: str | None = None
    workspace_id: int | None = None
    expires_ms: int | None = None
    token: str | None = None
    lasting: bool = False
    job: str = ""
    job_experiment: int | None = None


BY_ITSELF = Recognised(LOCAL, "local")


class Context(msgspec.Struct, frozen=True):
    """Travels with every call to a service. The defaults are those of a server's own work in the default workspace.

    Attributes:
        workspace_guid: its files lie below this; empty for the default workspace, whose files lie at the root.
        credential: how the principal was recognised: local, password, `token <uuid>`, `tracking <jti>`.
        grants: what the principal may do in the workspace.
        who: all that is known about the credential.
        default_experiment: what clients that choose none mean by experiment 0.
        remote: address of the client; empty where nothing asks for it.
        addressed: the workspace that the address of a route of the server named; nobody has checked it.
        session: secret of the browser's session that the request came in; where somebody comes to log in, of the one that
            the browser had, which a new one ends.
        also: what the audit log names beside the fields of the request; each request has its own.
    """

    workspace_id: int = DEFAULT_WORKSPACE_ID
    workspace: str = "default"
    workspace_guid: str = ""
    principal: Principal = LOCAL
    credential: str = "local"
    grants: Grants = EVERYTHING
    who: Recognised = BY_ITSELF
    default_experiment: int = DEFAULT_EXPERIMENT_ID
    remote: str = ""
    addressed: str = ""
    session: str = ""
    also: dict[str, str] = msgspec.field(default_factory=dict)

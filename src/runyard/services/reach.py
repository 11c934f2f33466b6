"""What a recognised principal may do, wherever: for the one decision, and for questions about many places at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from runyard.entities.access import EVERYTHING, Assignment, Grants, Role, grants_at
from runyard.entities.job import OWN_EXPERIMENT
from runyard.entities.workspace import Workspace
from runyard.errors import NotAllowed
from runyard.services.context import Recognised


class Reach(msgspec.Struct, frozen=True):
    """A principal's assignments, its groups' included, and all roles by name."""

    who: Recognised
    assignments: Sequence[Assignment]
    roles: Mapping[str, Role]

    def at(self, scope: str) -> Grants:
        """What the principal may do at a scope, if its credential is good there."""
        if self.everywhere:
            return EVERYTHING
        found = grants_at(scope, self.assignments, self.roles)
        if list(self.who.actions) != ["*"]:
            found = found.limited(self.who.actions)
        own = self.who.job_experiment
        return found if own is None else found.confined(OWN_EXPERIMENT, own)

    def above(self, scope: str) -> Grants:
        """As `at`, for what is no workspace: a credential for one workspace is good for nothing there."""
        return Grants() if self.bound else self.at(scope)

    def inside(self, workspace: Workspace) -> Grants:
        """What the principal may do in a workspace."""
        who = self.who
        if who.workspace not in (None, workspace.guid) or who.workspace_id not in (None, workspace.id):
            return Grants()
        return self.at(workspace.scope)

    @property
    def everywhere(self) -> bool:
        """Whoever works on the server's own machine."""
        return self.who.credential == "local"

    @property
    def bound(self) -> bool:
        """Whether the credential is for one workspace."""
        return self.who.workspace is not None or self.who.workspace_id is not None

    def scopes(self) -> list[str] | None:
        """Where something may be allowed, at or below; None: anywhere."""
        if self.everywhere:
            return None
        found = sorted({one.scope for one in self.assignments if one.allow})
        return None if "/" in found else found


def require(grants: Grants, who: Recognised, action: str, place: str) -> None:
    """Raises: NotAllowed, unless the grants permit the action."""
    if not grants.permits(action):
        raise NotAllowed(
            f"{who.principal.name} may not do {action} in {place}. An owner can assign a role that includes it."
        )

"""What the services ask of a store about environments; the rules of store.contracts hold."""

from __future__ import annotations

from typing import Protocol

from runyard.entities.common import Page
from runyard.entities.environment import Environment, EnvironmentLock


class EnvironmentStore(Protocol):
    """Registered environments with their versions, and locks."""

    async def register(
        self, workspace_id: int, name: str, definition: str, hash: str, created_by: str
    ) -> Environment:
        """A new version, numbered one higher than the last; the last one, where its definition is the same.

        Args:
            definition: canonical JSON, without name and version.
        """
        ...

    async def find(self, workspace_id: int, name: str, version: int | None) -> Environment | None:
        """One version; the last for None."""
        ...

    async def list(self, workspace_id: int, *, max_results: int, page_token: str | None) -> Page[Environment]:
        """The last version of each, by name."""
        ...

    async def versions(
        self, workspace_id: int, name: str, *, max_results: int, page_token: str | None
    ) -> Page[Environment]:
        """The last first."""
        ...

    async def keep_lock(self, workspace_id: int, lock: EnvironmentLock) -> EnvironmentLock:
        """Keep it, unless there is one already; the one that is kept."""
        ...

    async def find_lock(
        self, workspace_id: int, hash: str, platform: str, python: str
    ) -> EnvironmentLock | None: ...

"""What compute targets ask of a store; the rules of store.contracts hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from runyard.entities.common import Page
from runyard.entities.compute import Compute, ComputeState, Limits, Node, Size


class NewCompute(msgspec.Struct, frozen=True):
    """What a compute target is made of, checked. `secret` is encrypted, `credentials` names what is in it."""

    name: str
    kind: str
    settings: Mapping[str, Any]
    limits: Limits
    description: str = ""
    tags: Mapping[str, str] = {}
    base: str = ""
    size: str = ""
    groups: Sequence[str] = ()
    server_url: str = ""
    credentials: Sequence[str] = ()
    secret: bytes | None = None


class ComputeStore(Protocol):
    """Compute targets of a workspace, and the sizes that pools are made of."""

    async def create(self, workspace_id: int, new: NewCompute, created_by: str, limit: int) -> Compute:
        """Raises: AlreadyExists; InvalidInput when the workspace has `limit` already."""
        ...

    async def replace(self, workspace_id: int, compute_id: int, new: NewCompute, seen_ms: int) -> Compute:
        """All but its name, kind, and what it does.

        Args:
            seen_ms: `modified_ms` of what the change was made from.
        Raises: NotFound; InvalidState when it was changed meanwhile.
        """
        ...

    async def find(self, workspace_id: int, name: str) -> Compute | None: ...

    async def by_ids(self, compute_ids: Collection[int]) -> Mapping[int, Compute]:
        """Of whatever workspaces, for the dispatcher."""
        ...

    async def list(self, workspace_id: int, *, max_results: int, page_token: str | None) -> Page[Compute]:
        """By name."""
        ...

    async def pools_on(self, workspace_id: int, base: str) -> Sequence[Compute]:
        """The pools whose machines are those of this one."""
        ...

    async def delete(self, compute_id: int, *, with_jobs: bool) -> None:
        """Forget one, and the sizes on it. May be called twice.

        Raises: InvalidState while jobs of it have not ended, unless with_jobs.
        """
        ...

    async def set_state(self, compute_id: int, state: ComputeState) -> None:
        """Start or stop. May be called twice."""
        ...

    async def told(
        self, compute_id: int, checked_ms: int, error: str, nodes: Sequence[Node] | None = None
    ) -> None:
        """What came of asking the engine. A stopped one stays stopped; else it is RUNNING or, with an error, UNREACHABLE.

        Args:
            nodes: None: as they were.
        """
        ...

    async def fix_host_key(self, compute_id: int, address: str, port: int, key: str) -> str:
        """Keep the key that a host showed at the first connection; answers the kept one, the first wins.

        `modified_ms` stays. Raises: NotFound, also for a host that the target no longer has.
        """
        ...

    async def groups_of(self, principal_id: int) -> Collection[str]:
        """Names of the groups that somebody is in."""
        ...

    async def known_groups(self, names: Collection[str]) -> Collection[str]:
        """Those of these names that groups have."""
        ...

    async def put_size(self, workspace_id: int, size: Size, limit: int) -> None:
        """Declare or replace. Raises: NotFound for its compute target; InvalidInput when there are `limit` already."""
        ...

    async def find_size(self, workspace_id: int, name: str) -> Size | None:
        """Whatever the case of its letters."""
        ...

    async def list_sizes(self, workspace_id: int, *, max_results: int, page_token: str | None) -> Page[Size]:
        """By name."""
        ...

    async def delete_size(self, workspace_id: int, name: str) -> bool:
        """Forget it; tells whether it was there. Pools keep its name and refuse jobs."""
        ...

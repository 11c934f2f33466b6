"""Where in a workspace's files a location leads, and whose files those are.

`7/...` are the files of experiment 7. An experiment may keep its files elsewhere: then it owns that directory, and who may
not see the experiment may not see them by their path either. What nobody owns is for who may do it everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runyard.artifacts import paths
from runyard.artifacts.opening import Mount
from runyard.artifacts.uris import PROXY_SCHEME, ProxiedUri, StorageUri, parse_artifact_uri
from runyard.entities.access import Grants
from runyard.errors import InvalidInput
from runyard.services.context import Context

OTHERS = "workspaces"  # where the files of all workspaces but the default one are
DATASTORES = "datastores"  # of a workspace's files: its built-in datastores, which have routes and actions of their own
MODELS = "models"  # of a workspace's files: what was uploaded for registered models, by name
SNAPSHOTS = ".runyard-snapshots"  # of a workspace's files: the sources of submitted runs, which have routes of their own
RESERVED = frozenset({OTHERS, DATASTORES, MODELS, SNAPSHOTS})


class PathOwners(Protocol):
    """Which experiments keep their files in a place of their own."""

    async def experiments_at(self, workspace_id: int, folded: str) -> Sequence[int]:
        """Those whose place is a folded path, above it or below it. Cost: one read by an index."""
        ...


def path_in_workspace(mount: Mount, ctx: Context, uri: ProxiedUri | StorageUri) -> str:
    """The path of a URI among the workspace's files.

    Raises: InvalidInput, when it lies in another datastore or another workspace.
    """
    path = mount.path_of(uri)
    if isinstance(uri, StorageUri) and ctx.workspace_guid:
        root = f"{OTHERS}/{ctx.workspace_guid}"
        if not f"{path}/".startswith(f"{root}/"):
            raise InvalidInput(
                f"The artifact location {paths.shortened(str(uri.path))} is not among the files of this workspace."
            )
        path = path[len(root) + 1 :]
    return path


def owner_of(path: str) -> int | None:
    """The experiment whose usual directory a path of the workspace's files is in."""
    first = paths.folded(path).partition("/")[0]
    return int(first) if first.isascii() and first.isdigit() and len(first) < 20 else None


def is_usual(location: str, number: str) -> bool:
    """Whether a location is the usual directory of an experiment."""
    uri = parse_artifact_uri(location) if location.startswith(f"{PROXY_SCHEME}:") else None
    return isinstance(uri, ProxiedUri) and uri.path == number


async def may_at(owners: PathOwners, ctx: Context, action: str, path: str) -> bool:
    """Whether an action is allowed on a path of the workspace's files; it may be one that is refused later.

    Args:
        path: decoded, relative to the workspace's files; empty for all of them.
    """
    grants = ctx.grants
    if not grants.experiments:
        return grants.permits(action)
    number = owner_of(path)
    if number is not None:
        return grants.permits(action, number)
    folded = paths.folded(path)
    if folded.partition("/")[0] == MODELS:
        return grants.permits(action)
    found = await owners.experiments_at(ctx.workspace_id, folded) if folded else ()
    if found:
        return all(grants.permits(action, one) for one in found)
    return _permits_everywhere(grants, action)


def _permits_everywhere(grants: Grants, action: str) -> bool:
    return grants.permits(action) and all(grants.permits(action, one) for one in grants.experiments)


class ExperimentPlaces:
    """Where a new experiment may keep its files.

    Args:
        mount: the server's datastore.
    """

    def __init__(self, mount: Mount, owners: PathOwners) -> None:
        self._mount = mount
        self._owners = owners

    async def own_path(self, ctx: Context, location: str) -> str | None:
        """The folded path of a location among the workspace's files; None for one elsewhere, which only clients reach.

        Raises: InvalidInput for what belongs to something else: an experiment's usual directory, another workspace, the
            built-in datastores, the registered models, the place of an experiment where the caller may not write.
        """
        uri = parse_artifact_uri(f"file:{location}" if location.startswith("/") else location)
        assert isinstance(uri, ProxiedUri | StorageUri)
        if isinstance(uri, StorageUri) and not self._holds(uri):
            return None
        path = path_in_workspace(self._mount, ctx, uri)
        folded = paths.folded(path)
        if not folded or folded.partition("/")[0] in RESERVED or owner_of(path) is not None:
            raise InvalidInput(
                f"Invalid artifact location {paths.shortened(location)}: it belongs to something else. Name a directory "
                "whose first part is no number and none of "
                + ", ".join(sorted(RESERVED))
                + ", or leave it out."
            )
        if not await may_at(self._owners, ctx, "artifacts/write", path):
            raise InvalidInput(
                f"Invalid artifact location {paths.shortened(location)}: you may not write there. Choose another."
            )
        return folded

    def _holds(self, uri: StorageUri) -> bool:
        try:
            self._mount.path_of(uri)
        except InvalidInput:
            return False
        return True

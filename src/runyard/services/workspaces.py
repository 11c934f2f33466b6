"""Rules for workspaces and resource groups: who may see, create, change and delete which."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

import msgspec

from runyard.entities.access import Grants, group_scope
from runyard.entities.common import Page
from runyard.entities.workspace import (
    DEFAULT_SUBSCRIPTION,
    DEFAULT_WORKSPACE_ID,
    ResourceGroup,
    Workspace,
)
from runyard.errors import AlreadyExists, InvalidInput, InvalidState, NotFound, shown
from runyard.services.checks import check_length, check_max_results, check_text
from runyard.services.context import Context
from runyard.services.identity import IdentityService, no_workspace
from runyard.services.reach import Reach, require
from runyard.services.tracking_tokens import LIFE_S, TrackingTokens
from runyard.store.workspace_contracts import NewWorkspace, Places, WorkspaceChanges, WorkspaceStore

LIST_LIMIT = 1_000
TAGS_LIMIT = 100
TAG_KEY_LIMIT = 512
TAG_VALUE_LIMIT = 5_000
SHORT_TEXT = 255
LONG_TEXT = 8_000
OWNER = "Owner"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,32}")
_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()-]{0,89}")
KEPT = "The default workspace cannot be deleted: clients that name no workspace work in it. Delete what it holds instead."


class Wanted(msgspec.Struct, frozen=True):
    """A workspace that somebody asks for."""

    name: str
    subscription: str | None = None
    group: str | None = None
    create_group: bool = True
    location: str | None = None
    sku: str | None = None
    friendly_name: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = {}
    exist_ok: bool = False


class SignedToken(msgspec.Struct, frozen=True):
    """A token of a tracking URI."""

    token: str
    expires_ms: int


class WorkspaceService:
    """Decides with the principal's reach, then asks the store.

    Args:
        changed: after a change, what was decided before must be forgotten.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        store: WorkspaceStore,
        identity: IdentityService,
        tokens: TrackingTokens,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._identity = identity
        self._tokens = tokens
        self._changed = changed
        self._clock = clock

    async def create(self, ctx: Context, wanted: Wanted) -> Workspace:
        """A new workspace, whose maker owns it; with exist_ok one that is there already and may be seen.

        Raises: NotAllowed, AlreadyExists, NotFound without the group.
        """
        check_name(wanted.name)
        subscription, group = checked_place(wanted.subscription, wanted.group)
        _check_texts(wanted)
        reach = await self._identity.reach(ctx.who)
        grants = reach.above(group_scope(subscription, group))
        place = f"resource group {group!r}"
        found = await self._store.find(wanted.name) if wanted.exist_ok else None
        if found is not None and not reach.inside(found).empty:
            return _same_place(found, subscription, group)
        require(grants, ctx.who, "workspaces/create", place)
        creates = wanted.create_group and await self._store.find_group(subscription, group) is None
        if creates:
            require(grants, ctx.who, "groups/write", place)
        new = NewWorkspace(
            wanted.name,
            subscription,
            group,
            wanted.location or "local",
            wanted.sku or "basic",
            wanted.friendly_name or "",
            wanted.description or "",
            wanted.tags,
            ctx.principal.name,
            None if _is_owner(reach, group_scope(subscription, group)) else ctx.principal.id,
        )
        made = await self._store.create(new, create_group=creates)
        self._changed()
        return made

    async def list_workspaces(
        self,
        ctx: Context,
        *,
        subscription: str | None = None,
        group: str | None = None,
        max_results: int = LIST_LIMIT,
        page_token: str | None = None,
    ) -> Page[Workspace]:
        """Those that the caller may do anything in, by name. Cost: the workspaces that its roles reach."""
        reach = await self._identity.reach(ctx.who)
        limit = check_max_results(max_results, LIST_LIMIT)
        places = Places(subscription, group, reach.scopes(), limit, page_token or None)
        return await self._store.list_workspaces(places, lambda one: not reach.inside(one).empty)

    async def get(self, ctx: Context) -> Workspace:
        """That of the context."""
        return await self._existing(ctx.workspace)

    async def find(self, ctx: Context, name: str) -> tuple[Workspace, Grants]:
        """One of the workspaces that the caller may see, by name.

        Raises: NotFound with the same words for absent and for not theirs.
        """
        found = await self._identity.find_workspace(name)
        grants = Grants() if found is None else (await self._identity.reach(ctx.who)).inside(found)
        if found is None or grants.empty:
            raise no_workspace(name)
        return found, grants

    async def update(self, ctx: Context, changes: WorkspaceChanges) -> Workspace:
        """Change what is given of the context's workspace."""
        _check_changes(changes)
        made = await self._store.update(ctx.workspace_id, changes)
        self._changed()
        return made

    async def update_named(self, ctx: Context, name: str, changes: WorkspaceChanges) -> Workspace:
        """Change what is given of a workspace."""
        found, grants = await self.find(ctx, name)
        require(grants, ctx.who, "workspaces/write", f"workspace {found.name!r}")
        _check_changes(changes)
        made = await self._store.update(found.id, changes)
        self._changed()
        return made

    async def delete(self, ctx: Context, *, delete_files: bool) -> None:
        """The context's workspace with all in it. Its records go in the background, nobody sees them any more.

        Args:
            delete_files: its artifacts too; else they stay in the datastore below `workspaces/<guid>`.
        """
        if ctx.workspace_id == DEFAULT_WORKSPACE_ID:
            raise InvalidState(KEPT)
        await self._store.delete([ctx.workspace_id], delete_files=delete_files)
        self._changed()

    async def delete_named(self, ctx: Context, name: str, *, only_empty: bool, delete_files: bool) -> None:
        """As `delete`, by name.

        Raises: InvalidState when only_empty is asked and it is not.
        """
        found, grants = await self.find(ctx, name)
        require(grants, ctx.who, "workspaces/delete", f"workspace {found.name!r}")
        if found.id == DEFAULT_WORKSPACE_ID:
            raise InvalidState(KEPT)
        await self._store.delete([found.id], delete_files=delete_files, only_empty=only_empty)
        self._changed()

    async def tracking_token(self, ctx: Context, life_s: int | None) -> SignedToken:
        """A token for the context's workspace and its caller, good for an hour at most and no longer than its credential."""
        now = self._clock()
        wanted = LIFE_S if life_s is None else life_s
        if wanted < 1:
            raise InvalidInput(
                f"Invalid value {wanted} for parameter 'life_s': it must be at least 1 second."
            )
        life = min(wanted, LIFE_S)
        if ctx.who.expires_ms is not None:
            life = max(1, min(life, ctx.who.expires_ms // 1000 - int(now)))
        found = await self._existing(ctx.workspace)
        token = self._tokens.sign(
            ctx.principal.uuid,
            found.guid,
            actions=list(ctx.who.actions),
            via=ctx.who.token,
            life_s=life,
        )
        return SignedToken(token, (int(now) + life) * 1000)

    async def _existing(self, name: str) -> Workspace:
        found = await self._store.find(name)
        if found is None:
            raise no_workspace(name)
        return found

    async def create_group(
        self, ctx: Context, name: str, subscription: str | None, tags: Mapping[str, str]
    ) -> ResourceGroup:
        """Raises: NotAllowed, AlreadyExists."""
        subscription, name = checked_place(subscription, name)
        _check_tags(tags)
        reach = await self._identity.reach(ctx.who)
        require(
            reach.above(group_scope(subscription, name)), ctx.who, "groups/write", f"resource group {name!r}"
        )
        return await self._store.create_group(subscription, name, tags)

    async def list_groups(
        self, ctx: Context, *, subscription: str | None, max_results: int, page_token: str | None
    ) -> Page[ResourceGroup]:
        """Those in which the caller may do anything or sees a workspace, by subscription and name."""
        reach = await self._identity.reach(ctx.who)
        limit = check_max_results(max_results, LIST_LIMIT)
        places = Places(subscription, None, reach.scopes(), limit, page_token or None)
        return await self._store.list_groups(places, lambda one: _sees_group(reach, one))

    async def get_group(self, ctx: Context, name: str, subscription: str | None) -> ResourceGroup:
        """Raises: NotFound with the same words for absent and for not theirs."""
        return (await self._group(ctx, name, subscription))[0]

    async def delete_group(
        self, ctx: Context, name: str, subscription: str | None, *, delete_files: bool
    ) -> int:
        """With all workspaces in it, each of which the caller must be allowed to delete; returns how many there were."""
        group, reach = await self._group(ctx, name, subscription)
        place = f"resource group {group.name!r}"
        require(reach.above(group.scope), ctx.who, "groups/delete", place)
        if group.scope == group_scope(DEFAULT_SUBSCRIPTION, DEFAULT_SUBSCRIPTION):
            raise InvalidState(f"The default resource group cannot be deleted. {KEPT}")
        kept = await self._store.list_workspaces(
            Places(group.subscription, group.name, limit=1),
            lambda one: not reach.inside(one).permits("workspaces/delete"),
        )
        if kept.items:
            require(Grants(), ctx.who, "workspaces/delete", place)
        count = await self._store.delete_group(group, delete_files=delete_files)
        self._changed()
        return count

    async def _group(self, ctx: Context, name: str, subscription: str | None) -> tuple[ResourceGroup, Reach]:
        reach = await self._identity.reach(ctx.who)
        where = subscription or DEFAULT_SUBSCRIPTION
        found = None if "\0" in name + where else await self._store.find_group(where, name)
        if found is None or not _sees_group(reach, found):
            raise NotFound(f"No resource group {name[:200]!r} in subscription {where[:200]!r}.")
        return found, reach


def check_name(name: str) -> None:
    """Raises: InvalidInput, with the rule."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"Invalid workspace name {shown(name)}. It has 2 to 33 characters: letters, digits, hyphens and underscores, "
            "and begins with a letter or digit."
        )


def checked_place(subscription: str | None, group: str | None) -> tuple[str, str]:
    """Subscription and resource group, the default ones where none is named.

    Raises: InvalidInput.
    """
    place = (subscription or DEFAULT_SUBSCRIPTION, group or DEFAULT_SUBSCRIPTION)
    for what, name in zip(("subscription", "resource group"), place, strict=True):
        if not _PLACE.fullmatch(name):
            raise InvalidInput(
                f"Invalid {what} {shown(name)}. It has 1 to 90 letters, digits, dots, hyphens, underscores and "
                "parentheses, and begins with a letter or digit."
            )
    return place


def _same_place(found: Workspace, subscription: str, group: str) -> Workspace:
    if (found.subscription, found.group) != (subscription, group):
        raise AlreadyExists(
            f"Workspace {found.name!r} exists in resource group {found.group!r} of subscription "
            f"{found.subscription!r}. Names are unique on a server; choose another."
        )
    return found


def _is_owner(reach: Reach, scope: str) -> bool:
    """Whether whoever makes something at a scope owns it already, by a role there or above."""
    return reach.everywhere or reach.at(scope).permits("access/write")


def _sees_group(reach: Reach, group: ResourceGroup) -> bool:
    if reach.bound:
        return False
    below = f"{group.scope}/"
    return not reach.above(group.scope).empty or any(
        one.allow and one.scope.startswith(below) for one in reach.assignments
    )


def _check_texts(wanted: Wanted) -> None:
    for what, text, limit in (
        ("location", wanted.location, SHORT_TEXT),
        ("sku", wanted.sku, SHORT_TEXT),
        ("friendly_name", wanted.friendly_name, SHORT_TEXT),
        ("description", wanted.description, LONG_TEXT),
    ):
        if text is not None:
            check_text(what, text)
            check_length(what, text, limit)
    _check_tags(wanted.tags)


def _check_changes(changes: WorkspaceChanges) -> None:
    for what, text, limit in (
        ("friendly_name", changes.friendly_name, SHORT_TEXT),
        ("description", changes.description, LONG_TEXT),
        ("default_datastore", changes.default_datastore, SHORT_TEXT),
    ):
        if text is not None:
            check_text(what, text)
            check_length(what, text, limit)
    if changes.tags is not None:
        _check_tags(changes.tags)


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > TAGS_LIMIT:
        raise InvalidInput(f"{len(tags)} tags are more than {TAGS_LIMIT}.")
    for key, value in tags.items():
        check_text("tag", key + value)
        check_length("tag", key, TAG_KEY_LIMIT)
        check_length("tag value", value, TAG_VALUE_LIMIT)
        if not key:
            raise InvalidInput("A tag has an empty name.")

"""Statements about workspaces and resource groups."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from runyard.entities.common import Page
from runyard.entities.workspace import ResourceGroup, Workspace
from runyard.errors import AlreadyExists, InvalidState, NotFound
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Dialect, Row, Transaction
from runyard.store.sql.experiments import numbered
from runyard.store.sql.identity import FIND_WORKSPACE, WORKSPACES, workspace_of
from runyard.store.sql.jobs_changes import cancel_where
from runyard.store.sql.search.cursor import Position, decode_token, encode_token, query_digest
from runyard.store.sql.search.fragments import ALWAYS, Sql, all_of, among, join
from runyard.store.workspace_contracts import NewWorkspace, Places, WorkspaceChanges

GROUP = "SELECT id, subscription, name, tags, created_ms FROM resource_groups g"
FIND_GROUP = f"{GROUP} WHERE subscription = ? AND name = ?"
HOLD_GROUP = "UPDATE resource_groups SET name = name WHERE subscription = ? AND name = ? RETURNING id"
MAKE_GROUP = """INSERT INTO resource_groups (subscription, name, tags, created_ms) VALUES (?, ?, ?, ?)
    ON CONFLICT (subscription, name) DO NOTHING"""
DELETE_GROUP = "DELETE FROM resource_groups WHERE id = ?"
OF_GROUP = "SELECT id, guid FROM workspaces WHERE group_id = ? AND deleted_ms IS NULL"
INSERT = """INSERT INTO workspaces (name, group_id, guid, location, sku, friendly_name, description, tags, created_by,
    created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING RETURNING id"""
EXPERIMENT = """INSERT INTO experiments (workspace_id, name, artifact_location, stage, created_ms, updated_ms)
    VALUES (?, 'Default', '', 0, ?, ?) RETURNING id"""
PLACE_EXPERIMENT = "UPDATE experiments SET artifact_location = ? WHERE id = ?"
SET_EXPERIMENT = "UPDATE workspaces SET default_experiment = ? WHERE id = ?"
ASSIGN = """INSERT INTO role_assignments (uuid, principal_id, role, effect, scope, created_by, created_ms)
    VALUES (?, ?, 'Owner', 1, ?, ?, ?) ON CONFLICT (principal_id, role, effect, scope) DO NOTHING"""
BY_ID = f"{WORKSPACES} WHERE w.id = ? AND w.deleted_ms IS NULL"
UPDATE = "UPDATE workspaces SET {columns}, updated_ms = ? WHERE id = ? AND deleted_ms IS NULL"
DATASTORE = "SELECT 1 FROM datastores WHERE workspace_id = ? AND name = ?"
MARK = """UPDATE workspaces SET name = ?, deleted_ms = ?, purge_files = ?
    WHERE id = ? AND deleted_ms IS NULL"""
UNASSIGN = "DELETE FROM role_assignments WHERE scope = ? OR (scope >= ? AND scope < ?)"
REVOKE = "UPDATE access_tokens SET revoked_ms = ? WHERE workspace_id = ? AND revoked_ms IS NULL"
HOLDS_SOMETHING = """SELECT 1 FROM workspaces w WHERE w.id = ? AND (
    EXISTS (SELECT 1 FROM experiments e WHERE e.workspace_id = w.id AND (e.id <> w.default_experiment
        OR EXISTS (SELECT 1 FROM runs r WHERE r.experiment_id = e.id)
        OR EXISTS (SELECT 1 FROM logged_models m WHERE m.experiment_id = e.id)
        OR EXISTS (SELECT 1 FROM traces t WHERE t.experiment_id = e.id)))
    OR EXISTS (SELECT 1 FROM registered_models m WHERE m.workspace_id = w.id)
    OR EXISTS (SELECT 1 FROM registered_datasets d WHERE d.workspace_id = w.id)
    OR EXISTS (SELECT 1 FROM datastores d WHERE d.workspace_id = w.id)
    OR EXISTS (SELECT 1 FROM secrets s WHERE s.workspace_id = w.id))"""
T = TypeVar("T")
BUILT_IN_DATASTORES = ("workspaceblobstore", "workspaceartifactstore")
SUBSCRIPTION, GROUP_SCOPE = 3, 5  # parts of '/subscriptions/s' and '/subscriptions/s/resourceGroups/g'


class SqlWorkspaces:
    """WorkspaceStore on a Database.

    Args:
        artifact_root: URI below which a default experiment's artifacts go, `mlflow-artifacts:`.
    """

    def __init__(self, database: Database, page_key: bytes, artifact_root: str) -> None:
        self._database = database
        self._page_key = page_key
        self._artifact_root = artifact_root

    async def create(self, new: NewWorkspace, *, create_group: bool) -> Workspace:
        def work(tx: Transaction) -> Workspace:
            group_id = _held_group(tx, new.subscription, new.group, create=create_group)
            workspace_id = self._insert(tx, new, group_id)
            row = tx.one(BY_ID, (workspace_id,))
            assert row is not None
            made = workspace_of(row)
            if new.owner is not None:
                now = now_ms()
                tx.execute(ASSIGN, (uuid.uuid4().hex, new.owner, made.scope, new.created_by, now))
            return made

        return await self._database.write(work)

    def _insert(self, tx: Transaction, new: NewWorkspace, group_id: int) -> int:
        now = now_ms()
        texts = (new.location, new.sku, new.friendly_name, new.description, json.dumps(dict(new.tags)))
        place = (new.name, group_id, str(uuid.uuid4()))
        row = tx.one(INSERT, (*place, *texts, new.created_by, now, now))
        if row is None:
            raise AlreadyExists(
                f"A workspace {new.name!r} exists on this server already. Choose another name."
            )
        workspace_id = int(row[0])
        experiment = tx.one(numbered(EXPERIMENT, tx.dialect), (workspace_id, now, now))
        assert experiment is not None
        tx.execute(PLACE_EXPERIMENT, (f"{self._artifact_root}/{experiment[0]}", experiment[0]))
        tx.execute(SET_EXPERIMENT, (experiment[0], workspace_id))
        return workspace_id

    async def find(self, name: str) -> Workspace | None:
        row = await self._database.read(lambda c: c.one(FIND_WORKSPACE, (name,)))
        return None if row is None else workspace_of(row)

    async def list_workspaces(self, places: Places, shown: Callable[[Workspace], bool]) -> Page[Workspace]:
        where = [Sql("w.deleted_ms IS NULL"), *_within(places)]
        if places.scopes is not None:
            where.append(_reaching(places.scopes, self._database.dialect, workspaces=True))
        walk = _Walk(WORKSPACES, where, "w.name", workspace_of, lambda one: (one.name,))
        return await self._database.read(lambda c: walk.page(c, self._page_key, places, shown))

    async def update(self, workspace_id: int, changes: WorkspaceChanges) -> Workspace:
        tags = None if changes.tags is None else json.dumps(dict(changes.tags))
        given = {
            "friendly_name": changes.friendly_name,
            "description": changes.description,
            "tags": tags,
            "default_datastore": changes.default_datastore,
        }
        values = {column: value for column, value in given.items() if value is not None}

        def work(tx: Transaction) -> Workspace:
            _check_datastore(tx, workspace_id, changes.default_datastore)
            columns = ", ".join(f"{column} = ?" for column in values)
            if values:
                tx.execute(UPDATE.replace("{columns}", columns), (*values.values(), now_ms(), workspace_id))
            row = tx.one(BY_ID, (workspace_id,))
            if row is None:
                raise NotFound("The workspace was deleted meanwhile.")
            return workspace_of(row)

        return await self._database.write(work)

    async def delete(
        self, workspace_ids: Sequence[int], *, delete_files: bool, only_empty: bool = False
    ) -> None:
        def work(tx: Transaction) -> None:
            for workspace_id in workspace_ids:
                if only_empty and tx.one(HOLDS_SOMETHING, (workspace_id,)) is not None:
                    raise InvalidState(
                        "The workspace is not empty. Delete what it holds first, or delete it with mode CASCADE."
                    )
                row = tx.one(BY_ID, (workspace_id,))
                if row is not None:
                    found = workspace_of(row)
                    _mark(tx, found.id, found.guid, delete_files=delete_files)
                    _unassign(tx, found.scope)

        await self._database.write(work)

    async def find_group(self, subscription: str, name: str) -> ResourceGroup | None:
        row = await self._database.read(lambda c: c.one(FIND_GROUP, (subscription, name)))
        return None if row is None else _group_of(row)

    async def create_group(self, subscription: str, name: str, tags: Mapping[str, str]) -> ResourceGroup:
        def work(tx: Transaction) -> ResourceGroup:
            if not tx.execute(MAKE_GROUP, (subscription, name, json.dumps(dict(tags)), now_ms())):
                raise AlreadyExists(
                    f"The resource group {name!r} of subscription {subscription!r} exists already."
                )
            row = tx.one(FIND_GROUP, (subscription, name))
            assert row is not None
            return _group_of(row)

        return await self._database.write(work)

    async def list_groups(
        self, places: Places, shown: Callable[[ResourceGroup], bool]
    ) -> Page[ResourceGroup]:
        where = [ALWAYS, *_within(places)]
        if places.scopes is not None:
            where.append(_reaching(places.scopes, self._database.dialect, workspaces=False))
        walk = _Walk(
            GROUP, where, "g.subscription, g.name", _group_of, lambda one: (one.subscription, one.name)
        )
        return await self._database.read(lambda c: walk.page(c, self._page_key, places, shown))

    async def delete_group(self, group: ResourceGroup, *, delete_files: bool) -> int:
        def work(tx: Transaction) -> int:
            if not tx.execute(DELETE_GROUP, (group.id,)):  # first, so that nothing is made in it meanwhile
                return 0
            rows = tx.all(OF_GROUP, (group.id,))
            for workspace_id, guid in rows:
                _mark(tx, workspace_id, guid, delete_files=delete_files)
            _unassign(tx, group.scope)
            return len(rows)

        return await self._database.write(work)


class _Walk(Generic[T]):
    """Pages of rows in the order of their key, of which only some are shown."""

    def __init__(
        self,
        select: str,
        where: Sequence[Sql],
        key: str,
        read: Callable[[Row], T],
        key_of: Callable[[T], tuple[str, ...]],
    ) -> None:
        self._select = select
        self._where = where
        self._key = key
        self._read = read
        self._key_of = key_of

    def page(self, c: Connection, page_key: bytes, places: Places, shown: Callable[[T], bool]) -> Page[T]:
        """Raises: InvalidInput for a token of another list."""
        reached = None if places.scopes is None else list(places.scopes)
        digest = query_digest(self._key, places.subscription, places.group, reached)
        after = decode_token(page_key, digest, places.page_token)
        items: list[T] = []
        while len(items) <= places.limit:
            found = [self._read(row) for row in self._rows(c, after, places.limit + 1)]
            items += [one for one in found if shown(one)]
            if len(found) <= places.limit:
                break
            after = self._key_of(found[-1])
        if len(items) <= places.limit:
            return Page(items)
        kept = items[: places.limit]
        return Page(kept, encode_token(page_key, digest, self._key_of(kept[-1])))

    def _rows(self, c: Connection, after: Position | None, limit: int) -> list[Row]:
        where = list(self._where)
        if after is not None:
            where.append(Sql(f"({self._key}) > ({', '.join('?' * len(after))})", tuple(after)))
        sql = all_of(where).wrap(f"{self._select} WHERE ", f" ORDER BY {self._key} LIMIT ?")
        return c.all(sql.text, (*sql.params, limit))


def _held_group(tx: Transaction, subscription: str, name: str, *, create: bool) -> int:
    """The row of a group that nobody else can delete before we commit.

    Raises: NotFound.
    """
    if create:
        tx.execute(MAKE_GROUP, (subscription, name, "{}", now_ms()))
    row = tx.one(HOLD_GROUP, (subscription, name))
    if row is None:
        raise NotFound(
            f"No resource group {name!r} in subscription {subscription!r}. Create it first, or let the workspace do so."
        )
    return int(row[0])


def _check_datastore(tx: Transaction, workspace_id: int, name: str | None) -> None:
    if name is None or name in BUILT_IN_DATASTORES or tx.one(DATASTORE, (workspace_id, name)) is not None:
        return
    raise NotFound(f"The workspace has no datastore {name!r}. Register it first.")


def _mark(tx: Transaction, workspace_id: int, guid: str, *, delete_files: bool) -> None:
    """The name of a workspace that is being removed is one that nobody can ask for."""
    now = now_ms()
    tx.execute(MARK, (f"~{guid}", now, int(delete_files), workspace_id))
    cancel_where(tx, "workspace_id", workspace_id)
    tx.execute(REVOKE, (now, workspace_id))


def _unassign(tx: Transaction, scope: str) -> None:
    """Roles at a scope and below; '0' follows '/'."""
    tx.execute(UNASSIGN, (scope, f"{scope}/", f"{scope}0"))


def _within(places: Places) -> list[Sql]:
    named = (("g.subscription = ?", places.subscription), ("g.name = ?", places.group))
    return [Sql(text, (value,)) for text, value in named if value is not None]


def _reaching(scopes: Sequence[str], dialect: Dialect, *, workspaces: bool) -> Sql:
    """At, above or below one of these scopes.

    Args:
        workspaces: whether they are listed, or groups, for which a scope in a workspace counts as one in its group.
    """
    subscriptions: list[str] = []
    groups: list[str] = []
    names: list[str] = []
    for scope in scopes:
        parts = scope.split("/")
        if len(parts) == SUBSCRIPTION:
            subscriptions.append(parts[2])
        elif len(parts) == GROUP_SCOPE or not workspaces:
            groups.append(f"{parts[2]}/{parts[4]}")
        else:
            names.append(parts[6])
    found = [among("g.subscription", subscriptions, dialect)]
    found.append(among("(g.subscription || '/' || g.name)", groups, dialect))
    if workspaces:
        found.append(among("w.name", names, dialect))
    return join(" OR ", found).wrap("(", ")")


def _group_of(row: Row) -> ResourceGroup:
    return ResourceGroup(row[0], row[1], row[2], json.loads(row[3]), row[4])

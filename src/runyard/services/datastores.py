"""Rules for datastores: who they belong to, what is secret about them, and their files."""

from __future__ import annotations

import asyncio
import json
import re
import secrets as randomness
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import msgspec

from runyard.artifacts import paths
from runyard.artifacts.contracts import ByteRange, Datastore, Download, FileInfo
from runyard.artifacts.walking import files_below
from runyard.entities.common import Page
from runyard.entities.datastore import BLOB_STORE, BUILT_IN_STORES, ConfigValue, DatastoreRecord, StoredFile
from runyard.errors import AlreadyExists, InvalidInput, NotFound, RunyardError, shown
from runyard.services.checks import check_max_results
from runyard.services.context import Context
from runyard.services.datastore_kinds import DatastoreKinds
from runyard.services.opened_datastores import OpenedDatastores
from runyard.services.vault import Vault
from runyard.store.data_contracts import DatastoreStore

PAGE_DEFAULT = 100
PAGE_LIMIT = 1_000
PURPOSE = "datastore"
_PROBE_S = 30
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class PageTokens(Protocol):
    """Signed places in lists of names."""

    def after(self, page_token: str | None, *query: object) -> str:
        """The name that a page starts after. Raises: InvalidInput."""
        ...

    def token(self, name: str, *query: object) -> str:
        """The token of the page after a name."""
        ...


class NewDatastore(msgspec.Struct, frozen=True):
    """What is registered. `secret` is plain text here and nowhere else."""

    name: str
    kind: str
    config: Mapping[str, ConfigValue]
    secret: object = None
    overwrite: bool = False
    skip_validation: bool = False


class DatastoreService:
    """Every method raises NotFound for a name that the caller's workspace does not have."""

    def __init__(
        self, store: DatastoreStore, kinds: DatastoreKinds, vault: Vault, page_tokens: PageTokens
    ) -> None:
        self._store = store
        self._kinds = kinds
        self._vault = vault
        self._tokens = page_tokens
        self._opened = OpenedDatastores()

    async def register(self, ctx: Context, new: NewDatastore) -> DatastoreRecord:
        """Register, after a look at the storage unless that is skipped.

        A replaced datastore keeps nothing of the old one, its secret least of all: else whoever changes the address
        could send the old secret there.

        Raises: InvalidInput, also when the storage cannot be used; AlreadyExists.
        """
        check_name(new.name)
        if new.name in BUILT_IN_STORES:
            raise AlreadyExists(f"{new.name!r} is built in and cannot be replaced. Choose another name.")
        secret = _secret_fields(new.secret)
        await self._kinds.check_host(new.config)
        store = self._kinds.open(ctx.workspace_guid, new.name, new.kind, new.config, secret)
        try:
            if not new.skip_validation:
                await _probe(store, new.name)
        finally:
            await store.aclose()
        sealed = self._vault.seal(json.dumps(secret).encode(), *_belongs(ctx, new.name)) if secret else None
        record = DatastoreRecord(0, new.name, new.kind, new.config, sealed, ctx.principal.name)
        await self._store.put_datastore(ctx.workspace_id, record, overwrite=new.overwrite)
        return await self.get(ctx, new.name)

    async def get(self, ctx: Context, name: str) -> DatastoreRecord:
        """One by its name."""
        if name in BUILT_IN_STORES:
            return _built_in(name)
        known = _NAME.fullmatch(name) is not None
        found = await self._store.find_datastore(ctx.workspace_id, name) if known else None
        if found is None:
            raise NotFound(
                f"Could not find datastore with name {shown(name, 100)} in workspace {ctx.workspace!r}."
            )
        return found

    async def list(
        self, ctx: Context, *, max_results: int | None, page_token: str | None
    ) -> Page[DatastoreRecord]:
        """A page of all, the built-in ones among them, by name."""
        limit = check_max_results(PAGE_DEFAULT if max_results is None else max_results, PAGE_LIMIT)
        after = self._tokens.after(page_token or None, ctx.workspace_id)
        found = [_built_in(name) for name in BUILT_IN_STORES if name > after]
        found += await self._store.list_datastores(ctx.workspace_id, after, limit + 1)
        found.sort(key=lambda one: one.name)
        shown_ones = found[:limit]
        more = len(found) > limit
        return Page(shown_ones, self._tokens.token(shown_ones[-1].name, ctx.workspace_id) if more else None)

    async def unregister(self, ctx: Context, name: str) -> None:
        """Forget it and its credentials; the files stay where they are."""
        if name in BUILT_IN_STORES:
            raise InvalidInput(f"{name!r} is built in and cannot be unregistered.")
        await self.get(ctx, name)
        await self._store.delete_datastore(ctx.workspace_id, name, BLOB_STORE)

    async def default(self, ctx: Context) -> str:
        """The name of the workspace's default."""
        return await self._store.default_datastore(ctx.workspace_id) or BLOB_STORE

    async def set_default(self, ctx: Context, name: str) -> DatastoreRecord:
        """Make it the workspace's default."""
        found = await self.get(ctx, name)
        await self._store.set_default_datastore(ctx.workspace_id, name)
        return found

    async def list_files(
        self,
        ctx: Context,
        name: str,
        path: str,
        *,
        recursive: bool,
        max_results: int | None,
        page_token: str | None,
    ) -> Page[StoredFile]:
        """Names below a directory, with their paths in the datastore, ordered by path.

        Recursive: files only, at any depth. A file lists itself.
        """
        limit = check_max_results(PAGE_DEFAULT if max_results is None else max_results, PAGE_LIMIT)
        clean = paths.clean_directory_path(path)
        query = (ctx.workspace_id, name, clean, recursive)
        after = self._tokens.after(page_token or None, *query)
        record = await self._reachable(ctx, name)
        async with self._opened.using(_key(ctx, record), lambda: self._open(ctx, record)) as store:
            entries = _files(store, clean, after) if recursive else _names(store, clean, after)
            found: list[StoredFile] = []
            async for entry in entries:
                if len(found) == limit:
                    return Page(found, self._tokens.token(found[-1].path, *query))
                found.append(entry)
            if not found and not after and clean:
                found = await _itself(store, clean)
            return Page(found)

    async def put_file(
        self, ctx: Context, name: str, path: str, pieces: AsyncIterator[bytes], size: int | None
    ) -> int:
        """Store a file; an upload that ends early leaves nothing."""
        clean, record = paths.clean_file_path(path), await self._reachable(ctx, name)
        async with self._opened.using(_key(ctx, record), lambda: self._open(ctx, record)) as store:
            return await store.put(clean, pieces, size)

    async def get_file(self, ctx: Context, name: str, path: str, byte_range: ByteRange | None) -> Download:
        """Open a file; the caller closes it."""
        clean, record = paths.clean_file_path(path), await self._reachable(ctx, name)
        return await self._opened.download(
            _key(ctx, record), lambda: self._open(ctx, record), lambda store: store.get(clean, byte_range)
        )

    async def head_file(self, ctx: Context, name: str, path: str) -> FileInfo:
        """Metadata of a file."""
        clean, record = paths.clean_file_path(path), await self._reachable(ctx, name)
        async with self._opened.using(_key(ctx, record), lambda: self._open(ctx, record)) as store:
            return await store.head(clean)

    async def delete_file(self, ctx: Context, name: str, path: str) -> None:
        """Delete a file, or a directory with all below it; what is not there is fine."""
        clean, record = paths.clean_directory_path(path), await self._reachable(ctx, name)
        async with self._opened.using(_key(ctx, record), lambda: self._open(ctx, record)) as store:
            await store.delete(clean)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._opened.aclose()

    async def _reachable(self, ctx: Context, name: str) -> DatastoreRecord:
        """One whose files the server may reach now; names change their addresses. Raises: InvalidInput."""
        record = await self.get(ctx, name)
        await self._kinds.check_host(record.config)
        return record

    def _open(self, ctx: Context, record: DatastoreRecord) -> Datastore:
        secret: Mapping[str, object] = {}
        if record.secret is not None:
            secret = json.loads(self._vault.open(record.secret, *_belongs(ctx, record.name)))
        return self._kinds.open(ctx.workspace_guid, record.name, record.kind, record.config, secret)


def check_name(name: str) -> None:
    """Raises: InvalidInput."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"Invalid datastore name {shown(name, 100)}: 1 to 100 letters, digits, '_', '-' and '.', the first a "
            "letter or digit."
        )


def _secret_fields(secret: object) -> dict[str, object]:
    """The fields of a secret; the error never repeats what was sent."""
    if secret is None:
        return {}
    if not isinstance(secret, dict) or not all(isinstance(value, str) for value in secret.values()):
        raise InvalidInput("Invalid secret: it must be an object of texts.")
    return {str(key): value for key, value in secret.items()}


async def _probe(store: Datastore, name: str) -> None:
    """Look at the storage once, cheaply: list a directory that is not there."""
    try:
        async with asyncio.timeout(_PROBE_S):
            await store.list_dir(f"runyard-probe-{randomness.token_hex(8)}")
    except TimeoutError:
        reason = f"it does not answer within {_PROBE_S} seconds."
    except RunyardError as exc:
        what = exc.message.partition("; try again")[0].rstrip(".")  # nobody waits here for better times
        reason = "it is not there." if isinstance(exc, NotFound) else f"{what}."
    else:
        return
    raise InvalidInput(
        f"The storage of datastore {name!r} cannot be used: {reason} If it should be, check its address, its credentials "
        "and that it runs; to register it all the same, say skip_validation=True (--skip-validation)."
    )


async def _files(store: Datastore, path: str, after: str) -> AsyncIterator[StoredFile]:
    async for entry in files_below(store, path, after):
        yield StoredFile(entry.name, False, entry.size)


async def _names(store: Datastore, path: str, after: str) -> AsyncIterator[StoredFile]:
    for entry in await store.list_dir(path):
        place = paths.join(path, entry.name)
        if place > after:
            yield StoredFile(place, entry.is_dir, entry.size)


async def _itself(store: Datastore, path: str) -> list[StoredFile]:
    try:
        return [StoredFile(path, False, (await store.head(path)).size)]
    except (NotFound, InvalidInput):
        return []


def _built_in(name: str) -> DatastoreRecord:
    return DatastoreRecord(0, name, "workspace", {})


def _key(ctx: Context, record: DatastoreRecord) -> tuple[object, ...]:
    """What an open datastore was opened from; any change of it opens a new one."""
    config = tuple(sorted(record.config.items()))
    return (ctx.workspace_id, record.name, record.id, record.updated_ms, record.kind, config, record.secret)


def _belongs(ctx: Context, name: str) -> tuple[str, str, str]:
    return PURPOSE, ctx.workspace_guid, name

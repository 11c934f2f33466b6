"""From what a request says of a compute target to what is stored: checked, with the credentials encrypted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from runyard.entities.compute import POOL, Compute, Limits
from runyard.entities.compute_settings import DEFAULT_SSH_PORT, PLACES
from runyard.entities.job import CLIENT_TARGET
from runyard.errors import InvalidInput, shown
from runyard.services.checks import check_length, check_text
from runyard.services.compute_kinds import ComputeKinds
from runyard.services.context import Context
from runyard.services.vault import Vault
from runyard.store.compute_contracts import ComputeStore, NewCompute

PURPOSE = "compute"
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
DESCRIPTION_LIMIT = 10_000
TAGS_LIMIT = 100
TEXT_LIMIT = 1_000
GREATEST = 2**31 - 1
_LIMITS = tuple(field.name for field in msgspec.structs.fields(Limits))


class ComputeFields(msgspec.Struct, frozen=True):
    """What a request says; None: nothing. `credentials` is plain text here and nowhere else."""

    name: str | None = None
    settings: Mapping[str, Any] | None = None
    credentials: object = None
    limits: Mapping[str, int] | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None
    groups: Sequence[str] | None = None
    server_url: str | None = None
    base: str | None = None
    size: str | None = None

    @property
    def reaches_elsewhere(self) -> bool:
        """Whether a change may be one of where it is or how it is reached."""
        return not (self.settings is None and self.credentials is None and self.base is None)

    def __repr__(self) -> str:
        return f"ComputeFields({self.name!r})"


class ComputeMaker:
    """Checks and encrypts."""

    def __init__(self, store: ComputeStore, kinds: ComputeKinds, vault: Vault) -> None:
        self._store = store
        self._kinds = kinds
        self._vault = vault

    def credentials(self, compute: Compute) -> Mapping[str, Any]:
        """Those of a stored one, decrypted."""
        if compute.secret is None:
            return {}
        found: dict[str, Any] = json.loads(
            self._vault.open(compute.secret, *_belongs(compute.workspace_id, compute.name))
        )
        return found

    async def new(self, ctx: Context, kind: str, fields: ComputeFields) -> NewCompute:
        """Raises: InvalidInput."""
        name = fields.name or ""
        if not NAME.fullmatch(name):
            raise InvalidInput(
                f"Invalid name {shown(name, 100)} of a compute target: 1 to 64 letters, digits, '-' and '_', the first and "
                "the last a letter or digit."
            )
        if name.lower() == CLIENT_TARGET:
            raise InvalidInput(
                f"{name!r} is the machine that submits, and needs no compute target. Choose another name."
            )
        start = NewCompute(name, kind, {}, Limits())
        return await self._filled(ctx, start, {}, fields)

    async def changed(self, ctx: Context, old: Compute, fields: ComputeFields) -> NewCompute:
        """What is None stays. Raises: InvalidInput."""
        kept = {name: getattr(old, name) for name in NewCompute.__struct_fields__}
        settings = fields.settings
        if settings is not None:
            settings = _with_known_keys(settings, old.settings)
            moved = any(_place(settings, name) != _place(old.settings, name) for name in PLACES)
            if moved and old.credentials and fields.credentials is None:
                raise InvalidInput(
                    "The settings say another place or user; give the credentials with them, so that nobody sends those that "
                    "are kept to a place of their own choice."
                )
            if moved:
                kept["secret"], kept["credentials"] = None, ()
                old = msgspec.structs.replace(old, secret=None, credentials=())
        fields = msgspec.structs.replace(fields, settings=settings)
        return await self._filled(ctx, NewCompute(**kept), self.credentials(old), fields)

    async def _filled(
        self, ctx: Context, start: NewCompute, credentials: Mapping[str, Any], fields: ComputeFields
    ) -> NewCompute:
        settings = await self._kinds.settings(
            start.kind, start.settings if fields.settings is None else fields.settings
        )
        merged = self._kinds.credentials(start.kind, settings, _merged(credentials, fields.credentials))
        base, size = await self._place(
            ctx,
            start.kind,
            start.base if fields.base is None else fields.base,
            start.size if fields.size is None else fields.size,
        )
        belongs = _belongs(ctx.workspace_id, start.name)
        return NewCompute(
            name=start.name,
            kind=start.kind,
            settings=settings,
            limits=_limits(start.limits, fields.limits),
            description=_text("description", start.description, fields.description, DESCRIPTION_LIMIT),
            tags=_tags(start.tags if fields.tags is None else fields.tags),
            base=base,
            size=size,
            groups=await self._groups(start.groups if fields.groups is None else fields.groups),
            server_url=_server_url(start.server_url if fields.server_url is None else fields.server_url),
            credentials=sorted(merged),
            secret=self._vault.seal(json.dumps(merged).encode(), *belongs) if merged else None,
        )

    async def _place(self, ctx: Context, kind: str, base: str, size: str) -> tuple[str, str]:
        """The base and size of a pool. Raises: InvalidInput."""
        if kind != POOL:
            if base or size:
                raise InvalidInput(
                    f"base and size are of pools; a compute target of kind {kind} has neither."
                )
            return "", ""
        check_length("size", size, TEXT_LIMIT)
        check_text("size", size)
        check_text("base", base)
        found = await self._store.find_size(ctx.workspace_id, size) if size else None
        if found is not None:
            if base not in ("", found.compute):
                raise InvalidInput(
                    f"The size {size!r} is of machines of {found.compute!r}, not of {base[:100]!r}."
                )
            return found.compute, found.name
        if not base and self._kinds.local_jobs:
            return "", size
        if size:
            raise InvalidInput(await self._no_size(ctx, size))
        on = await self._store.find(ctx.workspace_id, base)
        if on is None or on.kind == POOL:
            raise InvalidInput(
                f"Invalid base {shown(base, 100)} of a pool: name a compute target with machines."
            )
        return base, ""

    async def _no_size(self, ctx: Context, size: str) -> str:
        page = await self._store.list_sizes(ctx.workspace_id, max_results=50, page_token=None)
        names = ", ".join(one.name for one in page.items) or "none"
        return (
            f"There is no size {shown(size, 100)} in workspace {ctx.workspace!r}. Declared are: {names}. Whoever may write "
            "compute targets declares more: `runyard compute set-size`."
        )

    async def _groups(self, groups: Sequence[str]) -> Sequence[str]:
        if len(groups) > TAGS_LIMIT:
            raise InvalidInput(f"A compute target has at most {TAGS_LIMIT} groups.")
        for name in groups:
            check_text("groups", name)
        known = await self._store.known_groups(groups) if groups else ()
        for name in groups:
            if name not in known:
                raise InvalidInput(f"There is no group {shown(name, 100)}.")
        return sorted(set(groups))


def _belongs(workspace_id: int, name: str) -> tuple[str, str, str]:
    return PURPOSE, str(workspace_id), name


def _merged(kept: Mapping[str, Any], given: object) -> dict[str, Any]:
    """Replaced by key; an empty one is taken away, and a password and a private key replace one another. The error never
    repeats what was sent.
    """
    if given is None:
        return dict(kept)
    if not isinstance(given, dict):
        raise InvalidInput("Invalid credentials: they must be an object.")
    replaced = (
        {"password", "private_key", "private_key_passphrase"}
        if given.keys() & {"password", "private_key"}
        else set()
    )
    merged = {**{key: value for key, value in kept.items() if key not in replaced}, **given}
    return {str(key): value for key, value in merged.items() if value not in (None, "", {})}


def _with_known_keys(settings: Mapping[str, Any], old: Mapping[str, Any]) -> Mapping[str, Any]:
    """A host that is named again without its key keeps the one that is fixed; an empty one is learnt anew."""
    hosts = settings.get("hosts")
    if not isinstance(hosts, list) or not all(isinstance(one, dict) for one in hosts):
        return settings
    known = {_where(one): one.get("host_key", "") for one in old.get("hosts", ())}
    filled = [one if "host_key" in one else {**one, "host_key": known.get(_where(one), "")} for one in hosts]
    return {**settings, "hosts": [{key: one[key] for key in one if key != "fingerprint"} for one in filled]}


def _where(host: Mapping[str, Any]) -> tuple[str, str]:
    return str(host.get("address")), str(host.get("port", DEFAULT_SSH_PORT))


def _place(settings: Mapping[str, Any], name: str) -> object:
    found = settings.get(name)
    if name == "hosts" and isinstance(found, list | tuple):
        return sorted(_where(one) for one in found if isinstance(one, Mapping))
    return found or ""


def _limits(kept: Limits, given: Mapping[str, int] | None) -> Limits:
    for name, value in (given or {}).items():
        if name not in _LIMITS:
            raise InvalidInput(f"Unknown limit {shown(name, 100)}: there are {', '.join(_LIMITS)}.")
        if not 0 <= value <= GREATEST:
            raise InvalidInput(f"Invalid limit {name}={value}: it is 0 to {GREATEST}; 0 is no limit.")
    limits = msgspec.structs.replace(kept, **(given or {}))
    if 0 < limits.max_nodes < limits.min_nodes:
        raise InvalidInput(f"min_nodes={limits.min_nodes} is more than max_nodes={limits.max_nodes}.")
    return limits


def _text(name: str, kept: str, given: str | None, limit: int) -> str:
    if given is None:
        return kept
    check_length(name, given, limit)
    check_text(name, given)
    return given


def _tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    if len(tags) > TAGS_LIMIT:
        raise InvalidInput(f"A compute target has at most {TAGS_LIMIT} tags.")
    for key, value in tags.items():
        for text in (key, value):
            check_length("tags", text, TEXT_LIMIT)
            check_text("tags", text)
    return tags


def _server_url(url: str) -> str:
    """How machines reach this server; it is shown, so holds no credentials."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        plain = parts.port is None or parts.port > 0
    except ValueError:
        plain = False
    if (
        not plain
        or parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username is not None
        or parts.query
        or parts.fragment
        or not (url.isascii() and url.isprintable())
        or len(url) > TEXT_LIMIT
        or any(mark in url for mark in " \\'\"`$<>")
    ):
        raise InvalidInput(
            "Invalid server_url: write http://host[:port][/path] or https://…, without user or query."
        )
    return url.rstrip("/")

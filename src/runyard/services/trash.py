"""Rules for the trash: what is in it, what may come back, and what goes for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from runyard.artifacts.uris import ProxiedUri, parse_artifact_uri
from runyard.entities.common import Page, Stage
from runyard.entities.trash import TrashedItem, TrashKind
from runyard.errors import InvalidInput, NotFound, RunyardError, shown
from runyard.services.artifacts import ArtifactService
from runyard.services.checks import check_max_results, check_text
from runyard.services.context import Context
from runyard.services.places import owner_of
from runyard.store.trash_contracts import TrashStore

PURGE = "trash/purge"
READ = {TrashKind.EXPERIMENT: "experiments/read", TrashKind.RUN: "runs/read", TrashKind.MODEL: "models/read"}
RESTORE = {
    TrashKind.EXPERIMENT: "experiments/delete",
    TrashKind.RUN: "runs/delete",
    TrashKind.MODEL: "models/delete",
}
KINDS = {kind.text: kind for kind in TrashKind}
AT_ONCE = 1_000
PAGES_AT_ONCE = 10
PAGE_LIMIT = 1_000
FILES_LIMIT = 10_000
NOT_THERE = "It is not in the trash."
LONGEST_MS = 2**53


class Name(NamedTuple):
    """How a client names something in the trash."""

    kind: str
    id: str


class Kept(NamedTuple):
    """What was asked for and not done, and why not."""

    item: Name
    reason: str


class Outcome(NamedTuple):
    """What was done. more: there are others like that, for another call."""

    done: Sequence[Name]
    kept: Sequence[Kept]
    more: bool = False


class Size(NamedTuple):
    """Files of a record among the workspace's. whole: they were all counted."""

    files: int
    bytes: int
    whole: bool


class Experiments(Protocol):
    """Bring experiments back, as their store does."""

    async def restore(self, workspace_id: int, experiment_id: int) -> None:
        """Raises: NotFound."""
        ...


class Runs(Protocol):
    """Bring runs back, as their store does."""

    async def set_stage(self, workspace_id: int, run_id: str, stage: Stage) -> None:
        """Raises: NotFound."""
        ...


class TrashService:
    """Lists by what the caller may read, restores by the right to delete, purges by a right of owners.

    Args:
        clock: seconds since 1970.
    """

    def __init__(
        self,
        store: TrashStore,
        experiments: Experiments,
        runs: Runs,
        files: ArtifactService,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._experiments = experiments
        self._runs = runs
        self._files = files
        self._clock = clock

    async def list(
        self, ctx: Context, kind: str | None, *, max_results: int, page_token: str | None
    ) -> Page[TrashedItem]:
        """Kind by kind, the last deleted first; a page may have fewer, where some are in experiments of others.

        Who deleted is told to those who may read the audit log.
        """
        size = check_max_results(max_results, PAGE_LIMIT)
        kinds = list(TrashKind) if kind is None else [_kind(kind)]
        page = await self._store.list(
            ctx.workspace_id, kinds, before_ms=None, max_results=size, page_token=page_token
        )
        seen = [item for item in page.items if ctx.grants.permits(READ[item.kind], item.experiment_id)]
        if seen and ctx.grants.permits("audit/read"):
            names = await self._store.who_deleted(ctx.workspace, seen)
            seen = [replace(item, deleted_by=name) for item, name in zip(seen, names, strict=True)]
        return Page(seen, page.next_page_token)

    async def size(self, ctx: Context, kind: str, id: str) -> Size:
        """How many bytes its files have. Cost: their directory's listing, cut after 10,000 files.

        Raises: NotFound.
        """
        item = await self._find(ctx, Name(kind, id))
        if item is None:
            raise NotFound(f"{kind} {shown(id, 100)}: {NOT_THERE}")
        directory = await self._directory(ctx, item)
        if not directory:
            return Size(0, 0, True)
        return Size(*await self._files.measure(ctx, directory, FILES_LIMIT))

    async def restore(self, ctx: Context, names: Sequence[Name]) -> Outcome:
        """Bring records back; an experiment with its runs."""
        done: list[Name] = []
        kept: list[Kept] = []
        for name in _checked(names):
            reason = await self._restored(ctx, name)
            if reason is None:
                done.append(name)
            else:
                kept.append(Kept(name, reason))
        _note(ctx, done)
        return Outcome(done, kept)

    async def purge(self, ctx: Context, names: Sequence[Name]) -> Outcome:
        """Have records removed for good, with their files, in the background."""
        found = [(name, await self._find(ctx, name)) for name in _checked(names)]
        return await self._purge(ctx, found)

    async def purge_older(self, ctx: Context, older_than_ms: int) -> Outcome:
        """Purge what was deleted so long ago; a call looks at up to 10,000 records, and ends after some 1,000 that go."""
        if not 0 <= older_than_ms <= LONGEST_MS:
            raise InvalidInput(
                f"Invalid value {older_than_ms} for parameter 'older_than_ms' supplied: a time in milliseconds."
            )
        before_ms = int(self._clock() * 1000) - older_than_ms + 1
        done: list[Name] = []
        kept: list[Kept] = []
        token: str | None = None
        for _ in range(PAGES_AT_ONCE):  # what is kept stays in the list, and the rest is behind it
            page = await self._store.list(
                ctx.workspace_id, list(TrashKind), before_ms=before_ms, max_results=AT_ONCE, page_token=token
            )
            seen = [item for item in page.items if ctx.grants.permits(READ[item.kind], item.experiment_id)]
            outcome = await self._purge(ctx, [(Name(item.kind.text, item.id), item) for item in seen])
            done += outcome.done
            kept += outcome.kept
            token = page.next_page_token
            if token is None or len(done) >= AT_ONCE:
                break
        _note(ctx, done)
        return Outcome(done, kept[:AT_ONCE], more=token is not None and bool(done))

    async def _purge(self, ctx: Context, found: Sequence[tuple[Name, TrashedItem | None]]) -> Outcome:
        done: list[Name] = []
        kept: list[Kept] = []
        for name, item in found:
            reason = await self._why_kept(ctx, item)
            if reason is None and item is not None:
                directory = await self._directory(ctx, item)
                if await self._store.purge(ctx.workspace_id, item, directory):
                    done.append(name)
                    continue
            kept.append(Kept(name, reason or NOT_THERE))
        _note(ctx, done)
        return Outcome(done, kept)

    async def _why_kept(self, ctx: Context, item: TrashedItem | None) -> str | None:
        if item is None:
            return NOT_THERE
        if not ctx.grants.permits(PURGE, item.experiment_id):
            return f"{ctx.principal.name} may not do {PURGE} there."
        if item.kind is TrashKind.EXPERIMENT and item.experiment_id == ctx.default_experiment:
            return "It is the workspace's default experiment, which clients that name none log to."
        versions = await self._store.versions_from(ctx.workspace_id, item)
        if versions:
            named = ", ".join(f"{model} version {number}" for model, number in versions)
            return f"Registered models were made from it and may need its files: {named}. Delete those versions first."
        return None

    async def _restored(self, ctx: Context, name: Name) -> str | None:
        """Why it was not, or None."""
        item = await self._find(ctx, name)
        if item is None:
            return NOT_THERE
        if not ctx.grants.permits(RESTORE[item.kind], item.experiment_id):
            return f"{ctx.principal.name} may not do {RESTORE[item.kind]} there."
        try:
            if item.kind is TrashKind.EXPERIMENT:
                await self._experiments.restore(ctx.workspace_id, item.experiment_id)
            elif item.kind is TrashKind.RUN:
                await self._runs.set_stage(ctx.workspace_id, item.id, Stage.ACTIVE)
            else:
                await self._store.restore_model(ctx.workspace_id, item.id)
        except NotFound as exc:  # somebody else was quicker
            return exc.message
        return None

    async def _find(self, ctx: Context, name: Name) -> TrashedItem | None:
        """What they may read of it; what is not there and what is not theirs look the same."""
        item = await self._store.find(ctx.workspace_id, _kind(name.kind), name.id)
        return item if item is not None and ctx.grants.permits(READ[item.kind], item.experiment_id) else None

    async def _directory(self, ctx: Context, item: TrashedItem) -> str:
        """The directory among the workspace's files that is this record's alone; empty where there is none.

        Files elsewhere, and those in a place that several experiments share, are nobody's to remove.
        """
        try:
            uri = parse_artifact_uri(item.location)
        except RunyardError:
            return ""
        if not isinstance(uri, ProxiedUri):
            return ""
        parts = uri.path.strip("/").split("/")
        if item.kind is TrashKind.EXPERIMENT:
            if owner_of(uri.path) not in (None, item.experiment_id):
                return ""
            shared = await self._store.is_shared_place(ctx.workspace_id, item.experiment_id)
            return "" if shared else "/".join(parts)
        return "/".join(parts[:-1]) if len(parts) > 2 and parts[-2:] == [item.id, "artifacts"] else ""


def _kind(text: str) -> TrashKind:
    if text not in KINDS:
        raise InvalidInput(
            f"Invalid value {shown(text, 100)} for parameter 'kind' supplied: {', '.join(KINDS)}."
        )
    return KINDS[text]


def _checked(names: Sequence[Name]) -> Sequence[Name]:
    if not 1 <= len(names) <= AT_ONCE:
        raise InvalidInput(f"Name 1 to {AT_ONCE} items at a time; these are {len(names)}.")
    for name in names:
        _kind(name.kind)
        check_text("id", name.id)
    return list(dict.fromkeys(names))


def _note(ctx: Context, done: Sequence[Name]) -> None:
    """What the audit log names: how many, and the first of them."""
    for kind in KINDS:
        ids = [name.id for name in done if name.kind == kind]
        if ids:
            ctx.also[f"{kind}s"] = f"{len(ids)}: {', '.join(ids[:8])}"

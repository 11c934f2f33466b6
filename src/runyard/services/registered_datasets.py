"""Rules for registered datasets."""

from __future__ import annotations

import math
import re

import msgspec

from runyard.entities.common import Page
from runyard.entities.dataset import (
    FORMATS,
    KINDS,
    STEPS,
    DatasetDefinition,
    NewDataset,
    RegisteredDataset,
    Step,
)
from runyard.errors import InvalidInput, shown
from runyard.services.checks import check_length, check_max_results, check_text
from runyard.services.context import Context
from runyard.store.data_contracts import DatasetStore

PAGE_DEFAULT = 100
PAGE_LIMIT = 1_000
DESCRIPTION_LIMIT = 10_000
MOST_PATHS = 10_000
MOST_STEPS = 100
MOST_TAGS = 100
DEFINITION_LIMIT = 1_000_000
_LARGEST = 2**53
_NAME = re.compile(r"[A-Za-z0-9][\w .-]{0,254}")


class RegisteredDatasetService:
    """Checks, then asks the store."""

    def __init__(self, store: DatasetStore) -> None:
        self._store = store

    async def register(self, ctx: Context, new: NewDataset, *, new_version: bool) -> RegisteredDataset:
        """Register a version. Raises: InvalidInput, AlreadyExists."""
        if not _NAME.fullmatch(new.name) or new.name != new.name.rstrip():
            raise InvalidInput(
                f"Invalid dataset name {shown(new.name, 100)}: 1 to 255 letters, digits, blanks, '_', '-' and '.', the "
                "first a letter or digit."
            )
        if new.kind not in KINDS:
            raise InvalidInput(
                f"Invalid kind {shown(new.kind, 40)} of a dataset: it is {' or '.join(KINDS)}."
            )
        check_length("description", new.description, DESCRIPTION_LIMIT)
        check_text("description", new.description)
        if len(new.tags) > MOST_TAGS:
            raise InvalidInput(f"A dataset has at most {MOST_TAGS} tags.")
        check_definition(new.kind, new.definition)
        return await self._store.register(ctx.workspace_id, new, ctx.principal.name, new_version=new_version)

    async def get(self, ctx: Context, name: str, version: str | None) -> RegisteredDataset:
        """One version; the latest for None or 'latest'. Raises: NotFound."""
        check_text("name", name)
        if version in (None, "", "latest"):
            return await self._store.get(ctx.workspace_id, name, None)
        if not version or not re.fullmatch(r"[0-9]{1,9}", version):
            raise InvalidInput(f"Invalid dataset version {shown(version, 40)}: a number, or 'latest'.")
        return await self._store.get(ctx.workspace_id, name, int(version))

    async def get_by_id(self, ctx: Context, dataset_id: str) -> RegisteredDataset:
        """One version by its id. Raises: NotFound."""
        check_text("id", dataset_id)
        return await self._store.get_by_id(ctx.workspace_id, dataset_id)

    async def list(
        self, ctx: Context, *, archived: bool, max_results: int | None, page_token: str | None
    ) -> Page[RegisteredDataset]:
        """The latest version of each, by name."""
        limit = check_max_results(PAGE_DEFAULT if max_results is None else max_results, PAGE_LIMIT)
        return await self._store.list_datasets(
            ctx.workspace_id, archived=archived, max_results=limit, page_token=page_token or None
        )

    async def archive(self, ctx: Context, name: str) -> None:
        """Hide from lists; jobs that use it still can. Raises: NotFound."""
        check_text("name", name)
        await self._store.set_archived(ctx.workspace_id, name, archived=True)

    async def reactivate(self, ctx: Context, name: str) -> None:
        """Show in lists again. Raises: NotFound."""
        check_text("name", name)
        await self._store.set_archived(ctx.workspace_id, name, archived=False)

    async def unregister(self, ctx: Context, name: str) -> None:
        """Forget all versions. Raises: NotFound."""
        check_text("name", name)
        await self._store.unregister(ctx.workspace_id, name)


def check_definition(kind: str, definition: DatasetDefinition) -> None:
    """Raises: InvalidInput for what no client could read later."""
    if not 1 <= len(definition.paths) <= MOST_PATHS:
        raise InvalidInput(f"A dataset has 1 to {MOST_PATHS} paths.")
    if any(not path.path or ".." in path.path.split("/") for path in definition.paths if path.datastore):
        raise InvalidInput("A path of a datastore may not be empty or hold '..'.")
    if kind == "tabular" and definition.format not in FORMATS:
        raise InvalidInput(
            f"Invalid format {shown(definition.format, 40)}: it is one of {', '.join(FORMATS)}."
        )
    if kind == "file" and (definition.format or definition.steps):
        raise InvalidInput("A file dataset has neither a format nor steps.")
    if len(definition.steps) > MOST_STEPS:
        raise InvalidInput(f"A dataset has at most {MOST_STEPS} steps.")
    for step in definition.steps:
        _check_step(step)
    if len(msgspec.json.encode(definition)) > DEFINITION_LIMIT:
        raise InvalidInput(f"The definition of a dataset has at most {DEFINITION_LIMIT} bytes as JSON.")


def _check_step(step: Step) -> None:
    if step.op not in STEPS:
        raise InvalidInput(f"Unknown step {shown(step.op, 40)}: it is one of {', '.join(STEPS)}.")
    whole = (step.count, step.seed, step.start_ms, step.stop_ms, step.recent_ms)
    if any(abs(number) > _LARGEST for number in whole) or step.count < 0:
        raise InvalidInput(f"A number of the step {step.op!r} is out of range.")
    shares = (step.fraction, step.start, step.stop)
    if any(not math.isfinite(share) or not 0 <= share <= 1 for share in shares):
        raise InvalidInput(f"A share of the step {step.op!r} is not from 0 to 1.")

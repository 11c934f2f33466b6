"""Rules for sizes: named requests for resources, which pools are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runyard.entities.common import Page
from runyard.entities.compute import POOL, Size
from runyard.entities.job import Resources
from runyard.errors import InvalidInput, NotFound, shown
from runyard.services.checks import check_length, check_max_results, check_text
from runyard.services.context import Context
from runyard.store.compute_contracts import ComputeStore

PAGE_LIMIT = 1_000
MOST = 1_000  # sizes of a workspace
GREATEST = 2**31 - 1
OPTIONS, OPTION_LIMIT = 50, 1_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class ComputeSizeService:
    """Sizes of a workspace; names are told apart without regard to the case of their letters."""

    def __init__(self, store: ComputeStore) -> None:
        self._store = store

    async def put(self, ctx: Context, size: Size) -> Size:
        """Declare or replace one. Raises: InvalidInput; NotFound for its compute target."""
        if not _NAME.fullmatch(size.name):
            raise InvalidInput(
                f"Invalid name {shown(size.name, 100)} of a size: 1 to 100 letters, digits, '_', '-' and '.', the first a "
                "letter or digit."
            )
        _check_resources(size.resources)
        if not 0 <= size.max_nodes <= GREATEST:
            raise InvalidInput(f"Invalid max_nodes {size.max_nodes}: 0 is no limit.")
        _check_options(size.options)
        check_text("compute", size.compute)
        on = await self._store.find(ctx.workspace_id, size.compute)
        if on is None:
            raise NotFound(f"There is no compute target {shown(size.compute, 100)} in this workspace.")
        if on.kind == POOL:
            raise InvalidInput(f"{on.name!r} is a pool; name the compute target that has the machines.")
        await self._store.put_size(ctx.workspace_id, size, MOST)
        return size

    async def list(self, ctx: Context, *, max_results: int, page_token: str | None) -> Page[Size]:
        """By name."""
        size = check_max_results(max_results, PAGE_LIMIT)
        return await self._store.list_sizes(ctx.workspace_id, max_results=size, page_token=page_token or None)

    async def delete(self, ctx: Context, name: str) -> None:
        """Forget one; pools of it take no jobs any more. Raises: NotFound."""
        check_text("name", name)
        if not await self._store.delete_size(ctx.workspace_id, name):
            raise NotFound(f"There is no size {shown(name, 100)} in this workspace.")


def _check_resources(resources: Resources) -> None:
    for name in ("cpus", "memory_mb", "gpus"):
        if not 0 <= getattr(resources, name) <= GREATEST:
            raise InvalidInput(
                f"Invalid resources.{name}: it is 0 to {GREATEST}; 0 is whatever the target gives."
            )


def _check_options(options: Mapping[str, str]) -> None:
    if len(options) > OPTIONS:
        raise InvalidInput(f"A size has at most {OPTIONS} options.")
    for name, value in options.items():
        if not _OPTION.fullmatch(name) or not value.isprintable():
            raise InvalidInput(f"Invalid option {shown(name, 80)}: names like partition, values on one line.")
        check_length("options", value, OPTION_LIMIT)
        check_text("options", value)

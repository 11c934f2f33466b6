"""Rules for traces, spans and assessments."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from runyard.entities.common import Page, Tag
from runyard.entities.trace import Assessment, SpanBatch, Trace, TraceInfo, TraceState
from runyard.entities.trace_rules import (
    NS_PER_MS,
    SEARCH_DEFAULT,
    SEARCH_LIMIT,
    check_link,
    check_untag,
    checked_info,
    checked_tag,
    is_complete,
    named_assessment,
    new_assessment_id,
    own_facts,
    require_complete,
    summaries,
    trace_absent,
)
from runyard.errors import InvalidInput
from runyard.services.checks import check_max_results, check_text, experiment_of
from runyard.services.context import Context
from runyard.store.trace_contracts import TraceStore

END_OF_TIME_MS = 253_402_300_800_000


class TraceService:
    """Checks, then asks the store."""

    def __init__(self, store: TraceStore) -> None:
        self._store = store

    async def start(self, ctx: Context, info: TraceInfo) -> TraceInfo:
        """Create or overwrite a trace, as its client describes it at its end."""
        return await self._store.start(ctx.workspace_id, checked_info(info))

    async def begin(
        self,
        ctx: Context,
        experiment_id: str,
        *,
        start_ms: int,
        metadata: dict[str, str],
        tags: dict[str, str],
    ) -> TraceInfo:
        """Create a running trace under an id of ours, as clients of MLflow 2 do at its start."""
        _check_moment(start_ms)
        info = TraceInfo(
            trace_id=uuid.uuid4().hex,
            experiment_id=experiment_of(ctx, experiment_id),
            request_ms=start_ms,
            state=TraceState.IN_PROGRESS,
            tags=own_facts(tags),
            metadata=own_facts(metadata),
        )
        return await self._store.start(ctx.workspace_id, info, described=False)

    async def end(
        self,
        ctx: Context,
        trace_id: str,
        *,
        end_ms: int,
        state: TraceState,
        metadata: dict[str, str],
        tags: dict[str, str],
    ) -> TraceInfo:
        """Say how and when a begun trace ended; metadata and tags are added to those it has."""
        _check_moment(end_ms)
        return await self._store.end(
            ctx.workspace_id, trace_id, end_ms, state, metadata=own_facts(metadata), tags=own_facts(tags)
        )

    async def add_spans(
        self, ctx: Context, experiment_id: str, run_id: str | None, batches: Sequence[SpanBatch]
    ) -> None:
        """Keep spans; those of a trace that is not known yet create it.

        Args:
            run_id: the run that the traces belong to, if the sender says so.
        """
        told = summaries(batches, run_id)
        await self._store.add_spans(ctx.workspace_id, experiment_of(ctx, experiment_id), told)

    async def get_info(self, ctx: Context, trace_id: str) -> TraceInfo:
        """One trace without spans."""
        return await self._store.get_info(ctx.workspace_id, trace_id)

    async def get(self, ctx: Context, trace_id: str, *, allow_partial: bool) -> Trace:
        """One trace with spans.

        Raises: NotFound, also when spans are missing and allow_partial is false.
        """
        found = await self._store.get_many(ctx.workspace_id, [trace_id])
        if not found:
            raise trace_absent(trace_id)
        if not allow_partial:
            require_complete(found[0])
        return found[0]

    async def get_infos(self, ctx: Context, trace_ids: Sequence[str]) -> list[TraceInfo]:
        """Those that exist."""
        return await self._store.get_infos(ctx.workspace_id, trace_ids)

    async def get_many(self, ctx: Context, trace_ids: Sequence[str]) -> list[Trace]:
        """Those of which all spans have arrived."""
        return [
            trace for trace in await self._store.get_many(ctx.workspace_id, trace_ids) if is_complete(trace)
        ]

    async def search(
        self,
        ctx: Context,
        *,
        experiment_ids: Sequence[str | int],
        filter_string: str | None,
        order_by: Sequence[str],
        max_results: int | None,
        page_token: str | None,
    ) -> Page[TraceInfo]:
        """A page, newest first unless order_by says otherwise."""
        if not experiment_ids:
            raise InvalidInput.missing("locations")
        return await self._store.search(
            ctx.workspace_id,
            experiment_ids=[experiment_of(ctx, id) for id in experiment_ids],
            filter_string=filter_string or "",
            order_by=order_by,
            max_results=check_max_results(
                SEARCH_DEFAULT if max_results is None else max_results, SEARCH_LIMIT
            ),
            page_token=page_token or None,
        )

    async def delete(
        self,
        ctx: Context,
        experiment_id: str | int,
        *,
        trace_ids: Sequence[str] | None,
        until_ms: int | None,
        limit: int | None,
    ) -> int:
        """Delete by ids, or the oldest ones up to a time; how many there were."""
        experiment = experiment_of(ctx, experiment_id)
        if trace_ids and until_ms is not None:
            raise InvalidInput("Only one of `max_timestamp_millis` and `trace_ids` can be specified.")
        if until_ms is None and not trace_ids:
            raise InvalidInput("Either `max_timestamp_millis` or `trace_ids` must be specified.")
        if limit is not None and trace_ids:
            raise InvalidInput("`max_traces` can't be specified if `trace_ids` is specified.")
        if limit is not None and limit <= 0:
            raise InvalidInput(f"`max_traces` must be a positive integer, received {limit}.")
        if until_ms is not None:
            return await self._store.delete_until(ctx.workspace_id, experiment, until_ms, limit)
        return await self._store.delete(ctx.workspace_id, experiment, trace_ids or [])

    async def set_tag(self, ctx: Context, trace_id: str, tag: Tag) -> None:
        """Set or overwrite; a long value is cut, as MLflow does."""
        await self._store.set_tag(ctx.workspace_id, trace_id, checked_tag(tag))

    async def delete_tag(self, ctx: Context, trace_id: str, key: str) -> None:
        """Raises: NotFound when there is none."""
        check_untag(key)
        await self._store.delete_tag(ctx.workspace_id, trace_id, key)

    async def link_to_run(self, ctx: Context, trace_ids: Sequence[str], run_id: str) -> None:
        """Let searches by run find these traces."""
        check_link(trace_ids, run_id)
        await self._store.link_to_run(ctx.workspace_id, trace_ids, run_id)

    async def link_prompts(self, ctx: Context, trace_id: str, prompts: Sequence[tuple[str, str]]) -> None:
        """Note which prompt versions a trace used."""
        await self._store.link_prompts(ctx.workspace_id, trace_id, prompts)

    async def add_assessment(self, ctx: Context, assessment: Assessment) -> Assessment:
        """The assessment as kept: under the id that it has, if it is of our form and no other assessment's; else a new one.

        With an id it may be called again: the same assessment is kept once.
        """
        named = named_assessment(assessment)
        return await self._store.add_assessment(ctx.workspace_id, named, new_assessment_id())

    async def get_assessment(self, ctx: Context, trace_id: str, assessment_id: str) -> Assessment:
        """One assessment."""
        return await self._store.get_assessment(ctx.workspace_id, trace_id, assessment_id)

    async def update_assessment(
        self, ctx: Context, trace_id: str, assessment_id: str, changes: dict[str, Any]
    ) -> Assessment:
        """Replace the named fields."""
        check_text("assessment_name", changes.get("name", ""))
        return await self._store.update_assessment(ctx.workspace_id, trace_id, assessment_id, changes)

    async def delete_assessment(self, ctx: Context, trace_id: str, assessment_id: str) -> None:
        """Idempotent."""
        await self._store.delete_assessment(ctx.workspace_id, trace_id, assessment_id)


def now_ms() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // NS_PER_MS


def _check_moment(ms: int) -> None:
    if not 0 <= ms < END_OF_TIME_MS:
        raise InvalidInput(f"Invalid timestamp_ms {ms}. Give milliseconds since 1970, up to the year 9999.")

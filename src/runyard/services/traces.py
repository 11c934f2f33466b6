"""Rules for traces, spans and assessments."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from runyard.entities.common import Page, Tag
from runyard.entities.trace import (
    FIXED_TAGS,
    SIZE_STATS,
    SOURCE_RUN,
    SPAN_INPUTS,
    SPAN_OUTPUTS,
    TRACE_NAME,
    Assessment,
    Span,
    SpanBatch,
    Trace,
    TraceInfo,
    TraceState,
    TraceSummary,
)
from runyard.errors import InvalidInput, NotFound, shown
from runyard.services.checks import (
    KEY_LIMIT,
    TAG_VALUE_LIMIT,
    check_length,
    check_max_results,
    check_text,
    experiment_of,
)
from runyard.services.context import Context
from runyard.store.trace_contracts import TraceStore

SEARCH_LIMIT = 500
SEARCH_DEFAULT = 100
LINK_LIMIT = 100
PREVIEW_LIMIT = 1_000
TRACE_TAG_PREFIX = "mlflow.traceTag."
UNTOLD_RESOURCES = ("telemetry.sdk.", "mlflow.")
NS_PER_MS = 1_000_000
END_OF_TIME_MS = 253_402_300_800_000
_ASSESSMENT_ID = re.compile(r"a-[0-9a-f]{32}")


class TraceService:
    """Checks, then asks the store."""

    def __init__(self, store: TraceStore) -> None:
        self._store = store

    async def start(self, ctx: Context, info: TraceInfo) -> TraceInfo:
        """Create or overwrite a trace, as its client describes it at its end."""
        _check_trace_id(info.trace_id)
        for text in (info.request_preview, info.response_preview, info.client_request_id):
            check_text("trace_info", text or "")
        for said in info.assessments:
            _check_assessment(said)
        own = {"tags": _own_facts(info.tags), "metadata": _own_facts(info.metadata)}
        return await self._store.start(ctx.workspace_id, msgspec.structs.replace(info, **own))

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
            tags=_own_facts(tags),
            metadata=_own_facts(metadata),
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
            ctx.workspace_id, trace_id, end_ms, state, metadata=_own_facts(metadata), tags=_own_facts(tags)
        )

    async def add_spans(
        self, ctx: Context, experiment_id: str, run_id: str | None, batches: Sequence[SpanBatch]
    ) -> None:
        """Keep spans; those of a trace that is not known yet create it.

        Args:
            run_id: the run that the traces belong to, if the sender says so.
        """
        summaries = [
            _summary(trace_id, spans, batch.resource, run_id)
            for batch in batches
            for trace_id, spans in _by_trace(batch.spans).items()
        ]
        await self._store.add_spans(ctx.workspace_id, experiment_of(ctx, experiment_id), summaries)

    async def get_info(self, ctx: Context, trace_id: str) -> TraceInfo:
        """One trace without spans."""
        return await self._store.get_info(ctx.workspace_id, trace_id)

    async def get(self, ctx: Context, trace_id: str, *, allow_partial: bool) -> Trace:
        """One trace with spans.

        Raises: NotFound, also when spans are missing and allow_partial is false.
        """
        found = await self._store.get_many(ctx.workspace_id, [trace_id])
        if not found:
            raise NotFound(f"Trace with ID {trace_id} is not found.")
        if not allow_partial and not _complete(found[0]):
            raise NotFound(
                f"Trace with ID {trace_id} is not fully exported yet: spans are missing. Try again later."
            )
        return found[0]

    async def get_infos(self, ctx: Context, trace_ids: Sequence[str]) -> list[TraceInfo]:
        """Those that exist."""
        return await self._store.get_infos(ctx.workspace_id, trace_ids)

    async def get_many(self, ctx: Context, trace_ids: Sequence[str]) -> list[Trace]:
        """Those of which all spans have arrived."""
        return [
            trace for trace in await self._store.get_many(ctx.workspace_id, trace_ids) if _complete(trace)
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
        if tag.key in FIXED_TAGS:
            raise InvalidInput(f"Tag '{tag.key}' is immutable and cannot be set on a trace.")
        if not tag.key:
            raise InvalidInput.missing("key")
        check_length("key", tag.key, KEY_LIMIT)
        _check_fact(tag.key, tag.value)
        await self._store.set_tag(ctx.workspace_id, trace_id, Tag(tag.key, tag.value[:TAG_VALUE_LIMIT]))

    async def delete_tag(self, ctx: Context, trace_id: str, key: str) -> None:
        """Raises: NotFound when there is none."""
        if key in FIXED_TAGS:
            raise InvalidInput(f"Tag '{key}' is immutable and cannot be deleted from a trace.")
        await self._store.delete_tag(ctx.workspace_id, trace_id, key)

    async def link_to_run(self, ctx: Context, trace_ids: Sequence[str], run_id: str) -> None:
        """Let searches by run find these traces."""
        if len(trace_ids) > LINK_LIMIT:
            raise InvalidInput(
                f"Cannot link more than {LINK_LIMIT} traces to a run in a single request. "
                f"Provided {len(trace_ids)} traces."
            )
        check_text("run_id", run_id)
        await self._store.link_to_run(ctx.workspace_id, trace_ids, run_id)

    async def link_prompts(self, ctx: Context, trace_id: str, prompts: Sequence[tuple[str, str]]) -> None:
        """Note which prompt versions a trace used."""
        await self._store.link_prompts(ctx.workspace_id, trace_id, prompts)

    async def add_assessment(self, ctx: Context, assessment: Assessment) -> Assessment:
        """The assessment as kept: under the id that it has, if it is of our form and no other assessment's; else a new one.

        With an id it may be called again: the same assessment is kept once.
        """
        _check_assessment(assessment)
        if not _ASSESSMENT_ID.fullmatch(assessment.id):
            assessment = msgspec.structs.replace(assessment, id=new_assessment_id())
        return await self._store.add_assessment(ctx.workspace_id, assessment, new_assessment_id())

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


def new_assessment_id() -> str:
    """MLflow's form: a- and 32 hex digits."""
    return f"a-{uuid.uuid4().hex}"


def now_ms() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // NS_PER_MS


def _check_trace_id(trace_id: str) -> None:
    if trace_id in ("", ".", "..") or any(char in trace_id for char in "/\\\x00"):
        raise InvalidInput(
            f"Invalid value {shown(trace_id)} for parameter 'trace_id' supplied: must be a single path component"
        )
    check_length("trace_id", trace_id, KEY_LIMIT)


def _check_fact(key: str, value: str) -> None:
    check_text("key", key)
    check_text("value", value)


def _own_facts(facts: dict[str, str]) -> dict[str, str]:
    """Tags or metadata without those that only the server sets."""
    for key, value in facts.items():
        _check_fact(key, value)
    return {key: value for key, value in facts.items() if key not in FIXED_TAGS}


def _check_moment(ms: int) -> None:
    if not 0 <= ms < END_OF_TIME_MS:
        raise InvalidInput(f"Invalid timestamp_ms {ms}. Give milliseconds since 1970, up to the year 9999.")


def _check_assessment(assessment: Assessment) -> None:
    if not assessment.kind:
        raise InvalidInput("Unknown assessment type: None. Give feedback or expectation.")
    if not assessment.name:
        raise InvalidInput.missing("assessment_name")
    check_text("assessment_name", assessment.name)


def _complete(trace: Trace) -> bool:
    """All spans that the client counted have arrived; at least one where it has not."""
    try:
        expected = int(json.loads(trace.info.metadata[SIZE_STATS])["num_spans"])
    except (KeyError, TypeError, ValueError):
        expected = 1
    return len(trace.spans) >= max(expected, 1)


def _by_trace(spans: Sequence[Span]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for span in spans:
        found.setdefault(f"tr-{span.trace_id}", []).append(span)
    return found


def _summary(trace_id: str, spans: list[Span], resource: dict[str, Any], run_id: str | None) -> TraceSummary:
    """What these spans tell about their trace; the root span, if it is among them, tells most."""
    root = next((span for span in spans if not span.parent_id), None)
    ended = root is not None and root.end_ns > 0
    state = (TraceState.ERROR if root.status == "ERROR" else TraceState.OK) if root and ended else None
    return TraceSummary(
        trace_id=trace_id,
        request_ms=min(span.start_ns for span in spans) // NS_PER_MS,
        end_ms=root.end_ns // NS_PER_MS if root and ended else None,
        state=state,
        request_preview=_preview(root, SPAN_INPUTS),
        response_preview=_preview(root, SPAN_OUTPUTS),
        tags=_tags(root, resource),
        metadata={SOURCE_RUN: run_id} if run_id and root else {},
        spans=spans,
    )


def _tags(root: Span | None, resource: dict[str, Any]) -> dict[str, str]:
    tags = {
        key: _as_text(value)
        for key, value in resource.items()
        if not key.startswith(UNTOLD_RESOURCES) and key
    }
    if root is not None:
        tags[TRACE_NAME] = root.name
        for key, value in root.attributes.items():
            if key.startswith(TRACE_TAG_PREFIX):
                tags[key.removeprefix(TRACE_TAG_PREFIX)] = _as_text(value)
    return {key: value[:TAG_VALUE_LIMIT] for key, value in tags.items() if key not in FIXED_TAGS}


def _preview(root: Span | None, attribute: str) -> str | None:
    if root is None or attribute not in root.attributes:
        return None
    return _as_text(root.attributes[attribute])[:PREVIEW_LIMIT]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

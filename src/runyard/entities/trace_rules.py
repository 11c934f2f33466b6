"""What may be said of a trace, and what its spans tell of it.

The server holds to it, and a client that journals checks the same at the call, so that both answer with the same error.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from runyard.entities.common import Tag
from runyard.entities.log_rules import KEY_LIMIT, TAG_VALUE_LIMIT, check_length, check_text
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

LINK_LIMIT = 100
SEARCH_LIMIT = 500
SEARCH_DEFAULT = 100
PREVIEW_LIMIT = 1_000
TRACE_TAG_PREFIX = "mlflow.traceTag."
UNTOLD_RESOURCES = ("telemetry.sdk.", "mlflow.")
NS_PER_MS = 1_000_000
_ASSESSMENT_ID = re.compile(r"a-[0-9a-f]{32}")


def checked_info(info: TraceInfo) -> TraceInfo:
    """A trace as its client describes it, without what only the server says.

    Raises: InvalidInput.
    """
    _check_trace_id(info.trace_id)
    for text in (info.request_preview, info.response_preview, info.client_request_id):
        check_text("trace_info", text or "")
    for said in info.assessments:
        check_assessment(said)
    own = {"tags": own_facts(info.tags), "metadata": own_facts(info.metadata)}
    return msgspec.structs.replace(info, **own)


def checked_tag(tag: Tag) -> Tag:
    """A tag as it is kept; a long value is cut, as MLflow does.

    Raises: InvalidInput.
    """
    if tag.key in FIXED_TAGS:
        raise InvalidInput(f"Tag '{tag.key}' is immutable and cannot be set on a trace.")
    if not tag.key:
        raise InvalidInput.missing("key")
    check_length("key", tag.key, KEY_LIMIT)
    _check_fact(tag.key, tag.value)
    return Tag(tag.key, tag.value[:TAG_VALUE_LIMIT])


def check_untag(key: str) -> None:
    """Raises: InvalidInput, for a tag that only the server changes."""
    if key in FIXED_TAGS:
        raise InvalidInput(f"Tag '{key}' is immutable and cannot be deleted from a trace.")


def check_link(trace_ids: Sequence[str], run_id: str) -> None:
    """Raises: InvalidInput, for more traces than may be linked at a time."""
    if len(trace_ids) > LINK_LIMIT:
        raise InvalidInput(
            f"Cannot link more than {LINK_LIMIT} traces to a run in a single request. "
            f"Provided {len(trace_ids)} traces."
        )
    check_text("run_id", run_id)


def check_assessment(assessment: Assessment) -> None:
    """Raises: InvalidInput."""
    if not assessment.kind:
        raise InvalidInput("Unknown assessment type: None. Give feedback or expectation.")
    if not assessment.name:
        raise InvalidInput.missing("assessment_name")
    check_text("assessment_name", assessment.name)


def named_assessment(assessment: Assessment) -> Assessment:
    """Under the id that it has, if that is of our form; else under a new one.

    Raises: InvalidInput.
    """
    check_assessment(assessment)
    if _ASSESSMENT_ID.fullmatch(assessment.id):
        return assessment
    return msgspec.structs.replace(assessment, id=new_assessment_id())


def new_assessment_id() -> str:
    """MLflow's form: a- and 32 hex digits."""
    return f"a-{uuid.uuid4().hex}"


def own_facts(facts: dict[str, str]) -> dict[str, str]:
    """Tags or metadata without those that only the server sets.

    Raises: InvalidInput.
    """
    for key, value in facts.items():
        _check_fact(key, value)
    return {key: value for key, value in facts.items() if key not in FIXED_TAGS}


def trace_absent(trace_id: str) -> NotFound:
    """The error about a trace that is not there, where one is asked for with its spans."""
    return NotFound(f"Trace with ID {trace_id} is not found.")


def require_complete(trace: Trace) -> None:
    """Raises: NotFound, while spans are missing."""
    if not is_complete(trace):
        raise NotFound(
            f"Trace with ID {trace.info.trace_id} is not fully exported yet: spans are missing. Try again later."
        )


def is_complete(trace: Trace) -> bool:
    """All spans that the client counted have arrived; at least one where it has not."""
    return has_all(trace.info.metadata, len(trace.spans))


def has_all(metadata: dict[str, str], spans: int) -> bool:
    """As `is_complete`, by a trace's metadata and the number of its spans."""
    try:
        expected = int(json.loads(metadata[SIZE_STATS])["num_spans"])
    except (KeyError, TypeError, ValueError):
        expected = 1
    return spans >= max(expected, 1)


def summaries(batches: Sequence[SpanBatch], run_id: str | None) -> list[TraceSummary]:
    """What spans tell of their traces.

    Args:
        run_id: the run that the traces belong to, if the sender says so.
    """
    return [
        _summary(trace_id, spans, batch.resource, run_id)
        for batch in batches
        for trace_id, spans in _by_trace(batch.spans).items()
    ]


def with_prompts(kept: str, prompts: Sequence[tuple[str, str]]) -> str:
    """The value of the tag LINKED_PROMPTS, a JSON list, with these prompts added once: name and version."""
    try:
        known = json.loads(kept)
    except ValueError:
        known = []
    known = known if isinstance(known, list) else []
    added = [{"name": name, "version": version} for name, version in prompts]
    return json.dumps(known + [item for item in added if item not in known])


def _check_trace_id(trace_id: str) -> None:
    if trace_id in ("", ".", "..") or any(char in trace_id for char in "/\\\x00"):
        raise InvalidInput(
            f"Invalid value {shown(trace_id)} for parameter 'trace_id' supplied: must be a single path component"
        )
    check_length("trace_id", trace_id, KEY_LIMIT)


def _check_fact(key: str, value: str) -> None:
    check_text("key", key)
    check_text("value", value)


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

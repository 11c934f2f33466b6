"""Parts of traces as MLflow keeps them, in files, in databases and on the wire, to our records."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from runyard.entities.trace import Assessment, Span, SpanEvent, SpanLink, TraceState
from runyard.transfer.source import SourceFault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER_QUOTED = frozenset({"mlflow.spanType", "mlflow.llm.model", "mlflow.llm.provider", "mlflow.llm.cost"})
Fields = Mapping[str, Any]


def state_of(text: str | None) -> TraceState:
    """A state by the names of MLflow 2 or 3."""
    try:
        return TraceState(str(text or "").removeprefix("TRACE_STATUS_").removeprefix("STATUS_"))
    except ValueError:
        return TraceState.UNSPECIFIED


def moment_ms(value: str | int | float | None, default: int = 0) -> int:
    """Milliseconds of an RFC 3339 time, or of a number that is some already."""
    if value is None:
        return default
    if isinstance(value, int | float):
        return int(value)
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise SourceFault(f"{value[:100]!r} is not a time.") from None


def seconds_ms(text: str | None) -> int | None:
    """Milliseconds of protobuf's `0.25s`."""
    if not text:
        return None
    try:
        return round(float(text.removesuffix("s")) * 1000)
    except (ValueError, OverflowError):
        raise SourceFault(f"{text[:100]!r} is not a duration.") from None


def span_of(fields: Fields) -> Span:
    """A span of MLflow's database or files, where ids are base64 and attributes are JSON text.

    Raises: SourceFault.
    """
    try:
        status = fields.get("status") or {}
        return Span(
            trace_id=_hex(fields["trace_id"]),
            span_id=_hex(fields["span_id"]),
            name=str(fields["name"]),
            start_ns=int(fields["start_time_unix_nano"]),
            end_ns=int(fields.get("end_time_unix_nano") or 0),
            parent_id=_hex(fields["parent_span_id"]) if fields.get("parent_span_id") else "",
            kind=_kind(fields.get("kind")),
            status=str(status.get("code") or "").removeprefix("STATUS_CODE_") or "UNSET",
            message=status.get("message") or "",
            attributes=_attributes(fields.get("attributes")),
            events=[
                SpanEvent(
                    str(one.get("name", "")),
                    int(one.get("time_unix_nano") or 0),
                    _finite(one.get("attributes") or {}),
                )
                for one in fields.get("events") or ()
            ],
            links=[
                SpanLink(_hex(one["trace_id"]), _hex(one["span_id"]), _finite(one.get("attributes") or {}))
                for one in fields.get("links") or ()
            ],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise SourceFault(f"A span cannot be read: {type(exc).__name__} {exc}.") from None


KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")


def _kind(value: Any) -> int:
    if isinstance(value, int):
        return value
    name = str(value or "").removeprefix("SPAN_KIND_")
    return KINDS.index(name) if name in KINDS else 0


def _hex(text: str) -> str:
    """An id in hex from base64, or as it is when it is hex already."""
    text = text.removeprefix("tr-")
    if len(text) in (16, 32) and all(letter in "0123456789abcdef" for letter in text):
        return text
    if text.startswith("0x"):
        return text[2:].rjust(32 if len(text) > 18 else 16, "0")
    try:
        return base64.b64decode(text, validate=True).hex()
    except binascii.Error:
        raise ValueError(f"{text[:50]!r} is not an id") from None


def _attributes(value: Any) -> dict[str, Any]:
    """The attributes as plain values: pairs with typed values on the wire, each as JSON text where they are kept."""
    if isinstance(value, list):
        return {one["key"]: _once(one["key"], _finite(_any_value(one.get("value") or {}))) for one in value}
    return {str(key): _finite(_unquoted(item)) for key, item in (value or {}).items()}


def _unquoted(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _any_value(value: Fields) -> Any:
    for kind, item in value.items():
        if kind == "array_value":
            return [_any_value(one) for one in (item or {}).get("values", ())]
        if kind == "kvlist_value":
            return {one["key"]: _any_value(one.get("value") or {}) for one in (item or {}).get("values", ())}
        return int(item) if kind == "int_value" else item
    return None


def _once(key: str, value: Any) -> Any:
    """Some facts are never JSON text with us; what our own OTLP route does, too."""
    if key not in NEVER_QUOTED or not isinstance(value, str) or not value.startswith(('"', "{")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity; they become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def said_in_words(fields: Fields, trace_id: str) -> Assessment:
    """An assessment as MLflow's protobuf spells it in JSON."""
    created = moment_ms(fields.get("create_time"))
    metadata = fields.get("metadata")
    try:
        return Assessment(
            id=str(fields["assessment_id"]),
            trace_id=trace_id,
            name=str(fields["assessment_name"]),
            created_ms=created,
            updated_ms=moment_ms(fields.get("last_update_time"), created),
            source=fields.get("source"),
            span_id=fields.get("span_id"),
            feedback=_finite(fields.get("feedback")),
            expectation=_finite(fields.get("expectation")),
            issue=fields.get("issue"),
            rationale=fields.get("rationale"),
            error=fields.get("error"),
            metadata={str(key): str(item) for key, item in metadata.items()} if metadata else None,
            overrides=fields.get("overrides"),
            valid=fields.get("valid") is not False,
        )
    except (KeyError, AttributeError) as exc:
        raise SourceFault(f"An assessment of trace {trace_id} cannot be read: it has no {exc}.") from None


def said_in_row(row: Fields, trace_id: str) -> Assessment:
    """An assessment of MLflow's database."""
    value = _finite(_json(row.get("value")))
    kind = str(row["assessment_type"])
    if kind == "feedback":
        content: dict[str, Any] = {"value": value}
        if row.get("error"):
            content["error"] = _json(row["error"])
    elif kind == "expectation" and isinstance(value, list | dict):
        content = {"serialized_value": {"serialization_format": "JSON_FORMAT", "value": json.dumps(value)}}
    elif kind == "expectation":
        content = {"value": value}
    else:
        content = {"issue_name": (value or {}).get("issue_name")} if isinstance(value, dict) else {}
    metadata = _json(row.get("assessment_metadata"))
    created = int(row.get("created_timestamp") or 0)
    return Assessment(
        id=str(row["assessment_id"]),
        trace_id=trace_id,
        name=str(row["name"]),
        created_ms=created,
        updated_ms=int(row.get("last_updated_timestamp") or created),
        source={"source_type": row.get("source_type"), "source_id": row.get("source_id") or "default"},
        span_id=row.get("span_id"),
        feedback=content if kind == "feedback" else None,
        expectation=content if kind == "expectation" else None,
        issue=content if kind == "issue" else None,
        rationale=row.get("rationale"),
        metadata={str(key): str(item) for key, item in metadata.items()} if metadata else None,
        overrides=row.get("overrides"),
        valid=bool(row.get("valid", True)),
    )


def _json(text: Any) -> Any:
    if text is None or not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise SourceFault(f"{text[:100]!r} is not JSON.") from None

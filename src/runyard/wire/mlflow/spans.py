"""Spans as MLflow's protobuf JSON spells them."""

from __future__ import annotations

import base64
from typing import Any

from runyard.entities.trace import Span, SpanEvent, SpanLink


def span_message(span: Span) -> dict[str, Any]:
    """proto opentelemetry Span as protobuf JSON: ids in base64, 64-bit times as numbers."""
    message: dict[str, Any] = {
        "trace_id": _base64(span.trace_id),
        "span_id": _base64(span.span_id),
        "name": span.name,
        "start_time_unix_nano": span.start_ns,
        "end_time_unix_nano": span.end_ns,
        "attributes": _pairs(span.attributes),
        "status": {"code": f"STATUS_CODE_{span.status}"},
    }
    if span.parent_id:
        message["parent_span_id"] = _base64(span.parent_id)
    if span.kind:
        message["kind"] = span.kind
    if span.trace_state:
        message["trace_state"] = span.trace_state
    if span.message:
        message["status"]["message"] = span.message
    if span.events:
        message["events"] = [_event(event) for event in span.events]
    if span.links:
        message["links"] = [_link(link) for link in span.links]
    return message


def _event(event: SpanEvent) -> dict[str, Any]:
    return {"name": event.name, "time_unix_nano": event.time_ns, "attributes": _pairs(event.attributes)}


def _link(link: SpanLink) -> dict[str, Any]:
    ids = {"trace_id": _base64(link.trace_id), "span_id": _base64(link.span_id)}
    return {**ids, "attributes": _pairs(link.attributes)}


def _base64(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def _pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _any_value(value)} for key, value in attributes.items()]


def _any_value(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"bool_value": value}
    if isinstance(value, int):
        return {"int_value": value}
    if isinstance(value, float):
        return {"double_value": value}
    if isinstance(value, list):
        return {"array_value": {"values": [_any_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlist_value": {"values": _pairs(value)}}
    return {"string_value": str(value)}

"""OTLP: what OpenTelemetry exporters send."""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest as ExportTraceServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanProto

from runyard.entities.trace import Span, SpanBatch, SpanEvent, SpanLink
from runyard.errors import BadRequest, InvalidInput, TooLarge, Unprocessable

TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8
STATUS = ("UNSET", "OK", "ERROR")
NEVER_QUOTED = frozenset({"mlflow.spanType", "mlflow.llm.model", "mlflow.llm.provider", "mlflow.llm.cost"})
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
MAX_SPANS = 20_000
"""Spans in one request."""
MAX_FIELDS = 1_000_000
"""Fields in one request's protobuf, at least two bytes each and hundreds once decoded; twice as many tokens in JSON."""
MAX_RATIO, MIN_INFLATED = 200, 1024 * 1024
"""How many times larger than it came a body may become, and the size up to which it does not matter."""

# The fields that hold messages: {number: the fields that those hold}.
ANY_VALUE: dict[int, Any] = {}
KEY_VALUE = {2: ANY_VALUE}
ANY_VALUE.update({5: {1: ANY_VALUE}, 6: {1: KEY_VALUE}})
SPAN = {9: KEY_VALUE, 11: {3: KEY_VALUE}, 13: {4: KEY_VALUE}}
SHALLOW_SPAN: dict[int, Any] = {}  # not looked into
RESOURCE = {1: KEY_VALUE, 3: {}}
FIXED_BYTES = {1: 8, 5: 4, 3: 0, 4: 0}  # wire type: size; groups are walked like what surrounds them
# A string that never ends is one token too, or each of its quotes would be tried as a beginning.
JSON_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{,]', re.DOTALL)


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """A body without its Content-Encoding, never more than limit bytes or MAX_RATIO times its size in memory.

    Raises: BadRequest for an unknown encoding or damaged data, TooLarge.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise BadRequest(f"Unsupported Content-Encoding: {encoding[:50]}. Use gzip, deflate or none.")
    limit = min(limit, max(MIN_INFLATED, MAX_RATIO * len(body)))
    try:
        return _inflated(body, GZIP_OR_ZLIB, limit)
    except zlib.error:
        if encoding != "deflate":
            raise BadRequest(f"Failed to decompress {encoding} payload") from None
    try:
        return _inflated(body, -zlib.MAX_WBITS, limit)
    except zlib.error:
        raise BadRequest("Failed to decompress deflate payload") from None


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    inflater = zlib.decompressobj(window)
    found = inflater.decompress(body, limit + 1)
    if len(found) > limit:
        raise TooLarge(f"The decompressed body is larger than {limit} bytes. Send fewer spans at a time.")
    if not inflater.eof:
        raise zlib.error("incomplete")
    return found


def decode_protobuf(body: bytes) -> list[SpanBatch]:
    """Spans of an ExportTraceServiceRequest.

    Raises: BadRequest when it is none or holds no spans; TooLarge; Unprocessable for a span without ids.
    """
    return batches_of(parse_protobuf(body))


def parse_protobuf(body: bytes) -> ExportTraceServiceRequest:
    """An ExportTraceServiceRequest, of which nothing but the size was looked at.

    Raises: BadRequest, TooLarge.
    """
    _check_size(body)
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError:
        raise BadRequest("Invalid OpenTelemetry format") from None
    return request


def _check_size(body: bytes) -> None:
    """Walk the tags of the messages that can repeat, which is what they cost once decoded.

    Raises: BadRequest, TooLarge.
    """
    span = SPAN if len(body) > 2 * MAX_FIELDS else SHALLOW_SPAN
    inside: dict[int, Any] = {1: {1: RESOURCE, 2: {1: {3: KEY_VALUE}, 2: span}}}
    outer: list[tuple[int, dict[int, Any]]] = []
    spans = fields = position = 0
    end = len(body)
    try:
        while True:
            while position >= end:
                if not outer:
                    return
                end, inside = outer.pop()
            tag, position = _varint(body, position)
            fields += 1
            if fields > MAX_FIELDS:
                raise _too_many("fields", MAX_FIELDS)
            if tag & 7 == 2:
                length, position = _varint(body, position)
                held = inside.get(tag >> 3)
                if held is span:
                    spans += 1
                    if spans > MAX_SPANS:
                        raise _too_many("spans", MAX_SPANS)
                if held is None or held is SHALLOW_SPAN:
                    position += length
                else:
                    outer.append((end, inside))
                    end, inside = position + length, held
            elif tag & 7 == 0:
                position = _varint(body, position)[1]
            else:
                position += FIXED_BYTES[tag & 7]
    except (IndexError, KeyError):
        raise BadRequest("Invalid OpenTelemetry format") from None


def _varint(body: bytes, position: int) -> tuple[int, int]:
    """(the number, the position behind it)."""
    byte = body[position]
    if byte < 0x80:
        return byte, position + 1
    number, shift = byte & 0x7F, 7
    while True:
        position += 1
        byte = body[position]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position + 1
        shift += 7
        if shift > 63:
            raise IndexError


def _too_many(what: str, limit: int) -> TooLarge:
    return TooLarge(f"The request holds more than {limit} {what}. Send fewer spans at a time.")


def decode_json(body: bytes) -> list[SpanBatch]:
    """As `decode_protobuf`, from OTLP's JSON, where ids are hex."""
    return batches_of(parse_json(body))


def parse_json(body: bytes) -> ExportTraceServiceRequest:
    """As `parse_protobuf`, from OTLP's JSON."""
    request = ExportTraceServiceRequest()
    try:
        text = body.decode("utf-8-sig")
        if len(text) > 2 * MAX_FIELDS and _count(JSON_TOKEN.finditer(text), 2 * MAX_FIELDS):
            raise _too_many("fields", MAX_FIELDS)
        fields = json.loads(text)
        if _count(_json_spans(fields), MAX_SPANS):
            raise _too_many("spans", MAX_SPANS)
        for span in _json_spans(fields):
            _hex_to_base64(span)
            for link in span.get("links", ()):
                _hex_to_base64(link)
        json_format.ParseDict(fields, request, ignore_unknown_fields=True)
    except (ValueError, TypeError, AttributeError, RecursionError, json_format.ParseError):
        raise BadRequest("Invalid OpenTelemetry format") from None
    return request


def _count(things: Iterable[Any], limit: int) -> bool:
    """Whether there are more than limit."""
    return any(number >= limit for number, _ in enumerate(things))


def _json_spans(fields: Any) -> Iterable[dict[str, Any]]:
    for resource in fields.get("resourceSpans", fields.get("resource_spans", ())):
        for scope in resource.get("scopeSpans", resource.get("scope_spans", ())):
            yield from scope.get("spans", ())


def _hex_to_base64(fields: dict[str, Any]) -> None:
    for name in ("traceId", "trace_id", "spanId", "span_id", "parentSpanId", "parent_span_id"):
        if name in fields:
            fields[name] = base64.b64encode(bytes.fromhex(fields[name])).decode()


def batches_of(request: ExportTraceServiceRequest) -> list[SpanBatch]:
    """The spans of a request.

    Raises: BadRequest when there are none; Unprocessable for one without ids.
    """
    found = [
        SpanBatch(
            _attributes(resource.resource.attributes),
            [_span(span) for scope in resource.scope_spans for span in scope.spans],
        )
        for resource in request.resource_spans
    ]
    if not any(batch.spans for batch in found):
        raise BadRequest("Invalid OpenTelemetry format - no spans found")
    return found


def _span(span: SpanProto) -> Span:
    if len(span.trace_id) != TRACE_ID_BYTES or len(span.span_id) != SPAN_ID_BYTES:
        raise Unprocessable(
            f"Cannot convert the span '{span.name[:100]}': trace_id must be {TRACE_ID_BYTES} bytes and span_id "
            f"{SPAN_ID_BYTES}, not {len(span.trace_id)} and {len(span.span_id)}."
        )
    if max(span.start_time_unix_nano, span.end_time_unix_nano) >= 2**63:
        raise Unprocessable(
            f"Cannot convert the span '{span.name[:100]}': its times lie beyond the year 2262."
        )
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        name=_text(span.name),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        parent_id=span.parent_span_id.hex(),
        kind=int(span.kind),
        status=STATUS[span.status.code] if 0 <= span.status.code < len(STATUS) else "UNSET",
        message=_text(span.status.message),
        trace_state=_text(span.trace_state),
        attributes=_attributes(span.attributes),
        events=[SpanEvent(_text(e.name), e.time_unix_nano, _attributes(e.attributes)) for e in span.events],
        links=[SpanLink(e.trace_id.hex(), e.span_id.hex(), _attributes(e.attributes)) for e in span.links],
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {_text(pair.key): _once(pair.key, _plain(pair.value)) for pair in pairs}


def _once(key: str, value: Any) -> Any:
    """MLflow's clients send the facts of NEVER_QUOTED as they are, its spans through other exporters as JSON text."""
    if key not in NEVER_QUOTED or not isinstance(value, str) or not value.startswith(('"', "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _plain(value: AnyValue) -> Any:
    """An attribute's value as JSON can hold it: bytes in base64, NaN and infinity as text."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "string_value":
        return _text(value.string_value)
    if kind == "array_value":
        return [_plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    if kind == "double_value" and not math.isfinite(value.double_value):
        return str(value.double_value)
    return getattr(value, kind)


def _text(text: str) -> str:
    """Without NUL, which no database keeps."""
    return text.replace("\x00", "\ufffd")


def parts_of(request: ExportTraceServiceRequest, part_bytes: int) -> list[bytes]:
    """A request in pieces of about so many bytes; a span is never cut, and what it says of its sender goes with each."""
    if request.ByteSize() <= part_bytes:
        return [request.SerializeToString()]
    found: list[bytes] = []
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for group in _groups(scope.spans, part_bytes):
                part = ExportTraceServiceRequest()
                batch = part.resource_spans.add()
                batch.resource.CopyFrom(resource.resource)
                batch.scope_spans.add().spans.extend(group)
                found.append(part.SerializeToString())
    return found


def largest_span(request: ExportTraceServiceRequest) -> int:
    """Its bytes."""
    spans = (
        span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
    )
    return max((span.ByteSize() for span in spans), default=0)


def _groups(spans: Iterable[SpanProto], part_bytes: int) -> Iterable[list[SpanProto]]:
    group: list[SpanProto] = []
    size = 0
    for span in spans:
        its = span.ByteSize()
        if group and size + its > part_bytes:
            yield group
            group, size = [], 0
        group.append(span)
        size += its
    if group:
        yield group


def check_media_type(header: str) -> str:
    """`protobuf` or `json`.

    Raises: InvalidInput.
    """
    kind = header.partition(";")[0].strip().lower()
    known = {"application/x-protobuf": "protobuf", "application/json": "json"}
    if kind not in known:
        raise InvalidInput(f"Invalid Content-Type: {header[:100]}. Expected: {' or '.join(known)}")
    return known[kind]

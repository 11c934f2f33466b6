"""What a request for spans costs is known before it is decoded."""

from __future__ import annotations

import json
import time
import zlib
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from runyard.errors import BadRequest, TooLarge
from runyard.wire import otlp
from runyard.wire.otlp import MAX_SPANS, decode_json, decode_protobuf, inflate


def message(field: int, body: bytes) -> bytes:
    """A field that holds a message."""
    length, size = len(body), b""
    while length > 0x7F:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([field << 3 | 2]) + size + bytes([length]) + body


def request(spans: int, **fields: Any) -> ExportTraceServiceRequest:
    """A request with that many spans in two resources."""
    found = ExportTraceServiceRequest()
    for part in (spans // 2, spans - spans // 2):
        scope = found.resource_spans.add().scope_spans.add()
        for number in range(part):
            scope.spans.add(trace_id=bytes(16), span_id=(number + 1).to_bytes(8, "big"), **fields)
    return found


def test_as_many_spans_as_allowed_are_decoded_and_one_more_is_refused() -> None:
    allowed = request(MAX_SPANS, name="n", start_time_unix_nano=1, flags=2)
    assert sum(len(batch.spans) for batch in decode_protobuf(allowed.SerializeToString())) == MAX_SPANS
    allowed.resource_spans[1].scope_spans.add().spans.add()
    with pytest.raises(TooLarge, match="20000 spans"):
        decode_protobuf(allowed.SerializeToString())


@pytest.mark.parametrize(
    ("scopes", "spans"), [("scopeSpans", "resourceSpans"), ("scope_spans", "resource_spans")]
)
def test_json_with_too_many_spans_is_refused(scopes: str, spans: str) -> None:
    body: Any = {spans: [{scopes: [{"spans": [{}] * 10_000}]}] * 3}
    with pytest.raises(TooLarge, match="20000 spans"):
        decode_json(json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        message(1, b"") * 1_100_000,
        message(1, message(2, b"") * 1_100_000),
        message(1, message(2, message(2, message(9, b"") * 1_100_000))),
        message(1, message(2, message(2, message(11, message(3, b"") * 1_100_000)))),
        message(1, message(1, message(1, message(2, message(5, message(1, b"") * 1_100_000))))),
        b"\x08\x00" * 1_100_000,
    ],
    ids=["resources", "scopes", "attributes", "attributes of an event", "a list", "unknown"],
)
def test_messages_without_end_are_refused(body: bytes) -> None:
    with pytest.raises(TooLarge, match="fields"):
        decode_protobuf(body)


@pytest.mark.parametrize("item", ["[]", "1", '"a,{\\""', "{}"])
def test_json_values_without_end_are_refused(item: str) -> None:
    with pytest.raises(TooLarge, match="fields"):
        decode_json(('{"x": [' + ",".join([item] * 2_100_000) + "]}").encode())


def test_long_text_is_not_many_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "MAX_FIELDS", 100)
    span = {"traceId": "1" * 32, "spanId": "1" * 16, "name": '{"[,' * 1_000}
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    assert decode_json(body)[0].spans[0].name == span["name"]
    big = request(2, name="\n\0" * 1_000).SerializeToString()
    assert len(decode_protobuf(big)) == 2


@pytest.mark.parametrize("body", [b"\x0a", b"\x0a\x80", b"\xff" * 100, b"\x0f", b"\x0a\x05\x12\x01"])
def test_damaged_protobuf_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        decode_protobuf(body)


def test_a_body_may_inflate_200_times_once_it_is_large() -> None:
    assert len(inflate(zlib.compress(bytes(1_000_000)), "gzip", 10**8)) == 1_000_000
    with pytest.raises(TooLarge):
        inflate(zlib.compress(bytes(2_000_000)), "gzip", 10**8)


@pytest.mark.parametrize("text", ['"' + '\\"' * 5_000_000, '"' * 1_000_000 + "\\" * 9_000_001])
def test_text_that_never_ends_is_refused_at_once(text: str) -> None:
    began = time.process_time()
    with pytest.raises(BadRequest):
        decode_json(text.encode())
    assert time.process_time() - began < 5

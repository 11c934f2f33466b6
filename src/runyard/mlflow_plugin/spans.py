"""MLflow's spans as records carry them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runyard.client.journal.calls.traces import PART_BYTES, check_span_bytes
from runyard.entities.trace import SpanBatch
from runyard.errors import StorageUnavailable

try:  # MLflow 3 has loaded all of it by now; MLflow 2 logs no spans, and comes without the messages
    from mlflow.tracing.utils.otlp import resource_to_otel_proto
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    from runyard.wire.otlp import decode_protobuf
except ImportError:
    SPANS = False
else:
    SPANS = True


def packed(spans: Sequence[Any]) -> list[bytes]:
    """Spans as OpenTelemetry's exporters send them, in pieces that fit into records.

    Raises: TooLarge; StorageUnavailable, where MLflow has come without what it takes.
    """
    _check()
    encoded = [one.to_otel_proto() for one in spans]
    sizes = [one.ByteSize() for one in encoded]
    check_span_bytes(max(sizes))
    groups: list[list[Any]] = [[]]
    size = 0
    for span, its in zip(encoded, sizes, strict=True):
        if groups[-1] and size + its > PART_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(span)
        size += its
    return [_request(group, spans[0]) for group in groups]


def _request(encoded: Sequence[Any], first: Any) -> bytes:
    """An export request."""
    request = ExportTraceServiceRequest()
    batch = request.resource_spans.add()
    batch.resource.CopyFrom(resource_to_otel_proto(getattr(first._span, "resource", None)))
    batch.scope_spans.add().spans.extend(encoded)
    found: bytes = request.SerializeToString()
    return found


def unpacked(spans: bytes) -> list[SpanBatch]:
    """Spans as they were written down.

    Raises: RunyardError, also where MLflow has come without what it takes.
    """
    _check()
    return decode_protobuf(spans)


def _check() -> None:
    if not SPANS:
        raise StorageUnavailable("This release of MLflow has no messages for spans; MLflow 3.18 has.")

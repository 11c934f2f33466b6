"""Spans in a request of JSON."""

from __future__ import annotations

import msgspec


class AddSpans(msgspec.Struct):
    """Spans of traces of one experiment.

    Attributes:
        spans: an ExportTraceServiceRequest of OpenTelemetry in protobuf; in JSON, its base64.
        run_id: the run that the traces belong to.
    """

    experiment_id: str
    spans: bytes
    run_id: str | None = None

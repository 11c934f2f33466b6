"""Spans as OpenTelemetry's exporters send them: read as the server reads them, and written down."""

from __future__ import annotations

import threading

from starlette.requests import Request
from starlette.responses import Response

from runyard.client.journal.calls.traces import PART_BYTES, Traces, check_span_bytes
from runyard.server.application import Receive, Scope
from runyard.server.routes import otlp
from runyard.wire.otlp import batches_of, largest_span, parts_of

EXPORT = "/v1/traces"


class RelayedSpans:
    """Answers requests with spans. Any number of threads.

    Args:
        traces: where they are written down.
    """

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self._decodings = threading.Semaphore(otlp.DECODINGS)

    async def received(self, scope: Scope, receive: Receive) -> tuple[Request, str, bytes] | Response:
        """A request with its kind and body, or the answer to one that cannot be taken."""
        request = Request(scope, receive)
        if otlp.EXPERIMENT_HEADER not in request.headers:
            return otlp.missing_header()
        try:
            return request, *await otlp.received(request)
        except otlp.REFUSED as exc:
            return otlp.refused(exc)

    def taken(self, request: Request, kind: str, body: bytes) -> Response:
        """The answer, once the spans are in the journal.

        Raises: RunyardError.
        """
        headers = request.headers
        try:
            with self._decodings:
                whole = otlp.parsed(kind, body, headers.get("content-encoding", ""))
                batches = batches_of(whole)
                check_span_bytes(largest_span(whole))
                parts = parts_of(whole, PART_BYTES)
        except otlp.REFUSED as exc:
            return otlp.refused(exc)
        ids = dict.fromkeys(f"tr-{span.trace_id}" for batch in batches for span in batch.spans)
        run_id = headers.get(otlp.RUN_HEADER)
        self._traces.log_spans(headers[otlp.EXPERIMENT_HEADER], list(ids), parts, run_id)
        return otlp.taken(kind)

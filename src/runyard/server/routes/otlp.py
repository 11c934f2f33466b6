"""OpenTelemetry's route for spans, and the same in JSON for journals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runyard.entities.trace import SpanBatch
from runyard.errors import BadRequest, InvalidInput, TooLarge, Unprocessable
from runyard.server.routing import Route, api, raw
from runyard.server.uploads import receive_file
from runyard.services.context import Context
from runyard.services.traces import TraceService
from runyard.wire.api.spans import AddSpans
from runyard.wire.otlp import check_media_type, decode_json, decode_protobuf, inflate

BODY_LIMIT = 64 * 1024 * 1024
DECODINGS = 2
"""Bodies decoded at the same time; one can take hundreds of megabytes while it is."""
EXPERIMENT_HEADER = "x-mlflow-experiment-id"
RUN_HEADER = "x-mlflow-run-id"
NOSNIFF = {"x-content-type-options": "nosniff"}
EMPTY: dict[str, Any] = {}


def routes(service: TraceService) -> list[Route]:
    """POST /v1/traces, in protobuf or JSON; POST /api/v1/spans."""
    decodings = asyncio.Semaphore(DECODINGS)

    async def export(ctx: Context, request: Request) -> Response:
        """Receive spans as OpenTelemetry exporters send them, in protobuf or JSON."""
        experiment_id = request.headers.get(EXPERIMENT_HEADER)
        if experiment_id is None:
            return _missing_header()
        try:
            kind = check_media_type(request.headers.get("content-type", ""))
            body = await receive_file(request, _body)
            encoding = request.headers.get("content-encoding", "")
            async with decodings:
                batches = await asyncio.to_thread(_decode, kind, body, encoding)
        except (BadRequest, InvalidInput, Unprocessable, TooLarge) as exc:
            return JSONResponse({"detail": exc.message}, exc.status, NOSNIFF)
        await service.add_spans(ctx, experiment_id, request.headers.get(RUN_HEADER), batches)
        if kind == "json":
            return JSONResponse({}, headers=NOSNIFF)
        return Response(b"", media_type="application/x-protobuf", headers=NOSNIFF)

    async def add(ctx: Context, body: AddSpans) -> dict[str, Any]:
        """Keep spans, as a journal carries them; the same again changes nothing."""
        async with decodings:
            batches = await asyncio.to_thread(decode_protobuf, body.spans)
        await service.add_spans(ctx, body.experiment_id, body.run_id or None, batches)
        return EMPTY

    return [
        *raw("POST", "/v1/traces", export, "traces/write"),
        *api("POST", "/spans", AddSpans, add, "traces/write"),
    ]


def _decode(kind: str, body: bytes, encoding: str) -> list[SpanBatch]:
    plain = inflate(body, encoding, BODY_LIMIT)
    return decode_json(plain) if kind == "json" else decode_protobuf(plain)


async def _body(pieces: AsyncIterator[bytes]) -> bytes:
    """Raises: TooLarge as soon as it is."""
    parts: list[bytes] = []
    size = 0
    async for part in pieces:
        size += len(part)
        if size > BODY_LIMIT:
            raise TooLarge(f"The request body is larger than {BODY_LIMIT} bytes. Send fewer spans at a time.")
        parts.append(part)
    return b"".join(parts)


def _missing_header() -> Response:
    problem = {
        "type": "missing",
        "loc": ["header", EXPERIMENT_HEADER],
        "msg": "Field required",
        "input": None,
    }
    return JSONResponse({"detail": [problem]}, 422, NOSNIFF)

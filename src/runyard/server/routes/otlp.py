"""OpenTelemetry's route for spans, and the same in JSON for journals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runyard.errors import BadRequest, InvalidInput, RunyardError, TooLarge, Unprocessable
from runyard.server.routing import Route, api, raw
from runyard.server.uploads import receive_file
from runyard.services.context import Context
from runyard.services.traces import TraceService
from runyard.wire.api.spans import AddSpans
from runyard.wire.otlp import (
    ExportTraceServiceRequest,
    batches_of,
    check_media_type,
    decode_protobuf,
    inflate,
    parse_json,
    parse_protobuf,
)

BODY_LIMIT = 64 * 1024 * 1024
DECODINGS = 2
"""Bodies decoded at the same time; one can take hundreds of megabytes while it is."""
EXPERIMENT_HEADER = "x-mlflow-experiment-id"
RUN_HEADER = "x-mlflow-run-id"
NOSNIFF = {"x-content-type-options": "nosniff"}
REFUSED = (BadRequest, InvalidInput, Unprocessable, TooLarge)
EMPTY: dict[str, Any] = {}


def routes(service: TraceService) -> list[Route]:
    """POST /v1/traces, in protobuf or JSON; POST /api/v1/spans."""
    decodings = asyncio.Semaphore(DECODINGS)

    async def export(ctx: Context, request: Request) -> Response:
        """Receive spans as OpenTelemetry exporters send them, in protobuf or JSON."""
        experiment_id = request.headers.get(EXPERIMENT_HEADER)
        if experiment_id is None:
            return missing_header()
        try:
            kind, body = await received(request)
            encoding = request.headers.get("content-encoding", "")
            async with decodings:
                batches = await asyncio.to_thread(lambda: batches_of(parsed(kind, body, encoding)))
        except REFUSED as exc:
            return refused(exc)
        await service.add_spans(ctx, experiment_id, request.headers.get(RUN_HEADER), batches)
        return taken(kind)

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


async def received(request: Request) -> tuple[str, bytes]:
    """`protobuf` or `json`, and the body.

    Raises: InvalidInput, BadRequest, TooLarge.
    """
    kind = check_media_type(request.headers.get("content-type", ""))
    return kind, await receive_file(request, _body)


def parsed(kind: str, body: bytes, encoding: str) -> ExportTraceServiceRequest:
    """What was received. Takes memory: hundreds of megabytes at worst.

    Raises: BadRequest, TooLarge.
    """
    plain = inflate(body, encoding, BODY_LIMIT)
    return parse_json(plain) if kind == "json" else parse_protobuf(plain)


def taken(kind: str) -> Response:
    """The answer when the spans are kept."""
    if kind == "json":
        return JSONResponse({}, headers=NOSNIFF)
    return Response(b"", media_type="application/x-protobuf", headers=NOSNIFF)


def refused(exc: RunyardError) -> Response:
    """The answer to what cannot be read as spans."""
    return JSONResponse({"detail": exc.message}, exc.status, NOSNIFF)


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


def missing_header() -> Response:
    """The answer to spans of which nobody says where they belong."""
    problem = {
        "type": "missing",
        "loc": ["header", EXPERIMENT_HEADER],
        "msg": "Field required",
        "input": None,
    }
    return JSONResponse({"detail": [problem]}, 422, NOSNIFF)

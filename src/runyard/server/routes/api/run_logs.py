"""Logs of runs: appended while a job runs, read by offset, artifacts once it has ended."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runyard.entities.run_log import APPEND_BYTES, LogText
from runyard.server.files import ATTACHED
from runyard.server.routing import OWN, Route, api, raw
from runyard.server.uploads import receive_limited
from runyard.services.context import Context
from runyard.services.run_logs import RunLogService
from runyard.wire.api.run_logs import AppendLog, LogList, LogSize, LogsOfRun, ReadLog
from runyard.wire.mlflow.decoding import decode_query


def routes(service: RunLogService) -> list[Route]:
    """All of them."""

    async def append(ctx: Context, request: Request) -> Response:
        """Append up to a megabyte of text to a log of a run, at an offset; what the log has already is left out.

        An offset beyond the end is refused with status 409 and the log's `size`. An empty body only answers the size.
        """
        asked = decode_query(request.scope["query_string"], AppendLog, request.path_params)
        body = await receive_limited(request, APPEND_BYTES, lambda size: None)
        size = await service.append(ctx, asked.run_id, asked.name, asked.offset, body)
        return Response(msgspec.json.encode(LogSize(size)), media_type="application/json", headers=NOSNIFF)

    async def listing(ctx: Context, body: LogsOfRun) -> LogList:
        """List the logs of a run; once all are closed, also files that lie among its artifacts where logs do."""
        return LogList.of(await service.list(ctx, body.run_id))

    async def content(ctx: Context, request: Request) -> Response:
        """Read a piece of a log, by default a megabyte from the beginning; a negative offset counts from the end.

        The headers say which piece it is: x-log-offset, and x-log-next, from where to go on. Where bytes of a long log
        were left out a line says so, and x-log-next is behind them.
        """
        asked = decode_query(request.scope["query_string"], ReadLog, request.path_params)
        found = await service.read(ctx, asked.run_id, asked.name, asked.offset, asked.limit)
        return Response(found.body, headers=_headers(found))

    one = f"{OWN}/runs/{{run_id}}"
    return [
        *raw("POST", f"{one}/log-appends", append, "runs/write"),
        *api("GET", "/runs/{run_id}/logs", LogsOfRun, listing, "runs/read"),
        *raw("GET", f"{one}/logs/content", content, "runs/read"),
    ]


NOSNIFF = {"x-content-type-options": "nosniff"}


def _headers(found: LogText) -> dict[str, str]:
    return {
        **NOSNIFF,
        "content-type": "text/plain; charset=utf-8",
        "content-security-policy": ATTACHED,
        "cache-control": "no-store",
        "x-log-size": str(found.log.size),
        "x-log-sealed": "false" if found.log.is_open else "true",
        "x-log-offset": str(found.offset),
        "x-log-next": str(found.next),
    }

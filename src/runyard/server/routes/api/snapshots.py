"""Snapshots: the sources that submitted runs take along."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from runyard.entities.snapshot import SnapshotFile
from runyard.server.files import ATTACHED, file_response
from runyard.server.raw_shapes import GZIP
from runyard.server.routing import OWN, Route, api, raw
from runyard.server.uploads import announced_size, receive_file
from runyard.services.context import Context
from runyard.services.snapshots import SnapshotService
from runyard.wire.api.snapshots import (
    FileOfRun,
    KeepSnapshot,
    KeptSnapshot,
    SnapshotMessage,
    SnapshotOfRun,
)
from runyard.wire.mlflow.decoding import decode_query

NOSNIFF = {"x-content-type-options": "nosniff"}
READ, WRITE = "runs/read", "jobs/write"
MANIFEST_LIMIT = 16 * 1024 * 1024  # of a hundred thousand files


def routes(service: SnapshotService) -> list[Route]:
    """All of them."""
    return [*_writing(service), *_reading(service)]


def _writing(service: SnapshotService) -> list[Route]:
    async def keep(ctx: Context, body: KeepSnapshot) -> KeptSnapshot:
        """Keep a snapshot: which files with which contents. Contents that are missing are sent, then this again."""
        files = [SnapshotFile(one.path, one.sha256, one.size, one.executable) for one in body.files]
        kept = await service.keep(ctx, files)
        return KeptSnapshot(kept.id, list(kept.missing))

    async def put(ctx: Context, request: Request) -> Response:
        """Send the content of files of a snapshot; the body is the content. One that no snapshot needs goes after a day."""
        sha256, size = request.path_params["sha256"], announced_size(request)
        await receive_file(request, lambda pieces: service.put(ctx, sha256, pieces, size))
        return JSONResponse({}, headers=NOSNIFF)

    return [
        *api(
            "POST",
            "/snapshots",
            KeepSnapshot,
            keep,
            WRITE,
            filtered=True,
            audit=False,
            body_limit=MANIFEST_LIMIT,
        ),
        *raw("PUT", f"{OWN}/snapshot-blobs/{{sha256}}", put, WRITE, filtered=True, audit=False),
    ]


def _reading(service: SnapshotService) -> list[Route]:
    async def get(ctx: Context, body: SnapshotOfRun) -> SnapshotMessage:
        """Get which files a run took along."""
        return SnapshotMessage.of(await service.of_run(ctx, body.run_id))

    async def archive(ctx: Context, request: Request) -> Response:
        """Download the files that a run took along, as a gzipped tar archive."""
        pieces = await service.archive(ctx, request.path_params["run_id"])
        name = quote(f"{request.path_params['run_id']}.tar.gz", safe="")
        headers = {
            **NOSNIFF,
            "content-disposition": f"attachment; filename*=UTF-8''{name}",
            "content-security-policy": ATTACHED,
            "cache-control": "no-cache",
        }
        if request.method == "HEAD":
            return Response(media_type=GZIP, headers=headers)
        first = await anext(pieces)  # so that what cannot be read is answered as an error

        async def body() -> AsyncIterator[bytes]:
            yield first
            async for piece in pieces:
                yield piece

        return StreamingResponse(body(), media_type=GZIP, headers=headers)

    async def file(ctx: Context, request: Request) -> Response:
        """Download one of the files that a run took along; Range is honoured."""
        asked = decode_query(request.scope["query_string"], FileOfRun, request.path_params)
        kept = await service.path_of(ctx, asked.run_id, asked.path)
        return await file_response(
            request, asked.path, lambda wanted: service.get(kept, wanted), lambda: service.head(kept)
        )

    one = "/runs/{run_id}/snapshot"
    return [
        *api("GET", one, SnapshotOfRun, get, READ),
        *raw("GET", f"{OWN}{one}/archive", archive, READ),
        *raw("GET", f"{OWN}{one}/file", file, READ),
    ]

"""Files of runs, models and datastores as a browser may show them; `server/previews.py` says why it is safe."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from runyard.errors import InvalidInput
from runyard.server.files import ATTACHED, file_response
from runyard.server.previews import display_of
from runyard.server.raw_shapes import ZIP
from runyard.server.routing import OWN, Route, raw
from runyard.services.artifacts import ArtifactService
from runyard.services.context import Context
from runyard.services.datastores import DatastoreService

PREVIEW = f"{OWN}/preview"


def routes(service: ArtifactService) -> list[Route]:
    """Those of artifacts. Cost of each: what a download of the same range costs."""

    async def of_run(ctx: Context, request: Request) -> Response:
        """Show a file of a run, sandboxed; kinds that browsers cannot show are downloads. Range is honoured."""
        return await _send(
            ctx, request, await service.file_of_run(ctx, _query(request, "run_id"), _path(request))
        )

    async def of_logged_model(ctx: Context, request: Request) -> Response:
        """Show a file of a logged model, like one of a run."""
        model_id = _query(request, "model_id")
        return await _send(ctx, request, await service.file_of_logged_model(ctx, model_id, _path(request)))

    async def of_version(ctx: Context, request: Request) -> Response:
        """Show a file of a model version, like one of a run."""
        name, version = _query(request, "name"), _query(request, "version")
        return await _send(
            ctx, request, await service.file_of_model_version(ctx, name, version, _path(request))
        )

    async def archive(ctx: Context, request: Request) -> Response:
        """Download a folder of a run as a ZIP archive; without `path` all of its files."""
        run_id, path = _query(request, "run_id"), request.query_params.get("path", "")
        pieces = await service.zip_of_run(ctx, run_id, path)
        name = quote(f"{path.strip('/').rpartition('/')[2] or run_id}.zip", safe="")
        headers = {
            "x-content-type-options": "nosniff",
            "content-disposition": f"attachment; filename*=UTF-8''{name}",
            "content-security-policy": ATTACHED,
            "cache-control": "no-store",
        }
        if request.method == "HEAD":
            return Response(media_type=ZIP, headers=headers)
        return StreamingResponse(pieces, media_type=ZIP, headers=headers)

    async def _send(ctx: Context, request: Request, path: str) -> Response:
        return await file_response(
            request,
            path,
            lambda wanted: service.get(ctx, path, wanted),
            lambda: service.head(ctx, path),
            display_of(path),
        )

    return [
        *raw("GET", PREVIEW, of_run, "artifacts/read"),
        *raw("GET", f"{OWN}/archive", archive, "artifacts/read"),
        *raw("GET", f"{PREVIEW}/logged-models", of_logged_model, "models/read"),
        *raw("GET", f"{PREVIEW}/model-versions", of_version, "models/read"),
    ]


def datastore_routes(service: DatastoreService) -> list[Route]:
    """That of datastores."""

    async def of_datastore(ctx: Context, request: Request) -> Response:
        """Show a file of a datastore, like one of a run."""
        name, path = request.path_params["name"], request.path_params["path"]
        return await file_response(
            request,
            path,
            lambda wanted: service.get_file(ctx, name, path, wanted),
            lambda: service.head_file(ctx, name, path),
            display_of(path),
        )

    return raw("GET", f"{OWN}/datastores/{{name}}/preview/{{path:path}}", of_datastore, "datastores/read")


def _path(request: Request) -> str:
    return _query(request, "path")


def _query(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise InvalidInput.missing(name)
    return value

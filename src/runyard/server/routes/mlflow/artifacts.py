"""MLflow's artifact routes: the proxy, run and model artifacts, transfers past the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runyard.artifacts.contracts import UploadedPart
from runyard.entities.access import SELF
from runyard.errors import BadRequest, InvalidInput, TooLarge
from runyard.server.files import file_response
from runyard.server.routing import PREFIXES, Route, raw, rpc
from runyard.server.uploads import announced_size, receive_file, record_of
from runyard.services.artifacts import ArtifactService, exactly_one
from runyard.services.context import Context
from runyard.services.upload_order import UploadOrder
from runyard.wire.mlflow.artifacts import (
    AbortMultipart,
    CompleteMultipart,
    CreateMultipart,
    FileList,
    FileMessage,
    ListModelArtifacts,
    ListProxied,
    ListRunArtifacts,
    MultipartAnswer,
    Nothing,
    PartCredential,
    PresignArtifact,
    PresignedAnswer,
    PresignedProxiedAnswer,
    PresignProxied,
    RootedFileList,
    ServerInfo,
)

EMPTY: dict[str, Any] = {}
NOSNIFF = {"x-content-type-options": "nosniff"}
PROXY = "/2.0/mlflow-artifacts"
RUNS = "/2.0/mlflow/artifacts"
MODELS = "/2.0/mlflow/logged-models/{model_id}/artifacts"
UPLOAD_LIMIT = 10 * 1024 * 1024


def routes(service: ArtifactService, order: UploadOrder) -> list[Route]:
    """All of them."""
    return [
        *_proxy_routes(service, order),
        *_multipart_routes(service),
        *_run_routes(service),
        *_logged_model_routes(service),
        *_browser_routes(service),
        *_server_info_routes(service),
    ]


def _proxy_routes(service: ArtifactService, order: UploadOrder) -> list[Route]:
    """Files by their path in the datastore."""

    async def get(ctx: Context, request: Request) -> Response:
        """Download a file by its path in the datastore; Range is honoured."""
        return await _send(service, ctx, request, request.path_params["artifact_path"])

    async def put(ctx: Context, request: Request) -> Response:
        """Upload a file to a path in the datastore; the body is the file."""
        path, size = request.path_params["artifact_path"], announced_size(request)
        record = record_of(request)
        if record is None:
            await _receive(service, ctx, request, path, size)
            return Response()
        async with order.turn(ctx, *record, path) as wanted:
            if wanted:
                await _receive(service, ctx, request, path, size)
            else:
                await receive_file(request, _nothing)
        return Response()

    async def delete(ctx: Context, request: Request) -> Response:
        """Delete a file or a directory of the datastore."""
        await service.delete(ctx, request.path_params["artifact_path"])
        return JSONResponse(EMPTY, headers=NOSNIFF)

    async def listing(ctx: Context, body: ListProxied) -> FileList:
        """List a directory of the datastore."""
        return FileList.of(await service.list_dir(ctx, body.path))

    async def presigned(ctx: Context, body: PresignProxied) -> PresignedProxiedAnswer:
        """Get a signed URL for a file, where the datastore can sign."""
        signed = await service.sign_download(ctx, body.artifact_path)
        return PresignedProxiedAnswer(signed.request.url, signed.request.headers, signed.size)

    one = f"{PROXY}/artifacts/{{artifact_path:path}}"
    return [
        *raw("GET", one, get, "artifacts/read", prefixes=PREFIXES),
        *raw("PUT", one, put, "artifacts/write", prefixes=PREFIXES),
        *raw("DELETE", one, delete, "artifacts/delete", prefixes=PREFIXES),
        *rpc("GET", f"{PROXY}/artifacts", ListProxied, listing, "artifacts/read"),
        *rpc("GET", f"{PROXY}/presigned/{{artifact_path:path}}", PresignProxied, presigned, "artifacts/read"),
    ]


def _multipart_routes(service: ArtifactService) -> list[Route]:
    """Uploads in parts, straight to the store."""

    async def create(ctx: Context, body: CreateMultipart) -> MultipartAnswer:
        """Begin an upload in parts; answers a signed URL for each."""
        upload = await service.begin_multipart(ctx, body.artifact_path, body.path, body.num_parts)
        credentials = [PartCredential.of(number, part) for number, part in enumerate(upload.parts, 1)]
        return MultipartAnswer(upload.upload_id, credentials)

    async def complete(ctx: Context, body: CompleteMultipart) -> dict[str, Any]:
        """Complete an upload in parts."""
        parts = [UploadedPart(part.part_number, part.etag) for part in body.parts]
        await service.complete_multipart(ctx, body.artifact_path, body.path, body.upload_id, parts)
        return EMPTY

    async def abort(ctx: Context, body: AbortMultipart) -> dict[str, Any]:
        """Abort an upload in parts."""
        await service.abort_multipart(ctx, body.artifact_path, body.path, body.upload_id)
        return EMPTY

    return [
        *rpc(
            "POST", f"{PROXY}/mpu/create/{{artifact_path:path}}", CreateMultipart, create, "artifacts/write"
        ),
        *rpc(
            "POST",
            f"{PROXY}/mpu/complete/{{artifact_path:path}}",
            CompleteMultipart,
            complete,
            "artifacts/write",
        ),
        *rpc("POST", f"{PROXY}/mpu/abort/{{artifact_path:path}}", AbortMultipart, abort, "artifacts/write"),
    ]


def _run_routes(service: ArtifactService) -> list[Route]:
    """Files by run; signed URLs by run or logged model."""

    async def listing(ctx: Context, body: ListRunArtifacts) -> RootedFileList:
        """List a directory of a run's artifacts."""
        found = await service.list_run(ctx, body.run(), body.path)
        return RootedFileList(found.root_uri, [FileMessage.of(entry) for entry in found.entries])

    async def presign_upload(ctx: Context, body: PresignArtifact) -> PresignedAnswer:
        """Get a signed URL to upload a file of a run or logged model."""
        signed = await service.sign_upload(ctx, await _owned(service, ctx, body), body.expiration)
        return PresignedAnswer(signed.url, signed.headers)

    async def presign_download(ctx: Context, body: PresignArtifact) -> PresignedAnswer:
        """Get a signed URL to download a file of a run or logged model."""
        signed = await service.sign_download(ctx, await _owned(service, ctx, body), body.expiration)
        return PresignedAnswer(signed.request.url, signed.request.headers, signed.size)

    return [
        *rpc("GET", f"{RUNS}/list", ListRunArtifacts, listing, "artifacts/read"),
        *rpc("POST", f"{RUNS}/presigned-upload-url", PresignArtifact, presign_upload, "artifacts/write"),
        *rpc("POST", f"{RUNS}/presigned-download-url", PresignArtifact, presign_download, "artifacts/read"),
    ]


def _logged_model_routes(service: ArtifactService) -> list[Route]:
    async def directories(ctx: Context, body: ListModelArtifacts) -> RootedFileList:
        """List a directory of a logged model's artifacts."""
        found = await service.list_logged_model(ctx, body.model_id, body.artifact_directory_path)
        return RootedFileList(found.root_uri, [FileMessage.of(entry) for entry in found.entries])

    async def files(ctx: Context, request: Request) -> Response:
        """Download a file of a logged model."""
        path = request.query_params.get("artifact_file_path")
        if not path:
            raise BadRequest(
                "The query parameter 'artifact_file_path' is missing; it names the file to download."
            )
        model_id = request.path_params["model_id"]
        return await _send(service, ctx, request, await service.file_of_logged_model(ctx, model_id, path))

    return [
        *rpc("GET", f"{MODELS}/directories", ListModelArtifacts, directories, "models/read"),
        *raw("GET", f"{MODELS}/files", files, "models/read", prefixes=PREFIXES),
    ]


def _browser_routes(service: ArtifactService) -> list[Route]:
    """What MLflow's user interface calls."""

    async def get_artifact(ctx: Context, request: Request) -> Response:
        """Download a file of a run."""
        run_id = _query(request, "run_id", "run_uuid")
        path = await service.file_of_run(ctx, run_id, _query(request, "path"))
        return await _send(service, ctx, request, path)

    async def get_version_artifact(ctx: Context, request: Request) -> Response:
        """Download a file of a model version."""
        name, version = _query(request, "name"), _query(request, "version")
        path = await service.file_of_model_version(ctx, name, version, _query(request, "path"))
        return await _send(service, ctx, request, path)

    async def upload(ctx: Context, request: Request) -> Response:
        """Upload a file of up to 10 MiB to a run."""
        path = await service.file_of_run(ctx, _query(request, "run_id", "run_uuid"), _query(request, "path"))
        size = announced_size(request)
        if size == 0:
            raise InvalidInput("The request has no body; send the file's bytes.")
        if size is not None and size > UPLOAD_LIMIT:
            raise _too_large()
        await _receive(service, ctx, request, path, size, limited=True)
        return Response()

    return [
        *raw("GET", "/get-artifact", get_artifact, "artifacts/read"),
        *raw("GET", "/model-versions/get-artifact", get_version_artifact, "models/read"),
        *raw("POST", "/ajax-api/2.0/mlflow/upload-artifact", upload, "artifacts/write"),
    ]


def _server_info_routes(service: ArtifactService) -> list[Route]:
    able = service.capabilities
    info = ServerInfo(
        multipart_uploads_enabled=able.multipart,
        multipart_downloads_enabled=able.presigned,
        presigned_upload_run_id_supported=able.presigned,
        presigned_upload_model_id_supported=able.presigned,
        model_artifact_presigned_downloads_supported=able.presigned,
    )

    async def server_info(ctx: Context, body: Nothing) -> ServerInfo:
        """Tell which ways of transferring files this server has."""
        return info

    # of the server: a client asks before it knows whether the workspace that it names is there
    return rpc("GET", "/3.0/mlflow/server-info", Nothing, server_info, SELF, in_workspace=False)


async def _owned(service: ArtifactService, ctx: Context, body: PresignArtifact) -> str:
    exactly_one(body.run_id, body.model_id)
    if body.run_id:
        return await service.file_of_run(ctx, body.run_id, body.path)
    return await service.file_of_logged_model(ctx, body.model_id or "", body.path)


async def _send(service: ArtifactService, ctx: Context, request: Request, path: str) -> Response:
    """One file, or on `presigned=true` where to get it."""
    if request.query_params.get("presigned") == "true":
        signed = await service.sign_download(ctx, path)
        answer = {
            "url": signed.request.url,
            "headers": dict(signed.request.headers),
            "file_size": signed.size,
        }
        return JSONResponse(answer, headers=NOSNIFF)
    return await file_response(
        request, path, lambda wanted: service.get(ctx, path, wanted), lambda: service.head(ctx, path)
    )


async def _receive(
    service: ArtifactService,
    ctx: Context,
    request: Request,
    path: str,
    size: int | None,
    *,
    limited: bool = False,
) -> None:
    await receive_file(
        request, lambda pieces: service.put(ctx, path, _limited(pieces) if limited else pieces, size)
    )


async def _nothing(pieces: AsyncIterator[bytes]) -> None:
    """Whoever sends a file may hear the answer only once all of it is gone."""
    async for _ in pieces:
        pass


async def _limited(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    seen = 0
    async for piece in pieces:
        seen += len(piece)
        if seen > UPLOAD_LIMIT:
            raise _too_large()
        yield piece
    if not seen:
        raise InvalidInput("The request has no body; send the file's bytes.")


def _too_large() -> TooLarge:
    return TooLarge(
        f"This route takes files up to {UPLOAD_LIMIT} bytes; PUT larger ones to the artifact proxy."
    )


def _query(request: Request, *names: str) -> str:
    for name in names:
        value = request.query_params.get(name)
        if value:
            return value
    raise InvalidInput.missing(names[0])

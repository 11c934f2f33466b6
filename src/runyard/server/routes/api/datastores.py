"""Datastores of a workspace, and their files, which are streamed through the server."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runyard.server.files import file_response
from runyard.server.routing import OWN, Route, api, raw
from runyard.server.uploads import announced_size, receive_file
from runyard.services.context import Context
from runyard.services.datastores import DatastoreService, NewDatastore
from runyard.wire.api.datastores import (
    DatastoreList,
    DatastoreMessage,
    DatastoreName,
    FileEntryPage,
    ListDatastores,
    ListFiles,
    RegisterDatastore,
)

EMPTY: dict[str, Any] = {}
NOSNIFF = {"x-content-type-options": "nosniff"}
READ, WRITE, MANAGE = "datastores/read", "datastores/write", "datastores/manage"


def routes(service: DatastoreService) -> list[Route]:
    """All of them."""
    return [*_records(service), *_files(service)]


def _records(service: DatastoreService) -> list[Route]:
    async def listing(ctx: Context, body: ListDatastores) -> DatastoreList:
        """List the datastores of the workspace, without their secrets."""
        page = await service.list(ctx, max_results=body.max_results, page_token=body.page_token)
        return DatastoreList.of(page, await service.default(ctx))

    async def register(ctx: Context, body: RegisterDatastore) -> DatastoreMessage:
        """Register a datastore; its storage is looked at first, and its secret is encrypted."""
        new = NewDatastore(
            body.name, body.kind, body.config, body.secret, body.overwrite, body.skip_validation
        )
        return DatastoreMessage.of(await service.register(ctx, new), await service.default(ctx))

    async def get(ctx: Context, body: DatastoreName) -> DatastoreMessage:
        """Get a datastore, without its secret."""
        return DatastoreMessage.of(await service.get(ctx, body.name), await service.default(ctx))

    async def unregister(ctx: Context, body: DatastoreName) -> dict[str, Any]:
        """Unregister a datastore; its files stay where they are."""
        await service.unregister(ctx, body.name)
        return EMPTY

    async def set_default(ctx: Context, body: DatastoreName) -> DatastoreMessage:
        """Make a datastore the workspace's default."""
        found = await service.set_default(ctx, body.name)
        return DatastoreMessage.of(found, found.name)

    one = "/datastores/{name}"
    return [
        *api("GET", "/datastores", ListDatastores, listing, READ),
        *api("POST", "/datastores", RegisterDatastore, register, MANAGE),
        *api("GET", one, DatastoreName, get, READ),
        *api("DELETE", one, DatastoreName, unregister, MANAGE),
        *api("POST", f"{one}/default", DatastoreName, set_default, MANAGE),
    ]


def _files(service: DatastoreService) -> list[Route]:
    async def listing(ctx: Context, body: ListFiles) -> FileEntryPage:
        """List files of a datastore: one directory, or all below it when recursive."""
        page = await service.list_files(
            ctx,
            body.name,
            body.path,
            recursive=body.recursive,
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return FileEntryPage.of(page)

    async def get(ctx: Context, request: Request) -> Response:
        """Download a file of a datastore; Range is honoured."""
        name, path = request.path_params["name"], request.path_params["path"]
        return await file_response(
            request,
            path,
            lambda wanted: service.get_file(ctx, name, path, wanted),
            lambda: service.head_file(ctx, name, path),
        )

    async def put(ctx: Context, request: Request) -> Response:
        """Upload a file to a datastore; the body is the file."""
        name, path = request.path_params["name"], request.path_params["path"]
        size = announced_size(request)
        await receive_file(request, lambda pieces: service.put_file(ctx, name, path, pieces, size))
        return JSONResponse(EMPTY, headers=NOSNIFF)

    async def delete(ctx: Context, request: Request) -> Response:
        """Delete a file or a directory of a datastore."""
        await service.delete_file(ctx, request.path_params["name"], request.path_params["path"])
        return JSONResponse(EMPTY, headers=NOSNIFF)

    one = f"{OWN}/datastores/{{name}}/file/{{path:path}}"
    return [
        *api("GET", "/datastores/{name}/files", ListFiles, listing, READ),
        *raw("GET", one, get, READ),
        *raw("PUT", one, put, WRITE),
        *raw("DELETE", one, delete, WRITE, audit=True),
    ]

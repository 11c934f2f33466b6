"""Compute targets of a workspace, and the sizes that pools are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runyard.entities.compute import Compute, Size
from runyard.entities.job import Resources
from runyard.server.routing import Route, api
from runyard.services.compute_fields import ComputeFields
from runyard.services.compute_kinds import fingerprint
from runyard.services.compute_sizes import ComputeSizeService
from runyard.services.computes import ComputeService
from runyard.services.context import Context
from runyard.wire.api.computes import (
    ComputeMessage,
    ComputeName,
    ComputePage,
    CountsMessage,
    CreateCompute,
    DeleteCompute,
    ListComputes,
    ListSizes,
    PutSize,
    SizeMessage,
    SizeName,
    SizePage,
    UpdateCompute,
)

EMPTY: dict[str, Any] = {}
READ, WRITE = "compute/read", "compute/write"
BODY_LIMIT = 1_048_576


def routes(service: ComputeService, sizes: ComputeSizeService) -> list[Route]:
    """All of them."""
    return [*_records(service), *_doing(service), *_sizes(sizes)]


def _records(service: ComputeService) -> list[Route]:
    async def listing(ctx: Context, body: ListComputes) -> ComputePage:
        """List the compute targets of the workspace by name, without their credentials."""
        page = await service.list(ctx, max_results=body.max_results, page_token=body.page_token)
        return ComputePage(await _messages(service, page.items), page.next_page_token)

    async def create(ctx: Context, body: CreateCompute) -> ComputeMessage:
        """Make or attach a compute target. It is asked once; when it does not answer, `error` says why."""
        fields = ComputeFields(
            name=body.name,
            settings=body.settings,
            credentials=body.credentials,
            limits=body.limits,
            description=body.description,
            tags=body.tags,
            groups=body.groups,
            server_url=body.server_url,
            base=body.base,
            size=body.size,
        )
        return await _message(service, await service.create(ctx, body.kind, fields))

    async def get(ctx: Context, body: ComputeName) -> ComputeMessage:
        """Get a compute target, without its credentials."""
        return await _message(service, await service.get(ctx, body.name))

    async def update(ctx: Context, body: UpdateCompute) -> ComputeMessage:
        """Change a compute target; what is left out stays. Another address needs the credentials again."""
        fields = ComputeFields(
            settings=body.settings,
            credentials=body.credentials,
            limits=body.limits,
            description=body.description,
            tags=body.tags,
            groups=body.groups,
            server_url=body.server_url,
            base=body.base,
            size=body.size,
        )
        return await _message(service, await service.update(ctx, body.name, fields))

    async def delete(ctx: Context, body: DeleteCompute) -> dict[str, Any]:
        """Delete a compute target; refused while its jobs have not ended, unless `force` cancels them."""
        await service.delete(ctx, body.name, force=body.force)
        return EMPTY

    one = "/computes/{name}"
    return [
        *api("GET", "/computes", ListComputes, listing, READ),
        *api("POST", "/computes", CreateCompute, create, WRITE, body_limit=BODY_LIMIT),
        *api("GET", one, ComputeName, get, READ),
        *api("PATCH", one, UpdateCompute, update, WRITE, body_limit=BODY_LIMIT),
        *api("DELETE", one, DeleteCompute, delete, WRITE),
    ]


def _doing(service: ComputeService) -> list[Route]:
    async def start(ctx: Context, body: ComputeName) -> ComputeMessage:
        """Let a compute target take jobs again."""
        return await _message(service, await service.start(ctx, body.name))

    async def stop(ctx: Context, body: ComputeName) -> ComputeMessage:
        """Let a compute target take no jobs until it is started; those that run go on, others wait."""
        return await _message(service, await service.stop(ctx, body.name))

    async def check(ctx: Context, body: ComputeName) -> ComputeMessage:
        """Ask a compute target for its machines now; when it does not answer, `error` says why."""
        return await _message(service, await service.check(ctx, body.name))

    one = "/computes/{name}"
    return [
        *api("POST", f"{one}/start", ComputeName, start, WRITE),
        *api("POST", f"{one}/stop", ComputeName, stop, WRITE),
        *api("POST", f"{one}/check", ComputeName, check, WRITE),
    ]


def _sizes(service: ComputeSizeService) -> list[Route]:
    async def listing(ctx: Context, body: ListSizes) -> SizePage:
        """List the sizes that pools can be made of, by name."""
        return SizePage.of(await service.list(ctx, max_results=body.max_results, page_token=body.page_token))

    async def put(ctx: Context, body: PutSize) -> SizeMessage:
        """Declare a size: what one node of a pool has, and on which compute target it is; or replace one."""
        resources = Resources(body.resources.cpus, body.resources.memory_mb, body.resources.gpus)
        size = Size(body.name, body.compute, resources, body.max_nodes, body.options)
        return SizeMessage.of(await service.put(ctx, size))

    async def delete(ctx: Context, body: SizeName) -> dict[str, Any]:
        """Delete a size; pools of it take no jobs any more."""
        await service.delete(ctx, body.name)
        return EMPTY

    return [
        *api("GET", "/compute-sizes", ListSizes, listing, READ),
        *api("PUT", "/compute-sizes/{name}", PutSize, put, WRITE),
        *api("DELETE", "/compute-sizes/{name}", SizeName, delete, WRITE),
    ]


async def _message(service: ComputeService, one: Compute) -> ComputeMessage:
    return (await _messages(service, [one]))[0]


async def _messages(service: ComputeService, computes: Sequence[Compute]) -> list[ComputeMessage]:
    loads = await service.loads(computes)
    found = []
    for one in computes:
        load = loads.get(one.id)
        counts = CountsMessage() if load is None else CountsMessage(load.queued, load.running)
        keys = [host.get("host_key", "") for host in one.settings.get("hosts", ())]
        found.append(ComputeMessage.of(one, counts, {key: fingerprint(key) for key in keys if key}))
    return found

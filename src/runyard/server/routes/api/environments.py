"""Environments: what scripts need to run, under names, with versions; and the exact packages they came to."""

from __future__ import annotations

from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.environments import EnvironmentService
from runyard.wire.api.environments import (
    EnvironmentMessage,
    EnvironmentNamed,
    EnvironmentPage,
    GetLock,
    KeepLock,
    ListEnvironments,
    ListEnvironmentVersions,
    LockMessage,
    RegisterEnvironment,
)

READ, WRITE = "jobs/read", "jobs/write"
BODY_LIMIT = 4 * 1024 * 1024


def routes(service: EnvironmentService) -> list[Route]:
    """All of them."""
    return [*_registered(service), *_locks(service)]


def _registered(service: EnvironmentService) -> list[Route]:
    async def listing(ctx: Context, body: ListEnvironments) -> EnvironmentPage:
        """List environments, the last version of each, by name."""
        return EnvironmentPage.of(
            await service.list(ctx, max_results=body.max_results, page_token=body.page_token)
        )

    async def register(ctx: Context, body: RegisterEnvironment) -> EnvironmentMessage:
        """Register a version of an environment; one that is the same as the last is that one."""
        return EnvironmentMessage.of(await service.register(ctx, body.name, body.definition))

    async def get(ctx: Context, body: EnvironmentNamed) -> EnvironmentMessage:
        """Get a version of an environment, the last unless one is named."""
        return EnvironmentMessage.of(await service.get(ctx, body.name, body.version))

    async def versions(ctx: Context, body: ListEnvironmentVersions) -> EnvironmentPage:
        """List the versions of an environment, the last first."""
        page = await service.versions(
            ctx, body.name, max_results=body.max_results, page_token=body.page_token
        )
        return EnvironmentPage.of(page)

    one = "/environments/{name}"
    return [
        *api("GET", "/environments", ListEnvironments, listing, READ),
        *api("POST", "/environments", RegisterEnvironment, register, WRITE, body_limit=BODY_LIMIT),
        *api("GET", one, EnvironmentNamed, get, READ),
        *api("GET", f"{one}/versions", ListEnvironmentVersions, versions, READ),
    ]


def _locks(service: EnvironmentService) -> list[Route]:
    async def keep(ctx: Context, body: KeepLock) -> LockMessage:
        """Keep the exact packages that an environment came to on one kind of machine; the first ones stay, and are answered.

        They hold for everybody in the workspace, so a role in one experiment is not enough.
        """
        return LockMessage.of(await service.keep_lock(ctx, body.hash, body.platform, body.python, body.text))

    async def get(ctx: Context, body: GetLock) -> LockMessage:
        """Get the exact packages that an environment came to."""
        return LockMessage.of(await service.get_lock(ctx, body.hash, body.platform, body.python))

    path = "/environment-locks"
    return [
        *api("POST", path, KeepLock, keep, WRITE, body_limit=BODY_LIMIT),
        *api("GET", path, GetLock, get, READ, filtered=True),
    ]

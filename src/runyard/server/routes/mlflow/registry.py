"""MLflow's routes of the model registry."""

from __future__ import annotations

from typing import Any

from runyard.entities.common import Page, Tag
from runyard.server.routing import Route, rpc
from runyard.services.context import Context
from runyard.services.registry import RegistryService
from runyard.wire.mlflow.registry import (
    AliasName,
    CreateModelVersion,
    CreateRegisteredModel,
    DeleteModelTag,
    DeleteVersionTag,
    DownloadUri,
    LatestVersions,
    ModelName,
    ModelVersionAnswer,
    ModelVersionPage,
    RegisteredModelAnswer,
    RegisteredModelPage,
    RenameRegisteredModel,
    SearchRegistry,
    SetAlias,
    SetModelTag,
    SetVersionTag,
    TransitionStage,
    UpdateModelVersion,
    UpdateRegisteredModel,
    VersionKey,
)

EMPTY: dict[str, Any] = {}
MODELS = "/2.0/mlflow/registered-models"
VERSIONS = "/2.0/mlflow/model-versions"


def routes(service: RegistryService) -> list[Route]:
    """All routes below registered-models and model-versions that speak JSON."""
    return [*_model_routes(service), *_alias_routes(service), *_version_routes(service)]


def _model_routes(service: RegistryService) -> list[Route]:
    async def create(ctx: Context, body: CreateRegisteredModel) -> RegisteredModelAnswer:
        """Create a registered model."""
        made = await service.create_model(ctx, body.name, body.description, body.tags or [])
        return RegisteredModelAnswer.of(made)

    async def rename(ctx: Context, body: RenameRegisteredModel) -> RegisteredModelAnswer:
        """Rename a registered model; its versions follow."""
        return RegisteredModelAnswer.of(await service.rename_model(ctx, body.name, body.new_name))

    async def update(ctx: Context, body: UpdateRegisteredModel) -> RegisteredModelAnswer:
        """Change the description of a registered model; none clears it."""
        return RegisteredModelAnswer.of(await service.describe_model(ctx, body.name, body.description))

    async def delete(ctx: Context, body: ModelName) -> dict[str, Any]:
        """Delete a registered model with its versions."""
        await service.delete_model(ctx, body.name)
        return EMPTY

    async def get(ctx: Context, body: ModelName) -> RegisteredModelAnswer:
        """Get a registered model with the latest version of each stage."""
        return RegisteredModelAnswer.of(await service.get_model(ctx, body.name))

    async def search(ctx: Context, body: SearchRegistry) -> RegisteredModelPage:
        """Search registered models."""
        page = await service.search_models(
            ctx,
            filter_string=body.filter,
            order_by=body.order_by or [],
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return RegisteredModelPage.of(page)

    async def set_tag(ctx: Context, body: SetModelTag) -> dict[str, Any]:
        """Set a tag of a registered model."""
        await service.set_model_tag(ctx, body.name, Tag(body.key, body.value))
        return EMPTY

    async def delete_tag(ctx: Context, body: DeleteModelTag) -> dict[str, Any]:
        """Delete a tag of a registered model."""
        await service.delete_model_tag(ctx, body.name, body.key)
        return EMPTY

    return [
        *rpc("POST", f"{MODELS}/create", CreateRegisteredModel, create, "models/write"),
        *rpc("POST", f"{MODELS}/rename", RenameRegisteredModel, rename, "models/write"),
        *rpc("PATCH", f"{MODELS}/update", UpdateRegisteredModel, update, "models/write"),
        *rpc("DELETE", f"{MODELS}/delete", ModelName, delete, "models/delete"),
        *rpc("GET", f"{MODELS}/get", ModelName, get, "models/read"),
        *rpc("GET", f"{MODELS}/search", SearchRegistry, search, "models/read"),
        *rpc("POST", f"{MODELS}/set-tag", SetModelTag, set_tag, "models/write"),
        *rpc("DELETE", f"{MODELS}/delete-tag", DeleteModelTag, delete_tag, "models/write"),
    ]


def _alias_routes(service: RegistryService) -> list[Route]:
    async def set_alias(ctx: Context, body: SetAlias) -> dict[str, Any]:
        """Point an alias at a version; an alias that exists moves."""
        await service.set_alias(ctx, body.name, body.alias, body.version)
        return EMPTY

    async def delete_alias(ctx: Context, body: AliasName) -> dict[str, Any]:
        """Delete an alias."""
        await service.delete_alias(ctx, body.name, body.alias)
        return EMPTY

    async def by_alias(ctx: Context, body: AliasName) -> ModelVersionAnswer:
        """Get the version that an alias points at."""
        return ModelVersionAnswer.of(await service.get_version_by_alias(ctx, body.name, body.alias))

    async def latest(ctx: Context, body: LatestVersions) -> ModelVersionPage:
        """Get the latest version of each stage."""
        return ModelVersionPage.of(Page(await service.latest_versions(ctx, body.name, body.stages or [])))

    return [
        *rpc("POST", f"{MODELS}/alias", SetAlias, set_alias, "models/write"),
        *rpc("DELETE", f"{MODELS}/alias", AliasName, delete_alias, "models/write"),
        *rpc("GET", f"{MODELS}/alias", AliasName, by_alias, "models/read"),
        *rpc("POST", f"{MODELS}/get-latest-versions", LatestVersions, latest, "models/read"),
        *rpc("GET", f"{MODELS}/get-latest-versions", LatestVersions, latest, "models/read"),
    ]


def _version_routes(service: RegistryService) -> list[Route]:
    async def create(ctx: Context, body: CreateModelVersion) -> ModelVersionAnswer:
        """Create the next version of a registered model."""
        made = await service.create_version(
            ctx,
            body.name,
            source=body.source,
            run_id=body.run_id or "",
            model_id=body.model_id or "",
            run_link=body.run_link or "",
            description=body.description,
            tags=body.tags or [],
        )
        return ModelVersionAnswer.of(made)

    async def update(ctx: Context, body: UpdateModelVersion) -> ModelVersionAnswer:
        """Change the description of a version; none clears it."""
        found = await service.describe_version(ctx, body.name, body.version, body.description)
        return ModelVersionAnswer.of(found)

    async def transition(ctx: Context, body: TransitionStage) -> ModelVersionAnswer:
        """Move a version to another stage."""
        moved = await service.move_version(
            ctx, body.name, body.version, body.stage, archive_others=body.archive_existing_versions
        )
        return ModelVersionAnswer.of(moved)

    async def delete(ctx: Context, body: VersionKey) -> dict[str, Any]:
        """Delete a version; its number is not used again."""
        await service.delete_version(ctx, body.name, body.version)
        return EMPTY

    async def get(ctx: Context, body: VersionKey) -> ModelVersionAnswer:
        """Get a version."""
        return ModelVersionAnswer.of(await service.get_version(ctx, body.name, body.version))

    async def search(ctx: Context, body: SearchRegistry) -> ModelVersionPage:
        """Search versions of all registered models."""
        page = await service.search_versions(
            ctx,
            filter_string=body.filter,
            order_by=body.order_by or [],
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return ModelVersionPage.of(page)

    async def download_uri(ctx: Context, body: VersionKey) -> DownloadUri:
        """Get where the files of a version are."""
        return DownloadUri(await service.download_uri(ctx, body.name, body.version))

    async def set_tag(ctx: Context, body: SetVersionTag) -> dict[str, Any]:
        """Set a tag of a version."""
        await service.set_version_tag(ctx, body.name, body.version, Tag(body.key, body.value))
        return EMPTY

    async def delete_tag(ctx: Context, body: DeleteVersionTag) -> dict[str, Any]:
        """Delete a tag of a version."""
        await service.delete_version_tag(ctx, body.name, body.version, body.key)
        return EMPTY

    return [
        *rpc("POST", f"{VERSIONS}/create", CreateModelVersion, create, "models/write"),
        *rpc("PATCH", f"{VERSIONS}/update", UpdateModelVersion, update, "models/write"),
        *rpc("POST", f"{VERSIONS}/transition-stage", TransitionStage, transition, "models/write"),
        *rpc("DELETE", f"{VERSIONS}/delete", VersionKey, delete, "models/delete"),
        *rpc("GET", f"{VERSIONS}/get", VersionKey, get, "models/read"),
        *rpc("GET", f"{VERSIONS}/search", SearchRegistry, search, "models/read"),
        *rpc("GET", f"{VERSIONS}/get-download-uri", VersionKey, download_uri, "models/read"),
        *rpc("POST", f"{VERSIONS}/set-tag", SetVersionTag, set_tag, "models/write"),
        *rpc("DELETE", f"{VERSIONS}/delete-tag", DeleteVersionTag, delete_tag, "models/write"),
    ]

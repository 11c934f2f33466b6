"""Registered models and model versions as MLflow's REST API spells them."""

from __future__ import annotations

import msgspec

from runyard.entities.common import Page, Tag
from runyard.entities.registry import ModelVersion, RegisteredModel
from runyard.wire.mlflow.scalars import Int64


class CreateRegisteredModel(msgspec.Struct):
    name: str
    tags: list[Tag] | None = None
    description: str | None = None


class ModelName(msgspec.Struct):
    name: str


class RenameRegisteredModel(msgspec.Struct):
    name: str
    new_name: str | None = None


class UpdateRegisteredModel(msgspec.Struct):
    name: str
    description: str | None = None


class SearchRegistry(msgspec.Struct):
    filter: str | None = None
    max_results: Int64 | None = None
    order_by: list[str] | None = None
    page_token: str | None = None


class LatestVersions(msgspec.Struct):
    name: str
    stages: list[str] | None = None


class SetModelTag(msgspec.Struct):
    name: str
    key: str
    value: str = ""


class DeleteModelTag(msgspec.Struct):
    name: str
    key: str


class SetAlias(msgspec.Struct):
    name: str
    alias: str
    version: str


class AliasName(msgspec.Struct):
    name: str
    alias: str


class CreateModelVersion(msgspec.Struct):
    name: str
    source: str
    run_id: str | None = None
    tags: list[Tag] | None = None
    run_link: str | None = None
    description: str | None = None
    model_id: str | None = None


class VersionKey(msgspec.Struct):
    name: str
    version: str


class UpdateModelVersion(msgspec.Struct):
    name: str
    version: str
    description: str | None = None


class TransitionStage(msgspec.Struct):
    name: str
    version: str
    stage: str
    archive_existing_versions: bool = False


class SetVersionTag(msgspec.Struct):
    name: str
    version: str
    key: str
    value: str = ""


class DeleteVersionTag(msgspec.Struct):
    name: str
    version: str
    key: str


class ModelVersionMessage(msgspec.Struct, omit_defaults=True):
    """proto ModelVersion."""

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str
    description: str
    source: str
    run_id: str
    status: str
    run_link: str
    user_id: str | None = None
    status_message: str | None = None
    tags: list[Tag] = []
    aliases: list[str] = []

    @classmethod
    def of(cls, version: ModelVersion) -> ModelVersionMessage:
        """The message of one version."""
        return cls(
            name=version.name,
            version=str(version.version),
            creation_timestamp=version.created_ms,
            last_updated_timestamp=version.updated_ms,
            current_stage=version.stage.value,
            description=version.description or "",
            source=version.source,
            run_id=version.run_id,
            status=version.status.name,
            run_link=version.run_link,
            user_id=version.user_id,
            status_message=version.status_message,
            tags=version.tags,
            aliases=version.aliases,
        )


class AliasMessage(msgspec.Struct):
    """proto RegisteredModelAlias."""

    alias: str
    version: str


class RegisteredModelMessage(msgspec.Struct, omit_defaults=True):
    """proto RegisteredModel."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str | None = None
    latest_versions: list[ModelVersionMessage] = []
    tags: list[Tag] = []
    aliases: list[AliasMessage] = []

    @classmethod
    def of(cls, model: RegisteredModel) -> RegisteredModelMessage:
        """The message of one model."""
        return cls(
            name=model.name,
            creation_timestamp=model.created_ms,
            last_updated_timestamp=model.updated_ms,
            description=model.description,
            latest_versions=[ModelVersionMessage.of(version) for version in model.latest_versions],
            tags=model.tags,
            aliases=[AliasMessage(item.alias, str(item.version)) for item in model.aliases],
        )


class RegisteredModelAnswer(msgspec.Struct):
    registered_model: RegisteredModelMessage

    @classmethod
    def of(cls, model: RegisteredModel) -> RegisteredModelAnswer:
        """The answer about one model."""
        return cls(RegisteredModelMessage.of(model))


class ModelVersionAnswer(msgspec.Struct):
    model_version: ModelVersionMessage

    @classmethod
    def of(cls, version: ModelVersion) -> ModelVersionAnswer:
        """The answer about one version."""
        return cls(ModelVersionMessage.of(version))


class DownloadUri(msgspec.Struct):
    artifact_uri: str


class RegisteredModelPage(msgspec.Struct, omit_defaults=True):
    registered_models: list[RegisteredModelMessage] = []
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[RegisteredModel]) -> RegisteredModelPage:
        """The message of one page."""
        return cls([RegisteredModelMessage.of(item) for item in page.items], page.next_page_token)


class ModelVersionPage(msgspec.Struct, omit_defaults=True):
    model_versions: list[ModelVersionMessage] = []
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[ModelVersion]) -> ModelVersionPage:
        """The message of one page; also that of get-latest-versions, which has no token."""
        return cls([ModelVersionMessage.of(item) for item in page.items], page.next_page_token)

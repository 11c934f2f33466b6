"""Registered models, their numbered versions, and what points at them."""

from __future__ import annotations

import enum

import msgspec

from runyard.entities.common import Tag

PROMPT_TAG = "mlflow.prompt.is_prompt"


class VersionStage(enum.StrEnum):
    """Where a version is in its life, as MLflow writes it."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"


class VersionStatus(enum.IntEnum):
    """Whether a version can be used; MLflow's numbers."""

    PENDING_REGISTRATION = 1
    FAILED_REGISTRATION = 2
    READY = 3


class Alias(msgspec.Struct, frozen=True):
    """A name for one version; it can be moved."""

    alias: str
    version: int


class ModelVersion(msgspec.Struct, frozen=True):
    """Times are milliseconds UTC. `storage_location` is `source` with models:/… resolved."""

    name: str
    version: int
    stage: VersionStage
    description: str | None
    source: str
    storage_location: str
    run_id: str
    run_link: str
    user_id: str | None
    status: VersionStatus
    status_message: str | None
    created_ms: int
    updated_ms: int
    tags: list[Tag] = msgspec.field(default_factory=list)
    aliases: list[str] = msgspec.field(default_factory=list)


class NewVersion(msgspec.Struct, frozen=True):
    """A version before it has a number; checked already. `model_id` is that of a logged model."""

    source: str
    storage_location: str
    run_id: str = ""
    run_link: str = ""
    description: str | None = None
    model_id: str | None = None
    tags: list[Tag] = msgspec.field(default_factory=list)


class RegisteredModel(msgspec.Struct, frozen=True):
    """Times are milliseconds UTC. `latest_versions` has the greatest version of each stage, without aliases."""

    name: str
    description: str | None
    created_ms: int
    updated_ms: int
    tags: list[Tag] = msgspec.field(default_factory=list)
    aliases: list[Alias] = msgspec.field(default_factory=list)
    latest_versions: list[ModelVersion] = msgspec.field(default_factory=list)

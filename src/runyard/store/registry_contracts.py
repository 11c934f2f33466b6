"""What the registry's service asks of a store. The rules of `contracts.py` hold here too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runyard.entities.common import Page, Tag
from runyard.entities.registry import ModelVersion, NewVersion, RegisteredModel, VersionStage


class RegisteredModelStore(Protocol):
    """Registered models with their tags and aliases. Every method raises NotFound for an unknown model."""

    async def create_model(
        self, workspace_id: int, name: str, description: str | None, tags: Sequence[Tag]
    ) -> RegisteredModel:
        """Raises: AlreadyExists."""
        ...

    async def rename_model(self, workspace_id: int, name: str, new_name: str) -> RegisteredModel:
        """Versions, tags and aliases stay. Raises: AlreadyExists."""
        ...

    async def describe_model(self, workspace_id: int, name: str, description: str | None) -> RegisteredModel:
        """Replace the description; None clears it."""
        ...

    async def delete_model(self, workspace_id: int, name: str) -> None:
        """For good, with all versions."""
        ...

    async def get_model(self, workspace_id: int, name: str) -> RegisteredModel:
        """One model with the latest version of each stage. Cost: a look at each of its versions."""
        ...

    async def search_models(
        self,
        workspace_id: int,
        *,
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
    ) -> Page[RegisteredModel]:
        """A page of models; prompts only when the filter speaks of them."""
        ...

    async def set_model_tag(self, workspace_id: int, name: str, tag: Tag) -> None:
        """Set or overwrite."""
        ...

    async def delete_model_tag(self, workspace_id: int, name: str, key: str) -> None:
        """What is not there is fine."""
        ...

    async def set_alias(self, workspace_id: int, name: str, alias: str, version: int) -> None:
        """Set or move an alias. Raises: NotFound, also for the version."""
        ...

    async def delete_alias(self, workspace_id: int, name: str, alias: str) -> None:
        """What is not there is fine."""
        ...


class ModelVersionStore(Protocol):
    """Versions of registered models. Every method raises NotFound for an unknown model or version."""

    async def create_version(self, workspace_id: int, name: str, new: NewVersion) -> ModelVersion:
        """Give the next number; one is never given twice, also after deletes. A replay makes another version."""
        ...

    async def describe_version(
        self, workspace_id: int, name: str, version: int, description: str | None
    ) -> ModelVersion:
        """Replace the description; None clears it."""
        ...

    async def move_version(
        self, workspace_id: int, name: str, version: int, stage: VersionStage, *, archive_others: bool
    ) -> ModelVersion:
        """Put a version in a stage; archive_others moves the others of that stage to Archived."""
        ...

    async def delete_version(self, workspace_id: int, name: str, version: int) -> None:
        """For good, with the aliases that point at it."""
        ...

    async def get_version(self, workspace_id: int, name: str, version: int) -> ModelVersion:
        """One version with its tags and aliases."""
        ...

    async def get_version_by_alias(self, workspace_id: int, name: str, alias: str) -> ModelVersion:
        """Raises: NotFound for the model, InvalidInput for the alias, as MLflow answers."""
        ...

    async def latest_versions(
        self, workspace_id: int, name: str, stages: Sequence[VersionStage]
    ) -> list[ModelVersion]:
        """The greatest version of each of these stages, by stage in the order of VersionStage."""
        ...

    async def search_versions(
        self,
        workspace_id: int,
        *,
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
    ) -> Page[ModelVersion]:
        """A page of versions, without aliases; prompts only when the filter speaks of them."""
        ...

    async def download_uri(self, workspace_id: int, name: str, version: int) -> str:
        """Where the files of a version are."""
        ...

    async def set_version_tag(self, workspace_id: int, name: str, version: int, tag: Tag) -> None:
        """Set or overwrite."""
        ...

    async def delete_version_tag(self, workspace_id: int, name: str, version: int, key: str) -> None:
        """What is not there is fine."""
        ...


class RegistryStore(RegisteredModelStore, ModelVersionStore, Protocol):
    """Both halves of the registry."""

"""Rules for registered models and their versions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from runyard.artifacts.uris import RegisteredModelUri
from runyard.entities.common import Page, Tag
from runyard.entities.registry import PROMPT_TAG, ModelVersion, NewVersion, RegisteredModel, VersionStage
from runyard.errors import InvalidInput, NotFound, shown
from runyard.services.checks import (
    NAME_LIMIT,
    REGISTRY_TAG_VALUE_LIMIT,
    check_key,
    check_length,
    check_max_results,
    check_text,
)
from runyard.services.context import Context
from runyard.services.model_sources import SourceRoots, SourceRules, parse_source
from runyard.store.registry_contracts import RegistryStore

MODELS_LIMIT = 1_000
MODELS_DEFAULT = 100
VERSIONS_LIMIT = 200_000
ALIAS_LIMIT = 255
LATEST = "latest"
SOURCE_LIMIT = 2_048
ACTIVE_STAGES = (VersionStage.STAGING, VersionStage.PRODUCTION)
_STAGES = {stage.value.lower(): stage for stage in VersionStage}
_ALIAS = re.compile(r"[\w-]+")
_RESERVED_ALIAS = re.compile(r"v[0-9]+", re.IGNORECASE)


class ModelRules:
    """Registered models: checks, then asks the store."""

    _store: RegistryStore

    async def create_model(
        self, ctx: Context, name: str, description: str | None, tags: Sequence[Tag]
    ) -> RegisteredModel:
        """Raises: AlreadyExists."""
        check_model_name(name)
        _check_description(description)
        return await self._store.create_model(ctx.workspace_id, name, description, checked_tags(tags))

    async def rename_model(self, ctx: Context, name: str, new_name: str | None) -> RegisteredModel:
        """Raises: NotFound, AlreadyExists."""
        _require("name", name)
        check_model_name(new_name or "", "new_name")
        return await self._store.rename_model(ctx.workspace_id, name, new_name or "")

    async def describe_model(self, ctx: Context, name: str, description: str | None) -> RegisteredModel:
        """Replace the description; None clears it."""
        _require("name", name)
        _check_description(description)
        return await self._store.describe_model(ctx.workspace_id, name, description)

    async def delete_model(self, ctx: Context, name: str) -> None:
        """For good, with all versions."""
        _require("name", name)
        await self._store.delete_model(ctx.workspace_id, name)

    async def get_model(self, ctx: Context, name: str) -> RegisteredModel:
        """One model with the latest version of each stage."""
        _require("name", name)
        return await self._store.get_model(ctx.workspace_id, name)

    async def search_models(
        self,
        ctx: Context,
        *,
        filter_string: str | None,
        order_by: Sequence[str],
        max_results: int | None,
        page_token: str | None,
    ) -> Page[RegisteredModel]:
        """A page; 100 models when max_results is absent, 1,000 at most."""
        return await self._store.search_models(
            ctx.workspace_id,
            filter_string=filter_string or "",
            order_by=order_by,
            max_results=check_max_results(
                MODELS_DEFAULT if max_results is None else max_results, MODELS_LIMIT
            ),
            page_token=page_token or None,
        )

    async def set_model_tag(self, ctx: Context, name: str, tag: Tag) -> None:
        """Set or overwrite one tag."""
        _require("name", name)
        _check_tag(tag)
        await self._store.set_model_tag(ctx.workspace_id, name, tag)

    async def delete_model_tag(self, ctx: Context, name: str, key: str) -> None:
        """What is not there is fine."""
        _require("name", name)
        _require("key", key)
        await self._store.delete_model_tag(ctx.workspace_id, name, key)

    async def set_alias(self, ctx: Context, name: str, alias: str, version: str) -> None:
        """Set or move an alias."""
        _require("name", name)
        check_alias(alias)
        await self._store.set_alias(ctx.workspace_id, name, alias, parse_version(version))

    async def delete_alias(self, ctx: Context, name: str, alias: str) -> None:
        """What is not there is fine."""
        _require("name", name)
        _require("alias", alias)
        await self._store.delete_alias(ctx.workspace_id, name, alias)


class VersionRules:
    """Versions of registered models: checks, then asks the store."""

    _store: RegistryStore
    _sources: SourceRules

    async def create_version(
        self,
        ctx: Context,
        name: str,
        *,
        source: str,
        run_id: str,
        model_id: str,
        run_link: str,
        description: str | None,
        tags: Sequence[Tag],
    ) -> ModelVersion:
        """The next version; ready at once. The source of a prompt is only text, all others must lead to files.

        Args:
            run_id, model_id, run_link: "" when absent.
        """
        _require("name", name)
        _require("source", source)
        _check_description(description)
        for what, text in (
            ("source", source),
            ("run_id", run_id),
            ("run_link", run_link),
            ("model_id", model_id),
        ):
            check_text(what, text)
            check_length(what, text, SOURCE_LIMIT)
        kept = checked_tags(tags)
        prompt = any(tag.key == PROMPT_TAG for tag in kept)
        location = source if prompt else await self._location(ctx, name, source, run_id, model_id)
        new = NewVersion(source, location, run_id, run_link, description, model_id or None, kept)
        return await self._store.create_version(ctx.workspace_id, name, new)

    async def describe_version(
        self, ctx: Context, name: str, version: str, description: str | None
    ) -> ModelVersion:
        """Replace the description; None clears it."""
        _require("name", name)
        _check_description(description)
        return await self._store.describe_version(ctx.workspace_id, name, parse_version(version), description)

    async def move_version(
        self, ctx: Context, name: str, version: str, stage: str, *, archive_others: bool
    ) -> ModelVersion:
        """Put a version in a stage. Raises: InvalidInput, when others should leave a stage that many may share."""
        _require("name", name)
        _require("stage", stage)
        number, to = parse_version(version), parse_stage(stage)
        if archive_others and to not in ACTIVE_STAGES:
            raise InvalidInput(
                f"Model version transition cannot archive existing model versions because '{to.value}' is not an "
                f"Active stage. Valid stages are {[item.value for item in ACTIVE_STAGES]}"
            )
        return await self._store.move_version(
            ctx.workspace_id, name, number, to, archive_others=archive_others
        )

    async def delete_version(self, ctx: Context, name: str, version: str) -> None:
        """For good, with the aliases that point at it."""
        _require("name", name)
        await self._store.delete_version(ctx.workspace_id, name, parse_version(version))

    async def get_version(self, ctx: Context, name: str, version: str) -> ModelVersion:
        """One version with its tags and aliases."""
        _require("name", name)
        return await self._store.get_version(ctx.workspace_id, name, parse_version(version))

    async def get_version_by_alias(self, ctx: Context, name: str, alias: str) -> ModelVersion:
        """The alias latest is always the greatest version. Raises: InvalidInput for an unknown alias, as MLflow."""
        _require("name", name)
        _require("alias", alias)
        if alias.lower() == LATEST:
            found = await self._store.latest_versions(ctx.workspace_id, name, list(VersionStage))
            if found:
                return max(found, key=lambda item: item.version)
        return await self._store.get_version_by_alias(ctx.workspace_id, name, alias)

    async def latest_versions(self, ctx: Context, name: str, stages: Sequence[str]) -> list[ModelVersion]:
        """The greatest version of each of these stages; of all stages when none is named."""
        _require("name", name)
        wanted = [parse_stage(stage) for stage in stages] or list(VersionStage)
        return await self._store.latest_versions(ctx.workspace_id, name, wanted)

    async def search_versions(
        self,
        ctx: Context,
        *,
        filter_string: str | None,
        order_by: Sequence[str],
        max_results: int | None,
        page_token: str | None,
    ) -> Page[ModelVersion]:
        """A page; 200,000 versions when max_results is absent, which is also the most."""
        return await self._store.search_versions(
            ctx.workspace_id,
            filter_string=filter_string or "",
            order_by=order_by,
            max_results=check_max_results(
                VERSIONS_LIMIT if max_results is None else max_results, VERSIONS_LIMIT
            ),
            page_token=page_token or None,
        )

    async def download_uri(self, ctx: Context, name: str, version: str) -> str:
        """Where the files of a version are."""
        _require("name", name)
        return await self._store.download_uri(ctx.workspace_id, name, parse_version(version))

    async def set_version_tag(self, ctx: Context, name: str, version: str, tag: Tag) -> None:
        """Set or overwrite one tag."""
        _require("name", name)
        _check_tag(tag)
        await self._store.set_version_tag(ctx.workspace_id, name, parse_version(version), tag)

    async def delete_version_tag(self, ctx: Context, name: str, version: str, key: str) -> None:
        """What is not there is fine."""
        _require("name", name)
        _require("key", key)
        await self._store.delete_version_tag(ctx.workspace_id, name, parse_version(version), key)

    async def _location(self, ctx: Context, name: str, source: str, run_id: str, model_id: str) -> str:
        uri = parse_source(source)
        if not isinstance(uri, RegisteredModelUri):
            return await self._sources.location(ctx, name, source, run_id, model_id)
        if uri.alias is not None:
            found = await self.get_version_by_alias(ctx, uri.name, uri.alias)
            return found.storage_location
        return await self._store.download_uri(
            ctx.workspace_id, uri.name, parse_version(uri.version_or_stage or "")
        )


class RegistryService(ModelRules, VersionRules):
    """The whole registry.

    Args:
        roots: asks the stores of runs and logged models where their artifacts are.
    """

    def __init__(self, store: RegistryStore, roots: SourceRoots) -> None:
        self._store = store
        self._sources = SourceRules(roots)


def check_model_name(name: str, parameter: str = "name") -> None:
    """Raises: InvalidInput for a name that is blank, too long, or would not fit into a models:/ URI."""
    if not name.strip():
        raise InvalidInput.missing(parameter)
    check_length(parameter, name, NAME_LIMIT)
    check_text(parameter, name)
    if "/" in name or ":" in name:
        raise InvalidInput(f"Invalid model name {shown(name)}. Names cannot contain '/' or ':'.")
    if posixpath.normpath(name) != name or name in (".", ".."):
        raise InvalidInput(
            f"Invalid value {shown(name)} for parameter '{parameter}' supplied: Names may be treated as files in "
            "certain cases, and must not resolve to other names when treated as such."
        )


def check_alias(alias: str) -> None:
    """Raises: InvalidInput for letters that a models:/ URI has no place for, and for reserved aliases."""
    _require("alias", alias)
    check_length("Registered model alias name", alias, ALIAS_LIMIT)
    if not _ALIAS.fullmatch(alias):
        raise InvalidInput(
            f"Invalid alias name: {shown(alias)}. "
            "Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )
    if alias.lower() == LATEST:
        raise InvalidInput("'latest' alias name (case insensitive) is reserved.")
    if _RESERVED_ALIAS.fullmatch(alias):
        raise InvalidInput(f"Version alias name '{alias}' is reserved.")


def parse_version(text: str) -> int:
    """The number of a version.

    Raises: InvalidInput; NotFound for a number that no version can have.
    """
    _require("version", text)
    if not re.fullmatch(r"-?[0-9]+", text):
        raise InvalidInput(f"Parameter 'version' must be an integer, got {shown(text)}.")
    if len(text) > 18:
        raise NotFound(f"Model Version (version={text[:40]}…) not found")
    return int(text)


def parse_stage(text: str) -> VersionStage:
    """A stage, whatever its letters' case.

    Raises: InvalidInput.
    """
    stage = _STAGES.get(text.lower())
    if stage is None:
        raise InvalidInput(
            f"Invalid Model Version stage: {text[:100]}. Value must be one of {', '.join(VersionStage)}."
        )
    return stage


def checked_tags(tags: Sequence[Tag]) -> list[Tag]:
    """The tags, the last one of each key. Raises: InvalidInput."""
    for tag in tags:
        _check_tag(tag)
    return list({tag.key: tag for tag in tags}.values())


def _check_tag(tag: Tag) -> None:
    check_key(tag.key, "Tag")
    check_text("value", tag.value)
    check_length("value", tag.value, REGISTRY_TAG_VALUE_LIMIT)


def _check_description(description: str | None) -> None:
    check_text("description", description or "")


def _require(parameter: str, value: str) -> None:
    if not value:
        raise InvalidInput.missing(parameter)

"""Rules for logged models."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from runyard.entities.common import Page, Param, Tag
from runyard.entities.logged_model import (
    DatasetRef,
    LoggedModel,
    LoggedModelQuery,
    ModelOrder,
    ModelStatus,
    NewLoggedModel,
)
from runyard.entities.search.limits import MODELS_DEFAULT
from runyard.errors import BadRequest, InvalidInput, shown
from runyard.services.checks import (
    NAME_LIMIT,
    SEARCH_LIMIT,
    check_length,
    check_max_results,
    check_text,
    experiment_of,
)
from runyard.services.context import Context
from runyard.services.names import random_run_name
from runyard.store.logged_model_contracts import LoggedModelStore

FORBIDDEN = "/:.%\"'"
KEY_LIMIT = 255
VALUE_LIMIT = 100_000
_ID = re.compile(r"m-[0-9a-f]{32}")
STATUSES = {status.text: status for status in ModelStatus}


class LoggedModelService:
    """Checks, then asks the store."""

    def __init__(self, store: LoggedModelStore) -> None:
        self._store = store

    async def create(
        self,
        ctx: Context,
        experiment_id: str | int,
        *,
        name: str | None,
        model_type: str,
        source_run_id: str,
        params: Sequence[Param],
        tags: Sequence[Tag],
        model_id: str | None = None,
    ) -> LoggedModel:
        """A new model, PENDING; without a name it gets a random one. With the id of one that is there, that one."""
        if model_id is not None and not _ID.fullmatch(model_id):
            raise InvalidInput(
                f"Invalid value {shown(model_id)} for parameter 'model_id' supplied: it must be m- and 32 hex digits."
            )
        new = NewLoggedModel(
            uuid=model_id or f"m-{uuid.uuid4().hex}",
            experiment_id=experiment_of(ctx, experiment_id),
            name=name or random_run_name(),
            model_type=model_type,
            source_run_uuid=source_run_id,
            tags=_unique_tags(tags),
            params=_checked_params(params),
        )
        check_name(new.name)
        for what, text in (("model_type", model_type), ("source_run_id", source_run_id)):
            check_text(what, text)
            check_length(what, text, NAME_LIMIT)
        return await self._store.create(ctx.workspace_id, new)

    async def get(self, ctx: Context, model_id: str, *, allow_deleted: bool = False) -> LoggedModel:
        """Raises: NotFound, for a deleted model unless allow_deleted."""
        check_text("model_id", model_id)
        return await self._store.get(ctx.workspace_id, model_id, allow_deleted=allow_deleted)

    async def finalize(self, ctx: Context, model_id: str, status: str | int) -> LoggedModel:
        """Set the status, by name or number."""
        check_text("model_id", model_id)
        return await self._store.finalize(ctx.workspace_id, model_id, parse_status(status))

    async def delete(self, ctx: Context, model_id: str) -> None:
        """Soft delete, also when deleted already."""
        check_text("model_id", model_id)
        await self._store.delete(ctx.workspace_id, model_id)

    async def set_tags(self, ctx: Context, model_id: str, tags: Sequence[Tag]) -> None:
        """Set or overwrite tags, all or none."""
        check_text("model_id", model_id)
        await self._store.set_tags(ctx.workspace_id, model_id, _unique_tags(tags))

    async def delete_tag(self, ctx: Context, model_id: str, key: str) -> None:
        """Raises: NotFound when there is none."""
        check_text("model_id", model_id)
        check_text("tag_key", key)
        await self._store.delete_tag(ctx.workspace_id, model_id, key)

    async def add_params(self, ctx: Context, model_id: str, params: Sequence[Param]) -> None:
        """Add params, all or none; a key that is set already is BadRequest."""
        check_text("model_id", model_id)
        await self._store.add_params(ctx.workspace_id, model_id, _checked_params(params))

    async def search(
        self,
        ctx: Context,
        *,
        experiment_ids: Sequence[str | int],
        filter_string: str | None,
        datasets: Sequence[tuple[str | None, str | None]],
        order: Sequence[ModelOrder],
        max_results: int,
        page_token: str | None,
    ) -> Page[LoggedModel]:
        """A page; at least one experiment must be named, max_results 0 means 100."""
        if not experiment_ids:
            raise InvalidInput.missing("experiment_ids")
        query = LoggedModelQuery(
            experiment_ids=tuple(experiment_of(ctx, item) for item in experiment_ids),
            filter_string=filter_string or "",
            datasets=tuple(_dataset(name, digest) for name, digest in datasets),
            order=tuple(order),
            max_results=check_max_results(max_results or MODELS_DEFAULT, SEARCH_LIMIT),
            page_token=page_token or None,
        )
        return await self._store.search(ctx.workspace_id, query)


def check_name(name: str) -> None:
    """Raises: InvalidInput for a blank or over-long name, or one that a model URI could not hold."""
    if not name.strip() or any(char in FORBIDDEN for char in name):
        raise InvalidInput(
            f"Invalid model name ({shown(name)}) provided. Model name must be a non-empty string and cannot contain "
            f"the following characters: {tuple(FORBIDDEN)}"
        )
    check_length("name", name, NAME_LIMIT)
    check_text("name", name)


def parse_status(value: str | int) -> ModelStatus:
    """Raises: InvalidInput."""
    if isinstance(value, str) and value in STATUSES:
        return STATUSES[value]
    try:
        return ModelStatus(int(value))
    except ValueError:
        raise InvalidInput(
            f"Invalid value {shown(value)} for parameter 'status' supplied: valid values are {', '.join(STATUSES)}."
        ) from None


def _unique_tags(tags: Sequence[Tag]) -> list[Tag]:
    for tag in tags:
        _check_fact("tag", tag.key, tag.value)
    return list({tag.key: tag for tag in tags}.values())


def _checked_params(params: Sequence[Param]) -> list[Param]:
    for param in params:
        _check_fact("param", param.key, param.value)
    if len({param.key for param in params}) < len(params):
        raise BadRequest("A param of the logged model is given twice. Send each key once.")
    return list(params)


def _check_fact(what: str, key: str, value: str) -> None:
    if not key:
        raise InvalidInput.missing("key")
    check_text(f"{what} key", key)
    check_length(f"{what} key", key, KEY_LIMIT)
    check_text(f"{what} value", value)
    check_length(f"{what} value", value, VALUE_LIMIT)


def _dataset(name: str | None, digest: str | None) -> DatasetRef:
    if not name:
        raise InvalidInput("`dataset_name` in the `datasets` clause must be specified.")
    check_text("dataset_name", name)
    check_text("dataset_digest", digest or "")
    return DatasetRef(name, digest or None)

"""Rules for runs and what is logged to them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from runyard.entities.common import Page, Param, Stage, Tag
from runyard.entities.log_rules import (
    MODEL_HISTORY_TAG,
    LogRules,
    check_batch,
    check_dataset,
    named_tags,
    parse_model,
    parse_status,
    require_run_id,
)
from runyard.entities.run import (
    RUN_NAME_TAG,
    USER_TAG,
    DatasetInput,
    MetricPoint,
    ModelEdge,
    NewRun,
    Run,
)
from runyard.entities.search.limits import RUNS_DEFAULT
from runyard.errors import BadRequest, InvalidInput, shown
from runyard.services.checks import (
    SEARCH_LIMIT,
    check_max_results,
    check_text,
    experiment_of,
    parse_view_type,
)
from runyard.services.context import Context
from runyard.store.run_contracts import RunStore

_ID = re.compile(r"[0-9a-f]{32}")


class RunService:
    """Checks, then asks the store."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._rules = LogRules()

    async def create(
        self,
        ctx: Context,
        experiment_id: str | int | None,
        user_id: str | None,
        name: str | None,
        start_ms: int | None,
        tags: Sequence[Tag],
        run_id: str | None = None,
    ) -> Run:
        """A new run, RUNNING, with a name. Tags are neither checked nor cut here, as in MLflow.

        Args:
            run_id: of the caller's choice; the same request again then makes no other run.
        """
        if run_id is not None and not _ID.fullmatch(run_id):
            raise InvalidInput(
                f"Invalid value {shown(run_id)} for parameter 'run_id' supplied: it must be 32 hex digits."
            )
        if experiment_id is None or experiment_id == "":
            raise BadRequest.missing("experiment_id")
        by_key = named_tags(name, tags)
        new = NewRun(
            run_id or uuid.uuid4().hex,
            experiment_of(ctx, experiment_id),
            by_key[RUN_NAME_TAG],
            user_id or by_key.get(USER_TAG, ""),
            start_ms,
            [Tag(key, value) for key, value in by_key.items()],
        )
        return await self._store.create(ctx.workspace_id, new)

    async def get(self, ctx: Context, run_id: str | None) -> bytes:
        """The document of a run."""
        return await self._store.get(ctx.workspace_id, require_run_id(run_id))

    async def update(
        self, ctx: Context, run_id: str | None, status: str | int | None, end_ms: int | None, name: str | None
    ) -> Run:
        """Set status, end time and name where given."""
        check_text("run_name", name or "")
        return await self._store.update(
            ctx.workspace_id, require_run_id(run_id), parse_status(status), end_ms, name
        )

    async def delete(self, ctx: Context, run_id: str | None) -> None:
        """Soft and idempotent."""
        await self._store.set_stage(ctx.workspace_id, require_run_id(run_id), Stage.DELETED)

    async def restore(self, ctx: Context, run_id: str | None) -> None:
        """Idempotent."""
        await self._store.set_stage(ctx.workspace_id, require_run_id(run_id), Stage.ACTIVE)

    async def search(
        self,
        ctx: Context,
        experiment_ids: Sequence[str | int],
        *,
        view_type: str | int | None,
        filter_string: str | None,
        order_by: Sequence[str],
        max_results: int | None,
        page_token: str | None,
    ) -> Page[bytes]:
        """A page of run documents."""
        return await self._store.search(
            ctx.workspace_id,
            [experiment_of(ctx, number) for number in experiment_ids],
            view=parse_view_type(view_type),
            filter_string=filter_string or "",
            order_by=order_by,
            max_results=check_max_results(RUNS_DEFAULT if max_results is None else max_results, SEARCH_LIMIT),
            page_token=page_token or None,
        )

    async def log_metric(self, ctx: Context, run_id: str | None, point: MetricPoint) -> None:
        """One point; an exact repetition changes nothing."""
        self._rules.check_metric(point.key, point.timestamp, point.value)
        await self._store.log(ctx.workspace_id, require_run_id(run_id), metrics=(point,))

    async def log_param(self, ctx: Context, run_id: str | None, param: Param) -> None:
        """One param; another value than the one stored is InvalidInput."""
        await self._store.log(
            ctx.workspace_id, require_run_id(run_id), params=(self._rules.param(param),), batch=False
        )

    async def set_tag(self, ctx: Context, run_id: str | None, tag: Tag) -> None:
        """Set or overwrite a tag."""
        await self._store.log(ctx.workspace_id, require_run_id(run_id), tags=(self._rules.tag(tag),))

    async def delete_tag(self, ctx: Context, run_id: str, key: str) -> None:
        """Raises: NotFound when there is none."""
        await self._store.delete_tag(ctx.workspace_id, require_run_id(run_id), key)

    async def log_batch(
        self,
        ctx: Context,
        run_id: str | None,
        metrics: Sequence[MetricPoint],
        params: Sequence[Param],
        tags: Sequence[Tag],
    ) -> None:
        """All or nothing, checked as a whole before anything is written."""
        run_id = require_run_id(run_id)
        check_batch(metrics, params, tags)
        for point in metrics:
            self._rules.check_metric(point.key, point.timestamp, point.value)
        await self._store.log(
            ctx.workspace_id,
            run_id,
            metrics=metrics,
            params=[self._rules.param(param) for param in params],
            tags=list({tag.key: self._rules.tag(tag) for tag in tags}.values()),
        )

    async def log_inputs(
        self, ctx: Context, run_id: str, datasets: Sequence[DatasetInput], models: Sequence[ModelEdge]
    ) -> None:
        """Datasets and models that the run read."""
        for one in datasets:
            check_dataset(one)
        await self._store.log_inputs(ctx.workspace_id, require_run_id(run_id), datasets, models)

    async def log_outputs(self, ctx: Context, run_id: str, models: Sequence[ModelEdge]) -> None:
        """Models that the run wrote."""
        await self._store.log_outputs(ctx.workspace_id, require_run_id(run_id), models)

    async def log_model(self, ctx: Context, run_id: str | None, model_json: str | None) -> None:
        """The model description of clients before 3.0, kept in a tag."""
        run_id = require_run_id(run_id)
        await self._store.append_to_tag(ctx.workspace_id, run_id, MODEL_HISTORY_TAG, parse_model(model_json))

"""Rules for reading metric histories."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.log_rules import require_run_id
from runyard.errors import InvalidInput
from runyard.services.context import Context
from runyard.store.run_contracts import History, MetricStore

BULK_RUNS = 100
BULK_POINTS = 25_000
SAMPLED_POINTS = 2_500


class MetricService:
    """Checks, then asks the store."""

    def __init__(self, store: MetricStore) -> None:
        self._store = store

    async def history(
        self, ctx: Context, run_id: str | None, key: str, max_results: int | None, page_token: str | None
    ) -> History:
        """All points without max_results, else a page."""
        if max_results is not None and max_results <= 0:
            raise InvalidInput(
                f"Invalid value {max_results} for parameter 'max_results' supplied. It must be a positive integer"
            )
        return await self._store.history(
            ctx.workspace_id, require_run_id(run_id), key, max_results, page_token or None
        )

    async def bulk(
        self, ctx: Context, run_ids: Sequence[str], key: str | None, max_results: int | None
    ) -> Sequence[tuple[str, History]]:
        """The points of up to 100 runs, 25,000 in all."""
        _check_runs(run_ids, "run_id")
        if not key:
            raise InvalidInput.missing("metric_key")
        limit = min(max_results if max_results is not None else BULK_POINTS, BULK_POINTS)
        return await self._store.bulk(ctx.workspace_id, run_ids, key, max(limit, 0))

    async def sampled(
        self,
        ctx: Context,
        run_ids: Sequence[str],
        key: str,
        max_results: int | None,
        start_step: int | None,
        end_step: int | None,
    ) -> Sequence[tuple[str, History]]:
        """Evenly chosen points of up to 100 runs."""
        _check_runs(run_ids, "run_ids")
        if (start_step is None) != (end_step is None):
            raise InvalidInput("If either start step or end step are specified, both must be specified.")
        if start_step is not None and end_step is not None and start_step > end_step:
            raise InvalidInput(
                f"end_step must be greater than start_step. Found start_step={start_step} and end_step={end_step}."
            )
        limit = SAMPLED_POINTS if max_results is None else max_results
        if not 1 <= limit <= SAMPLED_POINTS:
            raise InvalidInput(f"max_results must be between 1 and {SAMPLED_POINTS}. Found {limit}.")
        return await self._store.sampled(ctx.workspace_id, run_ids, key, limit, start_step, end_step)


def _check_runs(run_ids: Sequence[str], name: str) -> None:
    if not run_ids:
        raise InvalidInput(f"{name} must hold at least one run id.")
    if len(run_ids) > BULK_RUNS:
        raise InvalidInput(f"{name} can hold at most {BULK_RUNS} run ids. Got {len(run_ids)}.")

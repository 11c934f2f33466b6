"""Rules for runs as a table."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.common import ViewType
from runyard.entities.run_table import RunRows, RunTable, TableColumns
from runyard.errors import InvalidInput
from runyard.services.checks import check_length, check_max_results, check_text, experiment_of
from runyard.services.context import Context
from runyard.services.experiments import seen_experiments
from runyard.store.run_table_contracts import RunTableStore, TableQuery

READ = "runs/read"
HANDLES_LIMIT = 20_000
EXPERIMENTS_LIMIT = 10_000
ROWS_LIMIT = 500  # of a page
NAMED_ROWS_LIMIT = 1_000
COLUMNS_LIMIT = 1_000
KEY_LIMIT = 500  # characters; more than any key has
TEXT_LIMIT = 8_192  # characters of one text
CHARS_LIMIT = 50_000_000  # of all texts that one answer might hold
LARGEST = 2**63 - 1


class RunTableService:
    """Checks, then asks the store. What a caller may not read is left out."""

    def __init__(self, store: RunTableStore) -> None:
        self._store = store

    async def page(
        self,
        ctx: Context,
        experiment_ids: Sequence[str | int],
        *,
        view: ViewType,
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
        rows: int,
        columns: TableColumns,
    ) -> RunTable:
        """Handles of one page, and its first rows."""
        if not 0 <= rows <= ROWS_LIMIT:
            raise InvalidInput(
                f"Invalid value {rows} for parameter 'rows' supplied: it must be 0 to {ROWS_LIMIT}. Ask for others "
                "by their handles."
            )
        check_columns(columns, rows)
        return await self._store.page(
            TableQuery(
                ctx.workspace_id,
                chosen_experiments(ctx, experiment_ids),
                seen_experiments(ctx, READ),
                view,
                filter_string,
                tuple(order_by),
                check_max_results(max_results, HANDLES_LIMIT),
                page_token or None,
                rows,
                columns,
            )
        )

    async def rows(
        self, ctx: Context, handles: Sequence[int], run_ids: Sequence[str], columns: TableColumns
    ) -> RunRows:
        """Rows of runs given by handle or by id, in this order; what is not there is left out."""
        if bool(handles) == bool(run_ids):
            raise InvalidInput(
                "Name the rows by 'handles' or by 'run_ids': one of both, and at least one row."
            )
        count = len(handles) + len(run_ids)
        if count > NAMED_ROWS_LIMIT:
            raise InvalidInput(
                f"{count} rows are more than {NAMED_ROWS_LIMIT}. Ask for them in several requests."
            )
        for run_id in run_ids:
            check_text("run_ids", run_id)
        check_columns(columns, count)
        return await self._store.rows(
            ctx.workspace_id,
            seen_experiments(ctx, READ),
            handles=[one for one in handles if 0 <= one <= LARGEST],
            run_ids=run_ids,
            columns=columns,
        )


def chosen_experiments(ctx: Context, experiment_ids: Sequence[str | int]) -> tuple[int, ...]:
    """The experiments that a request names; none stands for the whole workspace.

    Raises: InvalidInput.
    """
    if len(experiment_ids) > EXPERIMENTS_LIMIT:
        raise InvalidInput(
            f"{len(experiment_ids)} experiments are more than {EXPERIMENTS_LIMIT}. Name fewer, or none."
        )
    return tuple(experiment_of(ctx, one) for one in experiment_ids)


def check_columns(columns: TableColumns, rows: int) -> None:
    """Raises: InvalidInput, for more columns or text than one answer holds."""
    keys = [*(one.key for one in columns.metrics), *columns.params, *columns.tags]
    if len(keys) > COLUMNS_LIMIT:
        raise InvalidInput(
            f"{len(keys)} columns are more than {COLUMNS_LIMIT}. Ask for those that are shown."
        )
    for key in keys:
        check_name_of_key(key)
    if not 1 <= columns.text_limit <= TEXT_LIMIT:
        raise InvalidInput(
            f"Invalid value {columns.text_limit} for parameter 'text_limit' supplied: it must be 1 to {TEXT_LIMIT}."
        )
    of_texts = len(columns.params) + len(columns.tags) + 100 * (columns.all_params + columns.all_tags)
    if rows * of_texts * columns.text_limit > CHARS_LIMIT:
        raise InvalidInput(
            f"{rows} rows with {of_texts} columns of texts may hold more than {CHARS_LIMIT} characters. Ask for fewer, "
            "or for a smaller 'text_limit'."
        )


def check_name_of_key(key: str) -> None:
    """Raises: InvalidInput, for what no database could compare a key with."""
    check_text("key", key)
    check_length("key", key, KEY_LIMIT)

"""Runs as a table: handles in the order asked for, and the columns that are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from runyard.entities.run_table import RunRows
from runyard.server.packed import Packed, tag_of
from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.run_table import RunTableService
from runyard.wire.api.columns import pack
from runyard.wire.api.run_table import VIEWS, RowsRequest, TableRequest, chosen, rows_answer, table_answer

SHORT = 20_000  # values; more are packed in a thread


def routes(service: RunTableService) -> list[Route]:
    """A page, and rows by handle."""

    async def table(ctx: Context, body: TableRequest) -> Packed:
        """Search runs for a table: the handles of a page, and packed columns of its first rows.

        Cost: a search, then one look-up for each value that is shown.
        """
        columns = chosen(body.columns)
        found = await service.page(
            ctx,
            body.experiment_ids,
            view=VIEWS[body.view],
            filter_string=body.filter,
            order_by=body.order_by,
            max_results=body.max_results,
            page_token=body.page_token,
            rows=body.rows,
            columns=columns,
        )
        values = len(found.handles) + len(found.rows.infos) * _width(found.rows)
        return await packed(values, lambda: table_answer(found, columns))

    async def rows(ctx: Context, body: RowsRequest) -> Packed:
        """Get packed columns of runs by handle or id; what is not there, or not the caller's to read, is left out.

        Cost: one look-up for each value that is shown.
        """
        columns = chosen(body.columns)
        found = await service.rows(ctx, body.handles, body.run_ids, columns)
        values = len(found.infos) * _width(found)
        return await packed(values, lambda: {"table": rows_answer(found, columns)})

    return [
        *api("POST", "/runs/table", TableRequest, table, "runs/read", filtered=True),
        *api("POST", "/runs/rows", RowsRequest, rows, "runs/read", filtered=True),
    ]


async def packed(values: int, answer: Callable[[], dict[str, Any]]) -> Packed:
    """An answer of so many values, packed; its tag is that of its bytes."""
    body = await asyncio.to_thread(lambda: pack(answer())) if values > SHORT else pack(answer())
    return Packed(tag_of(body), body)


def _width(rows: RunRows) -> int:
    return 10 + len(rows.metrics) + len(rows.params) + len(rows.tags)

"""What the services ask of a store about runs as a table. The rules of store/contracts.py hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from runyard.entities.common import ViewType
from runyard.entities.run_table import RunRows, RunTable, TableColumns
from runyard.store.contracts import Seen


class TableQuery(msgspec.Struct, frozen=True):
    """Which runs, in which order.

    Attributes:
        experiment_ids: none: all experiments of the workspace that are seen; for active runs, all active ones.
        seen: which experiments may be read; None: all of the workspace.
        max_results: handles in one page; rows: how many of them come with their columns.
    """

    workspace_id: int
    experiment_ids: tuple[int, ...]
    seen: Seen | None
    view: ViewType
    filter_string: str
    order_by: tuple[str, ...]
    max_results: int
    page_token: str | None
    rows: int
    columns: TableColumns


class RunTableStore(Protocol):
    """Runs as a table."""

    async def page(self, query: TableQuery) -> RunTable:
        """A page of handles and the first rows of it.

        Cost: a search (index ranges of the filter, then look-ups in the order asked for), then the rows' columns.
        Raises: InvalidInput, for a filter, an order or a token that is none.
        """
        ...

    async def rows(
        self,
        workspace_id: int,
        seen: Seen | None,
        *,
        handles: Sequence[int] = (),
        run_ids: Sequence[str] = (),
        columns: TableColumns,
    ) -> RunRows:
        """The rows of these runs, in this order; what is not there or not seen is left out. Cost: those rows."""
        ...

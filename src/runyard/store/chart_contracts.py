"""What the chart service asks of a store. The rules of store/contracts.py hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runyard.entities.chart import Band, Chart, ChartAxis, ChartRun


class ChartStore(Protocol):
    """Charts of the points of runs; each acknowledged point is in them."""

    async def runs(self, workspace_id: int, run_ids: Sequence[str]) -> Sequence[ChartRun]:
        """The runs that there are, in the order asked for; a chart is the same while their versions are."""
        ...

    async def series(
        self, workspace_id: int, run_ids: Sequence[str], metrics: Sequence[str], axis: ChartAxis
    ) -> Chart:
        """Each metric of each run that has it.

        A bucket's numbers are exact for all points from its first to its last place. A series is answered point by
        point while it has at most twice as many as buckets.
        Raises: CorruptData; QueryTooExpensive, where too many points would be joined with another metric.
        """
        ...

    async def bands(
        self, workspace_id: int, groups: Sequence[Sequence[str]], metrics: Sequence[str], axis: ChartAxis
    ) -> Sequence[Band]:
        """Each metric of each group that has points of it. Raises: as series."""
        ...

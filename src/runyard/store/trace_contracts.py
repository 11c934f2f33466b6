"""What the trace service asks of a store; the promises of `contracts` hold here too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from runyard.entities.common import Page, Tag
from runyard.entities.trace import Assessment, Trace, TraceInfo, TraceState, TraceSummary
from runyard.entities.trace_metrics import DataPoint, MetricQuery, Together


class TraceStore(Protocol):
    """Traces, spans and assessments of one or more experiments."""

    async def start(self, workspace_id: int, info: TraceInfo, *, described: bool = True) -> TraceInfo:
        """Create or overwrite what is known of a trace; tags and metadata are added to those it has.

        Args:
            described: whether this is the client's whole description, which the trace's metadata then says.
        Raises: NotFound for an unknown experiment, InvalidInput when it is deleted or the trace is in another one.
        """
        ...

    async def end(
        self,
        workspace_id: int,
        trace_id: str,
        end_ms: int,
        state: TraceState,
        *,
        metadata: dict[str, str],
        tags: dict[str, str],
    ) -> TraceInfo:
        """Set the duration (end_ms less the start; it may be negative) and state, add metadata and tags.

        May be called again. Raises: NotFound.
        """
        ...

    async def add_spans(self, workspace_id: int, experiment_id: int, found: Sequence[TraceSummary]) -> None:
        """Keep spans, creating their traces where needed; all or nothing. Raises: as `start`."""
        ...

    async def get_info(self, workspace_id: int, trace_id: str) -> TraceInfo:
        """One trace without spans."""
        ...

    async def get_infos(self, workspace_id: int, trace_ids: Sequence[str]) -> list[TraceInfo]:
        """Those that exist, in the order asked for."""
        ...

    async def get_many(self, workspace_id: int, trace_ids: Sequence[str]) -> list[Trace]:
        """Those that exist with the spans that have arrived, in the order asked for."""
        ...

    async def search(
        self,
        workspace_id: int,
        *,
        experiment_ids: Sequence[int],
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
    ) -> Page[TraceInfo]:
        """A page; without order_by the newest first."""
        ...

    async def delete(self, workspace_id: int, experiment_id: int, trace_ids: Sequence[str]) -> int:
        """For good; how many there were."""
        ...

    async def delete_until(
        self, workspace_id: int, experiment_id: int, until_ms: int, limit: int | None
    ) -> int:
        """Delete traces requested at or before until_ms, oldest first, at most limit; how many there were."""
        ...

    async def set_tag(self, workspace_id: int, trace_id: str, tag: Tag) -> None:
        """Raises: BadRequest for an unknown trace, as MLflow has it."""
        ...

    async def delete_tag(self, workspace_id: int, trace_id: str, key: str) -> None:
        """Raises: NotFound."""
        ...

    async def link_to_run(self, workspace_id: int, trace_ids: Sequence[str], run_id: str) -> None:
        """Unknown traces are passed over."""
        ...

    async def link_prompts(
        self, workspace_id: int, trace_id: str, prompts: Sequence[tuple[str, str]]
    ) -> None:
        """Add (name, version) pairs to the prompts of a trace."""
        ...

    async def add_assessment(self, workspace_id: int, assessment: Assessment, other_id: str) -> Assessment:
        """Keep an assessment; the one it overrides becomes invalid. The same one again is kept once.

        Args:
            other_id: its id, if another assessment of the trace has the one that it names.
        Raises: NotFound for an unknown trace.
        """
        ...

    async def get_assessment(self, workspace_id: int, trace_id: str, assessment_id: str) -> Assessment:
        """One assessment."""
        ...

    async def update_assessment(
        self, workspace_id: int, trace_id: str, assessment_id: str, changes: dict[str, Any]
    ) -> Assessment:
        """Replace fields of an assessment by name."""
        ...

    async def delete_assessment(self, workspace_id: int, trace_id: str, assessment_id: str) -> None:
        """Nothing happens when it is gone; the one it overrode is valid again."""
        ...


class TraceMetricStore(Protocol):
    """Numbers over many traces of one workspace."""

    async def metric(self, workspace_id: int, query: MetricQuery) -> list[DataPoint]:
        """One row per group with values, by time, then by the dimensions in their order; at most query.limit."""
        ...

    async def together(
        self, workspace_id: int, experiment_ids: Sequence[int], first: str, second: str, base: str
    ) -> Together:
        """Counts of the traces that match base and these filters. Raises: InvalidInput for a bad filter."""
        ...

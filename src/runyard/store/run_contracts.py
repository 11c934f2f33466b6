"""What the services ask of a store about runs and metrics. The rules of store/contracts.py hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runyard.entities.common import Page, Param, Stage, Tag, ViewType
from runyard.entities.run import DatasetInput, MetricPoint, ModelEdge, NewRun, Run, RunStatus


class RunStore(Protocol):
    """Runs and what is logged to them."""

    async def create(self, workspace_id: int, new: NewRun) -> Run: ...

    async def get(self, workspace_id: int, run_id: str) -> bytes: ...

    async def search(
        self,
        workspace_id: int,
        experiment_ids: Sequence[int],
        *,
        view: ViewType,
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
    ) -> Page[bytes]: ...

    async def log(
        self,
        workspace_id: int,
        run_id: str,
        *,
        metrics: Sequence[MetricPoint] = (),
        params: Sequence[Param] = (),
        tags: Sequence[Tag] = (),
        batch: bool = True,
    ) -> None:
        """All or nothing; a replay changes nothing."""
        ...

    async def update(
        self, workspace_id: int, run_id: str, status: RunStatus | None, end_ms: int | None, name: str | None
    ) -> Run: ...

    async def set_stage(self, workspace_id: int, run_id: str, stage: Stage) -> None: ...

    async def delete_tag(self, workspace_id: int, run_id: str, key: str) -> None: ...

    async def append_to_tag(self, workspace_id: int, run_id: str, key: str, item: object) -> None: ...

    async def log_inputs(
        self, workspace_id: int, run_id: str, datasets: Sequence[DatasetInput], models: Sequence[ModelEdge]
    ) -> None: ...

    async def log_outputs(self, workspace_id: int, run_id: str, models: Sequence[ModelEdge]) -> None: ...


class History(Protocol):
    """Columns of points in order, and the token of the next page."""

    @property
    def steps(self) -> list[int]: ...

    @property
    def ms(self) -> list[int]: ...

    @property
    def values(self) -> list[float]: ...

    @property
    def next_page_token(self) -> str | None: ...


class MetricStore(Protocol):
    """Histories."""

    async def history(
        self, workspace_id: int, run_id: str, key: str, max_results: int | None, page_token: str | None
    ) -> History: ...

    async def bulk(
        self, workspace_id: int, run_ids: Sequence[str], key: str, limit: int
    ) -> Sequence[tuple[str, History]]: ...

    async def sampled(
        self,
        workspace_id: int,
        run_ids: Sequence[str],
        key: str,
        max_results: int,
        start_step: int | None,
        end_step: int | None,
    ) -> Sequence[tuple[str, History]]: ...

    async def of_run(
        self, workspace_id: int, run_id: str, max_results: int, series: int, page_token: str | None
    ) -> tuple[Sequence[tuple[str, History]], str | None]:
        """At most max_results points of at most so many series of a run, by name, and the token of what follows.

        Raises: NotFound.
        """
        ...

"""What a run has logged, read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runyard.sdk.metrics_merge import CHARTS, Record, Series, merged
from runyard.sdk.run_children import RunChildren
from runyard.sdk.run_files import RunArtifact
from runyard.sdk.run_handle import OWN

HISTORY = "/api/2.0/mlflow/metrics/get-history"
POINTS_IN_ONE = 50_000
_ADDRESS = "aml://artifactId/ExperimentRun/dcid."


class RunMetrics(RunChildren):
    """Metrics of a run and of those below it."""

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: str | None = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """Values by name; metrics_merge says which shapes there are. What MLflow logged is among them.

        Args:
            name: this one only.
            recursive: of this run and all below it, by run id.
            run_type: with recursive, of runs of this type only.
            populate: images and charts as artifacts instead of their addresses.
        """
        if not recursive:
            return self._metrics(name, populate)
        runs = [self, *self.get_children(recursive=True)]
        wanted = [run for run in runs if run_type is None or run.type == run_type]
        return {run.id: run._metrics(name, populate) for run in wanted}

    def _metrics(self, name: str | None, populate: bool) -> dict[str, Any]:
        self.flush()
        points = self._all_points() if name is None else self._points(name)
        records = list(self._records(name))
        found = merged(points, records)
        if populate:
            charts = {one.name for one in records if one.kind in CHARTS}
            found |= {one: self._populated(found[one]) for one in charts & found.keys()}
        return found

    def _all_points(self) -> Mapping[str, Series]:
        """The points of every metric."""
        found: dict[str, Series] = {}
        for part in self._link.pages(f"{OWN}/{self.id}/points", max_results=POINTS_IN_ONE):
            series = found.setdefault(part["name"], Series([], []))
            series.ms.extend(part["timestamps"])
            series.values.extend(part["values"])
        return found

    def _points(self, name: str) -> Mapping[str, Series]:
        """The points of one metric, if there are any."""
        series = Series([], [])
        for one in self._link.pages(
            HISTORY, "metrics", run_id=self.id, metric_key=name, max_results=POINTS_IN_ONE
        ):
            series.ms.append(int(one["timestamp"]))
            series.values.append(one["value"])
        return {name: series} if series.ms else {}

    def _records(self, name: str | None) -> Iterator[Record]:
        query = {} if name is None else {"name": name}
        items = self._link.pages(f"{OWN}/{self.id}/records", max_results=1_000, **query)
        return (Record(one["name"], one["kind"], one["logged_ms"], one["body"]) for one in items)

    def _populated(self, value: Any) -> Any:
        """Addresses as artifacts."""
        if isinstance(value, list):
            return [self._populated(one) for one in value]
        if isinstance(value, str) and value.startswith(_ADDRESS):
            return RunArtifact(self.id, value.removeprefix(f"{_ADDRESS}{self.id}/"), value)
        return value

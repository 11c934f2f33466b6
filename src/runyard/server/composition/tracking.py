"""Composition of what is tracked: experiments, runs, points, models, traces, and their files."""

from __future__ import annotations

from runyard.server.composition.foundation import ARTIFACT_ROOT, Foundation
from runyard.server.routes import otlp
from runyard.server.routes.api import charts, run_points, run_records, transfer
from runyard.server.routes.mlflow import (
    artifacts,
    dataset_search,
    experiments,
    logged_models,
    metrics,
    registry,
    runs,
    trace_files,
    trace_metrics,
    traces,
)
from runyard.server.routing import Route
from runyard.services.artifacts import ArtifactService
from runyard.services.charts import ChartService
from runyard.services.dataset_search import DatasetSearchService
from runyard.services.experiments import ExperimentService
from runyard.services.logged_models import LoggedModelService
from runyard.services.metrics import MetricService
from runyard.services.places import ExperimentPlaces
from runyard.services.registry import RegistryService
from runyard.services.roots import SourceRoots, StoredRoots
from runyard.services.run_points import RunPointService
from runyard.services.run_records import RunRecordService
from runyard.services.runs import RunService
from runyard.services.trace_metrics import TraceMetricService
from runyard.services.traces import TraceService
from runyard.services.transfer import TransferService
from runyard.services.upload_order import UploadOrder
from runyard.store.sql.charts import SqlCharts
from runyard.store.sql.dataset_search import SqlDatasetSearch
from runyard.store.sql.experiments import SqlExperiments
from runyard.store.sql.logged_models import SqlLoggedModels, record_metrics
from runyard.store.sql.metrics import SqlMetrics
from runyard.store.sql.registry import SqlRegistry
from runyard.store.sql.run_records import SqlRunRecords
from runyard.store.sql.runs import SqlRuns
from runyard.store.sql.trace_metrics import SqlTraceMetrics
from runyard.store.sql.traces import SqlTraces
from runyard.store.sql.transfer.store import SqlTransfer
from runyard.store.sql.uploads import SqlUploads
from runyard.wire.mlflow.runs import render


class Tracking:
    """Stores, services and routes. Others ask for `runs`, `experiments` and `files`."""

    def __init__(self, base: Foundation) -> None:
        self._base = base
        self.runs = SqlRuns(base.marked, base.key, render, record_metrics)
        self._models = SqlLoggedModels(base.marked, base.key)
        self._registry = RegistryService(
            SqlRegistry(base.database, base.key), SourceRoots(self.runs, self._models)
        )
        self._traces = TraceService(SqlTraces(base.marked, base.key))
        self._places = ExperimentPlaces(base.mount, base.owners)
        self.experiments = ExperimentService(
            SqlExperiments(base.marked, base.key), ARTIFACT_ROOT, self._places
        )
        self.files = ArtifactService(
            base.mount, StoredRoots(self.runs, self._models, self._registry), base.owners
        )

    def routes(self) -> list[Route]:
        """All but those of `transfer_routes`."""
        return [
            *experiments.routes(self.experiments),
            *dataset_search.routes(DatasetSearchService(SqlDatasetSearch(self._base.database))),
            *self._of_runs(),
            *logged_models.routes(LoggedModelService(self._models)),
            *registry.routes(self._registry),
            *self._of_traces(),
            *artifacts.routes(self.files, UploadOrder(SqlUploads(self._base.database))),
        ]

    def transfer_routes(self) -> list[Route]:
        """By which all that is tracked comes in from elsewhere, and goes out."""
        store = SqlTransfer(self._base.database, self._base.key)
        return transfer.routes(TransferService(store, self.files, ARTIFACT_ROOT, self._places))

    def _of_runs(self) -> list[Route]:
        base = self._base
        return [
            *runs.routes(RunService(self.runs)),
            *run_points.routes(RunPointService(SqlMetrics(base.database, base.key))),
            *run_records.routes(RunRecordService(SqlRunRecords(base.marked, base.key))),
            *metrics.routes(MetricService(SqlMetrics(base.database, base.key))),
            *charts.routes(ChartService(SqlCharts(base.database))),
        ]

    def _of_traces(self) -> list[Route]:
        return [
            *traces.routes(self._traces),
            *trace_files.routes(self._traces, self.files),
            *trace_metrics.routes(TraceMetricService(SqlTraceMetrics(self._base.database))),
            *otlp.routes(self._traces),
        ]

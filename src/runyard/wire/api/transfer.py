"""Requests and answers of import and export. Records are those of entities.transfer, as JSON."""

from __future__ import annotations

import msgspec

from runyard.entities.transfer import (
    DatasetRecord,
    DatastoreRecord,
    ExperimentRecord,
    FileDigest,
    LoggedModelRecord,
    LoggedRecord,
    Placed,
    RegisteredModelRecord,
    RunRecord,
    SeriesDigest,
    SeriesPoints,
    TraceRecord,
)
from runyard.wire.mlflow.scalars import Int32


class ImportExperiments(msgspec.Struct):
    items: list[ExperimentRecord]


class ImportRuns(msgspec.Struct):
    items: list[RunRecord]


class ImportPoints(msgspec.Struct):
    run_id: str
    items: list[SeriesPoints]


class ImportLogged(msgspec.Struct):
    run_id: str
    items: list[LoggedRecord]


class ImportLoggedModels(msgspec.Struct):
    items: list[LoggedModelRecord]


class ImportTraces(msgspec.Struct):
    items: list[TraceRecord]


class ImportRegisteredModels(msgspec.Struct):
    items: list[RegisteredModelRecord]


class ImportDatasets(msgspec.Struct):
    items: list[DatasetRecord]


class ImportDatastores(msgspec.Struct):
    items: list[DatastoreRecord]


class ExportFiles(msgspec.Struct):
    """Files by their paths; the first one is read from `start` on, a multiple of 33,554,432."""

    paths: list[str]
    start: int = 0


class ImportedAnswer(msgspec.Struct):
    """One answer for each record, in the order of the request."""

    items: list[Placed]


class CountedAnswer(msgspec.Struct):
    count: int


class FileDigests(msgspec.Struct):
    """Of the first of the paths, as many as one request may read; of a large file one piece."""

    items: list[FileDigest]


class ExportAll(msgspec.Struct):
    max_results: Int32 = 100
    page_token: str | None = None


class ExportOfExperiment(msgspec.Struct):
    experiment_id: str
    max_results: Int32 = 100
    page_token: str | None = None


class ExportOfRun(msgspec.Struct):
    run_id: str
    max_results: Int32 = 1_000
    page_token: str | None = None


class ExportDigests(msgspec.Struct):
    run_id: str
    max_results: Int32 = 250_000
    page_token: str | None = None


class ExportedDigestsPage(msgspec.Struct):
    items: list[SeriesDigest]
    next_page_token: str | None = None


class ExportedExperimentsPage(msgspec.Struct):
    items: list[ExperimentRecord]
    next_page_token: str | None = None


class ExportedRunsPage(msgspec.Struct):
    items: list[RunRecord]
    next_page_token: str | None = None


class ExportedPointsPage(msgspec.Struct):
    items: list[SeriesPoints]
    next_page_token: str | None = None


class ExportedLoggedPage(msgspec.Struct):
    items: list[LoggedRecord]
    next_page_token: str | None = None


class ExportedLoggedModelsPage(msgspec.Struct):
    items: list[LoggedModelRecord]
    next_page_token: str | None = None


class ExportedTracesPage(msgspec.Struct):
    items: list[TraceRecord]
    next_page_token: str | None = None


class ExportedRegisteredModelsPage(msgspec.Struct):
    items: list[RegisteredModelRecord]
    next_page_token: str | None = None


class ExportedDatasetsPage(msgspec.Struct):
    items: list[DatasetRecord]
    next_page_token: str | None = None


class ExportedDatastoresPage(msgspec.Struct):
    items: list[DatastoreRecord]
    next_page_token: str | None = None

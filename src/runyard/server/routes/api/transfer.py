"""Whole workspaces in and out, with their ids and times: what `runyard import` and `runyard export` call.

Bodies are read exactly as they are: no name is respelled and no null dropped, because keys of records are data.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runyard.entities.common import Page
from runyard.errors import InvalidInput
from runyard.server.application import BODY_LIMIT, check_json, read_body
from runyard.server.routing import OWN, Route, api, raw
from runyard.services.context import Context
from runyard.services.transfer import TransferService
from runyard.wire.api.transfer import (
    CountedAnswer,
    ExportAll,
    ExportDigests,
    ExportedDatasetsPage,
    ExportedDatastoresPage,
    ExportedDigestsPage,
    ExportedExperimentsPage,
    ExportedLoggedModelsPage,
    ExportedLoggedPage,
    ExportedPointsPage,
    ExportedRegisteredModelsPage,
    ExportedRunsPage,
    ExportedTracesPage,
    ExportFiles,
    ExportOfExperiment,
    ExportOfRun,
    FileDigests,
    ImportDatasets,
    ImportDatastores,
    ImportedAnswer,
    ImportExperiments,
    ImportLogged,
    ImportLoggedModels,
    ImportPoints,
    ImportRegisteredModels,
    ImportRuns,
    ImportTraces,
)

T = TypeVar("T")
ACTION = "workspaces/import"
NOSNIFF = {"x-content-type-options": "nosniff"}


def routes(service: TransferService) -> list[Route]:
    """All of them."""
    return [
        *_imports(service),
        *_exports(service),
        *_exports_of_experiments(service),
        *_exports_of_runs(service),
    ]


def _imports(service: TransferService) -> list[Route]:
    async def experiments(ctx: Context, body: ImportExperiments) -> ImportedAnswer:
        """Bring experiments in; the answer says which number each has now."""
        return ImportedAnswer(await service.put_experiments(ctx, body.items))

    async def runs(ctx: Context, body: ImportRuns) -> ImportedAnswer:
        """Bring runs in, without their points."""
        return ImportedAnswer(await service.put_runs(ctx, body.items))

    async def points(ctx: Context, body: ImportPoints) -> CountedAnswer:
        """Add points to a run; exact repetitions change nothing."""
        return CountedAnswer(await service.put_points(ctx, body.run_id, body.items))

    async def logged(ctx: Context, body: ImportLogged) -> CountedAnswer:
        """Add what the SDK logged to a run beside numbers."""
        return CountedAnswer(await service.put_logged(ctx, body.run_id, body.items))

    async def logged_models(ctx: Context, body: ImportLoggedModels) -> ImportedAnswer:
        """Bring logged models in."""
        return ImportedAnswer(await service.put_logged_models(ctx, body.items))

    async def traces(ctx: Context, body: ImportTraces) -> ImportedAnswer:
        """Bring traces in, with spans and assessments."""
        return ImportedAnswer(await service.put_traces(ctx, body.items))

    async def registered_models(ctx: Context, body: ImportRegisteredModels) -> ImportedAnswer:
        """Bring registered models in, with versions, aliases and tags."""
        return ImportedAnswer(await service.put_registered_models(ctx, body.items))

    async def datasets(ctx: Context, body: ImportDatasets) -> ImportedAnswer:
        """Bring registered datasets in, with their versions."""
        return ImportedAnswer(await service.put_datasets(ctx, body.items))

    async def datastores(ctx: Context, body: ImportDatastores) -> ImportedAnswer:
        """Bring datastores in; their credentials must be set afterwards."""
        return ImportedAnswer(await service.put_datastores(ctx, body.items))

    async def files(ctx: Context, body: ExportFiles) -> FileDigests:
        """Size and SHA-256 of stored files, a piece of 32 MiB at a time: ask again for the paths that have no answer, and
        for the rest of a file that goes on, with `start`."""
        return FileDigests(await service.file_digests(ctx, body.paths, body.start))

    return [
        *_exact("/import/experiments", ImportExperiments, experiments),
        *_exact("/import/runs", ImportRuns, runs),
        *_exact("/import/points", ImportPoints, points),
        *_exact("/import/logged", ImportLogged, logged),
        *_exact("/import/logged-models", ImportLoggedModels, logged_models),
        *_exact("/import/traces", ImportTraces, traces),
        *_exact("/import/registered-models", ImportRegisteredModels, registered_models),
        *_exact("/import/datasets", ImportDatasets, datasets),
        *_exact("/import/datastores", ImportDatastores, datastores),
        *_exact("/export/files", ExportFiles, files),
    ]


def _exports(service: TransferService) -> list[Route]:
    async def experiments(ctx: Context, body: ExportAll) -> ExportedExperimentsPage:
        """A page of experiments, deleted ones included."""
        return ExportedExperimentsPage(
            *_page(await service.experiments(ctx, body.max_results, body.page_token))
        )

    async def registered_models(ctx: Context, body: ExportAll) -> ExportedRegisteredModelsPage:
        """A page of registered models with all their versions."""
        return ExportedRegisteredModelsPage(
            *_page(await service.registered_models(ctx, body.max_results, body.page_token))
        )

    async def datasets(ctx: Context, body: ExportAll) -> ExportedDatasetsPage:
        """A page of registered datasets with all their versions."""
        return ExportedDatasetsPage(*_page(await service.datasets(ctx, body.max_results, body.page_token)))

    async def datastores(ctx: Context, body: ExportAll) -> ExportedDatastoresPage:
        """A page of datastores, without credentials."""
        return ExportedDatastoresPage(
            *_page(await service.datastores(ctx, body.max_results, body.page_token))
        )

    return [
        *api("GET", "/export/experiments", ExportAll, experiments, ACTION),
        *api("GET", "/export/registered-models", ExportAll, registered_models, ACTION),
        *api("GET", "/export/datasets", ExportAll, datasets, ACTION),
        *api("GET", "/export/datastores", ExportAll, datastores, ACTION),
    ]


def _exports_of_experiments(service: TransferService) -> list[Route]:
    async def runs(ctx: Context, body: ExportOfExperiment) -> ExportedRunsPage:
        """A page of an experiment's runs, deleted ones included, without their points."""
        return ExportedRunsPage(
            *_page(await service.runs(ctx, body.experiment_id, body.max_results, body.page_token))
        )

    async def logged_models(ctx: Context, body: ExportOfExperiment) -> ExportedLoggedModelsPage:
        """A page of an experiment's logged models, deleted ones included."""
        return ExportedLoggedModelsPage(
            *_page(await service.logged_models(ctx, body.experiment_id, body.max_results, body.page_token))
        )

    async def traces(ctx: Context, body: ExportOfExperiment) -> ExportedTracesPage:
        """A page of an experiment's traces with spans and assessments."""
        return ExportedTracesPage(
            *_page(await service.traces(ctx, body.experiment_id, body.max_results, body.page_token))
        )

    return [
        *api("GET", "/export/runs", ExportOfExperiment, runs, ACTION),
        *api("GET", "/export/logged-models", ExportOfExperiment, logged_models, ACTION),
        *api("GET", "/export/traces", ExportOfExperiment, traces, ACTION),
    ]


def _exports_of_runs(service: TransferService) -> list[Route]:
    async def points(ctx: Context, body: ExportOfRun) -> ExportedPointsPage:
        """Points of all metrics of a run by key; max_results counts points, up to 100,000."""
        return ExportedPointsPage(
            *_page(await service.points(ctx, body.run_id, body.max_results, body.page_token))
        )

    async def digests(ctx: Context, body: ExportDigests) -> ExportedDigestsPage:
        """Count and digest of each metric of a run; max_results counts the points read, up to 1,000,000. A metric that goes
        on on the next page has a digest there, too, and they add up."""
        return ExportedDigestsPage(
            *_page(await service.digests(ctx, body.run_id, body.max_results, body.page_token))
        )

    async def logged(ctx: Context, body: ExportOfRun) -> ExportedLoggedPage:
        """A page of what the SDK logged to a run beside numbers."""
        return ExportedLoggedPage(
            *_page(await service.logged(ctx, body.run_id, body.max_results, body.page_token))
        )

    return [
        *api("GET", "/export/points", ExportOfRun, points, ACTION),
        *api("GET", "/export/digests", ExportDigests, digests, ACTION),
        *api("GET", "/export/logged", ExportOfRun, logged, ACTION),
    ]


def _exact(path: str, kind: type[T], handler: Callable[[Context, T], Awaitable[Any]]) -> list[Route]:
    """A POST route that reads its body strictly."""

    async def handle(ctx: Context, request: Request) -> Response:
        check_json(request.headers.get("content-type"))
        body = await read_body(request.scope, request.receive, BODY_LIMIT)
        try:
            decoded = msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
            raise InvalidInput(f"The body is not what this route takes: {str(exc)[:500]}") from None
        answer = msgspec.json.encode(await handler(ctx, decoded))
        return Response(answer, media_type="application/json", headers=NOSNIFF)

    handle.__doc__ = handler.__doc__
    return raw("POST", OWN + path, handle, ACTION)


def _page(page: Page[T]) -> tuple[list[T], str | None]:
    return page.items, page.next_page_token

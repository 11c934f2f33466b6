"""Runs under ids that clients choose, their properties, and what the SDK logs beside numbers."""

from __future__ import annotations

from typing import Any

from runyard.entities.run_record import RunRecord
from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.run_records import RunRecordService, body_text
from runyard.wire.api.run_records import (
    AddRecords,
    CreatedRun,
    CreateRunHere,
    ListRecords,
    NumberAnswer,
    PropertiesAnswer,
    PropertiesOfRun,
    PropertiesOfRuns,
    PropertiesPage,
    RecordPage,
    RunOfPath,
    SetProperties,
)
from runyard.wire.mlflow.runs import message_of

EMPTY: dict[str, Any] = {}


def routes(service: RunRecordService) -> list[Route]:
    """All of them."""
    return [*_records(service), *_properties(service)]


def _records(service: RunRecordService) -> list[Route]:
    async def create(ctx: Context, body: CreateRunHere) -> CreatedRun:
        """Create a run, under an id of the caller's choice where one is given; again answers the same run."""
        run = await service.create_run(
            ctx,
            experiment_id=body.experiment_id,
            experiment_name=body.experiment_name,
            run_id=body.run_id,
            name=body.name,
            parent_run_id=body.parent_run_id,
            tags=body.tags,
            properties=body.properties,
            start_ms=body.start_ms,
        )
        return CreatedRun(message_of(run))

    async def number(ctx: Context, body: RunOfPath) -> NumberAnswer:
        """Get which run of its experiment it is, in the order in which they came here."""
        return NumberAnswer(await service.number(ctx, body.run_id))

    async def add(ctx: Context, body: AddRecords) -> dict[str, Any]:
        """Add up to 1,000 records of 1 MiB each to a run, all or none; a uuid that is there already is left out."""
        records = [
            RunRecord(one.uuid, one.name, one.kind, one.logged_ms, body_text(one.name, one.body))
            for one in body.records
        ]
        await service.add(ctx, body.run_id, records)
        return EMPTY

    async def listing(ctx: Context, body: ListRecords) -> RecordPage:
        """List the records of a run in the order in which they came."""
        page = await service.records(
            ctx,
            body.run_id,
            name=body.name,
            kind=body.kind,
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return RecordPage.of(page)

    return [
        *api("POST", "/runs", CreateRunHere, create, "runs/write", filtered=True),
        *api("GET", "/runs/{run_id}/number", RunOfPath, number, "runs/read"),
        *api("POST", "/runs/{run_id}/records", AddRecords, add, "runs/write"),
        *api("GET", "/runs/{run_id}/records", ListRecords, listing, "runs/read"),
    ]


def _properties(service: RunRecordService) -> list[Route]:
    async def get(ctx: Context, body: RunOfPath) -> PropertiesAnswer:
        """Get the properties of a run."""
        return PropertiesAnswer(await service.properties(ctx, body.run_id))

    async def set_(ctx: Context, body: SetProperties) -> dict[str, Any]:
        """Set properties of a run; one that is set already keeps its value, and another value is refused."""
        await service.set_properties(ctx, body.run_id, body.properties)
        return EMPTY

    async def of_runs(ctx: Context, body: PropertiesOfRuns) -> PropertiesPage:
        """Get the properties of up to 1,000 runs; those that are not there are left out."""
        found = await service.properties_of(ctx, body.run_ids)
        return PropertiesPage([PropertiesOfRun(*one) for one in found.items()])

    return [
        *api("GET", "/runs/{run_id}/properties", RunOfPath, get, "runs/read"),
        *api("POST", "/runs/{run_id}/properties", SetProperties, set_, "runs/write"),
        *api("POST", "/run-properties", PropertiesOfRuns, of_runs, "runs/read"),
    ]

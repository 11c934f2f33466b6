"""Who is told of what happens to runs, and how long runs may be silent."""

from __future__ import annotations

from typing import Any

from runyard.server.routing import Route, api
from runyard.services.alerts import READ, WRITE, AlertService
from runyard.services.context import Context
from runyard.services.liveness import LivenessService
from runyard.wire.api.alerts import (
    AlertInfo,
    AlertKey,
    AlertName,
    AlertPage,
    LivenessAnswer,
    LivenessOfExperiment,
    SetAlert,
    SetLiveness,
    Tested,
)
from runyard.wire.mlflow.artifacts import Nothing

EMPTY: dict[str, Any] = {}


def routes(alerts: AlertService, liveness: LivenessService) -> list[Route]:
    """All of them."""
    return [*_alerts(alerts), *_liveness(liveness)]


def _alerts(service: AlertService) -> list[Route]:
    async def listing(ctx: Context, body: Nothing) -> AlertPage:
        """List alerts of the workspace and its experiments, without addresses."""
        return AlertPage([AlertInfo.of(one) for one in await service.list(ctx)])

    async def put(ctx: Context, body: SetAlert) -> AlertKey:
        """Set or replace an alert: which events of which runs are posted where. Answers the key of its signatures."""
        key = await service.set(
            ctx,
            body.name,
            body.url,
            body.events,
            experiment_id=body.experiment_id,
            stalled_s=body.stalled_s,
            key=body.signing_key,
        )
        return AlertKey(body.name, key)

    async def delete(ctx: Context, body: AlertName) -> dict[str, Any]:
        """Delete an alert, with its messages that did not arrive yet."""
        await service.delete(ctx, body.name)
        return EMPTY

    async def test(ctx: Context, body: AlertName) -> Tested:
        """Send a test message now; an error says why it did not arrive."""
        return Tested(await service.test(ctx, body.name))

    return [
        *api("GET", "/alerts", Nothing, listing, READ, filtered=True),
        *api("POST", "/alerts", SetAlert, put, WRITE, filtered=True),
        *api("DELETE", "/alerts/{name}", AlertName, delete, WRITE, filtered=True),
        *api("POST", "/alerts/{name}/test", AlertName, test, WRITE, filtered=True),
    ]


def _liveness(service: LivenessService) -> list[Route]:
    async def get(ctx: Context, body: Nothing) -> LivenessAnswer:
        """How long runs may be silent before they count as failed."""
        found = await service.limits(ctx)
        experiments = [LivenessOfExperiment(str(one), seconds) for one, seconds in found.experiments.items()]
        return LivenessAnswer(found.server_s, found.workspace_s, experiments)

    async def put(ctx: Context, body: SetLiveness) -> dict[str, Any]:
        """Set how long runs of the workspace, or of one experiment, may be silent; null: as further out."""
        await service.set_limit(ctx, body.experiment_id, body.seconds)
        return EMPTY

    return [
        *api("GET", "/liveness", Nothing, get, READ, filtered=True),
        *api("POST", "/liveness", SetLiveness, put, WRITE, filtered=True),
    ]

"""Requests that come inside a journal: decoded, decided and written down as if each had come by HTTP."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec

from runyard.entities.access import ANONYMOUS
from runyard.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound, RunyardError
from runyard.server.access import Access, plain_fields
from runyard.server.routing import PREFIXES, Match, RouteTable
from runyard.services.audit import AuditTrail
from runyard.services.context import Context
from runyard.services.experiments import ExperimentService
from runyard.wire.mlflow.decoding import decode_body
from runyard.wire.mlflow.traces import EXPERIMENT

_MLFLOW = {
    # what a training says of its run, its models and its traces; whose answer nobody waits for. Each writes once, which
    # is kept together with the record's seq, so that none is done twice.
    "/2.0/mlflow/runs/log-inputs": ("POST",),
    "/2.0/mlflow/runs/outputs": ("POST",),
    "/2.0/mlflow/runs/log-model": ("POST",),
    "/2.0/mlflow/logged-models": ("POST",),  # under an id of the client's choice
    "/2.0/mlflow/logged-models/{id}": ("PATCH",),
    "/2.0/mlflow/logged-models/{id}/tags": ("PATCH",),
    "/2.0/mlflow/logged-models/{id}/tags/{key}": ("DELETE",),
    "/2.0/mlflow/logged-models/{id}/params": ("POST",),
    "/2.0/mlflow/experiments/set-experiment-tag": ("POST",),
    "/2.0/mlflow/experiments/delete-experiment-tag": ("POST",),
    "/3.0/mlflow/traces": ("POST",),
    "/3.0/mlflow/traces/{trace_id}/tags": ("PATCH", "DELETE"),
    "/3.0/mlflow/traces/{trace_id}/assessments": ("POST",),
    "/2.0/mlflow/traces/{trace_id}/tags": ("PATCH", "DELETE"),
    "/2.0/mlflow/traces/link-to-run": ("POST",),
    "/2.0/mlflow/traces/link-prompts": ("POST",),
}
_OWN = {
    "/api/v1/runs/{run_id}/records": ("POST",),
    "/api/v1/runs/{run_id}/properties": ("POST",),
    "/api/v1/spans": ("POST",),
}
_BEGINNING = frozenset({*(f"{prefix}/3.0/mlflow/traces" for prefix in PREFIXES), "/api/v1/spans"})
"""What may be the first that is said of an experiment."""
ALLOWED = frozenset(
    [(method, prefix + path) for prefix in PREFIXES for path, some in _MLFLOW.items() for method in some]
    + [(method, path) for path, some in _OWN.items() for method in some]
)
"""Not among them: what makes records whose names or numbers the client must learn (experiments, registered models and
their versions), what deletes records, and what has a record of its own (points, params, tags, runs)."""


class RouteDispatcher:
    """Calls routes of a table for whoever may send a journal.

    A body may name its experiment, as `experiment`, instead of giving its id: a client without a server knows no more.

    Args:
        routes: set once it is known.
    """

    def __init__(self, access: Access, trail: AuditTrail, experiments: ExperimentService) -> None:
        self._access = access
        self._trail = trail
        self._experiments = experiments
        self.routes = RouteTable([])

    async def prepare(self, ctx: Context, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The body with the id of the experiment that it names; one that traces begin is made when it is absent.

        May be called again. Raises: what the service of experiments raises.
        """
        if "experiment" not in body or "experiment_id" in body:
            return body
        name, begins = str(body["experiment"]), path in _BEGINNING
        return _placed(body, str(await self._experiment(ctx, name, may_make=begins)))

    async def _experiment(self, ctx: Context, name: str, *, may_make: bool) -> int:
        may_make = may_make and ctx.grants.permits("experiments/write")
        try:
            return (await self._experiments.get_by_name(ctx, name)).id
        except NotFound:
            if not may_make:
                raise
        try:
            return await self._experiments.create(ctx, name, None, [])
        except AlreadyExists:  # by another request, just now
            return (await self._experiments.get_by_name(ctx, name)).id

    async def call(self, ctx: Context, method: str, path: str, body: dict[str, Any]) -> None:
        """As if the request had come by HTTP, in the workspace of ctx.

        Raises: what the route raises; NotAllowed for a route that cannot be called from a journal.
        """
        match = self.routes.find(method, path)
        route = match.route
        if (method, route.path) not in ALLOWED or route.action == ANONYMOUS:
            raise NotAllowed(
                f"{method} {path[:200]} cannot be sent in a journal: its answer matters, or it cannot be repeated. "
                "Send it as a request."
            )
        ctx = msgspec.structs.replace(ctx, also={})
        try:
            self._access.check(route, ctx)
        except NotAllowed as exc:
            await self._note(match, ctx, match.values, exc)
            raise
        assert route.request is not None and route.handler is not None
        request = decode_body(_as_json(body), route.request, match.values)
        fields = plain_fields(request) if ctx.grants.experiments or route.audited else {}
        try:
            await self._access.check_experiments(route, ctx, fields)
            await route.handler(ctx, request)
        except RunyardError as exc:
            await self._note(match, ctx, fields, exc)
            raise
        await self._note(match, ctx, fields, None)

    async def _note(self, match: Match, ctx: Context, fields: Any, error: RunyardError | None) -> None:
        if match.route.audited:
            await self._trail.note(ctx, match.route.audit_action, fields, error, ctx.remote)


def _placed(body: dict[str, Any], experiment_id: str) -> dict[str, Any]:
    """The body in an experiment; a trace says it where MLflow looks for it."""
    trace = body.get("trace")
    info = trace.get("trace_info") if isinstance(trace, dict) else None
    if not isinstance(trace, dict) or not isinstance(info, dict):
        return {**body, "experiment_id": experiment_id}
    place = {"type": EXPERIMENT, "mlflow_experiment": {"experiment_id": experiment_id}}
    return {**body, "trace": {**trace, "trace_info": {**info, "trace_location": place}}}


def _as_json(body: dict[str, Any]) -> bytes:
    """Raises: InvalidInput for what JSON cannot say."""
    try:
        return json.dumps(body, default=_text).encode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidInput(f"The body of a call is not plain data ({exc}).") from None


def _text(value: object) -> str:
    """Bytes as JSON has them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is not in JSON")

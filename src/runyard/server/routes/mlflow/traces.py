"""MLflow's routes for traces and assessments."""

from __future__ import annotations

from typing import Any

from runyard.entities.common import Tag
from runyard.entities.experiment import DEFAULT_EXPERIMENT_ID
from runyard.entities.trace import TraceInfo
from runyard.errors import InvalidInput
from runyard.server.routes.mlflow import traces_v2
from runyard.server.routing import Route, rpc
from runyard.services.checks import experiment_of
from runyard.services.context import Context
from runyard.services.traces import TraceService, now_ms
from runyard.wire.mlflow.traces import (
    AssessmentAnswer,
    AssessmentId,
    AssessmentMessage,
    CreateAssessment,
    DeletedTraces,
    DeleteTraces,
    DeleteTraceTag,
    GetTrace,
    InfoMessage,
    InfosAnswer,
    LinkPrompts,
    LinkToRun,
    SearchTraces,
    SetTraceTag,
    StartTrace,
    TraceAnswer,
    TraceId,
    TraceIds,
    TraceMessage,
    TracePage,
    TracesAnswer,
    UpdateAssessment,
)

EMPTY: dict[str, Any] = {}
V2 = "/2.0/mlflow/traces"
V3 = "/3.0/mlflow/traces"
MASKABLE = {
    "assessment_name": "name",
    "feedback": "feedback",
    "expectation": "expectation",
    "issue": "issue",
    "rationale": "rationale",
    "metadata": "metadata",
    "source": "source",
    "error": "error",
    "valid": "valid",
}


def routes(service: TraceService) -> list[Route]:
    """All of them."""
    return [
        *_reading(service),
        *_writing(service),
        *_tags(service),
        *_links(service),
        *_assessments(service),
        *traces_v2.routes(service),
    ]


def _reading(service: TraceService) -> list[Route]:
    async def get_info(ctx: Context, body: TraceId) -> TraceAnswer:
        """Get what is known of a trace, without its spans."""
        return TraceAnswer(TraceMessage(InfoMessage.of(await service.get_info(ctx, body.trace_id))))

    async def get(ctx: Context, body: GetTrace) -> TraceAnswer:
        """Get a trace with its spans; an unfinished one only with allow_partial."""
        found = await service.get(ctx, body.trace_id, allow_partial=body.allow_partial)
        return TraceAnswer(TraceMessage.of(found))

    async def get_many(ctx: Context, body: TraceIds) -> TracesAnswer:
        """Get several traces with their spans."""
        found = await service.get_many(ctx, body.trace_ids)
        return TracesAnswer([TraceMessage.of(trace) for trace in found if _wanted(ctx, body, trace.info)])

    async def get_infos(ctx: Context, body: TraceIds) -> InfosAnswer:
        """Get what is known of several traces, without their spans."""
        found = await service.get_infos(ctx, body.trace_ids)
        return InfosAnswer([InfoMessage.of(info) for info in found if _wanted(ctx, body, info)])

    async def search(ctx: Context, body: SearchTraces) -> TracePage:
        """Search traces of some experiments."""
        places = [place.mlflow_experiment for place in body.locations]
        page = await service.search(
            ctx,
            experiment_ids=[place.experiment_id for place in places if place is not None],
            filter_string=body.filter,
            order_by=body.order_by or [],
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return TracePage([InfoMessage.of(info) for info in page.items], page.next_page_token)

    return [
        *rpc("GET", f"{V3}/get", GetTrace, get, "traces/read"),
        *rpc("GET", f"{V3}/batchGet", TraceIds, get_many, "traces/read"),
        *rpc("POST", f"{V3}/batchGetInfos", TraceIds, get_infos, "traces/read"),
        *rpc("POST", f"{V3}/search", SearchTraces, search, "traces/read"),
        *rpc("GET", f"{V3}/{{trace_id}}", TraceId, get_info, "traces/read"),
    ]


def _wanted(ctx: Context, body: TraceIds, info: TraceInfo) -> bool:
    """Whether a trace is in one of the experiments that the request names; all are when it names none."""
    named = {str(id) for id in body.experiment_ids or []}
    if str(DEFAULT_EXPERIMENT_ID) in named:
        named.add(str(ctx.default_experiment))
    return not named or str(info.experiment_id) in named


def _writing(service: TraceService) -> list[Route]:
    async def start(ctx: Context, body: StartTrace) -> TraceAnswer:
        """Record a trace; the same id again replaces what is known of it."""
        info = body.trace.trace_info
        started = await service.start(ctx, info.told(experiment_of(ctx, info.experiment), now_ms()))
        return TraceAnswer(TraceMessage(InfoMessage.of(started)))

    async def delete(ctx: Context, body: DeleteTraces) -> DeletedTraces:
        """Delete traces by id, or all until a time."""
        count = await service.delete(
            ctx,
            body.experiment_id,
            trace_ids=body.request_ids,
            until_ms=body.max_timestamp_millis,
            limit=body.max_traces,
        )
        return DeletedTraces(count)

    return [
        *rpc("POST", V3, StartTrace, start, "traces/write"),
        *rpc("POST", f"{V3}/delete-traces", DeleteTraces, delete, "traces/delete"),
        *rpc("POST", f"{V2}/delete-traces", DeleteTraces, delete, "traces/delete"),
    ]


def _tags(service: TraceService) -> list[Route]:
    async def set_tag(ctx: Context, body: SetTraceTag) -> dict[str, Any]:
        """Set a tag of a trace."""
        await service.set_tag(ctx, body.trace_id, Tag(body.key, body.value))
        return EMPTY

    async def delete_tag(ctx: Context, body: DeleteTraceTag) -> dict[str, Any]:
        """Delete a tag of a trace."""
        await service.delete_tag(ctx, body.trace_id, body.key)
        return EMPTY

    found: list[Route] = []
    for base in (V2, V3):
        found += rpc("PATCH", f"{base}/{{trace_id}}/tags", SetTraceTag, set_tag, "traces/write")
        found += rpc("DELETE", f"{base}/{{trace_id}}/tags", DeleteTraceTag, delete_tag, "traces/write")
    return found


def _links(service: TraceService) -> list[Route]:
    async def link_to_run(ctx: Context, body: LinkToRun) -> dict[str, Any]:
        """Link up to 100 traces to a run."""
        await service.link_to_run(ctx, body.trace_ids, body.run_id)
        return EMPTY

    async def link_prompts(ctx: Context, body: LinkPrompts) -> dict[str, Any]:
        """Link versions of prompts to a trace."""
        prompts = [(prompt.name, str(prompt.version)) for prompt in body.prompt_versions]
        await service.link_prompts(ctx, body.trace_id, prompts)
        return EMPTY

    return [
        *rpc("POST", f"{V2}/link-to-run", LinkToRun, link_to_run, "traces/write"),
        *rpc("POST", f"{V2}/link-prompts", LinkPrompts, link_prompts, "traces/write"),
    ]


def _assessments(service: TraceService) -> list[Route]:
    async def create(ctx: Context, body: CreateAssessment) -> AssessmentAnswer:
        """Add an assessment to a trace."""
        said = body.assessment
        made = await service.add_assessment(
            ctx, said.assessment(said.assessment_id or "", body.trace_id, now_ms())
        )
        return AssessmentAnswer(AssessmentMessage.of(made))

    async def get(ctx: Context, body: AssessmentId) -> AssessmentAnswer:
        """Get an assessment."""
        return AssessmentAnswer(
            AssessmentMessage.of(await service.get_assessment(ctx, body.trace_id, body.assessment_id))
        )

    async def update(ctx: Context, body: UpdateAssessment) -> AssessmentAnswer:
        """Change the fields of an assessment that update_mask names."""
        changed = await service.update_assessment(ctx, body.trace_id, body.assessment_id, _changes(body))
        return AssessmentAnswer(AssessmentMessage.of(changed))

    async def delete(ctx: Context, body: AssessmentId) -> dict[str, Any]:
        """Delete an assessment."""
        await service.delete_assessment(ctx, body.trace_id, body.assessment_id)
        return EMPTY

    one = f"{V3}/{{trace_id}}/assessments/{{assessment_id}}"
    return [
        *rpc("POST", f"{V3}/{{trace_id}}/assessments", CreateAssessment, create, "traces/write"),
        *rpc("GET", one, AssessmentId, get, "traces/read"),
        *rpc("PATCH", one, UpdateAssessment, update, "traces/write"),
        *rpc("DELETE", one, AssessmentId, delete, "traces/write"),
    ]


def _changes(body: UpdateAssessment) -> dict[str, Any]:
    """The fields that the mask names, as the entity calls them.

    Raises: InvalidInput for a field that cannot be changed.
    """
    changes: dict[str, Any] = {}
    for path in filter(None, body.update_mask.split(",")):
        name = "".join(f"_{char.lower()}" if char.isupper() else char for char in path.strip())
        if name not in MASKABLE:
            raise InvalidInput(
                f"Unsupported field '{name[:100]}' in update_mask: give some of {', '.join(MASKABLE)}."
            )
        value = getattr(body.assessment, name)
        if value is None:
            continue
        changes[MASKABLE[name]] = value
    return changes

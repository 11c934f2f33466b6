"""Which requests a relay answers itself, and how its answers differ from those of the journal's calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.calls.experiments import Experiments
from runyard.client.journal.calls.models import Models
from runyard.client.journal.calls.request import Call
from runyard.client.journal.calls.runs import Runs
from runyard.client.journal.calls.traces import Traces
from runyard.entities.trace import ARTIFACT_LOCATION

OWN = "runyard-relay"  # where the artifacts of what was made here are, for clients
RUNS, EXPERIMENTS, MODELS = "/2.0/mlflow/runs", "/2.0/mlflow/experiments", "/2.0/mlflow/logged-models"
TRACES, OLD_TRACES = "/3.0/mlflow/traces", "/2.0/mlflow/traces"
TAGS = (("PATCH", "SetTraceTag"), ("DELETE", "DeleteTraceTag"))
PLACES = {
    ("POST", f"{RUNS}/log-metric"): "LogMetric",
    ("POST", f"{RUNS}/log-parameter"): "LogParam",
    ("POST", f"{RUNS}/log-batch"): "LogBatch",
    ("POST", f"{RUNS}/set-tag"): "SetTag",
    ("POST", f"{RUNS}/delete-tag"): "DeleteTag",
    ("POST", f"{RUNS}/log-inputs"): "LogInputs",
    ("POST", f"{RUNS}/outputs"): "LogOutputs",
    ("POST", f"{RUNS}/log-model"): "LogModel",
    ("POST", f"{RUNS}/create"): "CreateRun",
    ("POST", f"{RUNS}/update"): "UpdateRun",
    ("POST", f"{RUNS}/delete"): "DeleteRun",
    ("POST", f"{RUNS}/restore"): "RestoreRun",
    ("GET", f"{RUNS}/get"): "GetRun",
    ("POST", f"{RUNS}/search"): "SearchRuns",
    ("GET", "/2.0/mlflow/metrics/get-history"): "GetMetricHistory",
    ("GET", f"{EXPERIMENTS}/get"): "GetExperiment",
    ("GET", f"{EXPERIMENTS}/get-by-name"): "GetExperimentByName",
    ("POST", f"{EXPERIMENTS}/create"): "CreateExperiment",
    ("POST", f"{EXPERIMENTS}/search"): "SearchExperiments",
    ("POST", f"{EXPERIMENTS}/set-experiment-tag"): "SetExperimentTag",
    ("POST", f"{EXPERIMENTS}/delete"): "DeleteExperiment",
    ("POST", f"{EXPERIMENTS}/restore"): "RestoreExperiment",
    ("POST", f"{EXPERIMENTS}/update"): "UpdateExperiment",
    ("POST", MODELS): "CreateLoggedModel",
    ("POST", f"{MODELS}/search"): "SearchLoggedModels",
    ("GET", f"{MODELS}/{{id}}"): "GetLoggedModel",
    ("PATCH", f"{MODELS}/{{id}}"): "FinalizeLoggedModel",
    ("DELETE", f"{MODELS}/{{id}}"): "DeleteLoggedModel",
    ("PATCH", f"{MODELS}/{{id}}/tags"): "SetLoggedModelTags",
    ("POST", f"{MODELS}/{{id}}/params"): "LogLoggedModelParamsRequest",
    ("DELETE", f"{MODELS}/{{id}}/tags/{{key}}"): "DeleteLoggedModelTag",
    ("POST", TRACES): "StartTraceV3",
    ("GET", f"{TRACES}/get"): "GetTrace",
    ("GET", f"{TRACES}/batchGet"): "BatchGetTraces",
    ("POST", f"{TRACES}/batchGetInfos"): "BatchGetTraceInfos",
    ("POST", f"{TRACES}/search"): "SearchTracesV3",
    ("GET", f"{TRACES}/{{trace_id}}"): "GetTraceInfoV3",
    ("POST", f"{TRACES}/{{trace_id}}/assessments"): "CreateAssessment",
    **{(method, f"{base}/{{trace_id}}/tags"): name for base in (TRACES, OLD_TRACES) for method, name in TAGS},
    ("POST", f"{OLD_TRACES}/link-to-run"): "LinkTracesToRun",
    ("POST", f"{OLD_TRACES}/link-prompts"): "LinkPromptsToTrace",
}

SIGNS = frozenset(
    {
        "LogMetric",
        "LogParam",
        "LogBatch",
        "SetTag",
        "DeleteTag",
        "LogInputs",
        "LogOutputs",
        "LogModel",
        "UpdateRun",
    }
)
"""Who asks this of a run has it."""


def answers_at(desk: Desk, experiments: Experiments, traces: Traces) -> Mapping[tuple[str, str], Call]:
    """By method and path."""
    calls = {
        **experiments.calls,
        **Runs(desk, experiments).calls,
        **Models(desk, experiments).calls,
        **traces.calls,
    }
    return {place: calls[name] for place, name in PLACES.items()}


def run_of(answer: object) -> str | None:
    """The run that CreateRun made."""
    run = answer.get("run") if isinstance(answer, dict) else None
    found = run.get("info", {}).get("run_id") if isinstance(run, dict) else None
    return str(found) if found else None


def local_uris(answer: object) -> object:
    """An answer whose artifacts clients without Runyard can reach: addresses of records lead to the relay."""
    if not (isinstance(answer, dict) and answer.keys() & _WITH_FILES):
        return answer
    plain = msgspec.to_builtins(answer)
    for noun in plain.keys() & _WITH_FILES:
        found = plain[noun]
        for one in found if isinstance(found, list) else [found]:
            _lead_here(one.get("trace_info", one.get("info", one)))
    return plain


_WITH_FILES = frozenset({"run", "run_info", "runs", "model", "models", "trace", "traces", "trace_infos"})


def _lead_here(info: dict[str, Any]) -> None:
    if "trace_id" in info:
        tags = info.get("tags", {})
        if str(tags.get(ARTIFACT_LOCATION, "")).startswith("runyard://"):
            tags[ARTIFACT_LOCATION] = f"mlflow-artifacts:/{OWN}/traces/{quote(info['trace_id'], safe='')}"
        return
    if str(info.get("artifact_uri", "")).startswith("runyard://"):
        run_id = info.get("run_id")
        owner = f"runs/{run_id}" if run_id else f"models/{info.get('model_id')}"
        info["artifact_uri"] = f"mlflow-artifacts:/{OWN}/{owner}"

"""Runs in an environment with MLflow: prints everything that the client can read, as JSON that can be compared.

    python client_dump.py TRACKING_URI

Places of files are left out, because an import changes them; the files themselves are told by their checksums.
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

VERSION = tuple(int(part) for part in mlflow.__version__.split(".")[:2])
MOVED_TAGS = {"mlflow.artifactLocation"}


def main(uri: str) -> None:
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    experiments = {
        one.name: dump_experiment(client, one) for one in client.search_experiments(view_type=ViewType.ALL)
    }
    print(json.dumps({"experiments": experiments, "registry": dump_registry(client)}, sort_keys=True))


def dump_experiment(client: MlflowClient, one: Any) -> dict[str, Any]:
    found = {"id": one.experiment_id, "stage": one.lifecycle_stage, "tags": dict(one.tags)}
    if one.experiment_id != "0":
        found["times"] = [one.creation_time, one.last_update_time]
    runs = client.search_runs([one.experiment_id], run_view_type=ViewType.ALL, max_results=1_000)
    found["runs"] = {run.info.run_id: dump_run(client, run) for run in runs}
    if VERSION >= (2, 14) and one.lifecycle_stage == "active":
        traces = client.search_traces(experiment_ids=[one.experiment_id])
        found["traces"] = {trace_id(trace): dump_trace(trace) for trace in traces}
    if VERSION >= (3, 0) and one.lifecycle_stage == "active":
        models = client.search_logged_models(experiment_ids=[one.experiment_id])
        found["models"] = {model.model_id: dump_model(client, model) for model in models}
    return found


def dump_run(client: MlflowClient, run: Any) -> dict[str, Any]:
    info, data = run.info, run.data
    found = {
        "info": [
            info.run_name,
            info.user_id,
            info.status,
            info.start_time,
            info.end_time,
            info.lifecycle_stage,
        ],
        "params": dict(data.params),
        "tags": dict(data.tags),
        "latest": {key: repr(value) for key, value in data.metrics.items()},
        "history": {
            key: sorted(
                repr((point.timestamp, point.step, point.value))
                for point in client.get_metric_history(info.run_id, key)
            )
            for key in data.metrics
        },
        "files": dump_files(f"runs:/{info.run_id}/files") if client.list_artifacts(info.run_id) else {},
    }
    run = client.get_run(info.run_id)
    if getattr(run, "inputs", None) is not None:
        found["inputs"] = sorted(
            repr(
                (
                    d.dataset.name,
                    d.dataset.digest,
                    d.dataset.source,
                    d.dataset.schema,
                    d.dataset.profile,
                    sorted((t.key, t.value) for t in d.tags),
                )
            )
            for d in run.inputs.dataset_inputs
        )
        found["model inputs"] = sorted(
            edge.model_id for edge in getattr(run.inputs, "model_inputs", None) or []
        )
    if getattr(run, "outputs", None) is not None:
        found["model outputs"] = sorted([edge.model_id, edge.step] for edge in run.outputs.model_outputs)
    return found


def dump_files(uri: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder)
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(Path(folder).rglob("*"))
            if path.is_file()
        }


def trace_id(trace: Any) -> str:
    return str(getattr(trace.info, "trace_id", None) or trace.info.request_id)


def dump_trace(trace: Any) -> dict[str, Any]:
    info = trace.info
    metadata = getattr(info, "trace_metadata", None) or getattr(info, "request_metadata", {})
    duration = getattr(info, "execution_duration", None) or getattr(info, "execution_time_ms", None)
    return {
        "times": [info.timestamp_ms, duration],
        "state": str(info.status),
        "tags": {key: value for key, value in info.tags.items() if key not in MOVED_TAGS},
        "metadata": dict(metadata),
        "previews": [getattr(info, "request_preview", None), getattr(info, "response_preview", None)],
        "spans": sorted(
            json.dumps(
                [
                    s.name,
                    s.span_id,
                    s.parent_id,
                    s.start_time_ns,
                    s.end_time_ns,
                    s.span_type,
                    s.inputs,
                    s.outputs,
                    dict(s.attributes),
                ],
                sort_keys=True,
                default=str,
            )
            for s in trace.data.spans
        ),
        "said": sorted(
            json.dumps(said.to_dictionary() | {"valid": None}, sort_keys=True)
            for said in getattr(info, "assessments", None) or []
        ),
    }


def dump_model(client: MlflowClient, model: Any) -> dict[str, Any]:
    return {
        "facts": [
            model.name,
            model.model_type,
            model.source_run_id,
            str(model.status),
            model.creation_timestamp,
            model.last_updated_timestamp,
        ],
        "params": dict(model.params),
        "tags": dict(model.tags),
        "metrics": latest_metrics(model.metrics or []),
        "files": dump_files(f"models:/{model.model_id}"),
    }


def latest_metrics(metrics: list[Any]) -> dict[str, str]:
    """The last of each, which is what Runyard keeps."""
    ordered = sorted(metrics, key=lambda m: (m.step, m.timestamp))
    return {
        repr((m.key, m.run_id, m.dataset_name, m.dataset_digest)): repr((m.value, m.step, m.timestamp))
        for m in ordered
    }


def dump_registry(client: MlflowClient) -> dict[str, Any]:
    found = {}
    models = list(client.search_registered_models())
    if VERSION >= (3, 0):
        models += list(
            client.search_registered_models(filter_string="tags.`mlflow.prompt.is_prompt` = 'true'")
        )
    for model in models:
        prompt = VERSION >= (3, 0) and "mlflow.prompt.is_prompt" in model._tags
        whole = model if prompt else client.get_registered_model(model.name)
        only = " AND tags.`mlflow.prompt.is_prompt` = 'true'" if prompt else ""
        versions = client.search_model_versions(f"name = '{model.name}'{only}")
        found[model.name] = {
            "facts": [
                whole.description or "",
                whole.creation_timestamp,
                whole.last_updated_timestamp,
                dict(whole._tags if prompt else whole.tags),
            ],
            "aliases": {alias: str(version) for alias, version in getattr(whole, "aliases", {}).items()},
            "versions": {
                str(v.version): [
                    v.description or "",
                    v.current_stage,
                    v.run_id or "",
                    v.status,
                    v.creation_timestamp,
                    v.last_updated_timestamp,
                    dict(v.tags),
                ]
                for v in versions
            },
            "files": {
                str(v.version): dump_files(f"models:/{model.name}/{v.version}")
                for v in versions
                if not prompt
            },
        }
    return found


if __name__ == "__main__":
    main(sys.argv[1])

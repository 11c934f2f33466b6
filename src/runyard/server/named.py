"""Which experiments, runs, models and traces a request names: they decide where it happens.

Fields have MLflow's and our names for them, wherever in a request they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from runyard.entities.experiment import DEFAULT_EXPERIMENT_ID
from runyard.errors import InvalidInput
from runyard.server.routing import Route
from runyard.services.checks import parse_experiment_id
from runyard.services.places import owner_of

RUN_FIELDS = ("run_id", "run_uuid", "run_ids", "source_run_id", "parent_run_id")
MODEL_FIELDS = ("model_id", "model_ids")
TRACE_FIELDS = ("trace_id", "trace_ids", "request_id", "request_ids")
INNER_RECORDS = ("trace", "trace_info", "metrics", "models", "groups")  # objects in which records are named
INNER_PLACES = ("locations", "trace_location")
MULTIPART = "/mpu/"
MODEL_BY_ID = "/logged-models/{id}"
SHARED = (
    *("/registered-models", "/model-versions", "/api/v1/datastores", "/api/v1/datasets", "/api/v1/dataset-versions"),
    *("/api/v1/secrets", "/api/v1/import"),
)  # fmt: skip


_LOGGED = frozenset(
    ("run_id", "run_uuid", "key", "value", "timestamp", "step", "model_id", "dataset_name", "dataset_digest")
) | {"metrics", "params", "tags", "status", "end_time", "run_name"}


class Named(msgspec.Struct):
    """Numbers of experiments, and ids of records by their kind."""

    experiments: list[int]
    runs: list[str]
    models: list[str]
    traces: list[str]
    paths: list[str]  # of the workspace's files, outside the usual directories of experiments

    @property
    def nothing(self) -> bool:
        """Whether the request names no experiment and nothing that may be in one."""
        return not (self.experiments or self.runs or self.models or self.traces or self.paths)


def lone_run(request: Any) -> str | None:
    """The run that a decoded request logs to, where it can name nothing else; None: it may."""
    kind = type(request)
    if not _LOGGED.issuperset(kind.__struct_fields__) or getattr(request, "model_id", None):
        return None
    if any(getattr(point, "model_id", None) for point in getattr(request, "metrics", ())):
        return None
    run, other = getattr(request, "run_id", None), getattr(request, "run_uuid", None)
    return run or other if not (run and other) else None


def is_shared(route: Route) -> bool:
    """Whether what a route is about belongs to the workspace and to no experiment, whatever else a request names."""
    return any(part in route.path for part in SHARED)


def named_by(route: Route, fields: Mapping[str, Any], default_experiment: int) -> Named:
    """The records that a request names.

    Args:
        fields: of the request, path and query included.
        default_experiment: what experiment 0 means in the workspace.
    """
    found = Named([], [], [], [], [])
    _collect(found, fields, default_experiment)
    if MODEL_BY_ID in route.path:
        found.models += _texts(fields.get("id"))
    if "artifact_path" in fields:
        _add_path(found, _whole_path(route, fields))
    elif "path" in fields and not (found.runs or found.models or "name" in fields):
        _add_path(found, str(fields["path"] or ""))
    _add_source(found, str(fields.get("source") or ""))
    return found


def _collect(found: Named, fields: Mapping[str, Any], default_experiment: int) -> None:
    for name in ("experiment_id", "experiment_ids"):
        found.experiments += _numbers(_texts(fields.get(name)), default_experiment)
    for names, into in (
        (RUN_FIELDS, found.runs),
        (MODEL_FIELDS, found.models),
        (TRACE_FIELDS, found.traces),
    ):
        for name in names:
            into += _texts(fields.get(name))
    for name in INNER_RECORDS:
        for inner in _objects(fields.get(name)):
            _collect(found, inner, default_experiment)
    for name in INNER_PLACES:
        for place in _objects(fields.get(name)):
            for inner in _objects(place.get("mlflow_experiment")):
                _collect(found, inner, default_experiment)


def _numbers(texts: Iterable[str], default_experiment: int) -> Iterable[int]:
    """As the services read them; what is no number is refused there."""
    for text in texts:
        with suppress(InvalidInput):
            number = parse_experiment_id(text)
            yield default_experiment if number == DEFAULT_EXPERIMENT_ID else number


def _add_path(found: Named, path: str) -> None:
    """A path in the workspace's files."""
    number = owner_of(path)
    if number is None:
        found.paths.append(path)
    else:
        found.experiments.append(number)


def _whole_path(route: Route, fields: Mapping[str, Any]) -> str:
    """The path of a file; an upload in parts says its directory and its name apart."""
    path = str(fields["artifact_path"] or "")
    return f"{path}/{fields.get('path') or ''}" if MULTIPART in route.path else path


def _add_source(found: Named, source: str) -> None:
    """Where a model version comes from: `runs:/ID/...`, `models:/m-ID`, `mlflow-artifacts:/7/...`."""
    scheme, _, rest = source.partition(":")
    if scheme == "mlflow-artifacts":
        with suppress(ValueError):
            _add_path(found, unquote(urlsplit(source).path))
    elif scheme == "runs":
        found.runs.append(rest.lstrip("/").partition("/")[0])
    elif scheme == "models" and rest.lstrip("/").startswith("m-"):
        found.models.append(rest.lstrip("/").partition("/")[0])


def _texts(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    return [str(one) for one in (value if isinstance(value, list | tuple) else [value])]


def _objects(value: Any) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    return [
        one for one in (value if isinstance(value, list | tuple) else [value]) if isinstance(one, Mapping)
    ]

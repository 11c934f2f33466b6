"""Searches among what this machine knows, with the server's grammar. What it cannot tell by itself is no guess of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import msgspec

from runyard.client.journal.calls.way import Document, away
from runyard.client.journal.run_state import RunState
from runyard.entities.common import Stage, ViewType
from runyard.entities.logged_model import ModelStatus
from runyard.entities.run import CONTEXT_TAG, RUN_NAME_TAG
from runyard.entities.search.evaluate import Scalar, ordered, resolve, selected
from runyard.entities.search.grammar import MAX_ORDER_KEYS, order_key, parse_filter, parse_order_by
from runyard.entities.search.limits import (
    MODELS_DEFAULT,
    RUNS_DEFAULT,
    SEARCH_LIMIT,
    check_max_results,
    parse_view_type,
)
from runyard.entities.search.tables import EXPERIMENTS, LOGGED_MODELS, RUNS
from runyard.entities.search.tree import Name, OrderBy
from runyard.errors import InvalidInput
from runyard.wire.mlflow.experiments import SearchExperiments
from runyard.wire.mlflow.logged_models import (
    LoggedModelMessage,
    ModelMetricMessage,
    SearchDataset,
    SearchLoggedModels,
)
from runyard.wire.mlflow.runs import SearchRuns

T = TypeVar("T")
HERE = "here-"  # page tokens that were given here begin with it
STAGES = {
    ViewType.ACTIVE_ONLY: (Stage.ACTIVE,),
    ViewType.DELETED_ONLY: (Stage.DELETED,),
    ViewType.ALL: (Stage.ACTIVE, Stage.DELETED),
}
OWN_ORDER = {
    "runs": (OrderBy(Name("attribute", "start_time"), False), OrderBy(Name("attribute", "run_id"))),
    "models": (OrderBy(Name("attribute", "creation_time"), False), OrderBy(Name("attribute", "model_id"))),
}


def runs(known: Sequence[RunState], experiment_ids: Sequence[str], query: SearchRuns) -> Document:
    """A page of runs as MLflow's API answers it.

    Raises: InvalidInput, as the server; StorageUnavailable, for statistics of metrics and for later pages of the server.
    """
    stages = STAGES[parse_view_type(query.run_view_type)]
    here = [one for one in known if one.experiment_id in experiment_ids]
    keys = {key for one in here for key in list(one.latest)}  # others may log meanwhile
    clauses = tuple(
        replace(one, name=_told_here(resolve(one.name, keys))) for one in parse_filter(query.filter, RUNS)
    )
    order = tuple(
        replace(one, name=_told_here(resolve(one.name, keys))) for one in parse_order_by(query.order_by, RUNS)
    )
    found = selected([one for one in here if one.stage in stages], clauses, _of_run)
    found = ordered(found, (*order, *OWN_ORDER["runs"]), _of_run)
    limit = check_max_results(RUNS_DEFAULT if query.max_results is None else query.max_results, SEARCH_LIMIT)
    asked = ("runs", sorted(experiment_ids), query.filter, query.run_view_type, query.order_by)
    page, token = page_of(found, limit, query.page_token, asked)
    return answer_of("runs", [one.message() for one in page], token)


def experiments(known: Sequence[Document], query: SearchExperiments) -> Document:
    """A page of experiments as MLflow's API answers it.

    Args:
        known: as MLflow's API answers each.
    Raises: InvalidInput, as the server; StorageUnavailable, for later pages of the server.
    """
    stages = [stage.text for stage in STAGES[parse_view_type(query.view_type)]]
    order = parse_order_by(query.order_by, EXPERIMENTS) or (
        OrderBy(Name("attribute", "creation_time"), False),
    )
    clauses = parse_filter(query.filter, EXPERIMENTS)
    found = [one for one in known if one.get("lifecycle_stage", "active") in stages]
    found = ordered(selected(found, clauses, _of_experiment), order, _of_experiment)
    limit = check_max_results(RUNS_DEFAULT if query.max_results is None else query.max_results, SEARCH_LIMIT)
    asked = ("experiments", query.filter, query.view_type, query.order_by)
    page, token = page_of(found, limit, query.page_token, asked)
    return answer_of("experiments", page, token)


def models(
    known: Sequence[LoggedModelMessage], experiment_ids: Sequence[str], query: SearchLoggedModels
) -> Document:
    """A page of logged models as MLflow's API answers it.

    Raises: InvalidInput, as the server; StorageUnavailable, for later pages of the server.
    """
    if not experiment_ids:
        raise InvalidInput.missing("experiment_ids")
    datasets = query.datasets or []
    keys = query.order_by or []
    if len(keys) > MAX_ORDER_KEYS:
        raise InvalidInput(f"Invalid order_by: {len(keys)} keys are more than {MAX_ORDER_KEYS}.")
    clauses = parse_filter(query.filter, LOGGED_MODELS)
    found = [one for one in known if one.info.experiment_id in experiment_ids]
    found = selected(found, clauses, lambda one, name: _of_model(one, name, datasets))
    if datasets and not any(clause.entity == "metric" for clause in clauses):
        found = [one for one in found if any(_is_on(metric, datasets) for metric in one.data.metrics)]
    found = ordered(found, OWN_ORDER["models"], lambda one, name: _of_model(one, name, []))
    for key in reversed(keys):
        on = [SearchDataset(key.dataset_name, key.dataset_digest)] if key.dataset_name else []
        order = order_key(key.field_name, key.ascending, LOGGED_MODELS)
        found = ordered(found, (order,), lambda one, name, on=on: _latest(one, name, on))  # type: ignore[misc]
    limit = check_max_results(query.max_results or MODELS_DEFAULT, SEARCH_LIMIT)
    asked = ("models", sorted(experiment_ids), query.filter, *map(msgspec.to_builtins, (datasets, keys)))
    page, token = page_of(found, limit, query.page_token, asked)
    return answer_of("models", page, token)


def _told_here(name: Name) -> Name:
    if name.stat:
        raise away(f"metrics.{name.key}.{name.stat} is known to the server alone, and it is away.")
    return name


def _of_run(run: RunState, name: Name) -> Sequence[Scalar]:
    if name.entity == "metric":
        latest = run.latest.get(name.key)
        return () if latest is None else (latest[2],)
    if name.entity == "parameter":
        return (run.params.get(name.key),)
    if name.entity == "tag":
        return (run.tags.get(name.key),)
    if name.entity == "dataset":
        if name.key == "context":
            return [tag.value for one in run.inputs for tag in one.tags if tag.key == CONTEXT_TAG]
        return [getattr(one.dataset, name.key) for one in run.inputs]
    return (_ATTRIBUTES[name.key](run),)


_ATTRIBUTES: dict[str, Callable[[RunState], Scalar]] = {
    "run_id": lambda run: run.run_id,
    "run_name": lambda run: run.tags.get(RUN_NAME_TAG, ""),
    "status": lambda run: run.status.name,
    "user_id": lambda run: run.user_id,
    "artifact_uri": lambda run: run.artifact_uri,
    "start_time": lambda run: run.start_ms,
    "end_time": lambda run: run.end_ms,
}


def _of_experiment(document: Document, name: Name) -> Sequence[Scalar]:
    if name.entity == "tag":
        return [str(tag.get("value", "")) for tag in document.get("tags") or () if tag["key"] == name.key]
    value = document.get(name.key)
    if name.key in ("creation_time", "last_update_time"):
        return () if value is None else (int(value),)
    return (str(value),)


def _of_model(model: LoggedModelMessage, name: Name, datasets: Sequence[SearchDataset]) -> Sequence[Scalar]:
    info, data = model.info, model.data
    if name.entity == "metric":
        return [float(one.value) for one in data.metrics if one.key == name.key and _is_on(one, datasets)]
    if name.entity == "parameter":
        return [one.value for one in data.params if one.key == name.key]
    if name.entity == "tag":
        return [one.value for one in info.tags if one.key == name.key]
    if name.key in ("creation_time", "last_updated_time"):
        return (
            info.creation_timestamp_ms if name.key == "creation_time" else info.last_updated_timestamp_ms,
        )
    value = str(getattr(info, name.key))
    return (_STATUSES.get(value, value) if name.key == "status" else value,)


_STATUSES = {status.text: status.name for status in ModelStatus}


def _latest(model: LoggedModelMessage, name: Name, datasets: Sequence[SearchDataset]) -> Sequence[Scalar]:
    """As `_of_model`; of a metric, what was logged last."""
    if name.entity != "metric":
        return _of_model(model, name, datasets)
    found = [one for one in model.data.metrics if one.key == name.key and _is_on(one, datasets)]
    return [float(max(found, key=lambda one: (one.timestamp, one.step)).value)] if found else ()


def _is_on(metric: ModelMetricMessage, datasets: Sequence[SearchDataset]) -> bool:
    return not datasets or any(
        metric.dataset_name == one.dataset_name and one.dataset_digest in (None, metric.dataset_digest)
        for one in datasets
    )


def page_of(found: list[T], limit: int, token: str | None, asked: object) -> tuple[list[T], str | None]:
    """The records of a page, and the token of the next one."""
    digest = hashlib.sha256(msgspec.msgpack.encode(asked)).digest()[:16]
    start = _start(token, digest) if token else 0
    page, after = found[start : start + limit], start + limit
    if after >= len(found):
        return page, None
    body = base64.urlsafe_b64encode(msgspec.msgpack.encode((digest, after)))
    return page, HERE + body.decode()


def _start(token: str, digest: bytes) -> int:
    if not token.startswith(HERE):
        raise away("The next page of this search is at the server, which is away.")
    try:
        body = base64.b64decode(token.removeprefix(HERE), altchars=b"-_", validate=True)
        bound, start = msgspec.msgpack.decode(body, type=tuple[bytes, int])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise InvalidInput("Invalid page token: unreadable. Start again without a token.") from None
    if bound != digest or start < 0:
        raise InvalidInput(
            "Invalid page token: it belongs to another query. Repeat filter, order and ids of the first page."
        )
    return start


def answer_of(noun: str, page: Sequence[object], token: str | None) -> Document:
    return {noun: page, "next_page_token": token} if token else {noun: page}

"""Answers of ours that differ from a stock server's on purpose, each with its reason; docs/compatibility.md tells them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NO_5XX = "A mistake in a request is answered with 400 or 404, never 5xx: clients retry 5xx for minutes."
STRICT = "Stock drops a field that it cannot parse and goes on; we refuse the request, so that nothing is lost unseen."
SPECIFIC = "The error code says more precisely what is wrong."
ABSENT = "A route or method that we do not have is answered in JSON with ENDPOINT_NOT_FOUND, on which clients fall back."
REFUSED_IN_JSON = (
    "Refusals of a foreign Host or Origin are JSON like all other errors; status and text are the same."
)
SAME_ORIGIN = (
    "A page of another origin, even on this machine, may write only when the server was told to allow it."
)
ENDLESS = "A page of no rows is refused: a client that follows its token would never come to an end."
ATTRIBUTES = (
    "Attributes of spans are compared with = and != as with LIKE; stock finds nothing and everything."
)
QUOTED = "A name is compared with a quoted value only, in every search."
SIZES = "The size of an empty file is 0; stock leaves it out."
NAMES = "File names with a hash or an escape are stored as sent; stock refuses the ones and decodes the others again."
IN_JSON = "Errors of artifact routes are JSON like all others; the status is the same."
FALLBACK = "A datastore that cannot sign answers 501, on which clients use the plain upload and download."
LENIENT = "lowerCamelCase names are accepted everywhere, and true and false also as texts."

BAD_VALUE = "INVALID_PARAMETER_VALUE"


@dataclass(frozen=True)
class Difference:
    """What our server answers instead.

    code: the error code, "" for a success.
    apart: tells the rows of lists that differ; all else in the body must be equal. None: the body is not compared.
    """

    status: int
    code: str
    reason: str
    apart: Callable[[dict[str, Any]], bool] | None = None


def _same(group: str, status: int, code: str, reason: str, *calls: str) -> dict[tuple[str, str], Difference]:
    return {(group, call): Difference(status, code, reason) for call in calls}


def _but(
    group: str, apart: Callable[[dict[str, Any]], bool], reason: str, *calls: str
) -> dict[tuple[str, str], Difference]:
    return {(group, call): Difference(200, "", reason, apart) for call in calls}


def _oddly_named(row: dict[str, Any]) -> bool:
    return row.get("path") in ("hash#tag.txt", "per%20cent.txt", "per cent.txt", "empty")


def _half_parsed_dataset(row: dict[str, Any]) -> bool:
    dataset = row.get("dataset", {"name": "-", "digest": "-"})
    return not (dataset["name"] and dataset["digest"])


def _never_logged(row: dict[str, Any]) -> bool:
    return row.get("key") == "never"


def rest(value: Any, apart: Callable[[dict[str, Any]], bool]) -> Any:
    """A body without the rows that differ, and without lists that are then empty."""
    if isinstance(value, dict):
        kept = {key: rest(item, apart) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item != []}
    if isinstance(value, list):
        return [rest(item, apart) for item in value if not (isinstance(item, dict) and apart(item))]
    return value


DIFFERENCES: dict[tuple[str, str], Difference] = {
    **_same("experiments", 200, "", LENIENT, "get by camel case"),
    **_same("other_clients", 200, "", LENIENT, "metric in camel case", "param in camel case", "batch in camel case"),
    **_same("other_clients", 200, "", LENIENT, "tag in camel case", "end in camel case", "delete run in camel case"),
    **_same("other_clients", 200, "", LENIENT, "stage with text for a boolean"),
    **_same("experiments", 400, "RESOURCE_ALREADY_EXISTS", SPECIFIC, "rename to taken name"),
    **_same("experiments", 400, "INVALID_STATE", NO_5XX, "rename deleted"),
    **_same("artifacts", 400, BAD_VALUE, NO_5XX, "put below file", "put over folder"),
    **_same("artifacts", 200, "", NAMES, "put with hash", "get with hash"),
    **_but("artifacts", _oddly_named, f"{NAMES} {SIZES}", "list", "list by run", "list in the end"),
    **_same("artifacts", 400, BAD_VALUE, IN_JSON, "put with trailing slash", "get folder", "get-artifact without path"),
    **_same("artifacts", 416, BAD_VALUE, IN_JSON, "get range beyond"),
    **_same("artifacts", 400, BAD_VALUE, STRICT, "list by run a\\..\\x"),
    **_same("artifacts", 501, "NOT_IMPLEMENTED", FALLBACK, "presigned upload"),
    **_same("batches", 400, BAD_VALUE, NO_5XX, "metrics of texts"),
    **_same("batches", 400, BAD_VALUE, STRICT, "metric with text", "param as number"),
    **_but("batches", _never_logged, STRICT, "history of the never logged"),
    **_same("metrics", 400, BAD_VALUE, NO_5XX, "list value"),
    **_same("metrics", 400, BAD_VALUE, STRICT, "step beyond int64", "fractional step", "boolean value"),
    **_same("inputs", 400, BAD_VALUE, STRICT, "without dataset", "without name", "without digest"),
    **_but("inputs", _half_parsed_dataset, STRICT, "run with all"),
    **_same("runs", 400, BAD_VALUE, STRICT, "update with unknown status"),
    **_same("search_runs", 400, BAD_VALUE, NO_5XX, "twice an order"),
    **_same("search_runs", 400, BAD_VALUE, STRICT, "view unknown"),
    **_same("history", 400, BAD_VALUE, STRICT, "text results"),
    **_same("logged_models", 400, BAD_VALUE, STRICT, "finalize to nonsense"),
    **_same("logged_models", 400, BAD_VALUE, ENDLESS, "limit -1"),
    **_same("logged_models", 400, BAD_VALUE, QUOTED, "filter name = 1"),
    **_same("logged_models", 400, BAD_VALUE, NO_5XX, "bad token", "filter foo = 'x'", "filter metrics.acc = 'x'"),
    **_same("traces", 200, "", NO_5XX, "get by query"),
    **_same(
        "traces_metrics", 200, "", ATTRIBUTES,
        "found by span.attributes.mlflow.llm.model != 'm2'",
        "found by span.type = 'LLM' AND span.attributes.mlflow.llm.model = 'm2'",
    ),
    **_same("traces_metrics", 400, BAD_VALUE, STRICT, "unknown aggregation", "unknown view"),
    **_same("traces_metrics", 400, BAD_VALUE, SPECIFIC, "no aggregation"),
    **_same("traces_metrics", 400, BAD_VALUE, NO_5XX, "percentile without value", "percentile beyond"),
    **_same("traces_v2", 404, "RESOURCE_DOES_NOT_EXIST", SPECIFIC, "spans for the browser before they are there"),
    **_same("traces_v2", 400, BAD_VALUE, NO_5XX, "start without experiment", "end without anything"),
    **_same("traces_v2", 400, BAD_VALUE, NO_5XX, "end with unknown status", "end with state of MLflow 3"),
    **_same("model_versions", 400, BAD_VALUE, NO_5XX, "stage None archives"),
    **_same("model_versions", 404, "RESOURCE_DOES_NOT_EXIST", NO_5XX, "create from unknown model uri"),
    **_same("registered_models", 400, BAD_VALUE, ENDLESS, "search limit -1"),
    **_same("protocol", 400, BAD_VALUE, NO_5XX, "JSON array", "JSON number"),
    **_same(
        "protocol", 404, "ENDPOINT_NOT_FOUND", ABSENT,
        "unknown route", "unknown route by POST", "unknown v3 route", "trailing slash",
    ),
    **_same("protocol", 405, "ENDPOINT_NOT_FOUND", ABSENT, "wrong method", "wrong method on get"),
    **_same("protocol", 403, "PERMISSION_DENIED", REFUSED_IN_JSON, "foreign host", "foreign origin"),
    **_same("protocol", 403, "PERMISSION_DENIED", SAME_ORIGIN, "local origin"),
}  # fmt: skip

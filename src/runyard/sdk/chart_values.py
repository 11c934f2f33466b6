"""The charts that a run can log, as Azure ML spells them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runyard.sdk.exceptions import UserErrorException

VERSIONS = ("v1", "1.0.0")
NEEDED = {
    "confusion_matrix": ("class_labels", "matrix"),
    "accuracy_table": (
        "probability_tables",
        "percentile_tables",
        "probability_thresholds",
        "percentile_thresholds",
        "class_labels",
    ),
    "residuals": ("bin_edges", "bin_counts"),
    "predictions": ("bin_averages", "bin_errors", "bin_counts", "bin_edges"),
}


def checked_chart(kind: str, value: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """A chart of a kind, from a dict or JSON text.

    Raises: UserErrorException, naming what is missing.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as exc:
            raise UserErrorException(f"The {kind} is text, but no JSON: {exc}", exc) from exc
    if not isinstance(value, Mapping):
        raise UserErrorException(f"The {kind} must be a dict or JSON text, not a {type(value).__name__}.")
    if value.get("schema_type") != kind or value.get("schema_version") not in VERSIONS:
        raise UserErrorException(
            f"The {kind} must say schema_type {kind!r} and schema_version 'v1', "
            f"not {value.get('schema_type')!r} and {value.get('schema_version')!r}."
        )
    data = value.get("data")
    missing = [name for name in NEEDED[kind] if not isinstance(data, Mapping) or name not in data]
    if missing:
        raise UserErrorException(f"The {kind} lacks data: {', '.join(missing)}.")
    try:
        json.dumps(value)
    except (TypeError, ValueError) as exc:
        raise UserErrorException(f"The {kind} holds what JSON cannot say: {exc}", exc) from exc
    return value

"""Values as they are logged: plain numbers, text, booleans and None."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterable
from typing import Any

Scalar = int | float | str | bool | None
LARGEST = 1.7976931348623157e308  # how MLflow's API answers an infinity
KEY_LIMIT = 250
_KEY = re.compile(r"[/\w.\- :]+")
_FLOAT = "$float"
_INT = "$int"


def plain(value: Any) -> Scalar:
    """A value as one of the types that are kept: numpy's and other libraries' scalars are converted, what is no
    scalar becomes its repr.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value  # type: ignore[no-any-return]
    if callable(getattr(value, "item", None)) and getattr(value, "ndim", 0) == 0:
        return plain(value.item())
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return repr(value)


def is_scalar(value: Any) -> bool:
    """Whether a value is one thing rather than several."""
    if isinstance(value, str | bytes) or getattr(value, "ndim", None) == 0:
        return True
    return not isinstance(value, Iterable)


def type_of(value: Scalar) -> str:
    """int and float are both numbers; they are told apart when read back."""
    return "none" if value is None else type(value).__name__


def fits_mlflow(name: str, value: Scalar) -> bool:
    """Whether MLflow has a metric for it: a number, under a name that its rules allow."""
    if isinstance(value, str) or value is None or not _fits_double(value):
        return False
    if len(name) > KEY_LIMIT or not _KEY.fullmatch(name):
        return False
    normal = posixpath.normpath(name)
    return normal == name and normal != "." and not normal.startswith(("..", "/"))


def _fits_double(value: float) -> bool:
    try:
        return math.isfinite(float(value)) or isinstance(value, float)
    except OverflowError:
        return False


def to_json(value: Scalar) -> Any:
    """A value in the body of a record; JSON has no word for NaN, infinities and integers of any size."""
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: repr(value)}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return {_INT: str(value)}
    return value


def from_json(value: Any) -> Any:
    """The value that `to_json` wrote."""
    if isinstance(value, dict):
        return int(value[_INT]) if _INT in value else float(value[_FLOAT])
    return value


def metric_text(value: float) -> float | str:
    """A number as MLflow's API reads it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def metric_number(value: float | str) -> float:
    """A number as MLflow's API answers it."""
    number = float(value)
    return math.copysign(math.inf, number) if abs(number) == LARGEST else number

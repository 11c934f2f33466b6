"""Rules for names, keys and sizes that several nouns share. The limits are MLflow's."""

from __future__ import annotations

import posixpath
import re

from runyard.entities.common import ViewType
from runyard.entities.experiment import DEFAULT_EXPERIMENT_ID
from runyard.errors import InvalidInput, shown
from runyard.services.context import Context

KEY_LIMIT = 250
PARAM_VALUE_LIMIT = 6_000
TAG_VALUE_LIMIT = 8_000
EXPERIMENT_TAG_VALUE_LIMIT = 20_000
REGISTRY_TAG_VALUE_LIMIT = 100_000
NAME_LIMIT = 500
_KEY = re.compile(r"^[/\w.\- :]*$")
_KNOWN_KEYS_LIMIT = 100_000


class KeyChecker:
    """Checks keys of metrics, params and tags; remembers the good ones, since training loops repeat them."""

    def __init__(self) -> None:
        self._good: set[str] = set()

    def check(self, key: str, what: str) -> None:
        """Raises: InvalidInput, when key is too long or could be mistaken for another path."""
        if key in self._good:
            return
        check_key(key, what)
        if len(self._good) >= _KNOWN_KEYS_LIMIT:
            self._good.clear()
        self._good.add(key)


def check_key(key: str, what: str) -> None:
    """The rule for one key; what is Metric, Param or Tag."""
    if not key:
        raise InvalidInput.missing("key")
    if len(key) > KEY_LIMIT:
        raise InvalidInput(
            f"'{what} name' exceeds the maximum length of {KEY_LIMIT} characters: {shown(key)}"
        )
    if not _KEY.match(key) or "\n" in key:
        raise InvalidInput(
            f"Invalid value {shown(key)} for parameter 'name' supplied: Names may only contain alphanumerics, "
            "underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
        )
    normal = posixpath.normpath(key)
    if normal != key or normal == "." or normal.startswith(("..", "/")):
        raise InvalidInput(
            f"Invalid value {shown(key)} for parameter 'name' supplied: Names may be treated as files in certain "
            f"cases, and must not resolve to other names when treated as such. This name would resolve to {normal!r}"
        )


def check_length(what: str, value: str, limit: int) -> None:
    """Raises: InvalidInput, when value has more than limit characters."""
    if len(value) > limit:
        raise InvalidInput(f"'{what}' exceeds the maximum length of {limit} characters: it has {len(value)}")


def check_text(what: str, value: str) -> None:
    """Raises: InvalidInput for NUL, which no database keeps."""
    if "\x00" in value:
        raise InvalidInput(
            f"Invalid value {shown(value)} for parameter '{what}' supplied: it holds a NUL character."
        )


def parse_experiment_id(value: str | int) -> int:
    """The number of an experiment.

    Raises: InvalidInput.
    """
    try:
        number = int(value) if not isinstance(value, str) or re.fullmatch(r"-?[0-9]{1,19}", value) else None
    except ValueError:
        number = None
    if number is None or not -(2**63) <= number < 2**63:
        raise InvalidInput(f"Invalid experiment ID {shown(value)}. Experiment ID must be a valid integer.")
    return number


def experiment_of(ctx: Context, value: str | int) -> int:
    """As `parse_experiment_id`; 0 means the default experiment of the workspace.

    Clients that choose no experiment send 0, whatever the workspace.
    """
    number = parse_experiment_id(value)
    return ctx.default_experiment if number == DEFAULT_EXPERIMENT_ID else number


def parse_view_type(value: str | int | None) -> ViewType:
    """MLflow's view type by name or number; absent means active records."""
    if value is None or value == "":
        return ViewType.ACTIVE_ONLY
    try:
        return (
            ViewType[value.upper()]
            if isinstance(value, str) and not value.isdigit()
            else ViewType(int(value))
        )
    except (KeyError, ValueError):
        raise InvalidInput(
            f"Invalid value {shown(value)} for parameter 'view_type' supplied: "
            "valid values are ACTIVE_ONLY, DELETED_ONLY and ALL."
        ) from None


def check_max_results(value: int, limit: int) -> int:
    """Raises: InvalidInput outside 1..limit."""
    if value < 1:
        raise InvalidInput(
            f"Invalid value {value} for parameter 'max_results' supplied. It must be a positive integer"
        )
    if value > limit:
        raise InvalidInput(
            f"Invalid value {value} for parameter 'max_results' supplied: It must be at most {limit}"
        )
    return value

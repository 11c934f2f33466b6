"""What a search may ask for beside its filter and order. The limits are MLflow's."""

from __future__ import annotations

from runyard.entities.common import ViewType
from runyard.errors import InvalidInput, shown

SEARCH_LIMIT = 50_000  # records of one page
RUNS_DEFAULT = 1_000
MODELS_DEFAULT = 100


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

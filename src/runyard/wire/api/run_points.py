"""All points of a run as our API spells them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runyard.wire.mlflow.runs import number
from runyard.wire.mlflow.scalars import Int32


class ListPoints(msgspec.Struct):
    run_id: str
    max_results: Int32 = 10_000
    page_token: str | None = None


class SeriesMessage(msgspec.Struct):
    """Columns; values are answered as MLflow answers them."""

    name: str
    steps: list[int]
    timestamps: list[int]
    values: list[float | str]


class PointsPage(msgspec.Struct, omit_defaults=True):
    items: list[SeriesMessage]
    next_page_token: str | None = None


def numbers(values: Sequence[float]) -> list[float | str]:
    """Values of a column."""
    return [value if value - value == 0 else number(value) for value in values]

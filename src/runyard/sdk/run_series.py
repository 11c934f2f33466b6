"""The metrics of one run as lines to draw: at most so many places each, with every spike in them."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from runyard.sdk.link import Link

SERIES = "/api/v1/charts/series"


class Series(NamedTuple):
    """A metric along its steps. All have the same length.

    Attributes:
        last: the value at each place; NaN where that was logged.
        low, high: the smallest and the largest of all points between a place and the next.
    """

    steps: Sequence[float]
    last: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def read_series(link: Link, run_id: str, metrics: Sequence[str], places: int) -> dict[str, Series]:
    """By name, in the order asked for; a metric without points is left out. One request.

    Args:
        metrics: at most 50 names.
        places: about how many places each line may have, at most 4,000.
    """
    if not metrics:
        return {}
    asked = {"run_ids": [run_id], "metrics": list(metrics), "x": "step", "buckets": places}
    answer = link.post(SERIES, asked, retry=True)
    found = {answer["metrics"][one["metric"]]: _series(one) for one in answer["series"]}
    return {name: found[name] for name in metrics if name in found and found[name].steps}


def _series(one: Mapping[str, Any]) -> Series:
    steps, last = _floats(one["x"]), _floats(one["last"])
    if one["exact"]:
        return Series(steps, last, last, last)
    return Series(steps, last, _floats(one["min"]), _floats(one["max"]))


def _floats(column: Mapping[str, Any]) -> Sequence[float]:
    values = array("d", column["d"])
    if sys.byteorder == "big":
        values.byteswap()
    return values

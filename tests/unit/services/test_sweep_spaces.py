"""Spaces of parameters."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest

from runyard.entities.sweep import Dimension
from runyard.errors import InvalidInput
from runyard.services.sweep_spaces import (
    arguments_of,
    at_number,
    at_random,
    checked_space,
    count_of,
    place_of,
    value_at,
)

PLACES = [0.0, 0.001, 0.25, 0.5, 0.75, 0.999, 1.0]
ALL = {
    "choice": Dimension("choice", options=["a", 2, True, None, [1, 2]]),
    "randint": Dimension("randint", upper=7),
    "uniform": Dimension("uniform", min=-1, max=3),
    "quniform": Dimension("quniform", min=1, max=9, q=2),
    "loguniform": Dimension("loguniform", min=-9, max=0),
    "qloguniform": Dimension("qloguniform", min=0, max=5, q=1),
    "normal": Dimension("normal", mu=10, sigma=3),
    "qnormal": Dimension("qnormal", mu=10, sigma=3, q=0.1),
    "lognormal": Dimension("lognormal", mu=0, sigma=1),
    "qlognormal": Dimension("qlognormal", mu=2, sigma=1, q=0.5),
}


def test_every_kind_is_checked() -> None:
    assert checked_space(ALL).keys() == ALL.keys()


def test_values_are_where_they_should_be() -> None:
    assert [value_at(ALL["uniform"], place) for place in (0, 0.5, 1)] == [-1, 1, 3]
    assert [value_at(ALL["quniform"], place) for place in (0, 0.5, 1)] == [0, 4, 8]
    assert value_at(ALL["loguniform"], 0.0) == pytest.approx(math.exp(-9))
    assert value_at(ALL["loguniform"], 1.0) == 1.0
    assert value_at(ALL["normal"], 0.5) == pytest.approx(10)
    assert value_at(ALL["lognormal"], 0.5) == pytest.approx(1)
    assert [value_at(ALL["choice"], place) for place in (0, 0.99, 1)] == ["a", [1, 2], [1, 2]]
    assert [value_at(ALL["randint"], place) for place in (0, 0.5, 1)] == [0, 3, 6]


@pytest.mark.parametrize("kind", ALL)
def test_a_value_tells_its_place(kind: str) -> None:
    for place in PLACES:
        value = value_at(ALL[kind], place)
        assert 0 <= place_of(ALL[kind], value) <= 1
        again = value_at(ALL[kind], place_of(ALL[kind], value))
        assert again == (pytest.approx(value) if isinstance(value, float) else value)


def test_rounded_values_have_no_more_digits_than_their_step() -> None:
    values = [value_at(ALL["qnormal"], place) for place in PLACES]
    assert all(len(str(one).partition(".")[2]) <= 1 for one in values)
    whole = [value_at(ALL["qloguniform"], place) for place in PLACES]
    assert all(isinstance(one, int) for one in whole)


def test_a_grid_has_every_point_once() -> None:
    space = {"a": Dimension("choice", options=[1, 2]), "b": Dimension("randint", upper=3)}
    points = [at_number(space, number) for number in range(count_of(space))]
    assert points[:4] == [{"a": 1, "b": 0}, {"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 0}]
    assert len({str(one) for one in points}) == 6
    assert at_number(space, 6) is None


def test_chance_is_the_same_for_the_same_seed() -> None:
    first = [at_random(ALL, 1, number) for number in range(20)]
    assert first == [at_random(ALL, 1, number) for number in range(20)]
    assert first != [at_random(ALL, 2, number) for number in range(20)]
    assert len({str(one) for one in first}) == 20


def test_arguments_have_the_flags_of_their_names() -> None:
    some = {"lr": 0.1, "--batch": 16, "-b": True}
    space = checked_space({name: Dimension("choice", options=[value]) for name, value in some.items()})
    assert list(space) == ["lr", "batch", "b"]
    found = arguments_of(space, {"lr": 0.1, "batch": 16, "b": True})
    assert found == ["--lr", "0.1", "--batch", "16", "-b", "True"]
    space = checked_space({"x": ALL["choice"]})
    assert [arguments_of(space, {"x": one})[1] for one in ("a b", None, [1, "ü"])] == [
        "a b",
        "null",
        '[1, "ü"]',
    ]


WRONG: list[dict[str, Any]] = [
    {},
    {"x": Dimension("nothing")},
    *({"x": Dimension("choice", options=options)} for options in ([], [math.nan], ["x" * 1_001], ["\0"], [1] * 1_001)),
    *({"x": Dimension("randint", upper=upper)} for upper in (None, 0, -1, 2**31)),
    *({"x": Dimension("uniform", min=low, max=high)} for low, high in ((1, 1), (2, 1), (None, 1), (0, None), (0, math.inf))),
    *({"x": Dimension("normal", mu=mu, sigma=sigma)} for mu, sigma in ((0, 0), (0, -1), (None, 1), (math.nan, 1))),
    {"x": Dimension("loguniform", min=0, max=1e5)},
    *({"x": Dimension("quniform", min=0, max=1, q=q)} for q in (None, 0, -1, math.inf)),
    {"x": Dimension("uniform", min=0, max=1, q=1)},
    *({name: ALL["uniform"]} for name in ("", "-", "a b", "x" * 251, "1x", "a\0", "ü")),
    {"x": ALL["uniform"], "--x": ALL["uniform"]},
    {f"x{number}": ALL["uniform"] for number in range(101)},
    {f"x{number}": Dimension("choice", options=["y" * 900]) for number in range(6)},
]  # fmt: skip


@pytest.mark.parametrize("space", WRONG, ids=lambda space: str(space)[:40])
def test_what_is_no_space_is_refused(space: dict[str, Dimension]) -> None:
    with pytest.raises(InvalidInput):
        checked_space(space)


@pytest.mark.parametrize(
    "one",
    [
        Dimension("quniform", min=0, max=1e300, q=1e-300),
        Dimension("quniform", min=0, max=1e300, q=1),
        Dimension("qnormal", mu=1e300, sigma=1e300, q=1e290),
        Dimension("qlognormal", mu=600, sigma=600, q=0.1),
    ],
)
def test_values_far_beyond_what_is_rounded_can_be_written(one: Dimension) -> None:
    assert checked_space({"x": one})
    for place in PLACES:
        value = value_at(one, place)
        assert json.loads(msgspec.json.encode(value)) == value
        assert 0 <= place_of(one, value) <= 1

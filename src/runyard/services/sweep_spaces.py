"""Spaces of parameters: what is one, and the value at a place in it.

A place is a number from 0 to 1 for each parameter, so that all ways of sampling share what kinds of values there are.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import NormalDist
from typing import Any

from runyard.entities.sweep import Dimension
from runyard.errors import InvalidInput, shown

PARAMETERS = 100
OPTIONS, OPTION_CHARS = 1_000, 1_000
TRIAL_CHARS = 5_000  # of the parameters of a trial as JSON: they are a tag of its run
NUMBER_CHARS = 25
GREATEST = 2**31 - 1
FLAT, LOG = ("uniform", "quniform"), ("loguniform", "qloguniform")
BELL, LOG_BELL = ("normal", "qnormal"), ("lognormal", "qlognormal")
RANGES, BELLS = (*FLAT, *LOG), (*BELL, *LOG_BELL)
CHOICE, RANDINT = "choice", "randint"
KINDS = (CHOICE, RANDINT, *RANGES, *BELLS)
COUNTED = (CHOICE, RANDINT)
LARGEST_STEPS = 2.0**53
EDGE = 1e-9  # bells have no ends
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,249}")
_LARGEST_LOG = 700.0


def checked_space(space: Mapping[str, Dimension]) -> dict[str, Dimension]:
    """By names without leading dashes, which are part of the flag. Raises: InvalidInput."""
    if not 1 <= len(space) <= PARAMETERS:
        raise InvalidInput(f"A sweep has 1 to {PARAMETERS} parameters; this space has {len(space)}.")
    found: dict[str, Dimension] = {}
    for given, one in space.items():
        name = given.lstrip("-")
        if not _NAME.fullmatch(name) or name in found:
            raise InvalidInput(
                f"Invalid parameter {shown(given)} of a sweep: each name once, of letters, digits, '_', '-', '.' and '/', "
                "the first a letter or '_'."
            )
        _check(name, one)
        flag = given if given.startswith("-") else f"--{name}"
        found[name] = Dimension(
            one.kind, one.options, one.min, one.max, one.mu, one.sigma, one.q, one.upper, flag
        )
    longest = sum(len(name) + 6 + _longest(one) for name, one in found.items())
    if longest > TRIAL_CHARS:
        raise InvalidInput(
            f"The parameters of a trial may have {longest} characters; {TRIAL_CHARS} is the most. Let options be names, and "
            "look up in the script what they mean."
        )
    return found


def count_of(space: Mapping[str, Dimension]) -> int:
    """How many points a space of choices has."""
    return math.prod(_size(one) for one in space.values())


def at_number(space: Mapping[str, Dimension], number: int) -> dict[str, Any] | None:
    """The point of a grid with that number; the last parameter changes first. None behind the last point."""
    found: dict[str, Any] = {}
    for name, one in reversed(list(space.items())):
        number, place = divmod(number, _size(one))
        found[name] = place if one.kind == RANDINT else one.options[place]
    return None if number else {name: found[name] for name in space}


def at_random(space: Mapping[str, Dimension], seed: int, number: int) -> dict[str, Any]:
    """A point of chance: the same for the same seed and number."""
    chance = random.Random(f"{seed}/{number}")
    return {name: value_at(one, chance.random()) for name, one in space.items()}


def value_at(one: Dimension, place: float) -> Any:
    """The value at a place from 0 to 1."""
    if one.kind in COUNTED:
        number = min(int(place * _size(one)), _size(one) - 1)
        return number if one.kind == RANDINT else one.options[number]
    if one.kind in RANGES:
        low, high = one.min or 0.0, one.max or 0.0
        value = low + place * (high - low)
    else:
        value = _bell(one).inv_cdf(min(max(place, EDGE), 1 - EDGE))
    if one.kind in LOG or one.kind in LOG_BELL:
        value = math.exp(min(value, _LARGEST_LOG))
    return value if one.q is None else _rounded(value, one.q)


def place_of(one: Dimension, value: Any) -> float:
    """A place whose value is this one, or nearly: what is rounded has many."""
    if one.kind in COUNTED:
        number = value if one.kind == RANDINT else list(one.options).index(value)
        return (int(number) + 0.5) / _size(one)
    number = float(value)
    if one.kind in LOG or one.kind in LOG_BELL:
        number = math.log(number) if number > 0 else -_LARGEST_LOG
    if one.kind in BELLS:
        place = _bell(one).cdf(number)
    else:
        low, high = one.min or 0.0, one.max or 0.0
        place = (number - low) / (high - low)
    return min(max(place, 0.0), 1.0)


def arguments_of(space: Mapping[str, Dimension], parameters: Mapping[str, Any]) -> list[str]:
    """What the script is called with."""
    return [text for name, value in parameters.items() for text in (space[name].flag, text_of(value))]


def text_of(value: Any) -> str:
    """A value as an argument and as a param: as Python writes numbers and truth, as JSON what is longer."""
    return str(value) if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)


def _longest(one: Dimension) -> int:
    if one.kind != CHOICE:
        return NUMBER_CHARS
    return max(len(json.dumps(option, ensure_ascii=False)) for option in one.options)


def _size(one: Dimension) -> int:
    return one.upper or 1 if one.kind == RANDINT else len(one.options)


def _bell(one: Dimension) -> NormalDist:
    return NormalDist(one.mu or 0.0, one.sigma or 1.0)


def _rounded(value: float, q: float) -> int | float:
    """A multiple of q, without the digits that floating point adds; a whole number where q is one."""
    if not abs(value / q) < LARGEST_STEPS:
        return value  # its neighbours are farther away than multiples of q
    steps = round(value / q)
    if float(q).is_integer():
        whole = steps * int(q)
        return whole if abs(whole) < 2**63 else float(whole)
    exponent = Decimal(str(q)).as_tuple().exponent
    return round(steps * q, -exponent if isinstance(exponent, int) else 0)


def _check(name: str, one: Dimension) -> None:
    if one.kind not in KINDS:
        raise InvalidInput(
            f"Invalid kind {shown(one.kind)} of parameter {name!r}: one of {', '.join(KINDS)}."
        )
    if one.kind == CHOICE:
        _check_options(name, one.options)
        return
    if one.kind == RANDINT:
        if one.upper is None or not 1 <= one.upper <= GREATEST:
            raise _wrong(name, "'upper' is a whole number from 1 on")
        return
    wanted = ("min", "max") if one.kind in RANGES else ("mu", "sigma")
    first, second = (_number(name, key, getattr(one, key)) for key in wanted)
    if one.kind in RANGES and not first < second:
        raise _wrong(name, "'min' is less than 'max'")
    if one.kind in BELLS and second <= 0:
        raise _wrong(name, "'sigma' is greater than 0")
    is_log = one.kind in LOG or one.kind in LOG_BELL
    if is_log and max(abs(first), abs(second)) > _LARGEST_LOG:
        raise _wrong(name, f"logarithms of values are at most {_LARGEST_LOG:.0f}")
    if one.kind.startswith("q") and _number(name, "q", one.q) <= 0:
        raise _wrong(name, "'q' is greater than 0")
    if not one.kind.startswith("q") and one.q is not None:
        raise _wrong(name, f"only q{one.kind} has 'q'")


def _check_options(name: str, options: Sequence[Any]) -> None:
    if not 1 <= len(options) <= OPTIONS:
        raise _wrong(name, f"'options' has 1 to {OPTIONS} values")
    for option in options:
        try:
            text = json.dumps(option, allow_nan=False)
        except (ValueError, RecursionError, TypeError):
            raise _wrong(name, "an option is what JSON has, and no NaN or infinity") from None
        if len(text) > OPTION_CHARS or "\\u0000" in text:
            raise _wrong(name, f"an option has at most {OPTION_CHARS} characters as JSON, and no NUL")


def _number(name: str, key: str, value: float | None) -> float:
    if value is None or not math.isfinite(value) or abs(value) > 1e300:
        raise _wrong(name, f"{key!r} is a number that is not infinite")
    return value


def _wrong(name: str, rule: str) -> InvalidInput:
    return InvalidInput(f"The parameter {shown(name)} of the sweep makes no sense: {rule}.")

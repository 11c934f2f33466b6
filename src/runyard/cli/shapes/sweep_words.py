"""How parameters and policies of sweeps are written on the command line: `KIND(value, name=value, ...)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from runyard.cli.framework.values import ParamType

NAMES: Mapping[str, Sequence[str]] = {
    "randint": ("upper",),
    "uniform": ("min", "max"),
    "loguniform": ("min", "max"),
    "quniform": ("min", "max", "q"),
    "qloguniform": ("min", "max", "q"),
    "normal": ("mu", "sigma"),
    "lognormal": ("mu", "sigma"),
    "qnormal": ("mu", "sigma", "q"),
    "qlognormal": ("mu", "sigma", "q"),
}
POLICIES: Mapping[str, Sequence[str]] = {
    "bandit": ("slack_factor",),
    "median": (),
    "truncation": ("truncation_percentage",),
}
POLICY_NAMES = {
    "interval": "evaluation_interval",
    "delay": "delay_evaluation",
    **{name: name for name in ("slack_factor", "slack_amount", "truncation_percentage")},
    "percentage": "truncation_percentage",
}
CHOICE = "choice"
_CALL = re.compile(r"\s*([a-z]+)\s*(?:\((.*)\))?\s*", re.DOTALL)


class Parameter(ParamType[tuple[str, dict[str, Any]]]):
    """`lr=uniform(0, 1)`: a name and what it may be."""

    name = "parameter"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, dict[str, Any]]:
        """The name, and the dimension as the API has it."""
        if isinstance(value, tuple):
            return value
        name, sign, text = str(value).partition("=")
        if not sign or not name:
            self.fail(
                f"{value!r} is no parameter; write NAME=KIND(...), such as 'lr=uniform(0, 1)'.", param, ctx
            )
        try:
            kind, values, named = parsed(text)
            if kind == CHOICE and not named:
                return name, {"kind": kind, "options": list(values)}
            return name, {"kind": kind, **bound(kind, NAMES[kind], values, named)}
        except KeyError:
            self.fail(f"{text!r} is none of {CHOICE}, {', '.join(NAMES)}.", param, ctx)
        except ValueError as exc:
            self.fail(f"{value!r}: {exc}", param, ctx)


class PolicyWords(ParamType[dict[str, Any]]):
    """`bandit(slack_factor=0.1, interval=2, delay=5)`."""

    name = "policy"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """The policy as the API has it."""
        if isinstance(value, dict):
            return value
        try:
            kind, values, named = parsed(str(value))
            if any(name not in POLICY_NAMES for name in named):
                raise ValueError(f"it takes {', '.join(POLICY_NAMES)}")
            whole = {POLICY_NAMES[name]: one for name, one in named.items()}
            plain = dict(zip(POLICIES[kind], values, strict=False))
            if len(values) > len(POLICIES[kind]):
                raise ValueError(f"it has {len(values)} values without names")
            return {"kind": kind, **plain, **whole}
        except KeyError:
            self.fail(f"{value!r} is none of {', '.join(POLICIES)}.", param, ctx)
        except ValueError as exc:
            self.fail(f"{value!r}: {exc}", param, ctx)


def parsed(text: str) -> tuple[str, Sequence[Any], Mapping[str, Any]]:
    """Kind, values and named values. Raises: ValueError."""
    found = _CALL.fullmatch(text)
    if found is None:
        raise ValueError("write KIND(value, ...)")
    try:
        tree = ast.parse(f"f({found[2] or ''})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("its values are numbers, texts in quotes, true, false, null, or lists") from None
    if not isinstance(tree, ast.Call) or any(one.arg is None for one in tree.keywords):
        raise ValueError("write KIND(value, ...)")
    values = [_value(one) for one in tree.args]
    return found[1], values, {one.arg: _value(one.value) for one in tree.keywords if one.arg}


def bound(kind: str, names: Sequence[str], values: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Values by name. Raises: ValueError."""
    found = {**dict(zip(names, values, strict=False)), **named}
    if len(values) > len(names) or found.keys() != set(names):
        raise ValueError(f"write {kind}({', '.join(name.upper() for name in names)})")
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name.upper()} is a number, and {value!r} is none")
    return found


def _value(node: ast.expr) -> Any:
    """A value as JSON or Python writes it; a plain word is text."""
    if isinstance(node, ast.Name):
        return {"true": True, "false": False, "null": None}.get(node.id, node.id)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ValueError("its values are numbers, texts in quotes, true, false, null, or lists") from None


PARAMETER = Parameter()
POLICY = PolicyWords()

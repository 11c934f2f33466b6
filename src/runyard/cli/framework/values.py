"""Values of options that are more than text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from click import ParamType as ParamType
else:

    class ParamType(click.ParamType):
        """Before click 8.4 it took no parameter."""

        def __class_getitem__(cls, value: Any) -> Any:
            return cls


UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
DURATION = re.compile(r"(\d+)([smhdw])")
F = TypeVar("F", bound=Callable[..., Any])


class Duration(ParamType[int]):
    """Seconds, given as 90s, 15m, 12h, 30d or 2w."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds."""
        if isinstance(value, int):
            return value
        found = DURATION.fullmatch(value)
        if found is None:
            self.fail(
                f"{value!r} is no duration; write a number with s, m, h, d or w, such as 30d.", param, ctx
            )
        return int(found[1]) * UNITS_S[found[2]]


class Seconds(Duration):
    """The same; a number alone is of seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds."""
        if isinstance(value, str) and value.isdecimal():
            return int(value)
        return super().convert(value, param, ctx)


class Moment(ParamType[int]):
    """Milliseconds since 1970, given as a local date or time, with a zone, or as a duration before now."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds."""
        if isinstance(value, int):
            return value
        ago = DURATION.fullmatch(value)
        if ago is not None:
            return int((datetime.now().timestamp() - int(ago[1]) * UNITS_S[ago[2]]) * 1000)
        try:
            return int(datetime.fromisoformat(value).timestamp() * 1000)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time; write 2026-11-25, 2026-11-25T14:30, or 2h for two hours ago.",
                param,
                ctx,
            )


class Pair(ParamType[tuple[str, str]]):
    """KEY=VALUE; a key alone has an empty value."""

    name = "key[=value]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Key and value."""
        if isinstance(value, tuple):
            return value
        key, _, text = str(value).partition("=")
        if not key:
            self.fail(f"{value!r} has no key; write KEY=VALUE.", param, ctx)
        return key, text


DURATION_TYPE = Duration()
SECONDS = Seconds()
MOMENT = Moment()
PAIR = Pair()
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FILE_OR_FOLDER = click.Path(exists=True, path_type=Path)
TARGET = click.Path(path_type=Path)


def listed(values: Sequence[str]) -> list[str]:
    """Names given one by one or with commas between them."""
    return [name.strip() for value in values for name in value.split(",") if name.strip()]


def named(name: str, *flags: str, what: str, required: bool = True) -> Callable[[F], F]:
    """A parameter that is given as a word or with a flag: `run show ID` and `run show -r ID`.

    Args:
        name: the function's parameter.
        flags: such as -r and --run.
        what: said in the help.
        required: absence is a wrong command line; otherwise the function gets None.
    """
    word = f"{name}_word"
    metavar = name.removesuffix("_id").upper()

    def decorate(function: F) -> F:
        @wraps(function)
        def merged(*args: Any, **values: Any) -> Any:
            given = [value for value in (values.pop(word), values.pop(name)) if value is not None]
            if len(set(given)) > 1:
                raise click.UsageError(f"Give {metavar} once: it is {given[0]!r} and {given[1]!r}.")
            if required and not given:
                raise click.UsageError(f"Missing {metavar}: {what}.")
            return function(*args, **values, **{name: given[0] if given else None})

        shown = metavar if required else f"[{metavar}]"
        with_option = click.option(*flags, name, metavar=metavar, help=f"{what[0].upper()}{what[1:]}.")(
            merged
        )
        with_word = click.argument(word, metavar=shown, required=False)(with_option)
        return with_word  # type: ignore[return-value]

    return decorate

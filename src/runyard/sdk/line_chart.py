"""Lines in a small chart as inline SVG, for notebooks: no script, no style sheet, on light and dark ground. Pure."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from runyard.sdk.run_series import Series

WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 8, 22
COLORS = ("#2f7ed8", "#e8590c", "#2b9348", "#c2255c", "#7048e8", "#0c8599")
TICKS = 5
Point = tuple[float, float]
P = TypeVar("P")


class _Span(NamedTuple):
    """A part of an axis, drawn between two places of the picture."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        # Halves: the whole distance between the largest numbers is none.
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.start + (self.end - self.start) * share


def line_chart(lines: Mapping[str, Series]) -> str:
    """A chart of some metrics along their steps; empty where there is no number to draw.

    Args:
        lines: at most as many as there are colours.
    """
    numbers = [value for one in lines.values() for value in (*one.low, *one.high) if math.isfinite(value)]
    if not numbers:
        return ""
    across = _span([step for one in lines.values() for step in one.steps], LEFT, WIDTH - RIGHT)
    up = _span(numbers, HEIGHT - BOTTOM, TOP)
    drawn = "".join(_line(one, color, across, up) for one, color in zip(lines.values(), COLORS, strict=False))
    names = ", ".join(f"{name} {_last(one):g}" for name, one in lines.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{html.escape(names, quote=True)}" font-family="sans-serif" font-size="10">'
        f"{_axes(across, up)}{drawn}</svg>"
    )


def legend(lines: Mapping[str, Series]) -> str:
    """The names of the lines, their colours and last values, as HTML."""
    return "".join(
        f'<span style="white-space:nowrap;margin-right:12px"><span style="color:{color}">&#9632;</span> '
        f"{html.escape(name)} <b>{_last(one):g}</b></span> "
        for (name, one), color in zip(lines.items(), COLORS, strict=False)
    )


def ticks(low: float, high: float, most: int = TICKS) -> list[float]:
    """Round numbers from low to high, at most so many and one more."""
    rough = (high - low) / most
    if not math.isfinite(rough) or rough <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * one for one in (1, 2, 5, 10) if power * one >= rough), rough)
    if step == 0 or low + step == low:
        return [low]
    first = math.ceil(low / step)
    return [at * step for at in range(first, math.floor(high / step) + 1)]


def _span(values: Sequence[float], start: float, end: float) -> _Span:
    low, high = min(values), max(values)
    if low == high:
        room = abs(low) / 10 or 1.0
        low, high = low - room, high + room
        if low == high or not math.isfinite(high - low):
            low, high = math.copysign(0, low), max(abs(high), 1.0)
    return _Span(low, high, start, end)


def _axes(across: _Span, up: _Span) -> str:
    grid = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up.at(one):.1f}" y2="{up.at(one):.1f}" stroke="currentColor" '
        f'stroke-opacity=".15"/><text x="{LEFT - 5}" y="{up.at(one) + 3:.1f}" text-anchor="end">{one:.4g}</text>'
        for one in ticks(up.low, up.high)
    )
    steps = "".join(
        f'<text x="{across.at(one):.1f}" y="{HEIGHT - 7}" text-anchor="middle">{_step(one)}</text>'
        for one in ticks(across.low, across.high)
        if across.at(one) < WIDTH - RIGHT - 8
    )
    return f'<g fill="currentColor" fill-opacity=".75">{grid}{steps}</g>'


def _step(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e7 else f"{value:g}"


def _line(one: Series, color: str, across: _Span, up: _Span) -> str:
    parts = "".join(_band(part, color) for part in _pieces(_band_points(one, across, up)))
    line = ((across.at(step), up.at(value)) if math.isfinite(value) else None for step, value in _points(one))
    return parts + "".join(_path([(x, y) for x, y in part], color) for part in _pieces(line))


def _points(one: Series) -> Iterator[Point]:
    return zip(one.steps, one.last, strict=True)


def _band_points(one: Series, across: _Span, up: _Span) -> Iterator[tuple[float, float, float] | None]:
    if one.low is one.last:
        return
    for step, low, high in zip(one.steps, one.low, one.high, strict=True):
        known = math.isfinite(low) and math.isfinite(high)
        yield (across.at(step), up.at(low), up.at(high)) if known else None


def _pieces(points: Iterable[P | None]) -> Iterator[list[P]]:
    """What is drawn in one go: None parts them."""
    piece: list[P] = []
    for point in points:
        if point is not None:
            piece.append(point)
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _path(points: Sequence[Point], color: str) -> str:
    if len(points) == 1:
        x, y = points[0]
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{color}"/>'
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{joined}" fill="none" stroke="{color}" stroke-width="1.5" stroke-linejoin="round"/>'


def _band(points: Sequence[tuple[float, float, float]], color: str) -> str:
    """From the smallest to the largest at each place: so that a single spike is seen."""
    lines = " ".join(f"M{x:.1f} {low:.1f}V{high:.1f}" for x, low, high in points)
    return f'<path d="{lines}" stroke="{color}" stroke-opacity=".35" fill="none"/>'


def _last(one: Series) -> float:
    return one.last[-1]

"""A small line of numbers as inline SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH = 160
HEIGHT = 32
MARGIN = 2


def sparkline(values: Sequence[float]) -> str:
    """The line of some values, evenly spaced; what is no finite number breaks it. One value is a dot."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    inner = HEIGHT - 2 * MARGIN
    across = (WIDTH - 2 * MARGIN) / max(len(values) - 1, 1)
    parts: list[list[str]] = [[]]
    for at, value in enumerate(values):
        if math.isfinite(value):
            share = (value - low) / (high - low) if math.isfinite(high - low) and high > low else 0.5
            parts[-1].append(f"{MARGIN + at * across:.1f},{MARGIN + inner * (1 - share):.1f}")
        else:
            parts.append([])
    lines = "".join(_drawn(part) for part in parts if part)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{len(values)} values from {low:g} to {high:g}">{lines}</svg>'
    )


def _drawn(points: Sequence[str]) -> str:
    if len(points) == 1:
        x, y = points[0].split(",")
        return f'<circle cx="{x}" cy="{y}" r="1.5" fill="currentColor"/>'
    joined = " ".join(points)
    return f'<polyline points="{joined}" fill="none" stroke="currentColor" stroke-width="1.5"/>'

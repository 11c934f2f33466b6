"""Turns the results of one run into the table with its ratios, for the terminal, the README and the docs."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from bench.targets import TARGETS, Ratios, Target

Rows = dict[str, dict[str, dict[str, float | str]]]
PEERS = {
    "mlflow": "MLflow",
    "fasttrackml": "FastTrackML",
    "socket copy": "socket copy",
    "mlflow async": "MLflow async",
    "wandb": "W&B offline",
    "trackio": "Trackio",
}
METHOD = (
    "Servers took turns on one machine in one run, on loopback; every answer was checked. CPU is that of all processes "
    "of a server, from the first request until it came to rest again, less what it takes when idle. Other work on the "
    "machine moves wall times and rates; CPU per operation is the number that holds. Durability is what each server ships "
    "with: Runyard and MLflow sync to disk before they answer, FastTrackML was not seen to sync at all (strace)."
)


@dataclass(frozen=True)
class Line:
    """One rendered line: texts, and whether the bounds were met (None: not measured or no bound)."""

    target: Target
    ours: float
    peers: dict[str, str]
    ratios: Ratios
    must: bool | None
    aim: bool | None

    @property
    def mark(self) -> str:
        if self.must is None:
            return "" if self.aim is None else ("PASS+" if self.aim else "")
        return "short" if not self.must else ("PASS+" if self.aim else "PASS")


def _number(values: dict[str, float | str], name: str) -> float | None:
    found = values.get(name)
    return float(found) if isinstance(found, (int, float)) and not math.isnan(found) else None


def line_of(target: Target, rows: Rows) -> Line | None:
    """The line of a target; None when ours was not measured."""
    row = rows.get(target.row, {})
    ours = _number(row.get("runyard", {}), target.value)
    if ours is None:
        return None
    theirs = {name: _number(row.get(name, {}), target.value) for name in PEERS}
    ratios = {name: _ratio(target, ours, value) for name, value in theirs.items() if value}
    peers = {name: show(value, target.unit) for name, value in theirs.items() if value is not None}
    must = _met(ours, ratios, target.must, target.must_below)
    return Line(target, ours, peers, ratios, must, _met(ours, ratios, target.aim, target.aim_below))


def _ratio(target: Target, ours: float, theirs: float) -> float:
    better, worse = (ours, theirs) if target.higher else (theirs, ours)
    return better / worse if worse else float("inf")


def _met(ours: float, ratios: Ratios, wanted: Ratios, below: float | None) -> bool | None:
    held = [ratios[name] >= ratio for name, ratio in wanted.items() if name in ratios]
    held += [ours < below] if below is not None else []
    return all(held) if held else None


def show(value: float, unit: str) -> str:
    """A number with three significant digits and its unit."""
    size = abs(value)
    text = f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
    return f"{text} {unit}" if not unit.startswith("/") else f"{text}{unit}"


def _wanted(ratios: Ratios, below: float | None, unit: str) -> str:
    parts = [f"{ratio:g}× {PEERS[name]}" for name, ratio in ratios.items()]
    parts += [f"< {below:g} {unit}"] if below is not None else []
    return ", ".join(parts)


def lines(rows: Rows) -> list[Line]:
    return [line for target in TARGETS if (line := line_of(target, rows)) is not None]


def _cells(line: Line) -> list[str]:
    target = line.target
    ratio = [f"{PEERS[n]} {r:.3g}×" for n, r in line.ratios.items()]
    peers = [line.peers.get(name, "–") for name in ("mlflow", "fasttrackml")]
    wanted = _wanted(target.must, target.must_below, target.unit)
    far = _wanted(target.aim, target.aim_below, target.unit)
    ours = show(line.ours, target.unit)
    return [target.title, ours, *peers, ", ".join(ratio), wanted, far, line.mark]


def table(rows: Rows) -> str:
    """The Markdown table, padded so that it reads well in a terminal too."""
    head = ["work", "Runyard", "MLflow", "FastTrackML", "better by", "must reach", "aim", ""]
    grid = [head, *(_cells(line) for line in lines(rows))]
    widths = [max(len(cells[i]) for cells in grid) for i in range(len(head))]
    grid.insert(1, ["-" * max(width, 3) for width in widths])
    return "\n".join(
        "| " + " | ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) + " |" for r in grid
    )


def remarks(rows: Rows) -> list[str]:
    """What a reader must know beside the numbers: errors, differing answers, absent routes, uneven amounts."""
    found = []
    for row, servers in rows.items():
        for name, values in servers.items():
            for key in ("failed", "wrong", "absent", "first_error"):
                if key in values:
                    count = (
                        f" ({values['errors']:g} errors)"
                        if key == "first_error" and "errors" in values
                        else ""
                    )
                    found.append(f"{row}, {name}: {values[key]}{count}")
        found += _uneven(row, servers)
    return found


def _uneven(row: str, servers: dict[str, dict[str, float | str]]) -> list[str]:
    ours = servers.get("runyard", {}).get("points")
    less = {n: v["points"] for n, v in servers.items() if n != "runyard" and v.get("points", ours) != ours}
    return [
        f"{row}: {name} held {float(points):,.0f} points a series, Runyard {float(ours or 0):,.0f}; not scaled"
        for name, points in less.items()
    ]


def render(results: dict[str, object]) -> str:
    """The whole report of a results file, in Markdown."""
    rows: Rows = results["rows"]  # type: ignore[assignment]
    about = results["about"]
    assert isinstance(about, dict)
    facts = f"{about['machine']}; scale {about['scale']}; {about['database']}; {about['date']}; load {about['load']}."
    notes = "\n".join(f"- {remark}" for remark in remarks(rows))
    short = [line.target.title for line in lines(rows) if line.must is False]
    missing = [
        target.row
        for target in TARGETS
        if line_of(target, rows) is None and (target.must or target.must_below)
    ]
    verdict = (
        f"Short of the bound: {'; '.join(short)}." if short else "Every bound that was measured was met."
    )
    verdict += f" Not measured: {', '.join(dict.fromkeys(missing))}." if missing else ""
    peers = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    parts = [table(rows), f"{METHOD}\nMeasured: {peers}. {facts}", verdict, notes]
    return "\n\n".join(part for part in parts if part) + "\n"


def read(path: Path) -> dict[str, object]:
    loaded = json.loads(path.read_text())
    if not isinstance(loaded, dict):
        raise TypeError(f"{path} holds no results of the bench")
    return loaded

"""The live view of a run."""

from __future__ import annotations

import math
import sys
import types
from typing import Any

import pytest

from runyard.sdk import run_widget
from runyard.sdk.line_chart import COLORS, HEIGHT, WIDTH, line_chart, ticks
from runyard.sdk.run import Run
from runyard.sdk.run_series import Series, read_series
from runyard.sdk.run_widget import RunDetails


class Handle:
    def __init__(self) -> None:
        self.updates: list[Any] = []

    def update(self, shown: Any) -> None:
        self.updates.append(shown)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], Handle]:
    """What a notebook was given to display, and the handle of it."""
    shown: list[Any] = []
    handle = Handle()
    display, ipython = types.ModuleType("IPython.display"), types.ModuleType("IPython")

    def show(what: Any, *, display_id: bool) -> Handle:
        shown.append(what)
        return handle

    display.display = show  # type: ignore[attr-defined]
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=True)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(run_widget, "POLL_S", 0.05)
    return shown, handle


def test_a_run_is_drawn_again_until_it_has_ended(run: Run, notebook: tuple[list[Any], Handle]) -> None:
    shown, handle = notebook
    run.log("<loss>", 1)
    run.log("train/loss", 0.5)
    run.log("train/loss", 0.25)
    run.log("val/loss", 0.75)
    run.flush()
    widget = RunDetails(run)
    widget.show()
    first = shown[0]._repr_html_()
    assert 'aria-label="train/loss 0.25, val/loss 0.75"' in first
    assert "Running" in first and "again until it has ended" in first and "<loss>" not in first
    assert f'href="{run.portal_url}"' in first and "<script" not in first
    run.log("train/loss", 0.125)
    run.complete()
    assert widget._watcher is not None
    widget._watcher.join(20)
    last = handle.updates[-1]._repr_html_()
    assert "Completed" in last and "train/loss <b>0.125</b>" in last and "again until" not in last


def test_an_ended_run_is_drawn_once(run: Run, notebook: tuple[list[Any], Handle]) -> None:
    run.complete()
    RunDetails(run).show()
    assert (len(notebook[0]), notebook[1].updates) == (1, [])


def test_a_terminal_is_told_the_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    RunDetails(run).show()
    assert capsys.readouterr().out == f"{run}\n"


def test_metrics_beyond_the_charts_are_counted(run: Run) -> None:
    for number in range(run_widget.MOST_METRICS + 3):
        run.log(f"part-{number:02}/same", number)
    run.log("system/cpu", 1)
    run.flush()
    drawn = RunDetails(run).html()
    assert drawn.count("<svg") == math.ceil(run_widget.MOST_METRICS / len(COLORS))
    assert "4 more metrics." in drawn and "system/cpu" not in drawn


def test_one_spike_among_many_points_is_drawn(run: Run) -> None:
    for first in range(0, 10_000, 1_000):
        points = [
            {"key": "many", "value": 777.0 if step == 4_321 else 1.0, "step": step, "timestamp": step}
            for step in range(first, first + 1_000)
        ]
        run._link.post("/api/2.0/mlflow/runs/log-batch", {"run_id": run.id, "metrics": points})
    series = read_series(run._link, run.id, ["many", "absent"], 100)
    assert list(series) == ["many"]
    assert len(series["many"].steps) <= 200 and max(series["many"].high) == 777.0
    assert RunDetails(run).get_widget_data()["metrics"]["many"][-1] == 1.0


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf]])
def test_no_numbers_draw_nothing(values: list[float]) -> None:
    assert line_chart({"a": _series(values)}) == "" if values else line_chart({}) == ""


@pytest.mark.parametrize(
    "values",
    [[1.0], [1.0, 1.0], [0.0, 5.0, 2.5], [1.0, math.nan, 2.0, 3.0], [-1e308, 1e308], [5e-324, 0.0], [1e308]],
)
def test_lines_stay_inside_of_their_picture(values: list[float]) -> None:
    drawn = line_chart({"<b>": _series(values), "other": _series([2.0])})
    picture = drawn.partition(">")[2]
    assert drawn.startswith("<svg") and "nan" not in picture and "inf" not in picture and "<b>" not in drawn
    points = [pair for part in drawn.split('points="')[1:] for pair in part.partition('"')[0].split()]
    assert points or drawn.count("<circle") >= 2
    for pair in points:
        x, y = map(float, pair.split(","))
        assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (-3, 3, [-2, 0, 2]),
        (0.2, 0.39, [0.2, 0.25, 0.3, 0.35]),
        (5, 5, [5]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("low", "high"), [(-1.7e308, 1.7e308), (1e300, math.nextafter(1e300, 2e300)), (0, 5e-324)]
)
def test_ticks_of_odd_spans_end(low: float, high: float) -> None:
    assert 1 <= len(ticks(low, high)) <= 7


def _series(values: list[float]) -> Series:
    return Series([float(step) for step in range(len(values))], values, values, values)

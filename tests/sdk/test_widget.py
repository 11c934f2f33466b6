"""The live view of a run."""

from __future__ import annotations

import math
import sys
import types
from typing import Any

import pytest

from runyard.sdk import run_widget
from runyard.sdk.run import Run
from runyard.sdk.run_widget import RunDetails
from runyard.sdk.sparkline import HEIGHT, WIDTH, sparkline


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
    run.log("loss", 0.5)
    run.log("loss", 0.25)
    run.flush()
    widget = RunDetails(run)
    widget.show()
    assert "<td>loss</td><td>0.25</td><td><svg" in shown[0]._repr_html_()
    assert "Running" in shown[0]._repr_html_() and "<loss>" not in shown[0]._repr_html_()
    run.log("loss", 0.125)
    run.complete()
    assert widget._watcher is not None
    widget._watcher.join(20)
    last = handle.updates[-1]._repr_html_()
    assert "Completed" in last and "<td>0.125</td>" in last


def test_an_ended_run_is_drawn_once(run: Run, notebook: tuple[list[Any], Handle]) -> None:
    run.complete()
    RunDetails(run).show()
    assert (len(notebook[0]), notebook[1].updates) == (1, [])


def test_a_terminal_is_told_the_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    RunDetails(run).show()
    assert capsys.readouterr().out == f"{run}\n"


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf]])
def test_no_numbers_draw_nothing(values: list[float]) -> None:
    assert sparkline(values) == ""


@pytest.mark.parametrize(
    "values", [[1.0], [1.0, 1.0], [0.0, 5.0, 2.5], [1.0, math.nan, 2.0, 3.0], [-1e308, 1e308], [5e-324, 0.0]]
)
def test_lines_stay_inside_of_their_picture(values: list[float]) -> None:
    drawn = sparkline(values)
    assert drawn.startswith("<svg") and "nan" not in drawn.partition(">")[2]
    points = [pair for part in drawn.split('points="')[1:] for pair in part.partition('"')[0].split()]
    for pair in points:
        x, y = map(float, pair.split(","))
        assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT

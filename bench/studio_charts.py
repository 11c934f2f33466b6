"""Rows about Studio's charts in Chromium: first paint, zoom and moving, on a hundred long series and on a thousand."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser, Page

from bench import charts, wire
from bench.chromium import EXECUTABLE, FRAMES, chromium, frames, opened, until
from bench.servers import Server
from bench.suite import Suite

PAINTS, ZOOMS, MOVES = 5, 3, 60
MANY_RUNS, MANY_POINTS = 1_000, 1_000
# The moment at which the browser has drawn the frame with the first lines, and the frame with the lines of a zoom.
WATCH = """
const drawn = (name) => requestAnimationFrame(() => setTimeout(() => { window[name] = performance.now(); }, 0));
let chart = false;
let reading = false;
new MutationObserver(() => {
    const found = document.querySelector('[role=img]:has(canvas[data-layer=lines])');
    if (!found) return;
    if (!chart) { chart = true; drawn('firstPaint'); }
    const now = found.getAttribute('aria-label').includes('being read');
    if (reading && !now) drawn('lastPaint');
    reading = now;
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['aria-label'] });
addEventListener('mouseup', () => { window.released = performance.now(); window.lastPaint = 0; }, true);
"""
ASKED = """() => performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/charts/series'))[0].startTime"""


def studio_charts(suite: Suite) -> None:
    """100 runs with 1,000,000 points each, then 1,000 runs with 1,000 points: Studio in Chromium, beside its server."""
    for server in suite.servers:
        if server.name != "runyard" or EXECUTABLE is None:
            why = "no Chromium" if server.name == "runyard" else "measured for Studio only"
            suite.record("studio_chart", server.name, absent=why)
            suite.record("studio_many_lines", server.name, absent=why)
            continue
        points = suite.scale.chart_points
        suite.progress(f"    filling {server.name} with {charts.RUNS} series of {points:,} points")
        few = _experiment(server, "studio-charts", charts.RUNS, points)
        many = _experiment(server, "studio-lines", MANY_RUNS, MANY_POINTS)
        with chromium() as browser:
            suite.record("studio_chart", server.name, **_measured(browser, server, few, charts.RUNS))
            suite.record("studio_many_lines", server.name, **_measured(browser, server, many, MANY_RUNS))


def _experiment(server: Server, name: str, runs: int, points: int) -> str:
    experiment = wire.new_experiment(server, name)
    charts.fill(server, [wire.new_run(server, experiment) for _ in range(runs)], points)
    return experiment


def _measured(browser: Browser, server: Server, experiment: str, runs: int) -> dict[str, float]:
    navigated, painted = [], []
    for _ in range(PAINTS):
        page = _opened(browser, server, experiment, runs)
        first = page.evaluate("window.firstPaint")
        navigated.append(first)
        painted.append(first - page.evaluate(ASKED))
        page.context.close()
    page = _opened(browser, server, experiment, runs)
    zooms = [_zoom(page) for _ in range(ZOOMS)]
    moved = _moved(page)
    page.context.close()
    return {
        "navigation_ms": statistics.median(navigated),
        "paint_ms": statistics.median(painted),
        "zoom_ms": statistics.median(zooms),
        "frame_ms": statistics.mean(moved),
        "longest_frame_ms": max(moved),
    }


def _opened(browser: Browser, server: Server, experiment: str, runs: int) -> Page:
    """Nothing in the cache; the lines are there."""
    url = f"{server.base_url}/workspaces/default/experiments/{experiment}?tab=charts&top={runs}"
    page = opened(browser, url, WATCH)
    until(page, "window.firstPaint > 0")
    page.wait_for_timeout(500)
    return page


def _box(page: Page) -> dict[str, Any]:
    found = page.locator(".u-over").first.bounding_box()
    if found is None:
        raise RuntimeError("the chart has gone")
    return dict(found)


def _zoom(page: Page) -> float:
    """From the release of the button to the frame that has the new points, in ms."""
    box = _box(page)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=4)
    page.mouse.up()
    until(page, "window.lastPaint > 0")
    passed: float = page.evaluate("window.lastPaint - window.released")
    page.wait_for_timeout(500)
    return passed


def _moved(page: Page) -> Sequence[float]:
    """How long the frames take while the chart is pulled along, in ms."""
    box = _box(page)
    middle = box["y"] + box["height"] / 2
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + box["width"] * 0.9, middle)
    page.mouse.down()
    page.evaluate(FRAMES)
    for step in range(MOVES):
        page.mouse.move(box["x"] + box["width"] * (0.9 - 0.8 * step / MOVES), middle)
    found = frames(page)
    page.mouse.up()
    page.keyboard.up("Shift")
    return found

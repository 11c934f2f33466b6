"""Rows about Studio's pages in Chromium: the table of runs beside MLflow's, an empty workspace, hours of live updates."""

from __future__ import annotations

import contextlib
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator

from playwright.sync_api import Browser, Page

from bench import wire
from bench.chromium import EXECUTABLE, FRAMES, busy_ms, chromium, frames, heap_mib, opened, until, weight
from bench.load import ask, post_json
from bench.scale import Scale
from bench.servers import Server
from bench.suite import Suite, settle
from bench.tables import fill

OPENED, ANSWERS, TURNS = 5, 5, 60
HTTP_RUNS = 10_000
ROWS_SEEN = 10
LIVE_RUNS, LIVE_S = 50, 0.2
# The moment at which the browser has drawn the first frame with so many runs, in both pages a link each; and the first
# frame with other runs after a key or a click.
WATCH = """
const ids = () => [...document.querySelectorAll('[role=row] a[href*="/runs/"]')].map((one) => one.getAttribute('href'));
const drawn = (name) => requestAnimationFrame(() => setTimeout(() => { window[name] = performance.now(); }, 0));
let first = false, before = null;
new MutationObserver(() => {
    const now = ids();
    if (!first && now.length >= ROWS) { first = true; drawn('firstRows'); }
    if (before !== null && now.length >= ROWS && now.slice(0, ROWS).join() !== before) { before = null; drawn('otherRows'); }
}).observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['href'] });
const asked = () => { window.askedAt = performance.now(); window.otherRows = 0; before = ids().slice(0, ROWS).join(); };
addEventListener('keydown', (event) => event.key === 'Enter' && asked(), true);
addEventListener('click', asked, true);
""".replace("ROWS", str(ROWS_SEEN))
LINES = "document.querySelector('canvas[data-layer=lines]') !== null"
READY = """
new MutationObserver((_, observer) => {
    if (!document.querySelector('main h1')) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.ready = performance.now(); }, 0));
}).observe(document, { subtree: true, childList: true });
"""


def studio_table(suite: Suite) -> None:
    """Experiments of 50 metrics and 30 params: first rows with a cold cache, filter, order, frames while one scrolls."""
    for server in suite.servers:
        sizes = _sizes(suite.scale, server)
        why = "no Chromium" if EXECUTABLE is None else "FastTrackML's page is another" if not sizes else ""
        if why:
            suite.record("studio_table", server.name, absent=why)
            continue
        experiment = wire.new_experiment(server, "studio-table")
        made = 0
        for size in sizes:
            suite.progress(f"    filling {server.name} to {size:,} runs")
            made = _filled(server, experiment, made, size)
            with chromium() as browser:
                found = _table(browser, server, experiment)
            suite.record(f"studio_table_{size}", server.name, **found)


def _sizes(scale: Scale, server: Server) -> tuple[int, ...]:
    return {"runyard": scale.studio_sizes, "mlflow": scale.table_peer_sizes}.get(server.name, ())


def _filled(server: Server, experiment: str, made: int, size: int) -> int:
    """Through the API up to 10,000 runs, then copies of these."""
    if server.name != "runyard" or size <= HTTP_RUNS or server.database:
        fill(server, experiment, made, size)
        return size
    if made < HTTP_RUNS:
        fill(server, experiment, made, HTTP_RUNS)
    server.stop()
    _multiply(str(server.data / "runyard.db"), int(experiment), size // HTTP_RUNS)
    server.start()
    return size


def _multiply(path: str, experiment: int, times: int) -> None:
    """Copies the runs of an experiment in their tables: over HTTP a hundred thousand would take half an hour."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        low, high, last = database.execute(
            "SELECT min(id), max(id), (SELECT max(id) FROM runs) FROM runs WHERE experiment_id = ?",
            (experiment,),
        ).fetchone()
        for turn in range(times - 1):
            step = last - low + 1 + turn * (high - low + 1)
            for table, key in (
                ("runs", "id"),
                ("run_params", "run_id"),
                ("run_tags", "run_id"),
                ("series", "run_id"),
            ):
                names = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
                changed = {key: f"{key} + {step}", "uuid": "lower(hex(randomblob(16)))"}
                database.execute(
                    f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(changed.get(n, n) for n in names)} "
                    f"FROM {table} WHERE experiment_id = ? AND {key} BETWEEN ? AND ?",
                    (experiment, low, high),
                )
        database.execute("COMMIT")
        database.execute("ANALYZE")


def _table(browser: Browser, server: Server, experiment: str) -> dict[str, float]:
    """Of the peer its first rows only: what its page can do otherwise differs too much."""
    ours = server.name == "runyard"
    place = f"/workspaces/default/experiments/{experiment}" if ours else f"/#/experiments/{experiment}/runs"
    first, busy = [], []
    for _ in range(OPENED):
        page = opened(browser, server.base_url + place, WATCH)
        until(page, "window.firstRows > 0")
        first.append(page.evaluate("window.firstRows"))
        busy.append(busy_ms(page))
        if len(first) < OPENED:
            page.context.close()
    found = {"first_ms": statistics.median(first), "first_cpu_ms": statistics.median(busy)}
    if ours:
        found |= _used(page)
    page.context.close()
    return found


def _used(page: Page) -> dict[str, float]:
    page.wait_for_timeout(1_500)
    orders = [
        _asked(page, page.get_by_role("columnheader", name="m0").get_by_role("button").first.click)
        for _ in range(ANSWERS)
    ]
    scrolled = _scrolled(page)
    field = page.get_by_role("combobox", name="Filter runs")
    filters = []
    for turn in range(ANSWERS):
        field.fill(f"metrics.m{turn + 1} > 0.{turn + 4}")
        filters.append(_asked(page, lambda: field.press("Enter")))
    return {
        "filter_ms": statistics.median(filters),
        "order_ms": statistics.median(orders),
        "frame_ms": statistics.median(scrolled),
        "frame_p95_ms": sorted(scrolled)[int(len(scrolled) * 0.95)],
        "longest_frame_ms": max(scrolled),
    }


def _asked(page: Page, act: Callable[[], object]) -> float:
    """From the key or the click to the frame with other rows."""
    page.evaluate("window.otherRows = 0")
    act()
    until(page, "window.otherRows > 0")
    passed: float = page.evaluate("window.otherRows - window.askedAt")
    page.wait_for_timeout(600)
    return passed


def _scrolled(page: Page) -> list[float]:
    box = page.get_by_role("grid", name="Runs").bounding_box()
    if box is None:
        raise RuntimeError("the table has gone")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate(FRAMES)
    for _ in range(TURNS):
        page.mouse.wheel(0, 240)
        page.wait_for_timeout(16)
    return frames(page)


def studio_empty(suite: Suite) -> None:
    """A workspace with nothing in it, opened with a cold cache: until it answers to a hand, and what is loaded."""
    for server in suite.servers:
        if server.name != "runyard" or EXECUTABLE is None:
            suite.record("studio_empty", server.name, absent="measured for Studio only")
            continue
        ask(server.address, post_json("/api/v1/workspaces", {"name": "studio-empty", "exist_ok": True}))
        ready, busy, bytes_ = [], [], 0.0
        with chromium() as browser:
            for _ in range(OPENED):
                page = opened(browser, f"{server.base_url}/workspaces/studio-empty", READY)
                until(page, "window.ready > 0")
                ready.append(page.evaluate("window.ready"))
                busy.append(busy_ms(page))
                bytes_ = weight(page)
                page.context.close()
        found = {"ready_ms": statistics.median(ready), "ready_cpu_ms": statistics.median(busy)}
        suite.record("studio_empty", server.name, **found, loaded_kb=bytes_ / 1000)


def studio_memory(suite: Suite) -> None:
    """The table and the charts of runs that log five times a second: what JavaScript holds, and whether it grows."""
    for server in suite.servers:
        if server.name != "runyard" or EXECUTABLE is None:
            suite.record("studio_memory", server.name, absent="measured for Studio only")
            continue
        experiment = wire.new_experiment(server, "studio-live")
        runs = [wire.new_run(server, experiment) for _ in range(LIVE_RUNS)]
        for tab, there in (("runs", "window.firstRows > 0"), ("charts", LINES)):
            with chromium() as browser, _logging(server, runs):
                page = opened(
                    browser, f"{server.base_url}/workspaces/default/experiments/{experiment}?tab={tab}", WATCH
                )
                until(page, there)
                found = _watched(page, suite.scale.studio_live_s)
            suite.record(f"studio_memory_{tab}", server.name, **found)


def _watched(page: Page, seconds: float) -> dict[str, float]:
    """The heap at the end, and its slope after the first quarter, in which caches fill."""
    page.wait_for_timeout(2_000)
    begun = time.perf_counter()
    seen: list[tuple[float, float]] = []
    while (passed := time.perf_counter() - begun) < seconds:
        page.wait_for_timeout(max(1_000, seconds * 1_000 / 40))
        if passed > seconds / 4:
            seen.append((passed / 3_600, heap_mib(page)))
    slope = statistics.linear_regression(*zip(*seen, strict=True)).slope
    return {"heap_mib": seen[-1][1], "heap_mib_per_hour": slope, "seconds": seconds}


@contextlib.contextmanager
def _logging(server: Server, runs: list[str]) -> Iterator[None]:
    """Points of all the runs, until the end of the block."""
    ended = threading.Event()

    def log() -> None:
        step = 0
        while not ended.wait(LIVE_S):
            step += 1
            for number, run in enumerate(runs):
                ask(server.address, wire.one_point(server, run, "live", number + 1 / step, step))

    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        settle(server)

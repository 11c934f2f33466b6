"""Chromium beside a server: pages with an empty cache, moments of frames, what a page weighs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

EXECUTABLE = shutil.which("chromium")
WIDTH, HEIGHT = 1400, 900
WAIT_MS, POLL_MS = 60_000, 20
FRAMES = """() => {
    window.frames_ = [performance.now()];
    const next = () => { window.frames_.push(performance.now()); window.watching = requestAnimationFrame(next); };
    window.watching = requestAnimationFrame(next);
}"""
_FRAMES_SO_FAR = "(cancelAnimationFrame(window.watching), window.frames_)"
# Compressed bytes of the page, its scripts and its styles.
_WEIGHT = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter((one) => one.entryType === 'navigation' || /\\.(js|css)$/.test(new URL(one.name).pathname))
    .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
_SESSIONS: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=EXECUTABLE, args=["--no-sandbox", "--disable-gpu", "--js-flags=--expose-gc"]
        )
        try:
            yield browser
        finally:
            browser.close()


def opened(browser: Browser, url: str, script: str) -> Page:
    """A page in a context of its own: nothing in the cache. The script runs before those of the page."""
    page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}).new_page()
    page.add_init_script(script)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    _SESSIONS[page] = session
    page.goto(url, wait_until="commit")
    return page


def until(page: Page, what: str, limit_ms: int = WAIT_MS) -> None:
    """Waits for an expression to be true.

    Playwright's own waiting evaluates in the page, which the page's policy forbids.
    """
    for _ in range(limit_ms // POLL_MS):
        if page.evaluate(what):
            return
        page.wait_for_timeout(POLL_MS)
    raise TimeoutError(f"{what} did not come true in {limit_ms} ms")


def frames(page: Page) -> list[float]:
    """How long each frame took since FRAMES was evaluated, in ms."""
    moments: list[float] = page.evaluate(_FRAMES_SO_FAR)
    return [after - before for before, after in pairwise(moments)]


def weight(page: Page) -> float:
    """Compressed bytes of the page, its scripts and its styles so far."""
    return float(page.evaluate(_WEIGHT))


def heap_mib(page: Page) -> float:
    """What JavaScript holds after its garbage was collected."""
    session = _SESSIONS[page]
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 2**20


def busy_ms(page: Page) -> float:
    """CPU time of the page's own thread since it was opened: what other programs on the machine do not move."""
    metrics = _SESSIONS[page].send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration") * 1000

"""One page of Studio in a real browser, and what is asked of every page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Response, expect

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
SHELL = shutil.which("chromium-headless-shell") or CHROMIUM
"""The build without windows: the same engine, which takes half the time, but shows no PDF."""
ROOT = Path(__file__).parents[2]
AXE = ROOT / "studio" / "node_modules" / "axe-core" / "axe.min.js"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTH, HEIGHT = 1400, 900
TIMEOUT_MS = 30_000  # two browsers and two servers share two cores
expect.set_options(timeout=TIMEOUT_MS)
SERIOUS = ("serious", "critical")


def launch(playwright: Playwright, program: str = SHELL) -> Browser:
    """The system's Chromium without a window."""
    return playwright.chromium.launch(executable_path=program, args=list(QUIET))


class Studio:
    """Opens pages of one server, and remembers what went wrong in them.

    Args:
        base: the server's address.
    """

    def __init__(self, browser: Browser, base: str) -> None:
        self.base = base
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []
        self.expected: list[str] = []
        """Regular expressions of faults that a test brings about itself, such as a 404."""

    def open(
        self, path: str, *, dark: bool = False, width: int = WIDTH, height: int = HEIGHT, **context: Any
    ) -> Page:
        """A new reader at an address: no cookies, nothing in the cache."""
        made = self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", **context
        )
        made.set_default_timeout(TIMEOUT_MS)
        self._contexts.append(made)
        page = made.new_page()
        page.on("console", self._told)
        page.on("pageerror", lambda error: self.faults.append(f"error in the page: {error}"))
        page.on("response", self._answered)
        page.goto(self.base + path)
        return page

    def close(self) -> None:
        """Close all pages. Raises: AssertionError, when something went wrong in one that the test does not expect."""
        for context in self._contexts:
            context.close()
        left = [fault for fault in self.faults if not any(re.search(one, fault) for one in self.expected)]
        assert not left, left

    def _told(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.status} {response.request.method} {response.url}")


def axe_findings(page: Page) -> list[str]:
    """What axe finds to be a serious hindrance, with the elements."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # Things that fade in are looked at when they are there.
    page.wait_for_timeout(400)
    result = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:4]]}"
        for one in result["violations"]
        if one["impact"] in SERIOUS
    ]

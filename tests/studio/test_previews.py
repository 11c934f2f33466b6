"""Hostile files in a real browser: shown beside Studio and by themselves, they reach nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from runyard.demo import documents
from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import CHROMIUM, launch
from tests.studio.conftest import Call

TRIES = """
async () => {
  const found = {origin: self.origin};
  const attempt = async (name, work) => {
    try { found[name] = await work() } catch { found[name] = 'blocked' }
  };
  await attempt('me', async () => (await fetch('/api/v1/me')).status);
  await attempt('cookie', async () => document.cookie);
  await attempt('storage', async () => localStorage.length);
  await attempt('studio', async () => parent.document.title);
  await attempt('away', async () => { top.location = 'about:blank'; return 'gone' });
  await attempt('picture', () => new Promise((done, failed) => {
    const picture = new Image();
    picture.onload = () => done('loaded');
    picture.onerror = failed;
    picture.src = '/studio/runyard.svg';
  }));
  return found;
}"""
HTML = f"<h1>mine</h1><script>({TRIES})().then(found => parent.postMessage(found, '*'))</script>"
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40" fill="red"/>
<script>parent.postMessage({ran: true}, '*')</script></svg>"""
FRAME = """
(address) => new Promise((done) => {
  const frame = document.createElement('iframe');
  addEventListener('message', (event) => done(event.data));
  setTimeout(() => done(null), 1500);
  frame.src = address;
  document.body.append(frame);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The whole Chromium: it shows PDF."""
    with sync_playwright() as playwright:
        found = launch(playwright, CHROMIUM)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser, server: ServerProcess) -> Iterator[Page]:
    """Studio, in a browser that has a cookie of this server that scripts can read."""
    context = browser.new_context()
    base = f"http://127.0.0.1:{server.port}"
    context.add_cookies([{"name": "secret", "value": "of-studio", "url": base}])
    made = context.new_page()
    made.goto(base)
    yield made
    context.close()


@pytest.fixture(scope="module")
def address(call: Call) -> Any:
    """`address(name, content)` puts a file into a run, and tells where it is shown."""
    run = call("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0"})["run"]["info"]

    def work(name: str, content: bytes) -> str:
        root = run["artifact_uri"].removeprefix("mlflow-artifacts:/")
        call("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{root}/{quote(name)}", body=content)
        return f"/api/v1/preview?{urlencode({'run_id': run['run_id'], 'path': name})}"

    return work


def test_scripts_of_a_page_run_and_reach_nothing(page: Page, address: Any) -> None:
    found = page.evaluate(FRAME, address("report.html", HTML.encode()))
    assert found == {
        "origin": "null",
        **dict.fromkeys(("me", "cookie", "storage", "studio", "away", "picture"), "blocked"),
    }
    assert "about:blank" not in page.url


def test_scripts_of_a_picture_do_not_run(page: Page, address: Any) -> None:
    place = address("plot.svg", SVG.encode())
    assert page.evaluate(FRAME, place) is None
    wide = page.evaluate(
        "(place) => new Promise((done) => { const i = new Image(); i.onload = () => done(i.width); i.src = place })",
        place,
    )
    assert wide == 40


@pytest.mark.parametrize("name", ["evil.pdf", "evil.png", "evil.txt", "evil.bin"])
def test_a_page_under_a_wrong_name_is_none(page: Page, address: Any, name: str) -> None:
    assert page.evaluate(FRAME, address(name, HTML.encode())) is None


def test_by_itself_a_page_has_no_cookie_and_no_api_either(
    page: Page, address: Any, server: ServerProcess
) -> None:
    alone = HTML.replace("parent.postMessage(found, '*')", "{document.title = JSON.stringify(found)}")
    alone = alone.replace("top.location = 'about:blank'; return 'gone'", "return 'not tried'")
    page.goto(f"http://127.0.0.1:{server.port}{address('alone.html', alone.encode())}")
    page.wait_for_function("document.title.includes('origin')")
    found = page.evaluate("JSON.parse(document.title)")
    assert {found[name] for name in ("me", "cookie", "storage", "picture")} == {"blocked"}


def test_paper_is_shown(page: Page, address: Any) -> None:
    place = address("paper.pdf", documents.pdf("Model card", ["one"]))
    with page.expect_response(lambda answer: "paper.pdf" in answer.url) as shown:
        page.evaluate(FRAME, place)
    assert (shown.value.status, shown.value.headers["content-type"]) == (200, "application/pdf")
    frames = [frame.url for frame in page.frames if "paper.pdf" in frame.url]
    assert frames and not any(frame.url.startswith("chrome-error") for frame in page.frames)

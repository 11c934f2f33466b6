"""What a page costs before it shows anything: bytes of scripts and styles, and from where they come."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import ROOT

BOUND_BYTES = 250_000
"""Gzipped: browsers ask for the smaller Brotli over TLS and on this machine only."""
ASSETS = "/studio/assets/"
STATIC = ROOT / "src" / "runyard" / "server" / "static" / "assets"


@pytest.mark.parametrize("path", ["/", "/workspaces/default", "/workspaces/default/experiments/0"])
def test_the_first_page_is_small_and_comes_from_this_server_alone(
    browser: Browser, server: ServerProcess, path: str
) -> None:
    base = f"http://127.0.0.1:{server.port}"
    context = browser.new_context()
    page = context.new_page()
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))
    page.goto(base + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(1_000)
    files = {urlsplit(one.url).path.removeprefix(ASSETS) for one in requests if ASSETS in one.url}
    sizes = {name: (STATIC / f"{name}.gz").stat().st_size for name in files}
    elsewhere = [one.url for one in requests if urlsplit(one.url).netloc != urlsplit(base).netloc]
    context.close()
    assert len(sizes) >= 3, sizes
    assert elsewhere == []
    assert sum(sizes.values()) <= BOUND_BYTES, sizes

"""What a page costs before it shows anything: bytes of scripts and styles, and from where they come."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.acceptance.server_process import ServerProcess

BOUND_BYTES = 250 * 1024
CODE = ("document", "script", "stylesheet", "font", "image")


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
    sizes = {one.url: one.sizes()["responseBodySize"] for one in requests if one.resource_type in CODE}
    elsewhere = [one.url for one in requests if urlsplit(one.url).netloc != urlsplit(base).netloc]
    context.close()
    assert len(sizes) >= 3, sizes
    assert elsewhere == []
    assert sum(sizes.values()) <= BOUND_BYTES, sizes

"""The server goes away while pages are open, and comes back."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import Studio

BACK_MS = 30_000


def test_pages_stay_and_say_so_while_the_server_is_away(studio: Studio, server: ServerProcess) -> None:
    page = studio.open("/workspaces/default")
    expect(page.get_by_role("heading", name="Latest runs")).to_be_visible()
    told = page.get_by_text("The server is away. What you see may be old")
    expect(told).to_have_count(0)
    studio.expected = [r"console: .*(ERR_|Failed to fetch|MissingPart)"]
    server.stop()
    expect(told).to_be_visible(timeout=BACK_MS)
    expect(page.get_by_role("heading", name="Latest runs")).to_be_visible()

    # A page whose code was not loaded yet; what is there stays usable.
    page.get_by_role("link", name="Trash").click()
    expect(page.get_by_role("heading", name="The server is away")).to_be_visible()
    expect(page.get_by_role("link", name="Overview")).to_be_visible()

    back = server.again()
    try:
        expect(page.get_by_role("heading", name="Trash")).to_be_visible(timeout=BACK_MS)
        expect(told).to_have_count(0)
    finally:
        page.close()
        back.stop()

"""Logging in at a real identity provider in a browser, over TLS: what comes back is a session that lasts and ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.server_process import ServerProcess
from tests.components.certificates import issued
from tests.components.oidc import CLIENT_ID, CLIENT_SECRET, Provider, folder, oidc_provider
from tests.components.processes import free_ports
from tests.studio.browser import Studio, axe_findings

pytestmark = pytest.mark.skipif(
    folder() is None, reason="oidc-provider is not installed; scripts/install-components does it"
)


class OverTls(ServerProcess):
    """A server whose address begins with https."""

    def start(self) -> ServerProcess:
        self.process = self.spawn()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "https://127.0.0.1:" in line, line + self.process.stdout.read()
        self.port = int(line.rsplit(":", 1)[1])
        return self


@pytest.fixture(scope="module")
def base() -> str:
    return f"https://127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture(scope="module")
def provider(base: str) -> Iterator[Provider]:
    with oidc_provider(f"{base}/login/oidc/callback") as running:
        running.put("mary", "owners")
        yield running


@pytest.fixture(scope="module")
def server(
    base: str, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("oidc")
    made = issued(folder)
    flags = {
        "--auth": "required",
        "--port": base.rpartition(":")[2],
        "--public-url": base,
        "--tls-cert": str(made.certificate),
        "--tls-key": str(made.key),
        "--oidc-issuer": provider.issuer,
        "--oidc-client-id": CLIENT_ID,
        "--oidc-owners": "owners",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNYARD_OIDC_CLIENT_SECRET", CLIENT_SECRET)
        running = OverTls(folder / "data", *(word for pair in flags.items() for word in pair)).start()
    yield running
    running.stop()


@pytest.fixture
def studio(browser: Browser, server: ServerProcess, base: str) -> Iterator[Studio]:
    made = Studio(browser, base)
    yield made
    made.close()


def log_in(page: Page, name: str) -> None:
    """From the login page through the provider's pages."""
    page.get_by_role("link", name="Log in with your organisation").click()
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def test_one_logs_in_at_the_provider_and_is_where_one_was_going(studio: Studio) -> None:
    studio.expected.append("401")
    page = studio.open("/workspaces/default/experiments?q=iris", ignore_https_errors=True)
    page.wait_for_url("**/login?*")
    log_in(page, "mary")
    page.wait_for_url("**/workspaces/default/experiments?q=iris")
    expect(page.get_by_role("heading", name="Experiments", level=1)).to_be_visible()
    (session,) = (one for one in page.context.cookies() if "runyard" in one["name"])
    assert session["httpOnly"] and session["secure"] and session["sameSite"] in ("Lax", "Strict")
    assert session["name"].startswith("__Host-"), session["name"]
    assert session["value"] not in page.evaluate("document.cookie")


def test_logging_out_everywhere_ends_the_session_of_the_other_browser(studio: Studio) -> None:
    studio.expected.append("401")
    pages = [studio.open("/login", ignore_https_errors=True) for _ in range(2)]
    for page in pages:
        log_in(page, "mary")
        expect(page.get_by_role("heading", name="Workspaces")).to_be_visible()
    here, there = pages
    here.get_by_role("button", name="mary").click()
    here.get_by_role("menuitem", name="Log out everywhere").click()
    here.wait_for_url("**/login*")
    there.reload()
    there.wait_for_url("**/login?*")


def test_who_has_no_role_is_told_so_after_the_login(studio: Studio) -> None:
    page = studio.open("/login", ignore_https_errors=True)
    log_in(page, "nobody")
    expect(page.get_by_text("No workspace", exact=False).first).to_be_visible()
    assert axe_findings(page) == []

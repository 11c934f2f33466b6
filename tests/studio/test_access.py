"""Who may do what: logging in and out, people, roles, tokens, the audit log; and what keeps a session safe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlparse

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import TIMEOUT_MS, Studio, axe_findings
from tests.studio.hostile import shown
from tests.studio.people import (
    OWNER,
    PASSWORD,
    V1,
    WORKSPACE,
    LoggedIn,
    do,
    enter,
    person,
    server_with_accounts,
)

HOSTILE = "<img src=x onerror=\"document.title='owned'\"> \u202egnp.exe " + "long" * 60
ACCESS = "/workspaces/default/access"
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Ada owns the server, Mary the workspace; Linus reads it."""
    made = server_with_accounts(tmp_path_factory.mktemp("accounts"))
    person(made, "mary", ("Owner", WORKSPACE), display_name=HOSTILE)
    person(made, "linus", ("Reader", WORKSPACE))
    do(made, "POST", f"{V1}/service-accounts", {"name": "nightly"})
    yield made
    made.stop()


@pytest.fixture(scope="module")
def logged_in(browser: Browser, server: ServerProcess) -> LoggedIn:
    return LoggedIn(browser, server)


def test_a_wrong_password_is_told_and_the_right_one_leads_where_one_wanted(studio: Studio) -> None:
    studio.expected = [r"^401 "]
    page = studio.open("/workspaces/default/models?q=a")
    expect(page).to_have_url(re.compile(r"/login\?next=" + quote("/workspaces/default/models?q=a", safe="")))
    enter(page, "mary", "not the password")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(re.compile("password", re.IGNORECASE))
    expect(page.get_by_label("User")).to_have_value("mary")
    enter(page, "mary")
    expect(page).to_have_url(f"{studio.base}/workspaces/default/models?q=a")


def test_a_login_never_leads_to_another_site(studio: Studio) -> None:
    studio.expected = [r"^401 "]
    page = studio.open(f"/login?next={quote('//evil.example/', safe='')}")
    enter(page, OWNER)
    expect(page).to_have_url(f"{studio.base}/")


def test_the_session_is_a_cookie_that_scripts_and_other_sites_cannot_use(
    studio: Studio, logged_in: LoggedIn
) -> None:
    page = logged_in.open(studio, OWNER, "/account")
    expect(page.get_by_text("A session of this browser")).to_be_visible()
    cookies = page.context.cookies()
    assert [(one["httpOnly"], one["sameSite"], one["path"]) for one in cookies] == [(True, "Lax", "/")]
    assert page.evaluate("document.cookie") == ""
    kept = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert cookies[0]["value"] not in kept


def test_scripts_that_are_not_studios_do_not_run(studio: Studio, logged_in: LoggedIn) -> None:
    studio.expected = ["Content Security Policy"]
    page = logged_in.open(studio, OWNER, "/account")
    answer = page.request.get(f"{studio.base}/account", headers={"Accept": "text/html"})
    policy = dict(
        part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.owned = true";
            document.body.append(script);
            const button = document.createElement("button");
            button.setAttribute("onclick", "window.owned = true");
            document.body.append(button);
            button.click();
        }"""
    )
    assert page.evaluate("window.owned") is None


def test_a_change_without_the_sessions_token_is_refused(studio: Studio, logged_in: LoggedIn) -> None:
    studio.expected = [r"^403 "]
    page = logged_in.open(studio, OWNER, "/account")
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    ask = """async (token) => {
        const headers = { "Content-Type": "application/json", ...(token && { "X-Runyard-CSRF": token }) };
        const body = JSON.stringify({ name: "forged" });
        const answer = await fetch("/api/v1/service-accounts", { method: "POST", headers, body });
        return [answer.status, (await answer.json()).error_code];
    }"""
    assert page.evaluate(ask, None) == [403, "CSRF_TOKEN_WRONG"]
    assert page.evaluate(ask, "x" * 43) == [403, "CSRF_TOKEN_WRONG"]


def test_a_token_is_shown_once_works_and_ends(
    studio: Studio, logged_in: LoggedIn, server: ServerProcess
) -> None:
    page = logged_in.open(studio, OWNER, "/account")
    page.get_by_role("button", name="New token").click()
    page.get_by_role("textbox", name="Name").fill("laptop")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    secret = dialog.locator("pre").inner_text()
    script = ServerProcess(server.data, token=secret)
    script.port = server.port
    assert script.call("GET", f"{V1}/me")[1]["principal"]["name"] == OWNER
    dialog.get_by_role("button", name="Done").click()
    row = page.get_by_role("row", name=re.compile("^laptop"))
    expect(row).to_be_visible()
    assert secret not in page.content()
    row.get_by_role("button", name="Revoke laptop").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    assert script.call("GET", f"{V1}/me")[0] == 401


def test_a_role_is_given_taken_and_given_back(
    studio: Studio, logged_in: LoggedIn, server: ServerProcess
) -> None:
    person(server, "grace")
    page = logged_in.open(studio, "mary", ACCESS)
    inherited = page.get_by_role("row", name=re.compile(f"^{OWNER} Owner the whole server inherited"))
    expect(inherited).to_be_visible()
    expect(inherited.get_by_role("button")).to_have_count(0)
    page.get_by_role("button", name="Give a role").click()
    page.get_by_label("Who").fill("nobody")
    page.get_by_role("button", name="Give the role").click()
    studio.expected = [r"^40\d POST .*/role-assignments"]
    expect(page.get_by_role("dialog")).to_contain_text("nobody")
    page.get_by_label("Who").fill("grace")
    page.keyboard.press("Enter")
    row = page.get_by_role("row", name=re.compile("^grace Data Scientist here"))
    expect(row).to_be_visible()
    row.get_by_role("button", name="Remove Data Scientist from grace").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()


def test_what_is_denied_is_shown_as_denied_and_wins(
    studio: Studio, logged_in: LoggedIn, server: ServerProcess
) -> None:
    person(server, "eve", ("Contributor", WORKSPACE))
    page = logged_in.open(studio, "mary", ACCESS)
    page.get_by_role("button", name="Give a role").click()
    page.get_by_label("Who").fill("eve")
    page.get_by_role("combobox", name="Role").click()
    page.get_by_role("option", name="Contributor").click()
    page.get_by_role("switch", name=re.compile("^Deny instead")).click()
    page.get_by_role("button", name="Deny the role").click()
    expect(page.get_by_role("row", name=re.compile("^eve Contributor denied here"))).to_be_visible()
    studio.expected = [r"^404 "]
    theirs = logged_in.open(studio, "eve", "/workspaces/default/models")
    expect(theirs.get_by_role("alert")).to_contain_text("Not found")


def test_a_role_of_ones_own_is_made_from_actions(studio: Studio, logged_in: LoggedIn) -> None:
    page = logged_in.open(studio, OWNER, f"{ACCESS}?tab=roles")
    table = page.get_by_role("region", name="What each role allows")
    deleting = table.get_by_role("row", name=re.compile("^runs.delete"))
    expect(deleting.get_by_role("img", name="yes")).to_have_count(3)
    page.get_by_role("button", name="New role").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Sweeper")
    dialog.get_by_role("checkbox", name="runs/delete").check()
    dialog.get_by_role("button", name="Make the role").click()
    expect(deleting.get_by_role("img", name="yes")).to_have_count(4)
    page.get_by_role("button", name="Remove the role Sweeper").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(deleting.get_by_role("img", name="yes")).to_have_count(3)


def test_service_accounts_get_tokens(studio: Studio, logged_in: LoggedIn, server: ServerProcess) -> None:
    page = logged_in.open(studio, OWNER, "/access?tab=service-accounts")
    page.get_by_role("button", name="Actions for nightly").click()
    page.get_by_role("menuitem", name="Tokens").click()
    drawer = page.get_by_role("dialog", name="nightly")
    drawer.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog", name="New token")
    dialog.get_by_label("Name").fill("train")
    dialog.get_by_role("button", name="Make the token").click()
    robot = ServerProcess(server.data, token=dialog.locator("pre").inner_text())
    robot.port = server.port
    assert robot.call("GET", f"{V1}/me")[1]["principal"]["kind"] == "service_account"


def test_users_are_made_disabled_and_removed(studio: Studio, logged_in: LoggedIn) -> None:
    page = logged_in.open(studio, OWNER, "/access")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("newcomer")
    dialog.get_by_role("textbox", name="Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Make it").click()
    row = page.get_by_role("row", name=re.compile("^newcomer"))
    for item, state in (("Disable", "disabled"), ("Enable", "active")):
        row.get_by_role("button").click()
        page.get_by_role("menuitem", name=item).click()
        expect(row).to_contain_text(state)
    row.get_by_role("button").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_groups_have_members(studio: Studio, logged_in: LoggedIn) -> None:
    page = logged_in.open(studio, OWNER, "/access?tab=groups")
    page.get_by_role("button", name="New group").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Name", exact=True).fill("vision")
    page.keyboard.press("Enter")
    group = page.get_by_role("region", name="Group vision")
    group.get_by_role("textbox").fill("mary")
    page.keyboard.press("Enter")
    group.get_by_role("button", name="Take mary out of vision").click()
    expect(group).to_contain_text("Nobody is in it yet")
    page.get_by_role("button", name="Remove the group vision").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(group).to_have_count(0)


def test_the_audit_log_is_filtered_by_its_address_verified_and_exported(
    studio: Studio, logged_in: LoggedIn
) -> None:
    page = logged_in.open(studio, OWNER, "/access?tab=audit&action=login&who=mary&span=day&outcome=nonsense")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("mary")
    assert all("login" in text for text in rows.all_inner_texts()[1:])
    page.get_by_role("textbox", name="Who").fill("nobody at all")
    expect(page.get_by_text("No line fits")).to_be_visible()
    assert parse_qs(urlparse(page.url).query)["who"] == ["nobody at all"]
    page.get_by_role("textbox", name="Who").fill("")
    expect(rows.nth(1)).to_be_visible()
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("none is missing")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    lines = download.value.path().read_text().splitlines()
    assert lines and {json.loads(line)["action"] for line in lines} == {"login"}


def test_who_only_reads_is_shown_no_button_that_cannot_work(studio: Studio, logged_in: LoggedIn) -> None:
    studio.expected = [r"^403 GET .*/role-assignments"]
    page = logged_in.open(studio, "linus", ACCESS)
    expect(page.get_by_text("You may not see who has which role")).to_be_visible()
    expect(page.get_by_text("linus may not do access/read")).to_be_visible()
    for path, button in (("models", "New model"), ("datastores", "Attach a datastore")):
        page.goto(f"{studio.base}/workspaces/default/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("button", name=button)).to_have_count(0)
    page.goto(f"{studio.base}/access")
    expect(page.get_by_role("tab")).to_have_text(["Roles"])


def test_logging_out_everywhere_ends_every_browser(
    studio: Studio, browser: Browser, server: ServerProcess
) -> None:
    studio.expected = [r"^401 "]
    person(server, "ida")
    own = LoggedIn(browser, server)
    here, there = (
        own.open(studio, "ida", "/account"),
        LoggedIn(browser, server).open(studio, "ida", "/account"),
    )
    expect(there.get_by_role("heading", name="Account")).to_be_visible()
    here.get_by_role("button", name="Account of ida").click()
    here.get_by_role("menuitem", name="Log out everywhere").click()
    expect(here.get_by_role("heading", name="Log in to Runyard")).to_be_visible()
    there.reload()
    expect(there.get_by_role("heading", name="Log in to Runyard")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", [ACCESS, f"{ACCESS}?tab=roles", "/access", "/access?tab=audit", "/account"])
def test_pages_hinder_nobody(studio: Studio, logged_in: LoggedIn, path: str, dark: bool) -> None:
    page = logged_in.open(studio, OWNER, path, dark=dark)
    expect(page.get_by_role("table").or_(page.get_by_role("region")).first).to_be_visible()
    assert axe_findings(page) == []


def test_hostile_names_are_text_also_on_a_phone(studio: Studio, logged_in: LoggedIn) -> None:
    page: Page = logged_in.open(studio, OWNER, "/access", width=390)
    expect(page.get_by_title(shown(HOSTILE), exact=True)).to_be_visible()
    expect(page).to_have_title("People of this server · Runyard")
    assert page.evaluate(TOO_WIDE) <= 0

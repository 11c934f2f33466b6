"""Studio where everybody must log in: sessions that end or change under a page, addresses and pages of others."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import Studio

PASSWORD = "a passphrase of twelve or more"
LOGIN = "/api/v1/login/session"
REFUSED = "(401|403) "
PAGE = "/workspaces/default/experiments"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with two people, who may do everything."""
    data = tmp_path_factory.mktemp("security")
    command = [
        sys.executable,
        "-m",
        "runyard",
        "admin",
        "create-owner",
        "root",
        "--token",
        "--data",
        str(data),
    ]
    token = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().split()[-1]
    made = ServerProcess(data, "--auth", "required", token=token).start()
    for name in ("ada", "grace"):
        assert made.call("POST", "/api/v1/users", {"name": name, "password": PASSWORD})[0] == 200
        role = {"principal": name, "role": "Owner", "scope": "/"}
        assert made.call("POST", "/api/v1/role-assignments", role)[0] == 200
    yield made
    made.stop()


@pytest.fixture
def studio(browser: Browser, closed: ServerProcess) -> Iterator[Studio]:
    made = Studio(browser, f"http://127.0.0.1:{closed.port}")
    made.expected.append(r"401 GET http\S+/api/v1/me")  # of who is not logged in yet
    yield made
    made.close()


def log_in(page: Page, name: str = "ada") -> None:
    page.get_by_label("User").fill(name)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def inside(studio: Studio, path: str = PAGE, name: str = "ada") -> Page:
    """A page of somebody who is logged in."""
    page = studio.open(path)
    log_in(page, name)
    expect(page.get_by_role("button", name=f"Account of {name}")).to_be_visible()
    expect(page).to_have_url(studio.base + path)
    return page


def session_of(closed: ServerProcess, name: str) -> str:
    body = json.dumps({"user": name, "password": PASSWORD}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{closed.port}{LOGIN}", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        cookie = str(answer.headers["Set-Cookie"])
    return cookie.partition(";")[0].partition("=")[2]


def come_in_as(context: BrowserContext, studio: Studio, secret: str) -> None:
    """As if somebody had logged in in another tab."""
    context.clear_cookies()
    context.add_cookies([{"name": "runyard_session", "value": secret, "url": studio.base}])


def walk(page: Page) -> None:
    """To a page that is read by requests of several kinds, without loading Studio again."""
    page.get_by_role("link", name="Default", exact=True).first.click()


@pytest.mark.parametrize(
    ("next", "there"),
    [
        ("//127.0.0.2/x", "/"),
        ("/\\127.0.0.2", "/"),
        ("http://127.0.0.2/", "/"),
        ("javascript:alert(1)", "/"),
        ("/login?next=%2Faccount", "/"),
        ("/..//127.0.0.2/x", "/127.0.0.2/x"),
        ("/account", "/account"),
    ],
)
def test_a_login_leads_to_this_server_only(studio: Studio, next: str, there: str) -> None:
    page = studio.open(f"/login?next={quote(next, safe='')}")
    log_in(page)
    expect(page).to_have_url(studio.base + there)


def test_scripts_cannot_read_the_session(studio: Studio) -> None:
    page = inside(studio)
    (cookie,) = page.context.cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    seen = page.evaluate("document.cookie + JSON.stringify({...localStorage, ...sessionStorage})")
    assert cookie["value"] not in seen and "runyard_session" not in seen


def test_when_a_session_has_ended_one_logs_in_and_is_where_one_was(
    studio: Studio, closed: ServerProcess
) -> None:
    studio.expected.append(REFUSED)
    page = inside(studio)
    page.context.clear_cookies()
    walk(page)  # several requests are refused at once
    expect(page.get_by_role("heading", name="Log in to Runyard")).to_be_visible()
    page.wait_for_timeout(500)  # for those that come late
    assert page.url.count("next") == 1
    log_in(page)
    expect(page.get_by_role("button", name="Account of ada")).to_be_visible()
    assert page.url.startswith(f"{studio.base}{PAGE}")


def test_a_page_goes_on_when_one_logs_in_again_in_another_tab(studio: Studio, closed: ServerProcess) -> None:
    studio.expected.append("403 POST")  # those that brought the token of the session before
    page = inside(studio)
    loads: list[str] = []
    page.on("load", lambda one: loads.append(one.url))
    come_in_as(page.context, studio, session_of(closed, "ada"))
    walk(page)
    expect(page.get_by_text("No runs").or_(page.get_by_text("Log a run")).first).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert loads == []


def test_a_page_becomes_that_of_whoever_logged_in_in_another_tab(
    studio: Studio, closed: ServerProcess
) -> None:
    studio.expected.append("403 POST")
    page = inside(studio)
    come_in_as(page.context, studio, session_of(closed, "grace"))
    walk(page)
    expect(page.get_by_role("button", name="Account of grace")).to_be_visible()


def test_logging_out_of_a_session_that_is_over_leads_to_the_login(studio: Studio) -> None:
    studio.expected.append(REFUSED)
    page = inside(studio)
    page.context.clear_cookies()
    page.get_by_role("button", name="Account of ada").click()
    page.get_by_role("menuitem", name="Log out", exact=True).click()
    expect(page.get_by_role("heading", name="Log in to Runyard")).to_be_visible()


def test_no_script_but_studios_own_runs(studio: Studio) -> None:
    studio.expected.append("Content.Security.Policy")
    page = inside(studio)
    page.evaluate(
        """() => {
          const nonce = document.querySelector('meta[name=csp-nonce]').content;
          for (const how of [{}, {nonce}]) {
            const one = document.createElement('script');
            Object.assign(one, how, {textContent: 'globalThis.ran = true'});
            document.body.append(one);
          }
          const link = document.createElement('a');
          link.href = 'javascript:globalThis.ran = true';
          document.body.append(link);
          link.click();
          document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="globalThis.ran = true">');
          const base = document.createElement('base');
          base.href = 'http://127.0.0.2/';
          document.head.append(base);
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("globalThis.ran") is None
    assert page.evaluate("document.baseURI") == page.url


class Foreign(BaseHTTPRequestHandler):
    """Another site, whose pages try to act here in the name of who reads them."""

    target = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        pages = {
            "/log-in": self.form(LOGIN, {"user": "grace", "password": PASSWORD}),
            "/log-out": self.form("/api/v1/logout", {}),
            "/frame": f"<iframe src='{self.target}/'></iframe>",
        }
        submit = "" if self.path == "/frame" else "<script>document.forms[0].submit()</script>"
        self.wfile.write((pages[self.path] + submit).encode())

    def form(self, path: str, fields: dict[str, str]) -> str:
        """A form that sends what reads as JSON: its one field is called `{…,"x":"` and has the value `"}`."""
        name = json.dumps({**fields, "x": ""}).removesuffix('"}')
        return (
            f"<form method=post enctype=text/plain action='{self.target}{path}'>"
            f"<input name='{name}' value='\"}}'></form>"
        )

    def log_message(self, *arguments: Any) -> None:
        """Tests print nothing."""


@pytest.fixture
def foreign(studio: Studio) -> Iterator[str]:
    handler = type("Handler", (Foreign,), {"target": studio.base})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["/log-in", "/log-out"])
def test_forms_of_other_sites_do_nothing(studio: Studio, foreign: str, path: str) -> None:
    page = inside(studio)
    other = page.context.new_page()
    other.goto(foreign + path)
    expect(other.locator("body")).to_contain_text("Cross-origin request blocked")
    page.reload()
    expect(page.get_by_role("button", name="Account of ada")).to_be_visible()


def test_other_sites_cannot_frame_studio(studio: Studio, foreign: str) -> None:
    page = inside(studio)
    other = page.context.new_page()
    other.goto(f"{foreign}/frame")
    other.wait_for_timeout(300)
    assert [frame.url for frame in other.frames[1:]] == ["chrome-error://chromewebdata/"]


@pytest.mark.parametrize("path", ["/workspaces/default/runs", PAGE, "/workspaces/default/experiments/0"])
def test_names_that_every_object_has_are_no_choices_in_an_address(studio: Studio, path: str) -> None:
    page = inside(studio)
    for name in ("__proto__", "constructor", "toString"):
        values = [f"{key}={name}" for key in ("since", "order", "tab", "view", "st", "top")]
        columns = quote(json.dumps([f"a.{name}", f"m.{name}.loss", f"p.{name}"]))
        page.goto(
            f"{studio.base}{path}?{'&'.join(values)}&cols={columns}&pin={columns}&o={columns}&by={columns}"
        )
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text(re.compile("error of its own"))).to_have_count(0)


@pytest.mark.parametrize("name", ["x" * 200, "<img src=x onerror=alert(1)>\u202e"], ids=["long", "hostile"])
def test_a_view_with_any_name_can_be_renamed_and_deleted(
    studio: Studio, closed: ServerProcess, name: str
) -> None:
    view = {"name": name, "page": "runs", "shared": True, "state": {"search": {"f": "x"}}}
    status, made = closed.call("POST", "/api/v1/views", view)
    assert status == 200
    page = inside(studio, "/workspaces/default/runs")
    page.get_by_role("button", name="Views").click()
    for does in ("Rename or share the view", "Delete the view"):
        expect(page.get_by_role("menuitem", name=does)).to_be_in_viewport()
    page.get_by_role("menuitem", name="Delete the view").click()
    expect(page.get_by_text(re.compile("^Deleted the view"))).to_be_visible()
    assert closed.call("GET", f"/api/v1/views/{made['id']}")[0] == 404


SLOW_FILES = {
    "brackets.md": "[" * 250_000,
    "table.md": "|-|-\n" * 50_000,
    "names.java": "$" * 250_000,
    "deep.json": "[" * 5_000 + "]" * 5_000,
    "row.csv": 'a,b\n"' + "x" * 12_000_000,
    "page.ipynb": json.dumps(
        {
            "metadata": {"language_info": {"name": {}}},
            "cells": [
                {
                    "cell_type": "code",
                    "outputs": [{"output_type": "display_data", "data": {"text/html": "<" * 500_000}}],
                }
            ],
        }
    ),
}


def test_files_that_are_made_to_hold_a_page_up_do_not(studio: Studio, closed: ServerProcess) -> None:
    status, run = closed.call("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0"})
    assert status == 200
    info = run["run"]["info"]
    place = f"/api/2.0/mlflow-artifacts/artifacts/{info['artifact_uri'].removeprefix('mlflow-artifacts:/')}"
    for name, text in SLOW_FILES.items():
        assert closed.call("PUT", f"{place}/{name}", text.encode())[0] == 200
    page = inside(studio)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in SLOW_FILES:
        page.goto(f"{studio.base}{PAGE}/0/runs/{info['run_id']}?tab=artifacts&path={name}")
        expect(page.get_by_role("region", name=name)).to_be_visible()
        expect(page.get_by_text(re.compile("error of its own"))).to_have_count(0)
        page.get_by_role("link", name="Experiments", exact=True).first.click()
        expect(page.get_by_role("heading", level=1, name="Experiments")).to_be_visible()
    parts = [url for url in asked if "/preview?" in url and url.endswith("row.csv")]
    assert len(parts) < 25  # a quarter of a megabyte each, and not all of its twelve

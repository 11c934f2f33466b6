"""The workspaces, a workspace at a glance, the list of experiments, and how one gets anywhere by keyboard."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.studio.browser import Studio, axe_findings
from tests.studio.conftest import Call

M = "/api/2.0/mlflow"
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.outerHTML.slice(0, 120))"""
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> \u202egnp.exe " + "long" * 60


@pytest.fixture(scope="module")
def experiment(call: Call) -> str:
    """An experiment with a run that runs and one that failed."""
    made: str = call("POST", f"{M}/experiments/create", {"name": "digits"})["experiment_id"]
    call(
        "POST",
        f"{M}/experiments/set-experiment-tag",
        {"experiment_id": made, "key": "team", "value": "vision"},
    )
    for name, status in (("steady", None), ("broken", "FAILED")):
        run = call(
            "POST", f"{M}/runs/create", {"experiment_id": made, "run_name": name, "start_time": now_ms()}
        )
        if status:
            ended = {"run_id": run["run"]["info"]["run_id"], "status": status, "end_time": now_ms()}
            call("POST", f"{M}/runs/update", ended)
    call("POST", f"{M}/experiments/create", {"name": HOSTILE})
    return made


def now_ms() -> int:
    """This moment."""
    return int(time.time() * 1000)


@pytest.fixture
def overview(studio: Studio, experiment: str) -> Iterator[Page]:
    yield studio.open("/workspaces/default")


def test_home_leads_to_a_workspace_and_its_runs(studio: Studio, experiment: str) -> None:
    page = studio.open("/")
    expect(page.get_by_role("heading", name="Workspaces")).to_be_visible()
    page.get_by_role("link", name="steady").click()
    expect(page).to_have_url(
        re.compile(rf"/workspaces/default/experiments/{experiment}/runs/[0-9a-f]{{32}}$")
    )


def test_overview_shows_what_runs_and_what_failed(overview: Page) -> None:
    running = overview.get_by_role("region", name="Running now")
    expect(running.get_by_role("link", name="steady")).to_be_visible()
    failed = overview.get_by_role("region", name="Failed in the last 7 days")
    expect(failed.get_by_role("link", name="broken")).to_be_visible()
    expect(running.get_by_role("link", name="broken")).to_have_count(0)


def test_overview_hands_out_config_json_of_this_server(overview: Page, studio: Studio) -> None:
    with overview.expect_download() as download:
        overview.get_by_role("button", name="Download config.json").click()
    assert download.value.suggested_filename == "config.json"
    fields = json.loads(download.value.path().read_text())
    assert fields == {
        "subscription_id": "default",
        "resource_group": "default",
        "workspace_name": "default",
        "server": studio.base,
    }


def test_overview_follows_runs_as_they_start(overview: Page, call: Call, experiment: str) -> None:
    latest = overview.get_by_role("region", name="Latest runs")
    expect(latest.get_by_role("link", name="steady")).to_be_visible()
    call(
        "POST",
        f"{M}/runs/create",
        {"experiment_id": experiment, "run_name": "newcomer", "start_time": now_ms()},
    )
    expect(latest.get_by_role("link", name="newcomer")).to_be_visible()


def test_experiments_are_searched_by_name_and_tag_and_the_address_says_so(
    studio: Studio, experiment: str
) -> None:
    page = studio.open("/workspaces/default/experiments")
    expect(page.get_by_role("link", name="Default", exact=True)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("digi")
    expect(page.get_by_role("link", name="Default", exact=True)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"\?q=digi$"))
    again = studio.open("/workspaces/default/experiments?tag=team%3Dvision")
    expect(again.get_by_role("link", name="digits")).to_be_visible()
    expect(again.get_by_role("link", name="Default", exact=True)).to_have_count(0)


def test_an_experiment_is_archived_deleted_and_brought_back(studio: Studio, call: Call) -> None:
    call("POST", f"{M}/experiments/create", {"name": "short-lived"})
    page = studio.open("/workspaces/default/experiments")
    row = page.get_by_role("row", name="short-lived")
    row.get_by_role("button").click()
    page.get_by_role("menuitem", name="Archive").click()
    expect(row).to_have_count(0)
    page.get_by_text("Archived", exact=True).first.click()
    expect(row).to_be_visible()
    row.get_by_role("button").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").last.click()
    expect(row).to_be_visible()


def test_the_keyboard_goes_to_an_experiment(studio: Studio, experiment: str) -> None:
    page = studio.open("/workspaces/default/experiments?q=digits")
    expect(page.get_by_role("link", name="digits")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/experiments/{experiment}$"))


def test_the_palette_finds_runs_by_name(overview: Page) -> None:
    expect(overview.get_by_role("heading", name="default")).to_be_visible()
    overview.keyboard.press("Control+k")
    overview.get_by_role("combobox", name="Go to").fill("brok")
    expect(overview.get_by_role("option", name=re.compile("broken"))).to_be_visible()
    overview.keyboard.press("Enter")
    expect(overview).to_have_url(re.compile(r"/runs/[0-9a-f]{32}$"))


def test_an_address_as_mlflow_prints_it_leads_to_the_run(studio: Studio, call: Call, experiment: str) -> None:
    run = call("POST", f"{M}/runs/create", {"experiment_id": experiment, "run_name": "printed"})
    run_id = run["run"]["info"]["run_id"]
    page = studio.open(f"/#/experiments/{experiment}/runs/{run_id}")
    expect(page).to_have_url(re.compile(rf"/workspaces/default/experiments/{experiment}/runs/{run_id}$"))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", ["/", "/workspaces/default", "/workspaces/default/experiments", "/login"])
def test_pages_hinder_nobody(studio: Studio, experiment: str, path: str, dark: bool) -> None:
    page = studio.open(path, dark=dark)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle") if path == "/login" else page.wait_for_timeout(500)
    assert axe_findings(page) == []


def test_hostile_names_are_text(studio: Studio, experiment: str) -> None:
    page = studio.open("/workspaces/default/experiments", width=390)
    expect(page.get_by_role("link", name=re.compile("^<img src=x"))).to_be_visible()
    expect(page).to_have_title("Experiments · Runyard")
    assert page.evaluate(TOO_WIDE) == []

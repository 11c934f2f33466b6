"""Compute targets: made, looked at, limited, stopped, deleted; their machines, queues and sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.job_server import JobServer
from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import TIMEOUT_MS, Studio, axe_findings
from tests.studio.people import WORKSPACE, LoggedIn, do, person, server_with_accounts
from tests.studio.submitted import HOSTILE, submit_files, submit_waiting

COMPUTE = "/workspaces/default/compute"
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"
RAY = {"settings": {"address": "http://ray.invalid:8265"}}
NOTHING = {"train.py": "print('done')\n"}
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="module")
def jobs(server: ServerProcess) -> JobServer:
    """The server, without any compute target at first."""
    return JobServer(server)


def new_target(page: Page, kind: str, name: str) -> None:
    """Open the dialog for one of a kind."""
    page.get_by_role("button", name="New compute target").click()
    dialog = page.get_by_role("dialog", name="New compute target")
    dialog.get_by_role("combobox", name="Kind").click()
    page.get_by_role("option", name=kind).click()
    dialog.get_by_label("Name", exact=False).first.fill(name)


def test_the_first_target_is_made_and_looked_at(studio: Studio, jobs: JobServer) -> None:
    page = studio.open(COMPUTE)
    expect(page.get_by_text("No compute target yet")).to_be_visible()
    new_target(page, "This server's machine", "desk")
    page.get_by_role("dialog").get_by_text("Limits, and who may use it").click()
    page.get_by_role("dialog").get_by_label("Running at once", exact=True).fill("2")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    row = page.get_by_role("row", name=re.compile("^desk Ready"))
    expect(row).to_contain_text("This server's machine")
    assert jobs.ok("GET", "/computes/desk")["limits"]["max_running"] == 2
    row.get_by_role("link", name="desk").click()
    expect(page.get_by_role("heading", name="desk", level=1)).to_be_visible()
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("desk answers")).to_be_visible()
    nodes = page.get_by_role("region", name="Nodes")
    expect(nodes.get_by_role("row")).to_have_count(2)
    expect(nodes).to_contain_text("GiB")


def test_what_is_refused_is_told_and_keys_do_not_come_back(studio: Studio, jobs: JobServer) -> None:
    page = studio.open(COMPUTE)
    new_target(page, "SSH", "far")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Machines").fill("127.0.0.1:1")
    dialog.get_by_role("textbox", name="User").fill("me")
    studio.expected = [r"^400 POST .*/computes$"]
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("private_key")
    dialog.get_by_label("Password", exact=True).fill("hush hush")
    dialog.get_by_role("button", name="Create").click()
    row = page.get_by_role("row", name=re.compile("^far"))
    expect(row).to_contain_text("Unreachable")
    expect(row).to_contain_text("me@127.0.0.1:1")
    assert "hush" not in page.content()
    page.goto(f"{studio.base}{COMPUTE}?name=far&tab=settings")
    expect(page.get_by_role("region", name="Settings")).to_contain_text("password")
    page.get_by_role("button", name="Edit settings and limits").click()
    edit = page.get_by_role("dialog", name="Edit far")
    expect(edit.get_by_label("Password", exact=True)).to_have_value("")
    expect(edit.get_by_text("Kept. Leave it empty")).to_be_visible()
    assert axe_findings(page) == []
    edit.get_by_label("Description").fill("Behind the stairs")
    edit.get_by_label("Running at once", exact=True).fill("3")
    edit.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Behind the stairs")).to_be_visible()
    expect(page.get_by_role("region", name="Limits")).to_contain_text(re.compile("Running at once ?3"))
    kept = jobs.ok("GET", "/computes/far")
    assert kept["has_credentials"] == {"password": True}
    assert (kept["limits"]["max_running"], kept["settings"]["username"]) == (3, "me")


def test_a_queue_is_in_order_and_says_why(studio: Studio, jobs: JobServer, tmp_path: Path) -> None:
    jobs.compute("queue", limits={"max_running": 1})
    gate = tmp_path / "gate"
    first = submit_waiting(jobs, "queue", gate, run_name="runs now")
    jobs.wait_state(first, "Running")
    runs = [submit_files(jobs, "queue", NOTHING, run_name=name) for name in ("waits 1", "waits 2")]
    jobs.wait(runs[1], lambda job: job["waits"] != "")
    page = studio.open(f"{COMPUTE}?name=queue&tab=queue")
    rows = page.get_by_role("region", name="Queue").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("runs now")
    expect(rows.nth(2)).to_contain_text("waits 1")
    expect(rows.nth(3)).to_contain_text("queue runs at most 1 at once")
    page.get_by_role("button", name="Actions for waits 2").click()
    page.get_by_role("menuitem", name="Priority…").click()
    page.get_by_role("dialog", name="Priority").get_by_role("textbox").fill("5")
    page.get_by_role("dialog", name="Priority").get_by_role("button", name="Set").click()
    expect(rows.nth(2)).to_contain_text("waits 2")
    gate.touch()
    expect(page.get_by_text("Nothing runs and nothing waits here")).to_be_visible()
    jobs.wait_ended([first, *runs])
    page.get_by_role("tab", name="Runs").click()
    expect(page.get_by_role("region", name="Runs").get_by_role("row")).to_have_count(4)


def test_a_stopped_target_takes_nothing_until_it_is_started(studio: Studio, jobs: JobServer) -> None:
    jobs.compute("resting")
    page = studio.open(f"{COMPUTE}?name=resting")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("takes no further runs")).to_be_visible()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    run_id = submit_files(jobs, "resting", NOTHING)
    jobs.wait(run_id, lambda job: job["waits"] != "")
    page.keyboard.press("2")
    expect(page.get_by_role("region", name="Queue")).to_contain_text("resting is stopped")
    page.get_by_role("button", name="Undo").click()
    jobs.wait_state(run_id, "Completed")
    expect(page.get_by_text("Nothing runs and nothing waits here")).to_be_visible()


def test_a_target_is_deleted_with_what_it_has_only_if_asked_to(studio: Studio, jobs: JobServer) -> None:
    jobs.compute("gone")
    jobs.ok("POST", "/computes/gone/stop")
    run_id = submit_files(jobs, "gone", NOTHING)
    page = studio.open(f"{COMPUTE}?name=gone")
    page.get_by_role("button", name="Actions for gone").click()
    page.get_by_role("menuitem", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete gone?")
    studio.expected = [r"^400 DELETE", r"^404 GET .*/computes/gone"]
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("has jobs that have not ended")).to_be_visible()
    page.get_by_role("button", name="Actions for gone").click()
    page.get_by_role("menuitem", name="Delete…").click()
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("/compute$"))
    expect(page.get_by_role("link", name="gone", exact=True)).to_have_count(0)
    assert jobs.job(run_id)["state"] == "Canceled"


def test_sizes_make_pools(studio: Studio, jobs: JobServer) -> None:
    jobs.compute("base")
    page = studio.open(f"{COMPUTE}?name=base&tab=sizes")
    page.get_by_role("button", name="New size").click()
    dialog = page.get_by_role("dialog", name="New size")
    dialog.get_by_label("Name").fill("STANDARD_NC6")
    dialog.get_by_label("CPUs").fill("1")
    dialog.get_by_label("Memory in GiB").fill("0.5")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("row", name=re.compile("STANDARD_NC6 1 CPU · 512 MiB"))).to_be_visible()
    page.get_by_role("button", name="Delete STANDARD_NC6").click()
    expect(page.get_by_text("No sizes of this target")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row", name=re.compile("STANDARD_NC6 1 CPU · 512 MiB"))).to_be_visible()
    page.goto(studio.base + COMPUTE)
    new_target(page, "Pool of a size", "pool")
    pool = page.get_by_role("dialog")
    pool.get_by_label("Size", exact=False).first.fill("STANDARD_NC6")
    page.keyboard.press("Escape")
    pool = page.get_by_role("dialog")
    pool.get_by_role("button", name="Create").click()
    expect(page.get_by_role("row", name=re.compile("^pool .*STANDARD_NC6 of base"))).to_be_visible()


def test_any_address_shows_something(studio: Studio, jobs: JobServer) -> None:
    studio.expected = [r"^404 GET .*/computes/nowhere"]
    page = studio.open(f"{COMPUTE}?name=nowhere&tab=odd")
    expect(page.get_by_role("alert")).to_contain_text("nowhere")
    page = studio.open(f"{COMPUTE}?name[]=1&tab[]=2")
    expect(page.get_by_role("heading", name="Compute", level=1)).to_be_visible()
    assert parse_qs(urlparse(page.url).query).get("tab") != ["queue"]


def test_hostile_texts_are_text_also_on_a_phone(studio: Studio, jobs: JobServer) -> None:
    jobs.compute("plain", description=HOSTILE, tags={"key": HOSTILE})
    page = studio.open(f"{COMPUTE}?name=plain&tab=settings", width=390)
    expect(page.get_by_text("onerror").first).to_be_visible()
    assert page.evaluate(TOO_WIDE) <= 0
    page.goto(studio.base + COMPUTE)
    expect(page.get_by_role("link", name="plain")).to_be_visible()
    assert page.evaluate(TOO_WIDE) <= 0
    expect(page).not_to_have_title("owned")


@pytest.mark.parametrize("dark", [False, True])
def test_pages_hinder_nobody(studio: Studio, jobs: JobServer, dark: bool) -> None:
    name = f"open{dark}"
    jobs.compute(name)
    jobs.ok("POST", f"/computes/{name}/stop")
    submit_files(jobs, name, NOTHING)
    page = studio.open(COMPUTE, dark=dark)
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    assert axe_findings(page) == []
    for tab in ("nodes", "queue", "runs", "settings", "sizes"):
        page.goto(f"{studio.base}{COMPUTE}?name={name}&tab={tab}")
        expect(page.get_by_role("tabpanel")).to_be_visible()
        assert axe_findings(page) == []
    page.goto(studio.base + COMPUTE)
    page.get_by_role("button", name="New compute target").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert axe_findings(page) == []


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that asks people who they are, with a reader."""
    made = server_with_accounts(tmp_path_factory.mktemp("guarded"))
    person(made, "reader", ("Reader", WORKSPACE))
    yield made
    made.stop()


def test_who_may_only_read_gets_no_buttons(browser: Browser, guarded: ServerProcess) -> None:
    do(guarded, "POST", "/api/v1/computes", {"name": "cloud", "kind": "ray", **RAY})
    studio = Studio(browser, f"http://127.0.0.1:{guarded.port}")
    logged_in = LoggedIn(browser, guarded)
    page = logged_in.open(studio, "ada", COMPUTE)
    expect(page.get_by_role("button", name="Actions for cloud")).to_be_visible()
    page = logged_in.open(studio, "reader", COMPUTE)
    expect(page.get_by_role("link", name="cloud")).to_be_visible()
    expect(page.get_by_role("button", name="New compute target")).to_have_count(0)
    expect(page.get_by_role("button", name="Actions for cloud")).to_have_count(0)
    page.get_by_role("link", name="cloud").click()
    expect(page.get_by_role("heading", name="cloud", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    page.get_by_role("tab", name="Settings").click()
    expect(page.get_by_role("button", name="Edit settings and limits")).to_have_count(0)
    studio.close()


def test_why_a_run_waits_is_told_once_at_any_width(studio: Studio, jobs: JobServer) -> None:
    jobs.compute("wide")
    jobs.ok("POST", "/computes/wide/stop")
    run_id = submit_files(jobs, "wide", NOTHING)
    waits = jobs.wait(run_id, lambda job: job["waits"] != "")["waits"]
    for width in (1400, 390):
        page = studio.open(f"{COMPUTE}?name=wide&tab=queue", width=width)
        told = page.get_by_text(waits, exact=True).filter(visible=True)
        expect(told).to_have_count(1)
        assert page.evaluate(TOO_WIDE) <= 0


def test_who_may_only_read_sees_jobs_and_can_do_nothing_with_them(
    browser: Browser, guarded: ServerProcess
) -> None:
    definition = {"command": ["python", "train.py"]}
    asked = {"experiment_name": "mine", "run_name": "at home", "target": "local", "definition": definition}
    info = do(guarded, "POST", "/api/v1/jobs", asked)["run"]["info"]
    run = f"/workspaces/default/experiments/{info['experiment_id']}/runs/{info['run_id']}"
    studio = Studio(browser, f"http://127.0.0.1:{guarded.port}")
    logged_in = LoggedIn(browser, guarded)
    page = logged_in.open(studio, "reader", "/workspaces/default/jobs")
    page.get_by_role("link", name="at home").click()
    expect(page.get_by_role("region", name="Job")).to_contain_text("python train.py")
    for name in ("Cancel", "Resubmit", "Actions for at home"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page = logged_in.open(studio, "ada", run)
    page.get_by_role("button", name="Resubmit").click()
    dialog = page.get_by_role("dialog", name="Resubmit")
    expect(dialog.get_by_text("It ran on the machine that submitted it")).to_be_visible()
    expect(dialog.get_by_label("Arguments")).to_have_count(0)
    studio.close()

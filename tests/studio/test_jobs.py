"""Submitted runs: listed, followed while they run, canceled, submitted again, compared by their sources."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.job_server import JobServer
from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import TIMEOUT_MS, Studio, axe_findings
from tests.studio.hostile import shown
from tests.studio.submitted import HOSTILE, page_of, snapshot, submit_files, submit_waiting

JOBS = "/workspaces/default/jobs"
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"
TRAIN = "import sys\n\nprint('learning rate', sys.argv[2])\n"
LOGS_ITS_ARGUMENT = """import json, os, sys, urllib.request
point = {"run_id": os.environ["RUNYARD_RUN_ID"], "key": "loss", "value": float(sys.argv[2]), "timestamp": 1}
headers = {"Authorization": "Bearer " + os.environ["RUNYARD_TOKEN"], "Content-Type": "application/json"}
place = os.environ["RUNYARD_SERVER"] + "/api/2.0/mlflow/runs/log-metric"
urllib.request.urlopen(urllib.request.Request(place, json.dumps(point).encode(), headers))
"""
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="module")
def jobs(server: ServerProcess) -> JobServer:
    """The server, with a compute target `here` that runs two at once, and `stopped`, which runs none."""
    made = JobServer(server)
    made.compute("here", limits={"max_running": 2})
    made.compute("stopped")
    made.ok("POST", "/computes/stopped/stop")
    return made


def ask(page: Page, title: str, action: str) -> None:
    """Press the button of a dialog."""
    page.get_by_role("dialog", name=title).get_by_role("button", name=action, exact=True).click()


def test_the_list_is_live(studio: Studio, jobs: JobServer, tmp_path: Path) -> None:
    page = studio.open(f"{JOBS}?target=here")
    expect(page.get_by_text("No job is like that")).to_be_visible()
    page.get_by_role("button", name="Show all jobs").click()
    expect(page.get_by_text("Nothing was submitted yet")).to_be_visible()
    gate = tmp_path / "gate"
    run_id = submit_waiting(jobs, "here", gate, run_name="live one")
    row = page.get_by_role("row", name=re.compile("live one"))
    expect(row).to_contain_text("Running")
    gate.touch()
    expect(row).to_contain_text("Completed")
    row.get_by_role("link", name="live one").click()
    expect(page).to_have_url(re.compile(f"/runs/{run_id}$"))
    expect(
        page.get_by_role("region", name="Job").get_by_text("The script ended without an error")
    ).to_be_visible()


def test_a_log_is_read_while_it_is_written(studio: Studio, jobs: JobServer, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    run_id = submit_waiting(jobs, "here", gate, run_name="followed")
    page = studio.open(page_of(jobs, run_id, "?tab=logs"))
    lines = page.get_by_role("region", name="Lines of user_logs/std_log.txt")
    expect(lines).to_contain_text("line 5")
    expect(lines.get_by_text("ready", exact=True)).to_have_class(re.compile("green"))
    page.keyboard.press("/")
    page.keyboard.type("LINE 3")
    expect(lines.locator("mark").first).to_have_text("line 3")
    page.get_by_label("Search the log").fill("")
    gate.touch()
    expect(lines).to_contain_text("the gate is open")
    jobs.wait_state(run_id, "Completed")
    expect(page.get_by_text("The run goes on")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_label("Download the log").click()
    assert "the gate is open" in download.value.path().read_text()


def test_what_waits_says_why_and_goes_when_it_is_canceled(studio: Studio, jobs: JobServer) -> None:
    run_id = submit_files(jobs, "stopped", {"train.py": TRAIN}, run_name="waits")
    page = studio.open(page_of(jobs, run_id))
    job = page.get_by_role("region", name="Job")
    expect(job.get_by_role("status")).to_contain_text("stopped is stopped")
    expect(job.locator("[aria-current=step]")).to_contain_text("Waiting")
    page.get_by_role("tab", name="Logs").click()
    expect(page.get_by_text("Nothing was written yet")).to_be_visible()
    page.get_by_role("tab", name="Overview").click()
    page.get_by_role("button", name="Cancel", exact=True).click()
    ask(page, "Cancel this run?", "Keep it")
    assert jobs.job(run_id)["state"] == "NotStarted"
    page.get_by_role("button", name="Cancel", exact=True).click()
    ask(page, "Cancel this run?", "Cancel the run")
    expect(job).to_contain_text("It was stopped before it was done")
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    assert jobs.run_status(run_id) == "KILLED"


def test_what_runs_is_stopped(studio: Studio, jobs: JobServer, tmp_path: Path) -> None:
    run_id = submit_waiting(jobs, "here", tmp_path / "never")
    page = studio.open(page_of(jobs, run_id))
    job = page.get_by_role("region", name="Job")
    expect(job.locator("[aria-current=step]")).to_contain_text("Running")
    page.get_by_role("button", name="Cancel", exact=True).click()
    ask(page, "Cancel this run?", "Cancel the run")
    expect(job).to_contain_text("Canceled")
    jobs.wait_state(run_id, "Canceled")


def test_a_failure_is_told_with_the_way_to_its_log(studio: Studio, jobs: JobServer) -> None:
    run_id = submit_files(jobs, "here", {"train.py": "raise SystemExit('no such leaf')\n"}, run_name="fails")
    jobs.wait_state(run_id, "Failed")
    page = studio.open(page_of(jobs, run_id))
    job = page.get_by_role("region", name="Job")
    expect(job.get_by_role("heading", name="The script failed · exit code 1")).to_be_visible()
    job.get_by_role("button", name="Read the logs").click()
    expect(page.get_by_role("region", name="Lines of user_logs/std_log.txt")).to_contain_text("no such leaf")
    page.goto(f"{studio.base}{JOBS}?state=Failed")
    expect(page.get_by_role("row", name=re.compile("fails.*The script failed"))).to_be_visible()


def test_a_script_is_submitted_from_the_browser(studio: Studio, jobs: JobServer, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "data" / ".git").mkdir(parents=True)
    (folder / "train.py").write_text("import sys; print(open('data/n.txt').read(), sys.argv[1])\n")
    (folder / "requirements.txt").write_text("# none\n")
    (folder / "data" / "n.txt").write_text("forty two")
    (folder / "data" / ".git" / "config").write_text("no source")
    page = studio.open(JOBS)
    page.get_by_role("button", name="Submit", exact=True).click()
    dialog = page.get_by_role("dialog", name="Submit a script")
    assert axe_findings(page) == []
    dialog.get_by_label("Folder of the script").set_input_files(folder)
    expect(dialog.get_by_role("status")).to_contain_text("3 files")
    expect(dialog.get_by_label("Command")).to_have_value("python train.py")
    expect(dialog.get_by_label("Packages")).to_have_value("# none\n")
    dialog.get_by_role("combobox", name="Target").click()
    page.get_by_role("option", name="here", exact=True).click()
    dialog.get_by_label("Command").fill("python other.py")
    dialog.get_by_label("Experiment").fill("from-the-browser")
    dialog.get_by_role("button", name="Submit", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("other.py is not among the files")
    dialog.get_by_label("Command").fill("python train.py 'is it'")
    dialog.get_by_label("Name of the run").fill("sent")
    dialog.get_by_text("What it needs").click()
    dialog.get_by_label("Processes on each").fill("2")
    dialog.get_by_label("Longest time in minutes").fill("1.5")
    dialog.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("heading", name="sent", level=1)).to_be_visible()
    run_id = page.url.rsplit("/", 1)[1]
    assert jobs.wait_state(run_id, "Completed", "Failed")["state"] == "Completed", jobs.log(run_id)
    assert jobs.log(run_id) == "forty two is it\n"
    definition = jobs.job(run_id)["definition"]
    assert (definition["process_count"], definition["max_seconds"]) == (2, 90)


def test_the_same_is_submitted_again_with_other_arguments(studio: Studio, jobs: JobServer) -> None:
    files = {"train.py": TRAIN, "src/model.py": "depth = 3\n", "page.html": "<h1>own</h1>"}
    first = submit_files(jobs, "here", files, "--lr", "a b", run_name="first")
    jobs.wait_state(first, "Completed")
    page = studio.open(page_of(jobs, first))
    page.get_by_role("button", name="Resubmit").click()
    dialog = page.get_by_role("dialog", name="Resubmit")
    arguments = dialog.get_by_label("Arguments of train.py")
    expect(arguments).to_have_value("--lr 'a b'")
    arguments.fill("--lr 'open")
    dialog.get_by_role("button", name="Resubmit").click()
    expect(dialog.get_by_role("alert")).to_contain_text("not closed")
    arguments.fill('--lr "0.5 or so"')
    dialog.get_by_label("Name of the new run").fill("second")
    dialog.get_by_role("button", name="Resubmit").click()
    expect(page.get_by_role("heading", name="second", level=1)).to_be_visible()
    second = page.url.rsplit("/", 1)[1]
    assert second != first
    assert jobs.wait_state(second, "Completed")["definition"]["arguments"] == ["--lr", "0.5 or so"]
    page.get_by_role("tab", name="Logs").click()
    expect(page.get_by_role("region", name="Lines of user_logs/std_log.txt")).to_contain_text("0.5 or so")


def test_sources_are_seen_and_downloaded(studio: Studio, jobs: JobServer) -> None:
    files = {"train.py": TRAIN, "src/model.py": "depth = 3\n", "page.html": "<h1>own</h1>"}
    run_id = submit_files(jobs, "stopped", files)
    page = studio.open(page_of(jobs, run_id))
    page.get_by_role("region", name="Job").get_by_role("button", name=re.compile("^Snapshot")).click()
    expect(page.get_by_role("region", name="train.py")).to_contain_text("learning rate")
    page.get_by_role("treeitem", name="src").click()
    page.get_by_role("treeitem", name="model.py").click()
    expect(page.get_by_role("region", name="model.py")).to_contain_text("depth = 3")
    assert parse_qs(urlparse(page.url).query)["path"] == ["src/model.py"]
    page.get_by_role("treeitem", name="page.html").click()
    expect(page.get_by_role("region", name="page.html")).to_contain_text("<h1>own</h1>")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all").click()
    assert download.value.suggested_filename.endswith(".tar.gz")


def test_sources_of_two_runs_are_compared(studio: Studio, jobs: JobServer) -> None:
    one = submit_files(jobs, "stopped", {"train.py": TRAIN, "same.txt": "same", "old.py": "gone = 1\n"})
    other = submit_files(jobs, "stopped", {"train.py": TRAIN + "print('more')\n", "same.txt": "same"})
    page = studio.open(f"/workspaces/default/compare?runs={one},{other}&tab=code")
    files = page.get_by_role("region", name="Files that differ")
    expect(files.get_by_role("button")).to_have_count(2)
    expect(files).to_contain_text("The same: 1 more")
    files.get_by_role("button", name=re.compile("train.py")).click()
    expect(page.get_by_role("region", name="Lines that differ")).to_contain_text("print('more')")
    files.get_by_role("button", name=re.compile("old.py")).click()
    expect(page.get_by_role("region", name="old.py").first).to_contain_text("gone = 1")
    assert axe_findings(page) == []


def test_the_keyboard_cancels_a_job_of_the_list(studio: Studio, jobs: JobServer) -> None:
    run_id = submit_files(jobs, "stopped", {"train.py": TRAIN}, run_name="by key")
    page = studio.open(f"{JOBS}?state=active&target=stopped")
    actions = page.get_by_role("button", name="Actions for by key")
    actions.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")  # before the menu has the focus
    expect(page.get_by_role("menuitem", name="Resubmit…")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem", name="Resubmit…")).to_have_count(0)
    expect(actions).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Resubmit…")).to_be_focused()  # keys go to the menu from here on
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Cancel…")).to_be_focused()
    page.keyboard.press("Enter")
    confirm = page.get_by_role("dialog", name="Cancel this run?").get_by_role("button", name="Cancel the run")
    expect(confirm).to_be_visible()
    confirm.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="by key")).to_have_count(0)
    assert jobs.job(run_id)["state"] == "Canceled"


def test_filters_stand_in_the_address(studio: Studio, jobs: JobServer) -> None:
    submit_files(jobs, "stopped", {"train.py": TRAIN}, run_name="found")
    page = studio.open(JOBS)
    page.get_by_role("combobox", name="Target").click()
    page.get_by_role("option", name="stopped").click()
    page.get_by_text("Not done", exact=True).click()
    expect(page).to_have_url(re.compile("state=active&target=stopped"))
    expect(page.get_by_role("link", name="found")).to_be_visible()
    page.get_by_role("combobox", name="Person").fill("nobody")
    expect(page.get_by_text("No job is like that")).to_be_visible()
    assert parse_qs(urlparse(page.url).query)["person"] == ["nobody"]
    studio.expected = [r"^400 GET .*/jobs"]
    page = studio.open(f"{JOBS}?state[]=1&target=%00&person[]=2")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()


def test_a_sweep_shows_its_trials_and_leads_to_their_charts(studio: Studio, jobs: JobServer) -> None:
    space = {"lr": {"kind": "choice", "options": [0.3, 0.1, 0.2]}}
    goal = {"metric": "loss", "goal": "minimize", "max_total": 3, "sampling": "grid"}
    sources = snapshot(jobs, {"trial.py": LOGS_ITS_ARGUMENT})
    asked = {"experiment_name": "sweeps", "run_name": "sweeping", "target": "here", "snapshot_id": sources}
    answer = jobs.ok(
        "POST", "/sweeps", {**asked, **goal, "space": space, "definition": {"script": "trial.py"}}
    )
    run_id = answer["run"]["info"]["run_id"]
    page = studio.open(page_of(jobs, run_id, "?tab=trials"))
    rows = page.get_by_role("region", name="Table of trials").get_by_role("row")
    expect(rows).to_have_count(4)
    expect(page.get_by_role("region", name="Sweep")).to_contain_text("3 of 3 done")
    expect(rows.nth(1)).to_contain_text("0.1")
    expect(rows.nth(1).get_by_role("img", name="the best")).to_be_visible()
    expect(rows.nth(3)).to_contain_text("0.3")
    page.get_by_role("button", name="lr").click()
    page.get_by_role("button", name="lr").click()
    expect(rows.nth(1)).to_contain_text("0.3")
    assert axe_findings(page) == []
    jobs.wait_state(run_id, "Completed")
    expect(page.get_by_role("link", name="Compare", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Overview").click()
    best = page.get_by_role("region", name="Job").get_by_role("link", name="sweeping-1")
    expect(best).to_be_visible()
    page.goto(f"{studio.base}{JOBS}?target=here")
    expect(page.get_by_role("link", name="sweeping", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="sweeping-1")).to_have_count(0)
    page.get_by_role("switch", name="Trials and nested runs").check()
    expect(page.get_by_role("link", name="sweeping-1")).to_be_visible()
    page.goto(studio.base + page_of(jobs, run_id, "?tab=trials"))
    page.get_by_role("link", name="Parallel coordinates").click()
    expect(page.get_by_role("tab", name="Charts", selected=True)).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("arallel")).first).to_be_visible()
    page.goto(studio.base + page_of(jobs, run_id))
    page.get_by_role("button", name="Resubmit").click()
    dialog = page.get_by_role("dialog", name="Resubmit")
    expect(dialog.get_by_label("Trials at once")).to_have_value("3")
    assert axe_findings(page) == []
    dialog.get_by_label("Trials at most").fill("1")
    dialog.get_by_label("Name of the new run").fill("again")
    dialog.get_by_role("button", name="Resubmit").click()
    expect(page.get_by_role("heading", name="again", level=1)).to_be_visible()
    again = page.url.rsplit("/", 1)[1]
    assert jobs.wait_state(again, "Completed")["snapshot_id"] == sources
    config = jobs.ok("GET", f"/sweeps/{again}")["config"]
    assert (config["max_total"], config["max_concurrent"], list(config["space"])) == (1, 3, ["lr"])
    blind = jobs.ok("POST", f"/sweeps/{again}/resubmit", {"metric": "mistyped"})["job"]["run_id"]
    jobs.wait_state(blind, "Completed")
    for tab, region in (("overview", "Job"), ("trials", "Sweep")):
        page.goto(f"{studio.base}{page_of(jobs, blind)}?tab={tab}")
        said = page.get_by_role("region", name=region).get_by_role("alert")
        expect(said).to_contain_text('No trial logged the primary metric "mistyped"')
        expect(said).to_contain_text('logged were: "loss"')


def test_runs_that_nobody_submitted_ask_for_no_job(studio: Studio, jobs: JobServer) -> None:
    run_id = jobs.process.run()
    page = studio.open(f"/workspaces/default/experiments/0/runs/{run_id}")
    expect(page.get_by_role("region", name="About")).to_be_visible()
    expect(page.get_by_role("region", name="Job")).to_have_count(0)
    expect(page.get_by_role("button", name="Resubmit")).to_have_count(0)


def test_hostile_names_are_text_also_on_a_phone(studio: Studio, jobs: JobServer) -> None:
    definition = {"environment_variables": {"NAME": HOSTILE}}
    run_id = submit_files(
        jobs, "stopped", {"train.py": TRAIN}, HOSTILE, run_name=HOSTILE, definition=definition
    )
    page = studio.open(JOBS, width=390)
    expect(page.get_by_role("link", name=shown(HOSTILE))).to_be_visible()
    assert page.evaluate(TOO_WIDE) <= 0
    page.goto(studio.base + page_of(jobs, run_id))
    expect(page.get_by_role("region", name="Job")).to_contain_text("<img src=x")
    page.get_by_text("1 variable").click()
    assert page.evaluate(TOO_WIDE) <= 0
    page.get_by_role("button", name="Resubmit").click()
    expect(page.get_by_role("dialog", name="Resubmit")).to_be_visible()
    assert page.evaluate(TOO_WIDE) <= 0
    expect(page).not_to_have_title("owned")


@pytest.mark.parametrize("dark", [False, True])
def test_pages_hinder_nobody(studio: Studio, jobs: JobServer, dark: bool) -> None:
    run_id = submit_files(jobs, "here", {"train.py": "raise SystemExit(3)\n"})
    jobs.wait_state(run_id, "Failed")
    page = studio.open(JOBS, dark=dark)
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    assert axe_findings(page) == []
    for tab in ("overview", "logs", "code"):
        page.goto(f"{studio.base}{page_of(jobs, run_id)}?tab={tab}")
        expect(page.get_by_role("tabpanel")).to_be_visible()
        assert axe_findings(page) == []
    page.get_by_role("button", name="Resubmit").click()
    expect(page.get_by_role("dialog", name="Resubmit")).to_be_visible()
    assert axe_findings(page) == []


def test_all_that_is_shown_is_canceled_by_who_types_their_number(studio: Studio, jobs: JobServer) -> None:
    jobs.compute("crowd")
    jobs.ok("POST", "/computes/crowd/stop")
    runs = [submit_files(jobs, "crowd", {"train.py": TRAIN}) for _ in range(7)]
    page = studio.open(f"{JOBS}?target=crowd")
    page.get_by_role("button", name="Cancel all shown").click()
    dialog = page.get_by_role("dialog", name="Cancel 7 runs?")
    expect(dialog.get_by_role("button", name="Cancel the runs")).to_be_disabled()
    dialog.get_by_role("textbox").fill("7")
    dialog.get_by_role("button", name="Cancel the runs").click()
    expect(page.get_by_text("7 of 7 runs were asked to stop")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel all shown")).to_have_count(0)
    assert set(jobs.states(runs)) == {"Canceled"}

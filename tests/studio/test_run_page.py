"""The page of a run: what it tells, how it is changed, its charts, logs, code and traces; while the run goes on."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.studio.browser import TIMEOUT_MS, Studio, axe_findings
from tests.studio.conftest import Call
from tests.studio.hostile import shown

M = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
HOSTILE = '<img src=x onerror="document.title=1"> ‮gnp.exe ' + "long" * 60
NOTE = "**Best** so far\n\n<script>document.title='owned'</script>\n\n![plot](plots/a.png) ![far](https://example.org/x.png)"
PATCH = "diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,2 @@\n same\n-old line\n+new line\n"
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f00050001ff"
    "89993d1d0000000049454e44ae426082"
)
COMMIT = "9f2c1e7ab4d05c83b6f1a2749e6d0c58b3a7e1f4"
expect.set_options(timeout=TIMEOUT_MS)


@dataclass
class Told:
    """A finished run of which everything is told, with a parent and a child; and one that runs."""

    experiment: str
    run: str
    parent: str
    running: str

    def at(self, run: str = "", **search: str) -> str:
        """The address of a run's page."""
        query = "&".join(f"{key}={value}" for key, value in search.items())
        return f"/workspaces/default/experiments/{self.experiment}/runs/{run or self.run}" + (
            f"?{query}" if query else ""
        )


def create(call: Call, experiment: str, name: str, **tags: str) -> str:
    fields = {
        "experiment_id": experiment,
        "run_name": name,
        "start_time": int(time.time() * 1000) - 90_000,
        "tags": [{"key": key.replace("__", "."), "value": value} for key, value in tags.items()],
    }
    return str(call("POST", f"{M}/runs/create", fields)["run"]["info"]["run_id"])


def put(call: Call, experiment: str, run: str, path: str, body: bytes) -> None:
    call("PUT", f"{FILES}/{experiment}/{run}/artifacts/{path}", body=body)


@pytest.fixture(scope="module")
def told(call: Call) -> Told:
    experiment = call("POST", f"{M}/experiments/create", {"name": "digits"})["experiment_id"]
    parent = create(call, experiment, "sweep")
    run = create(
        call,
        experiment,
        "steady-otter",
        mlflow__parentRunId=parent,
        mlflow__user="ada",
        mlflow__source__name="train.py",
        mlflow__source__git__commit=COMMIT,
        mlflow__source__git__repoURL="https://git.example.org/team/vision.git",
        mlflow__note__content=NOTE,
        team="vision",
    )
    keys = ("loss", "val/loss", "system/cpu_utilization_percentage")
    points = [
        {"key": key, "value": 1 / (step + 1), "timestamp": step, "step": step}
        for key in keys
        for step in range(20)
    ]
    params = [{"key": "lr", "value": "0.01"}, {"key": "name", "value": HOSTILE}]
    call("POST", f"{M}/runs/log-batch", {"run_id": run, "metrics": points, "params": params})
    data = {
        "name": "digits-8x8",
        "digest": "3f9a61c2",
        "source_type": "local",
        "source": '{"uri": "digits.csv"}',
    }
    tags = [{"key": "mlflow.data.context", "value": "training"}]
    call("POST", f"{M}/runs/log-inputs", {"run_id": run, "datasets": [{"dataset": data, "tags": tags}]})
    put(call, experiment, run, "code/changes.patch", PATCH.encode())
    put(call, experiment, run, "code/train.py", b"import numpy\n")
    put(call, experiment, run, "plots/a.png", DOT)
    call(
        "POST", f"{M}/runs/update", {"run_id": run, "status": "FINISHED", "end_time": int(time.time() * 1000)}
    )
    running = create(call, experiment, "goes-on")
    return Told(experiment, run, parent, running)


def test_overview_tells_what_is_known(studio: Studio, told: Told) -> None:
    page = studio.open(told.at())
    expect(page.get_by_role("heading", name="steady-otter")).to_be_visible()
    about = page.get_by_role("region", name="About")
    for text in ("Finished", "ada", "train.py", told.run):
        expect(about.get_by_text(text, exact=True)).to_be_visible()
    expect(about.get_by_role("link", name=COMMIT[:12])).to_have_attribute(
        "href", f"https://git.example.org/team/vision/commit/{COMMIT}"
    )
    expect(page.get_by_role("link", name="sweep").first).to_be_visible()
    loss = page.get_by_role("region", name="Metrics").get_by_role("row", name=re.compile(r"^loss "))
    expect(loss).to_contain_text("0.05")
    expect(loss.get_by_role("cell").nth(3)).to_have_text("1")
    expect(loss.get_by_role("cell").nth(5)).to_have_text("20")
    expect(page.get_by_role("region", name="Params").get_by_role("row", name="lr 0.01")).to_be_visible()
    expect(page.get_by_role("region", name="Datasets")).to_contain_text("digits-8x8")
    expect(page.get_by_role("region", name="Tags")).to_contain_text("team: vision")


def test_notes_are_markdown_without_the_power_of_pages(studio: Studio, told: Told) -> None:
    page = studio.open(told.at())
    notes = page.get_by_role("region", name="Notes")
    expect(notes.locator("strong")).to_have_text("Best")
    expect(notes).to_contain_text("<script>document.title='owned'</script>")
    expect(notes.locator("img")).to_have_count(1)
    expect(notes.get_by_role("img", name="plot")).to_have_js_property("naturalWidth", 1)
    expect(page).to_have_title("steady-otter · Runyard")


def test_notes_tags_and_name_are_changed_in_place(studio: Studio, call: Call, told: Told) -> None:
    run = create(call, told.experiment, "draft")
    page = studio.open(told.at(run))
    page.get_by_role("button", name="Write").click()
    page.get_by_label("Notes, in Markdown").fill("It _works_.")
    emphasis = page.get_by_role("region", name="Notes").locator("em")
    expect(emphasis).to_have_text("works")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Notes, in Markdown")).to_have_count(0)
    expect(emphasis).to_have_text("works")
    page.get_by_role("region", name="Tags").get_by_role("button", name="Edit").click()
    page.get_by_label("Key").fill("stage")
    page.get_by_label("Value").fill("final")
    page.get_by_role("button", name="Set", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Tags")).to_contain_text("stage: final")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill(HOSTILE)
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(shown(HOSTILE))
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    page.get_by_role("button", name="More to do with this run").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_text("This run is deleted.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("This run is deleted.")).to_have_count(0)


def test_keys_lead_through_the_parts_and_to_other_runs(studio: Studio, told: Told) -> None:
    page = studio.open(told.at())
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("2")
    expect(page).to_have_url(re.compile("tab=charts"))
    expect(page.get_by_role("region", name="val/loss")).to_be_visible()
    expect(page.get_by_role("region", name="system/cpu_utilization_percentage")).to_have_count(0)
    # Charts scroll in their part of the page, by keys, too.
    charts = page.get_by_role("region", name="Charts")
    charts.evaluate("charts => { charts.style.maxHeight = '200px' }")
    charts.focus()
    page.keyboard.press("End")
    page.wait_for_function("charts => charts.scrollTop > 0", arg=charts.element_handle())
    page.keyboard.press("3")
    expect(page.get_by_role("region", name="system/cpu_utilization_percentage")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("]")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("steady-otter")
    page.keyboard.press("[")
    expect(page.get_by_role("heading", level=1)).to_have_text("steady-otter")


def test_the_page_follows_a_run_as_it_goes_on(studio: Studio, call: Call, told: Told) -> None:
    page = studio.open(told.at(told.running))
    expect(page.get_by_role("region", name="Metrics")).to_contain_text("No metric was logged.")
    # Also what is told before the stream of events is open is seen: it is sent until it is.
    for step in range(20):
        call(
            "POST",
            f"{M}/runs/log-metric",
            {"run_id": told.running, "key": "fresh", "value": 1, "timestamp": step},
        )
        try:
            expect(page.get_by_role("cell", name="fresh", exact=True)).to_be_visible(timeout=3_000)
            break
        except AssertionError:
            continue
    expect(page.get_by_role("cell", name="fresh", exact=True)).to_be_visible()


def lines(first: int, end: int) -> str:
    return "".join(f"line {number:05}\n" for number in range(first, end))


def test_logs_are_followed_and_searched(studio: Studio, call: Call, told: Told) -> None:
    text = lines(0, 3_000) + "\x1b[31mbroken\x1b[0m <b>pipe</b>\n"
    put(call, told.experiment, told.running, "logs/stdout.txt", text.encode())
    page = studio.open(told.at(told.running, tab="logs"))
    log = page.get_by_role("region", name="Lines of logs/stdout.txt")
    expect(log.get_by_text("broken <b>pipe</b>")).to_be_visible()
    expect(log.locator("span", has_text="broken")).to_have_css("color", re.compile(r"rgb\(176, 37, 37\)"))
    put(call, told.experiment, told.running, "logs/stdout.txt", (text + "the newest line\n").encode())
    expect(log.get_by_text("the newest line")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("LINE 0150")
    expect(page.get_by_text("1 of 10")).to_be_visible()
    expect(log.locator("mark").first).to_have_text("line 0150")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 10")).to_be_visible()
    page.get_by_role("switch", name="Only matches").click()
    expect(log.get_by_text(re.compile("line"))).to_have_count(10)


def test_a_large_log_is_read_from_its_end(studio: Studio, call: Call, told: Told) -> None:
    run = create(call, told.experiment, "talkative")
    put(call, told.experiment, run, "logs/stderr.txt", lines(0, 60_000).encode())
    page = studio.open(told.at(run, tab="logs"))
    log = page.get_by_role("region", name="Lines of logs/stderr.txt")
    expect(log.get_by_text("line 59999")).to_be_visible()
    expect(page.get_by_text(re.compile(r"the last 256 KiB of 645 KiB"))).to_be_visible()
    page.get_by_role("button", name="All lines").click()
    expect(page.get_by_text("60,000 lines")).to_be_visible()
    log.focus()
    page.keyboard.press("Home")
    expect(log.get_by_text("line 00000")).to_be_visible()


def test_code_shows_what_was_changed(studio: Studio, told: Told) -> None:
    page = studio.open(told.at(tab="code"))
    changed = page.get_by_role("region", name="train.py")
    expect(changed.get_by_role("row", name=re.compile("old line"))).to_contain_text("− old line")
    expect(changed.get_by_role("row", name=re.compile("new line"))).to_contain_text("+ new line")
    page.get_by_label("File").select_option("code/train.py")
    expect(page.get_by_text("import numpy")).to_be_visible()


def test_traces_show_their_spans(studio: Studio, call: Call, told: Told) -> None:
    page = studio.open(told.at(tab="traces"))
    expect(page.get_by_text("No traces")).to_be_visible()
    trace(call, told.experiment, told.run)  # shown without being asked for
    page.get_by_role("button", name="answer").click()
    expect(page).to_have_url(re.compile("trace=tr-"))
    spans = page.get_by_role("tree", name="Spans")
    expect(spans.get_by_role("treeitem")).to_have_count(2)
    spans.focus()
    page.keyboard.press("ArrowDown")
    details = page.get_by_role("region", name="Span search")
    expect(details).to_contain_text("the question")
    expect(details).to_contain_text("index is gone")
    assert axe_findings(page) == []
    everywhere = studio.open("/workspaces/default/traces?q=question&state=ERROR")
    expect(everywhere.get_by_role("button", name="answer")).to_be_visible()
    everywhere.get_by_label("Search by text").fill("nothing like it")
    expect(everywhere.get_by_text("No trace is like that")).to_be_visible()


def trace(call: Call, experiment: str, run: str) -> None:
    """A failed one of two spans, made within a run."""
    now = int(time.time() * 1e9)
    id = "0af7651916cd43dd8448eb211c80319c"

    def span(name: str, own: str, parent: str, start: int, end: int, error: str) -> dict[str, Any]:
        asked = {"key": "mlflow.spanInputs", "value": {"stringValue": '{"q": "the question"}'}}
        return {
            "traceId": id,
            "spanId": own,
            "parentSpanId": parent,
            "name": name,
            "startTimeUnixNano": str(now + start),
            "endTimeUnixNano": str(now + end),
            "attributes": [asked],
            "status": {"code": 2, "message": error} if error else {"code": 1},
        }

    info = {
        "trace_id": f"tr-{id}",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
        "request_time": "2026-11-01T10:00:00Z",
        "execution_duration": "0.5s",
        "state": "ERROR",
        "request_preview": "the question",
        "trace_metadata": {"mlflow.sourceRun": run},
        "tags": {"mlflow.traceName": "answer", "mlflow.trace.spansLocation": "TRACKING_STORE"},
    }
    call("POST", "/api/3.0/mlflow/traces", {"trace": {"trace_info": info}})
    spans = [
        span("answer", "b7ad6b7169203331", "", 0, 500_000_000, ""),
        span("search", "00f067aa0ba902b7", "b7ad6b7169203331", 10_000_000, 90_000_000, "the index is gone"),
    ]
    body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    call("POST", "/v1/traces", body, headers={"x-mlflow-experiment-id": experiment})


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("tab", ["overview", "logs", "code"])
def test_axe_finds_no_hindrance(studio: Studio, told: Told, tab: str, dark: bool) -> None:
    page = studio.open(told.at(tab=tab), dark=dark)
    expect(page.get_by_role("tab", name=tab, exact=False)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel").locator("section, pre").first).to_be_visible()
    assert axe_findings(page) == []


def test_a_narrow_screen_shows_all_of_it(studio: Studio, told: Told) -> None:
    page: Page = studio.open(told.at(), width=390)
    expect(page.get_by_role("region", name="About")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_run_that_is_not_there_and_senseless_addresses(studio: Studio, told: Told) -> None:
    studio.expected.append("404 GET .*/page")
    gone = studio.open(told.at("0" * 32))
    expect(gone.get_by_role("heading", name="Not found")).to_be_visible()
    page = studio.open(told.at(tab="%5B1%5D", path="..%2F..", log="%00"))
    expect(page.get_by_role("region", name="About")).to_be_visible()

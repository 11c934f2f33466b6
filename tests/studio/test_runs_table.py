"""The table of runs: found, sorted, grouped, chosen, changed; by mouse, by keys, by address; while it changes."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.studio.browser import TIMEOUT_MS, Studio, axe_findings
from tests.studio.conftest import Call

MLFLOW = "/api/2.0/mlflow"
HOSTILE = '<img src=x onerror="document.title=1">'
MANY = 1_300
expect.set_options(timeout=TIMEOUT_MS)


def log(call: Call, experiment: str, name: str, **fields: Any) -> str:
    """A finished run. `metrics`, `params`, `tags`: dicts; `parent`: an id."""
    tags = [{"key": key, "value": value} for key, value in fields.get("tags", {}).items()]
    if "parent" in fields:
        tags.append({"key": "mlflow.parentRunId", "value": fields["parent"]})
    made = call(
        "POST",
        f"{MLFLOW}/runs/create",
        {
            "experiment_id": experiment,
            "run_name": name,
            "start_time": fields.get("start_ms", 1_700_000_000_000),
            "tags": tags,
        },
    )
    run = str(made["run"]["info"]["run_id"])
    points = [
        {"key": key, "value": value, "timestamp": 1, "step": step}
        for key, values in fields.get("metrics", {}).items()
        for step, value in enumerate(values)
    ]
    params = [{"key": key, "value": value} for key, value in fields.get("params", {}).items()]
    call("POST", f"{MLFLOW}/runs/log-batch", {"run_id": run, "metrics": points, "params": params})
    if fields.get("status", "FINISHED") != "RUNNING":
        status = {"run_id": run, "status": fields.get("status", "FINISHED"), "end_time": 1_700_000_060_000}
        call("POST", f"{MLFLOW}/runs/update", status)
    return run


def made(call: Call, name: str) -> str:
    return str(call("POST", f"{MLFLOW}/experiments/create", {"name": name})["experiment_id"])


@dataclass
class Trained:
    """An experiment of six runs: model-0 … model-5, the newest first; less loss with each; the last one failed."""

    experiment: str
    runs: list[str]


def train(call: Call, name: str) -> Trained:
    experiment = made(call, name)
    runs = [
        log(
            call,
            experiment,
            f"model-{i}",
            start_ms=1_700_000_000_000 - i * 60_000,
            metrics={"val/loss": [9.0, 1.0 - i / 10], "acc": [i / 10]},
            params={"model": "resnet" if i % 2 else "vit", "lr": str(i)},
            tags={"team": "vision"},
            status="FAILED" if i == 5 else "FINISHED",
        )
        for i in range(6)
    ]
    return Trained(experiment, runs)


@pytest.fixture(scope="module")
def trained(call: Call) -> Trained:
    return train(call, "trained")


@pytest.fixture(scope="module")
def many(call: Call) -> str:
    """An experiment of more runs than one page of the server's answers."""
    experiment = made(call, "many")

    def create(i: int) -> None:
        call(
            "POST",
            f"{MLFLOW}/runs/create",
            {"experiment_id": experiment, "run_name": f"run-{i}", "start_time": 1_700_000_000_000 - i},
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, range(MANY)))
    return experiment


def opened(studio: Studio, experiment: str, search: str = "", **options: Any) -> Page:
    page = studio.open(f"/workspaces/default/experiments/{experiment}{search}", **options)
    page.locator("[data-run]").first.wait_for()
    return page


def names(page: Page) -> list[str]:
    """Of the runs in sight, from the top."""
    rows: list[tuple[int, str]] = page.evaluate(
        """() => [...document.querySelectorAll('[data-place][data-run]')].map((row) =>
            [Number(row.dataset.place), row.querySelector('a').textContent])"""
    )
    return [name for _, name in sorted(rows)]


def expect_names(page: Page, expected: list[str]) -> None:
    wanted = f"[{', '.join(repr(one) for one in expected)}]"
    page.wait_for_function(
        f"""() => JSON.stringify([...document.querySelectorAll('[data-place][data-run]')]
            .sort((a, b) => a.dataset.place - b.dataset.place)
            .map((row) => row.querySelector('a').textContent)) === JSON.stringify({wanted})"""
    )


def head(page: Page, title: str) -> Locator:
    return page.get_by_role("columnheader").filter(has_text=title)


def address(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.url).query)


def pick(page: Page, item: str | re.Pattern[str]) -> None:
    page.get_by_role("menuitem", name=item, exact=isinstance(item, str)).click()


def test_runs_are_shown_with_what_was_logged(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment)
    expect_names(page, [f"model-{i}" for i in range(6)])
    expect(page.get_by_text("6 runs", exact=True)).to_be_visible()
    first = page.locator('[data-place="0"]')
    expect(first).to_contain_text("Finished")
    expect(first).to_contain_text("vit")
    expect(head(page, "val/loss")).to_be_visible()
    assert page.title() == "trained · Runyard"


def test_a_click_sorts_the_other_way_at_the_second_and_not_at_the_third(
    studio: Studio, trained: Trained
) -> None:
    page = opened(studio, trained.experiment)
    sort = head(page, "val/loss").get_by_role("button").first
    sort.click()
    expect_names(page, [f"model-{i}" for i in (5, 4, 3, 2, 1, 0)])
    expect(head(page, "val/loss")).to_have_attribute("aria-sort", "ascending")
    sort.click()
    expect_names(page, [f"model-{i}" for i in range(6)])
    assert address(page)["o"] == ['["-m.last.val/loss"]']
    sort.click()
    expect(head(page, "val/loss")).to_have_attribute("aria-sort", "none")


def test_a_filter_is_completed_while_one_types(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment)
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Filter runs")
    expect(field).to_be_focused()
    page.keyboard.type("mod")
    page.get_by_role("option", name="params.model").click()
    page.keyboard.type("= ")
    page.get_by_role("option", name="resnet").click()
    page.keyboard.press("Enter")
    expect_names(page, ["model-1", "model-3", "model-5"])
    assert address(page)["f"] == ["params.model = 'resnet'"]
    page.go_back()
    expect_names(page, [f"model-{i}" for i in range(6)])
    expect(field).to_have_value("")


def test_words_look_for_names_and_what_the_server_refuses_is_told_in_place(
    studio: Studio, trained: Trained
) -> None:
    studio.expected.append("400 POST .*/runs/table")
    page = opened(studio, trained.experiment)
    field = page.get_by_role("combobox", name="Filter runs")
    field.fill("DEL-2")
    field.press("Enter")
    expect_names(page, ["model-2"])
    field.fill("metrics.acc > 'x'")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Expected numeric value")
    expect_names(page, ["model-2"])
    page.get_by_role("button", name="Clear the filter").click()
    expect_names(page, [f"model-{i}" for i in range(6)])


def test_states_are_chosen_by_click(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment)
    page.get_by_role("button", name="Failed").click()
    expect_names(page, ["model-5"])
    page.get_by_role("button", name="Finished").click()
    expect_names(page, [f"model-{i}" for i in range(6)])
    page.get_by_role("button", name="Failed").click()
    page.get_by_role("button", name="Finished").click()
    page.get_by_role("button", name="Running").click()
    expect(page.get_by_text("No run matches")).to_be_visible()
    page.get_by_role("button", name="Clear the filter", exact=True).click()
    expect_names(page, [f"model-{i}" for i in range(6)])


def test_a_cell_filters_by_its_value(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment)
    page.locator('[data-place="0"]').get_by_text("vit", exact=True).click()
    assert axe_findings(page) == []
    pick(page, "Only runs where it is not this")
    expect_names(page, ["model-1", "model-3", "model-5"])
    page.locator('[data-place="0"]').get_by_text("0.1", exact=True).click()
    pick(page, re.compile("≤"))
    expect_names(page, ["model-1"])
    assert address(page)["f"] == ["params.`model` != 'vit' AND metrics.`acc` <= 0.1"]


def test_a_metric_is_shown_with_another_statistic(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment)
    head(page, "val/loss").hover()
    page.get_by_role("button", name="What to do with val/loss").click()
    page.get_by_role("menuitemradio", name="maximum").click()
    expect(head(page, "val/loss")).to_contain_text("max")
    expect(page.locator('[data-place="0"]').get_by_text("9", exact=True)).to_be_visible()
    head(page, "val/loss").hover()
    page.get_by_role("button", name="What to do with val/loss").click()
    page.get_by_role("menuitemradio", name="best").click()
    expect(head(page, "val/loss")).to_contain_text("best (min)")


def test_columns_are_chosen_moved_and_pinned_and_the_address_says_it(
    studio: Studio, trained: Trained
) -> None:
    page = opened(studio, trained.experiment)
    page.get_by_role("button", name="Columns").click()
    panel = page.get_by_role("dialog", name="Columns")
    panel.get_by_role("button", name="Hide Duration").click()
    panel.get_by_role("textbox", name="Search columns").fill("tea")
    panel.get_by_role("checkbox", name="team").check()
    panel.get_by_role("textbox", name="Search columns").fill("")
    panel.get_by_role("button", name="Move team").press("ArrowUp")
    panel.get_by_role("button", name="Pin lr").click()
    page.keyboard.press("Escape")
    expect(head(page, "Duration")).to_have_count(0)
    again = opened(studio, trained.experiment, f"?{urlparse(page.url).query}")
    titles = [one.split("\n")[-1] for one in again.get_by_role("columnheader").all_inner_texts()]
    assert titles == ["", "Run", "lr", "Status", "Started", "acc", "val/loss", "model", "team", "User"]
    expect(again.locator('[data-place="0"]').get_by_text("vision")).to_be_visible()


def test_columns_are_as_wide_as_they_are_dragged(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment)
    box = head(page, "Status").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 90, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("w="))
    after = head(page, "Status").bounding_box()
    assert after is not None and after["width"] == box["width"] + 90


def test_keys_move_choose_compare_and_open(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment)
    for keys in ("j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(keys)
    expect(page.get_by_text("3 runs selected")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("h")
    expect(page.get_by_role("button", name="Show model-1 in charts")).to_have_attribute(
        "aria-pressed", "false"
    )
    assert address(page)["hide"] == [f'["{trained.runs[1]}"]']
    page.keyboard.press("c")
    page.wait_for_url("**/compare?**")
    assert all(run in page.url for run in trained.runs[:3])
    expect(page.get_by_role("grid", name="Runs")).to_have_count(0)
    page.go_back()
    expect_names(page, [f"model-{i}" for i in range(6)])
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{trained.runs[0]}")


def test_runs_are_tagged_renamed_deleted_and_taken_back(studio: Studio, call: Call) -> None:
    here = train(call, "changed")
    page = opened(studio, here.experiment)
    page.get_by_role("checkbox", name="Select model-0").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("best of all")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect_names(page, ["best of all", *(f"model-{i}" for i in range(1, 6))])
    page.get_by_role("checkbox", name="Select model-1").click()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("textbox", name="Tag").fill("kept")
    page.get_by_role("textbox", name="Value").fill("yes")
    page.get_by_role("dialog").get_by_role("button", name="Tag").click()
    expect(page.get_by_text("Tagged 2 runs")).to_be_visible()
    tags = call("GET", f"{MLFLOW}/runs/get?run_id={here.runs[1]}")["run"]["data"]["tags"]
    assert {"key": "kept", "value": "yes"} in tags
    page.get_by_role("button", name="Delete").click()
    expect_names(page, [f"model-{i}" for i in range(2, 6)])
    expect(page.get_by_text("4 runs", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect_names(page, ["best of all", *(f"model-{i}" for i in range(1, 6))])


def test_deleted_runs_are_restored(studio: Studio, call: Call) -> None:
    here = train(call, "restored")
    call("POST", f"{MLFLOW}/runs/delete", {"run_id": here.runs[3]})
    page = opened(studio, here.experiment, "?view=deleted")
    expect_names(page, ["model-3"])
    page.get_by_role("checkbox", name="Select model-3").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("No deleted runs")).to_be_visible()
    page.get_by_role("button", name="Show active runs").click()
    expect_names(page, [f"model-{i}" for i in range(6)])


def test_a_colour_is_kept_with_the_run(studio: Studio, call: Call) -> None:
    here = train(call, "coloured")
    page = opened(studio, here.experiment)
    page.get_by_role("button", name="Colour of model-2").click()
    page.get_by_role("menuitem", name="#c92f63").click()
    expect(page.get_by_role("button", name="Colour of model-2")).to_have_css(
        "background-color", "rgb(201, 47, 99)"
    )
    deadline = time.monotonic() + 5
    wanted = {"key": "mlflow.runColor", "value": "#c92f63"}
    while wanted not in call("GET", f"{MLFLOW}/runs/get?run_id={here.runs[2]}")["run"]["data"]["tags"]:
        assert time.monotonic() < deadline


def test_nested_runs_stand_below_their_parents(studio: Studio, call: Call) -> None:
    experiment = made(call, "nested")
    parent = log(call, experiment, "sweep", start_ms=1_700_000_000_000)
    for i in range(3):
        log(call, experiment, f"trial-{i}", parent=parent, start_ms=1_600_000_000_000 - i)
    log(call, experiment, "alone", start_ms=1_500_000_000_000)
    page = opened(studio, experiment)
    page.get_by_role("button", name="Nested", exact=True).click()
    expect_names(page, ["sweep", "alone"])
    page.get_by_role("button", name="Nested runs of sweep").click()
    expect_names(page, ["sweep", "trial-0", "trial-1", "trial-2", "alone"])
    expect(page.locator('[data-place="1"]')).to_have_attribute("aria-level", "2")
    page.get_by_role("treegrid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect_names(page, ["sweep", "alone"])


def test_groups_show_means_and_their_runs(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment)
    page.get_by_role("button", name="Group").click()
    page.get_by_role("dialog", name="Group").get_by_role("checkbox", name="model").check()
    assert axe_findings(page) == []
    page.keyboard.press("Escape")
    group = page.get_by_role("row").filter(has_text="model = vit")
    expect(group).to_contain_text("0.2± 0.2")
    expect(page.get_by_text("2 groups of 6 runs")).to_be_visible()
    page.get_by_role("button", name="Runs with model = vit").click()
    expect_names(page, ["model-0", "model-2", "model-4"])
    head(page, "acc").get_by_role("button").first.click()
    expect(page.locator('[data-place="0"]')).to_contain_text("model = resnet")
    assert axe_findings(page) == []


def test_a_view_is_saved_and_opened_again(studio: Studio, call: Call) -> None:
    here = train(call, "viewed")
    page = opened(studio, here.experiment, "?f=model-1&cols=%5B%22m.min.acc%22%5D")
    page.get_by_role("button", name="Views").click()
    pick(page, "Save this view as …")
    page.get_by_role("textbox", name="Name").fill("Only one")
    page.get_by_role("checkbox", name="For everybody in the workspace").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Only one").wait_for()
    other = opened(studio, here.experiment)
    other.get_by_role("button", name="Views").click()
    pick(other, "Only one")
    expect_names(other, ["model-1"])
    expect(head(other, "acc")).to_contain_text("min")
    other.get_by_role("button", name="Failed").click()
    other.get_by_role("button", name="Only one · changed").click()
    pick(other, "Save changes of Only one")
    expect(other.get_by_role("button", name="Only one", exact=True)).to_be_visible()
    other.get_by_role("button", name="Only one", exact=True).click()
    assert axe_findings(other) == []
    pick(other, "Delete the view Only one")
    expect(other.get_by_text("Deleted the view Only one")).to_be_visible()


def test_what_is_shown_is_written_to_a_file(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment, "?f=model-2&cols=%5B%22m.max.val%2Floss%22%2C%22p.model%22%5D")
    expect_names(page, ["model-2"])
    with page.expect_download() as download:
        page.get_by_role("button", name="Download what is shown as CSV").click()
    assert download.value.suggested_filename == "trained.csv"
    head_line, line = download.value.path().read_text().splitlines()
    assert head_line == "Run id,Run,val/loss max,model"
    assert line == f"{trained.runs[2]},model-2,9,vit"


def test_charts_show_the_runs_of_the_table(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment, f"?tab=charts&hide=%5B%22{trained.runs[0]}%22%5D")
    expect(page.get_by_text("5 runs shown of 6")).to_be_visible()
    page.get_by_role("button", name="Show model-0 in charts").click()
    expect(page.get_by_text("6 runs shown of 6")).to_be_visible()
    page.get_by_role("button", name="Failed").click()
    expect(page.get_by_text("1 run shown of 1")).to_be_visible()


def test_thousands_of_runs_are_drawn_only_where_one_looks(studio: Studio, many: str) -> None:
    page = opened(studio, many)
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", str(MANY + 1))
    assert len(names(page)) < 60
    grid.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("link", name=f"run-{MANY - 1}", exact=True)).to_be_visible()
    assert len(names(page)) < 60
    page.get_by_role("checkbox", name="Select all runs").check()
    expect(page.get_by_text(f"{MANY:,} runs selected")).to_be_visible()


def test_what_is_logged_meanwhile_is_shown(studio: Studio, call: Call) -> None:
    here = train(call, "live")
    page = opened(studio, here.experiment)
    with page.expect_response("**/api/v1/events*"):
        page.reload()
    expect(page.locator("[data-run]").first).to_be_visible()
    call(
        "POST",
        f"{MLFLOW}/runs/log-metric",
        {"run_id": here.runs[0], "key": "acc", "value": 0.777, "timestamp": 5, "step": 9},
    )
    expect(page.locator('[data-place="0"]').get_by_text("0.777")).to_be_visible()
    log(call, here.experiment, "newest", start_ms=1_800_000_000_000)
    expect_names(page, ["newest", *(f"model-{i}" for i in range(6))])
    call("POST", f"{MLFLOW}/runs/delete", {"run_id": here.runs[5]})
    expect_names(page, ["newest", *(f"model-{i}" for i in range(5))])


def test_hostile_names_are_text(studio: Studio, call: Call) -> None:
    experiment = made(call, HOSTILE)
    log(
        call,
        experiment,
        HOSTILE,
        params={"a " * 60: HOSTILE, "long": "x" * 5_000},
        tags={"rtl": "\u202egnirts"},
        metrics={"nan": ["NaN"], "inf": ["-Infinity"]},
    )
    log(call, experiment, "y" * 250)
    page = opened(studio, experiment, "?cols=%5B%22t.rtl%22%2C%22p.long%22%2C%22m.last.nan%22%5D")
    expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
    assert page.title() == f"{HOSTILE} · Runyard"
    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(f'[data-run]:has-text("{HOSTILE[:8]}")').locator('[data-column="2"]').click()
    expect(page.get_by_role("menuitem", name=re.compile("begins like this"))).to_be_visible()


@pytest.mark.parametrize(
    "search",
    [
        "?f=%25%00&cols=7&o=x&w=[]&by=9&top=x&tab=..&st={}&view=1",
        '?cols=["m.none.x","a.zzz"]&pin={"a":1}&hide="x"',
    ],
)
def test_garbage_in_the_address_gives_a_page(studio: Studio, trained: Trained, search: str) -> None:
    studio.expected.append("400 POST .*/runs/table")
    page = studio.open(f"/workspaces/default/experiments/{trained.experiment}{search}")
    expect(page.get_by_role("grid", name="Runs")).to_be_visible()
    expect(page.get_by_role("heading", name="trained")).to_be_visible()


def test_all_runs_name_their_experiment(studio: Studio, trained: Trained) -> None:
    page = studio.open("/workspaces/default/runs?f=model-")
    expect(page.locator("[data-run]").first).to_contain_text("model-")
    expect(head(page, "Experiment")).to_be_visible()
    expect(page.get_by_role("grid").get_by_text("trained").first).to_be_visible()


def test_an_experiment_without_runs_says_how_to_log_one(studio: Studio, call: Call) -> None:
    page = studio.open(f"/workspaces/default/experiments/{made(call, 'empty')}")
    expect(page.get_by_text("No runs yet")).to_be_visible()
    expect(page.get_by_text('mlflow.set_experiment("empty")')).to_be_visible()
    assert axe_findings(page) == []


def test_details_are_shown_and_notes_kept(studio: Studio, call: Call) -> None:
    experiment = made(call, "noted")
    page = studio.open(f"/workspaces/default/experiments/{experiment}")
    page.get_by_role("tab", name="Details").click()
    page.get_by_role("button", name="Write").click()
    page.get_by_role("textbox", name="Notes, in Markdown").fill("About **cats**")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("strong", has_text="cats")).to_be_visible()
    page.reload()
    expect(page.locator("strong", has_text="cats")).to_be_visible()
    assert axe_findings(page) == []


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious(studio: Studio, trained: Trained, dark: bool) -> None:
    page = opened(studio, trained.experiment, dark=dark)
    page.get_by_role("checkbox", name="Select model-0").click()
    assert axe_findings(page) == []
    page.get_by_role("button", name="Columns").click()
    expect(page.get_by_role("dialog", name="Columns")).to_be_visible()
    assert axe_findings(page) == []


def test_a_phone_shows_it(studio: Studio, trained: Trained) -> None:
    page = opened(studio, trained.experiment, width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert names(page)[0] == "model-0"

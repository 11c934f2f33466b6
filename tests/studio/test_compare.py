"""Comparing runs: what differs, charts, images and files; few runs and a thousand; what the address holds."""

from __future__ import annotations

import re
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.studio.browser import Studio, axe_findings

Call = Callable[..., Any]
START = 1_795_000_000_000
MANY = 1_000


@pytest.fixture(scope="module")
def runs(call: Call) -> list[str]:
    """Three runs that differ in some params and metrics, with images and texts."""
    made = []
    experiment = _experiment(call, "three runs")
    for number, (rate, loss, steps) in enumerate((("0.1", 0.5, 3), ("0.01", 0.25, 3), ("0.01", 0.75, 2))):
        params = {"rate": rate, "optimizer": "adam", "note": "<b>bold</b>"}
        run_id = _run(call, experiment, f"run-{number}", params, {"val/loss": loss, "val/accuracy": 1 - loss})
        root = f"{experiment}/{run_id}/artifacts"
        text = f"first line\nrate {rate}\nlast line\n"
        _put(call, f"{root}/notes.txt", text.encode())
        if number < 2:
            _put(call, f"{root}/only/some.txt", b"x")
        for step in range(steps):
            name = f"masks%25step%25{step}%25timestamp%25{START + step}%25abc{step}.png"
            _put(call, f"{root}/images/{name}", _png((80 * number, 80 * step, 90)))
        made.append(run_id)
    return made


@pytest.fixture(scope="module")
def crowd(call: Call) -> str:
    """An experiment with a thousand runs."""
    experiment = _experiment(call, "a thousand runs")
    for number in range(MANY):
        _run(
            call,
            experiment,
            f"many-{number:04}",
            {"seed": str(number)},
            {"loss": (number * 37 % MANY) / MANY},
        )
    return experiment


def test_what_differs_is_beside_one_another_with_distance_and_best(studio: Studio, runs: list[str]) -> None:
    page = _open(studio, runs)
    expect(page.get_by_role("heading", name="Compare 3 runs")).to_be_visible()
    loss = _row(page, "val/loss")
    expect(loss.get_by_role("cell")).to_have_text(["0.5", "0.25, best−0.25 (−50%)", "0.75+0.25 (+50%)"])
    expect(_row(page, "val/accuracy").get_by_role("cell").nth(1)).to_contain_text("best")
    expect(_row(page, "rate")).to_contain_text("−0.09 (−90%)")
    expect(_row(page, "optimizer")).to_have_count(0)
    page.get_by_label("Only what differs").uncheck(force=True)
    expect(_row(page, "optimizer").get_by_role("cell")).to_have_text(["adam"] * 3)
    page.wait_for_url(re.compile("all=true"))
    expect(_row(page, "note").get_by_role("cell").first).to_have_text("<b>bold</b>")


def test_another_run_to_compare_with_and_another_meaning_of_best_are_in_the_address(
    studio: Studio, runs: list[str]
) -> None:
    page = _open(studio, runs)
    page.get_by_role("button", name="Compare the others with run-1").click()
    page.wait_for_url(re.compile(f"base={runs[1]}"))
    page.get_by_role("button", name="val/loss: less is better. Turn it round").click()
    page.wait_for_url(re.compile("turn="))
    page.reload()
    expect(_row(page, "val/loss").get_by_role("cell")).to_have_text(
        ["0.5+0.25 (+100%)", "0.25", "0.75, best+0.5 (+200%)"]
    )
    page.get_by_role("button", name="Leave run-1 out").click()
    expect(page.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Compare 3 runs")).to_be_visible()


def test_keys_find_names_and_go_through_the_parts(studio: Studio, runs: list[str]) -> None:
    page = _open(studio, runs)
    _row(page, "rate").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("acc")
    expect(_row(page, "rate")).to_have_count(0)
    expect(_row(page, "val/accuracy")).to_be_visible()
    page.get_by_role("table").focus()
    page.keyboard.press("d")
    page.wait_for_url(re.compile("all=true"))
    for key, tab in (("2", "Charts"), ("3", "Images"), ("4", "Artifacts"), ("1", "Differences")):
        page.keyboard.press(key)
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")


def test_a_thousand_runs_are_rows_that_come_into_sight(studio: Studio, crowd: str) -> None:
    page = studio.open(f"/workspaces/default/experiments/{crowd}")
    page.get_by_role("row", name=re.compile("many-")).first.wait_for()
    page.get_by_label("Select all runs").check(force=True)
    page.get_by_role("toolbar", name="Selected runs").get_by_role("button", name="Compare").click()
    page.wait_for_url(re.compile("/compare"))
    expect(page.get_by_role("heading", name="Compare 1,000 runs")).to_be_visible()
    assert len(page.url) < 4_000
    table = page.get_by_role("table", name="Differences")
    expect(table).to_have_attribute("aria-rowcount", str(MANY + 1))
    assert table.get_by_role("row").count() < 80
    page.get_by_title("Sort by loss").click()
    first = table.get_by_role("row").nth(1)
    expect(first).to_contain_text("many-0000")
    page.get_by_title("Sort by loss").click()
    expect(first.get_by_role("cell").last).not_to_have_text("0")
    table.evaluate("(box) => { box.scrollTop = box.scrollHeight }")
    expect(table.get_by_role("row").last).to_contain_text("many-0000")
    url = page.url
    page.goto(url)
    expect(page.get_by_role("heading", name="Compare 1,000 runs")).to_be_visible()


def test_charts_lie_over_one_another(studio: Studio, runs: list[str]) -> None:
    page = _open(studio, runs, "&tab=charts")
    expect(
        page.get_by_role("img", name=re.compile("^val.loss: run-2 0.75, run-0 0.5, run-1 0.25"))
    ).to_be_visible()


def test_images_by_run_and_step_and_two_over_one_another(studio: Studio, runs: list[str]) -> None:
    page = _open(studio, runs, "&tab=images")
    grid = page.get_by_role("region", name="masks by run and step")
    expect(grid.get_by_role("columnheader")).to_have_text(["Run", "Step 0", "Step 1", "Step 2"])
    expect(grid.get_by_role("img")).to_have_count(8)
    assert page.evaluate(
        "async () => { const one = document.querySelector('td img'); await one.decode(); return one.naturalWidth }"
    )
    page.get_by_text("Two over one another").click()
    expect(page.get_by_role("img", name="run-0, step 2")).to_be_visible()
    expect(page.get_by_role("img", name="run-1, step 2")).to_be_visible()
    line = page.get_by_role("slider", name="Place of the line")
    line.focus()
    page.keyboard.press("ArrowRight")
    expect(line).to_have_attribute("aria-valuenow", "51")
    page.get_by_role("slider", name="Step").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("img", name="run-1, step 1")).to_be_visible()
    page.get_by_role("button", name="Swap the two runs").click()
    page.reload()
    expect(page.get_by_role("img", name="run-1, step 2")).to_be_visible()


def test_images_of_many_runs_are_had_by_pages(studio: Studio, call: Call, runs: list[str]) -> None:
    experiment = _experiment(call, "no images")
    without = [_run(call, experiment, f"plain-{number}", {}, {"loss": 1.0}) for number in range(24)]
    page = _open(studio, [*without, *runs], "&tab=images")
    expect(page.get_by_text("These runs have no images by step")).to_be_visible()
    expect(page.get_by_text("Runs 1–24 of 27")).to_be_visible()
    expect(page.get_by_role("button", name="Runs before these")).to_be_disabled()
    page.get_by_role("button", name="Runs after these").click()
    expect(page.get_by_text("Runs 25–27 of 27")).to_be_visible()
    expect(page.get_by_role("region", name="masks by run and step").get_by_role("img")).to_have_count(8)
    expect(page.get_by_role("button", name="Runs after these")).to_be_disabled()


def test_one_file_of_several_runs_and_the_lines_that_differ(studio: Studio, runs: list[str]) -> None:
    page = _open(studio, runs, "&tab=artifacts")
    files = page.get_by_role("region", name="Files of the runs")
    expect(files.get_by_role("button", name="only")).to_contain_text("2 of 3 runs")
    files.get_by_role("button", name="only").click()
    expect(files.get_by_role("button", name="some.txt")).to_be_visible()
    page.go_back()
    files.get_by_role("button", name="notes.txt").click()
    expect(page.get_by_role("article")).to_have_count(3)
    expect(page.get_by_role("article").nth(1)).to_contain_text("rate 0.01")
    page.get_by_text("What differs in two").click()
    lines = page.get_by_role("region", name="Lines that differ")
    expect(lines).to_contain_text("removed: rate 0.1")
    expect(lines).to_contain_text("added: rate 0.01")
    page.reload()
    expect(page.get_by_text("1 line removed, 1 line added.")).to_be_visible()


def test_what_runs_log_appears_by_itself(studio: Studio, call: Call) -> None:
    experiment = _experiment(call, "live comparison")
    made = [_run(call, experiment, f"live-{i}", {}, {"loss": float(i + 1)}) for i in range(2)]
    page = _open(studio, made)
    cell = _row(page, "loss").get_by_role("cell").first
    expect(cell).to_have_text(re.compile("^1"))
    deadline = time.monotonic() + 20
    value = 2.0
    while time.monotonic() < deadline and cell.inner_text().startswith("1"):
        value += 1
        _log(call, made[0], {"loss": value})
        page.wait_for_timeout(1_500)
    expect(cell).not_to_have_text(re.compile("^1"))


def test_a_saved_view_is_opened_again(studio: Studio, runs: list[str]) -> None:
    page = _open(studio, runs, "&f=loss")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name=re.compile("Save this view")).click()
    page.get_by_role("dialog").get_by_role("textbox").first.fill("losses")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="losses")).to_be_visible()
    other = studio.open("/workspaces/default/compare")
    expect(other.get_by_text("No runs are chosen")).to_be_visible()
    other.get_by_role("button", name="Views").click()
    other.get_by_role("menuitem", name="losses", exact=True).click()
    expect(_row(other, "val/loss")).to_be_visible()
    expect(other.get_by_role("heading", name="Compare 3 runs")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_hostile_names_are_text_and_axe_finds_nothing(studio: Studio, call: Call, dark: bool) -> None:
    experiment = _experiment(call, f"hostile comparison {dark}")
    names = ("<img src=x onerror=document.title=1>", "x" * 500, "\u202eevil")
    made = [
        _run(call, experiment, name, {"k" * 200: name}, {"_hostile_/loss": float(i)})
        for i, name in enumerate(names)
    ]
    page = _open(studio, made, dark=dark)
    expect(page.get_by_role("link", name=names[0])).to_be_visible()
    expect(_row(page, "_hostile_/loss")).to_be_visible()
    assert page.title().startswith("Compare 3 runs")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for tab in ("Differences", "Charts", "Images", "Artifacts"):
        page.get_by_role("tab", name=tab).click()
        assert axe_findings(page) == []


@pytest.mark.parametrize(
    "address", ["", "?runs=%00&n=%%%", '?runs=[{"a":1}]&n={}&base=[]&tab=x&turn=7', "?n=zzzz"]
)
def test_any_garbage_in_the_address_gives_a_usable_page(
    studio: Studio, runs: list[str], address: str
) -> None:
    page = studio.open(f"/workspaces/default/compare{address}")
    told = page.get_by_text("No runs are chosen").or_(page.get_by_text("These runs are not here"))
    expect(told).to_be_visible()


def test_runs_that_are_gone_are_told(studio: Studio, runs: list[str]) -> None:
    page = _open(studio, [*runs[:2], "0" * 32])
    expect(page.get_by_text("1 of the runs is gone or not open to you.")).to_be_visible()


def test_a_phone_shows_it(studio: Studio, runs: list[str]) -> None:
    page = _open(studio, runs, width=390)
    expect(_row(page, "val/loss")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _experiment(call: Call, name: str) -> str:
    made: str = call("POST", "/api/2.0/mlflow/experiments/create", {"name": name})["experiment_id"]
    return made


def _run(call: Call, experiment: str, name: str, params: dict[str, str], metrics: dict[str, float]) -> str:
    fields = {"experiment_id": experiment, "run_name": name, "start_time": START}
    run_id: str = call("POST", "/api/2.0/mlflow/runs/create", fields)["run"]["info"]["run_id"]
    listed = [{"key": key, "value": value} for key, value in params.items()]
    _log(call, run_id, metrics, params=listed)
    return run_id


def _log(call: Call, run_id: str, metrics: dict[str, float], **more: Any) -> None:
    now = int(time.time() * 1000)
    points = [{"key": key, "value": value, "timestamp": now, "step": 0} for key, value in metrics.items()]
    call("POST", "/api/2.0/mlflow/runs/log-batch", {"run_id": run_id, "metrics": points, **more})


def _put(call: Call, path: str, content: bytes) -> None:
    call("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", body=content)


def _png(color: tuple[int, int, int]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = 8
    rows = (b"\0" + bytes(color) * size) * size
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def _open(studio: Studio, runs: list[str], more: str = "", **context: Any) -> Page:
    return studio.open(f"/workspaces/default/compare?runs={','.join(runs)}{more}", **context)


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(
        has=page.get_by_role("rowheader").filter(has_text=re.compile(f"^{re.escape(name)}$"))
    )

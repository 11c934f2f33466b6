"""Charts of runs: what they draw, what the address holds, what keys and the pointer do, what is shown live."""

from __future__ import annotations

import json
import math
import re
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.studio.browser import Studio, axe_findings

Call = Callable[..., Any]
START = 1_795_000_000_000
LONG = 20_000
SPIKE = 777.5
CHART = "canvas[data-layer=lines]"


@pytest.fixture(scope="module")
def experiment(call: Call) -> str:
    """Three runs with a few short series, one of 20k points with a single spike, and one of NaN."""
    made: str = call("POST", "/api/2.0/mlflow/experiments/create", {"name": "charts"})["experiment_id"]
    for number, optimizer in enumerate(("adam", "sgd", "sgd")):
        run_id = _run(call, made, f"run-{number}", {"lr": str(10.0 ** -(number + 1)), "optimizer": optimizer})
        _log(call, run_id, "loss", [(step, math.exp(-step / 10) + number) for step in range(30)])
        _log(call, run_id, "epoch", [(step, step // 3) for step in range(30)])
        _log(call, run_id, "val/accuracy", [(step, step / 30 - number / 10) for step in range(30)])
        _log(call, run_id, "system/cpu", [(0, 50.0 + number)])
    _log(call, run_id, "long", [(step, SPIKE if step == 12_345 else 1.0) for step in range(LONG)])
    _log(call, run_id, "val/odd", [(0, 1.0), (1, float("nan")), (2, float("inf")), (3, 2.0)])
    return made


def test_every_metric_has_a_chart_that_says_how_many_points_it_shows(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment)
    expect(_chart(page, "loss by step: 3 runs · all 90 points")).to_be_visible()
    expect(_chart(page, "long by step: 1 run · 20k points in")).to_be_visible()
    for section in ("Metrics", "val", "system"):
        expect(page.get_by_role("button", name=re.compile(f"^{section}"))).to_be_visible()
    assert page.get_by_role("button", name=re.compile("^system")).get_attribute("aria-expanded") == "false"


def test_one_spike_among_many_points_is_drawn(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, {"f": "long"})
    lit = page.evaluate(
        """() => {
            const canvas = document.querySelector('canvas[data-layer=lines]');
            const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            for (let row = 0; row < height / 3; row++)
                for (let x = 0; x < width; x++) if (data[(row * width + x) * 4 + 3]) return x / width;
            return null;
        }"""
    )
    assert lit == pytest.approx(12_345 / LONG, abs=0.03)


def test_zoom_asks_the_server_again_and_is_in_the_address(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, {"f": "long"})
    with page.expect_request("**/charts/series") as asked:
        _drag(page, 0.5, 0.75)
    fields = json.loads(asked.value.post_data or "{}")
    assert LONG * 0.3 < fields["start"] < LONG * 0.55
    assert LONG * 0.7 < fields["end"] < LONG * 0.9
    page.wait_for_url(re.compile("c=.*z"))
    expect(_chart(page, re.compile("long by step: 1 run · .* of 20k points"))).to_be_visible()
    with page.expect_request("**/charts/series") as again:
        page.reload()
    assert json.loads(again.value.post_data or "{}")["start"] == fields["start"]
    page.get_by_role("button", name="Show all").click()
    page.wait_for_url(lambda url: "z%22" not in url)


def test_the_tooltip_is_sorted_and_a_click_keeps_it(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, {"f": "loss"})
    box = page.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    rows = page.locator("li").filter(has_text="run-")
    expect(rows).to_have_count(3)
    assert [text[:5] for text in rows.all_inner_texts()] == ["run-2", "run-1", "run-0"]
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    values = page.get_by_role("group", name="Values at this place")
    values.get_by_role("link", name="run-1").click()
    page.wait_for_url(re.compile(f"/experiments/{experiment}/runs/[0-9a-f]+"))


def test_keys_find_charts_and_move_what_is_seen(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment)
    page.keyboard.press("/")
    page.keyboard.type("val acc")
    expect(page.locator(CHART)).to_have_count(1)
    page.wait_for_url(re.compile("val"))
    _chart(page, re.compile("^val.accuracy by step")).focus()
    page.keyboard.press("+")
    page.wait_for_url(re.compile("z%22"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("0")
    page.wait_for_url(lambda url: "z%22" not in url)


def test_other_x_axes(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, {"f": "loss"})
    for axis, field, metric in (
        ("time", "time", None),
        ("relative", "relative", None),
        ("metric:epoch", "step", "epoch"),
    ):
        with page.expect_request("**/charts/series") as asked:
            page.goto(studio.base + _address(experiment, {"x": axis, "f": "loss", "s": 0.5}))
        fields = json.loads(asked.value.post_data or "{}")
        assert (fields["x"], fields["x_metric"]) == (field, metric)
        expect(_chart(page, re.compile("^loss by .*3 runs"))).to_be_visible()


def test_groups_are_drawn_as_means_with_bands(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, {"f": "loss"}, more="&by=%5B%22p.optimizer%22%5D")
    expect(_chart(page, re.compile("loss by step: 2 groups · mean ± standard deviation"))).to_be_visible()
    page.get_by_text("Each run").click()
    expect(_chart(page, re.compile("loss by step: 3 runs"))).to_be_visible()


def test_a_run_that_is_hidden_and_shown_again_is_not_read_again(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, {"f": "loss"})
    expect(_chart(page, "loss by step: 3 runs · all 90 points")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/charts/" in request.url else None)
    page.get_by_role("button", name="Show run-1 in charts").click()
    expect(_chart(page, "loss by step: 2 runs · all 60 points")).to_be_visible()
    page.get_by_role("button", name="Show run-1 in charts").click()
    expect(_chart(page, "loss by step: 3 runs · all 90 points")).to_be_visible()
    assert asked == []


def test_charts_are_pinned_and_sections_closed_in_the_address(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment)
    page.get_by_role("button", name="Pin val/accuracy").click()
    pinned = page.get_by_role("region", name="Pinned", exact=True)
    pinned.scroll_into_view_if_needed()
    expect(pinned.get_by_role("img", name=re.compile("^val.accuracy by step"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^Metrics")).click()
    page.wait_for_url(re.compile("Metrics"))
    page.reload()
    expect(pinned.get_by_role("img", name=re.compile("^val.accuracy by step"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Metrics"))).to_have_attribute(
        "aria-expanded", "false"
    )


KINDS = {
    "Lines of several metrics": "Metrics",
    "Bars": "Value",
    "Scatter": "X",
    "Parallel coordinates": "Axes, the last one gives the colour",
    "Contour": "Height",
    "Boxes": "Group by",
}


def test_charts_are_added_and_removed_with_a_way_back(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, {"f": "loss"})
    added = page.get_by_role("region", name="Added charts")
    for kind, picker in KINDS.items():
        page.get_by_role("button", name="Add chart").click()
        page.get_by_role("menuitem", name=kind, exact=True).click()
        expect(added.get_by_label(picker, exact=True).first).to_be_visible()
    cards = added.locator("> section")
    expect(cards).to_have_count(len(KINDS))
    cards.nth(1).get_by_role("button", name=re.compile("^More of")).click()
    page.get_by_role("menuitem", name="Remove").click()
    expect(cards).to_have_count(len(KINDS) - 1)
    page.get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(len(KINDS))


def test_a_new_chart_shows_something(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, {"f": "loss"})
    page.get_by_role("button", name="Add chart").click()
    page.get_by_role("menuitem", name="Parallel coordinates", exact=True).click()
    expect(_chart(page, re.compile("^Parallel coordinates of .*lr, .*: 3 of 3 runs"))).to_be_visible()


def test_a_metric_that_was_logged_once_is_shown_as_bars(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, {"f": "system/cpu"})
    expect(_chart(page, "system/cpu: run-2 52, run-1 51, run-0 50")).to_be_visible()
    assert axe_findings(page) == []


def test_charts_of_values_are_drawn_from_their_address(studio: Studio, experiment: str) -> None:
    panels = [
        ("bar", ["m:loss"]),
        ("bar", ["m:loss", "p:optimizer"]),
        ("scatter", ["p:lr", "min:loss", "m:val/accuracy"]),
        ("parallel", ["p:optimizer", "p:lr", "m:loss"]),
        ("contour", ["p:lr", "m:loss", "m:val/accuracy"]),
        ("box", ["m:loss", "p:optimizer"]),
        ("line", ["m:loss", "m:val/accuracy"]),
        ("difference", []),
    ]
    state = {"f": "nothing", "n": [{"i": f"p{i}", "k": kind, "o": of} for i, (kind, of) in enumerate(panels)]}
    page = _open(studio, experiment, state, height=2400)
    for label in (
        "loss: run-2 2.055, run-1 1.055, run-0 0.055023",
        "loss: adam 0.055023, sgd 1.555",
        "loss (min) by lr, val/accuracy as colour: 3 runs",
        "Parallel coordinates of optimizer, lr, loss: 3 of 3 runs",
        "loss by lr, val/accuracy as surface: 3 runs",
        "loss: adam median 0.055023, sgd median 1.555",
    ):
        expect(_chart(page, label)).to_be_visible()
    expect(_chart(page, re.compile("6 lines"))).to_be_visible()
    table = page.get_by_role("region", name="Differences").get_by_role("table")
    expect(table.get_by_role("row", name=re.compile("^optimizer"))).to_contain_text("adam")


def test_a_chart_is_shown_as_a_table_and_saved_as_a_file(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, {"f": "loss"})
    with page.expect_download() as saved:
        _menu(page, "loss", "Download CSV")
    lines = saved.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("run_id,run,metric,step,")
    assert len(lines) == 91
    with page.expect_download() as picture:
        _menu(page, "loss", "Download PNG")
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")
    _menu(page, "loss", "Show as table")
    row = page.get_by_role("region", name="loss as a table").get_by_role("row", name=re.compile("run-1"))
    expect(row).to_contain_text("30")
    page.wait_for_url(re.compile("t%22"))
    page.reload()
    expect(row).to_contain_text("30")


def test_new_points_appear_by_themselves(studio: Studio, experiment: str, call: Call) -> None:
    run_id = _run(call, experiment, "live", {})
    _log(call, run_id, "growing", [(0, 1.0)])
    page = _open(studio, experiment, {"f": "growing"})
    expect(_chart(page, "growing: live 1")).to_be_visible()
    page.wait_for_timeout(500)  # the stream of events is open by then; what comes before it is read anyway
    deadline = time.monotonic() + 15
    step = 1
    while time.monotonic() < deadline and not _chart(page, re.compile("1 run · all [2-9]")).is_visible():
        _log(call, run_id, "growing", [(step, 2.0)])
        step += 1
        page.wait_for_timeout(1_500)
    expect(_chart(page, re.compile("1 run · all [2-9]"))).to_be_visible()


def test_hostile_names_are_text_in_both_schemes_and_axe_finds_nothing(
    studio: Studio, call: Call, experiment: str
) -> None:
    made = call("POST", "/api/2.0/mlflow/experiments/create", {"name": "hostile charts"})["experiment_id"]
    for name in ("<script>document.title=2</script>", "x" * 500, "\u202eevil"):
        run_id = _run(call, made, name, {"p": "<b>bold</b>"})
        _log(call, run_id, "_hostile_/loss", [(0, 1.0), (1, 2.0)])
        _log(call, run_id, "m" * 240, [(0, 1.0), (1, 2.0)])
        _log(call, run_id, "_hostile_/once", [(0, 1.0)])
    panel = {"i": "p1", "k": "box", "o": ["m:_hostile_/loss", "p:p"]}
    for dark in (False, True):
        page = _open(studio, made, {"n": [panel]}, dark=dark)
        expect(page.locator(CHART).first).to_be_visible()
        assert page.title().startswith("hostile charts")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert axe_findings(page) == []


def test_any_garbage_in_the_address_gives_a_usable_page(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment)
    for state in ('"x"', "[1]", '{"z":[5,1],"n":[{"k":"pie"}],"e":7,"p":"a"}', "%FF"):
        text = state if state.startswith("%") else urllib.parse.quote(state)
        page.goto(f"{studio.base}{_address(experiment, None)}&c={text}")
        expect(page.locator(CHART).first).to_be_visible()


def test_a_narrow_page_has_one_column(studio: Studio, experiment: str) -> None:
    page = _open(studio, experiment, width=390)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    left = {
        round(box["x"])
        for card in page.locator("section[aria-label]:has(h3)").all()
        if (box := card.bounding_box())
    }
    assert len(left) == 1


def _run(call: Call, experiment: str, name: str, params: dict[str, str]) -> str:
    fields = {"experiment_id": experiment, "run_name": name, "start_time": START}
    run_id: str = call("POST", "/api/2.0/mlflow/runs/create", fields)["run"]["info"]["run_id"]
    call(
        "POST",
        "/api/2.0/mlflow/runs/log-batch",
        {"run_id": run_id, "params": [{"key": key, "value": value} for key, value in params.items()]},
    )
    return run_id


def _log(call: Call, run_id: str, key: str, points: list[tuple[int, float]]) -> None:
    spelled = {math.inf: "Infinity", -math.inf: "-Infinity"}
    for first in range(0, len(points), 1_000):
        metrics = [
            {
                "key": key,
                "value": "NaN" if math.isnan(value) else spelled.get(value, value),
                "step": step,
                "timestamp": START + step * 1_000,
            }
            for step, value in points[first : first + 1_000]
        ]
        call("POST", "/api/2.0/mlflow/runs/log-batch", {"run_id": run_id, "metrics": metrics})


def _open(
    studio: Studio,
    experiment: str,
    state: dict[str, Any] | None = None,
    *,
    more: str = "",
    **context: Any,
) -> Page:
    page = studio.open(_address(experiment, state) + more, **context)
    page.locator(f"{CHART}, svg[role=img]").first.wait_for()
    return page


def _address(experiment: str, state: dict[str, Any] | None) -> str:
    held = f"&c={urllib.parse.quote(json.dumps(state))}" if state else ""
    return f"/workspaces/default/experiments/{experiment}?tab=charts{held}"


def _chart(page: Page, label: str | re.Pattern[str]) -> Any:
    return page.get_by_role("img", name=label)


def _menu(page: Page, chart: str, item: str) -> None:
    page.get_by_role("button", name=f"More of {chart}", exact=True).click()
    page.get_by_role("menuitem", name=item).click()


def _drag(page: Page, start: float, end: float) -> None:
    box = page.locator(".u-over").first.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, middle, steps=5)
    page.mouse.up()

"""The trash: what is deleted, how large it is, restored, removed for good."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.studio.browser import TIMEOUT_MS, Studio, axe_findings
from tests.studio.conftest import Call
from tests.studio.hostile import shown

M = "/api/2.0/mlflow"
TRASH = "/workspaces/default/trash"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> \u202egnp.exe " + "long" * 60
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="module")
def experiment(call: Call) -> str:
    return str(call("POST", f"{M}/experiments/create", {"name": "digits"})["experiment_id"])


def deleted_run(call: Call, experiment: str, name: str, files: int = 0) -> str:
    """A run in the trash with some files of 1,000 bytes."""
    fields = {"experiment_id": experiment, "run_name": name}
    run = str(call("POST", f"{M}/runs/create", fields)["run"]["info"]["run_id"])
    for i in range(files):
        path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{i}.bin"
        call("PUT", path, body=b"\0" * 1_000)
    call("POST", f"{M}/runs/delete", {"run_id": run})
    return run


def all_runs(call: Call, experiment: str) -> list[str]:
    """Ids, of deleted ones, too."""
    asked = {"experiment_ids": [experiment], "run_view_type": "ALL"}
    return [one["info"]["run_id"] for one in call("POST", f"{M}/runs/search", asked)["runs"]]


def until(holds: Callable[[], bool]) -> None:
    """Wait for what happens in the background."""
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def stage(call: Call, run: str) -> str:
    return str(call("GET", f"{M}/runs/get?run_id={run}")["run"]["info"]["lifecycle_stage"])


def test_an_empty_trash_says_what_comes_here(studio: Studio) -> None:
    page = studio.open(TRASH)
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    expect(page.get_by_role("button", name="Empty", exact=True)).to_have_count(0)


def test_it_tells_what_was_deleted_by_whom_and_how_large_it_is(
    studio: Studio, call: Call, experiment: str
) -> None:
    deleted_run(call, experiment, "heavy", files=3)
    page = studio.open(TRASH)
    row = page.get_by_role("row", name=re.compile("heavy"))
    expect(row).to_contain_text("Run")
    expect(row).to_contain_text("digits")
    expect(row).to_contain_text("2.93 KiB in 3")
    expect(row).to_contain_text("local")


def test_a_run_is_restored_by_keys(studio: Studio, call: Call, experiment: str) -> None:
    run = deleted_run(call, experiment, "missed")
    page = studio.open(TRASH)
    page.get_by_role("checkbox", name="Choose missed").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Restore 1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Restored 1 thing")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("missed"))).to_have_count(0)
    assert stage(call, run) == "active"


def test_what_is_removed_for_good_must_be_typed_and_is_gone(
    studio: Studio, call: Call, experiment: str
) -> None:
    run = deleted_run(call, experiment, "unwanted", files=1)
    kept = deleted_run(call, experiment, "kept")
    page = studio.open(f"{TRASH}?kind=run")
    page.get_by_role("checkbox", name="Choose unwanted").check()
    page.get_by_role("button", name="Remove for good 1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nobody can bring them back")
    remove = dialog.get_by_role("button", name="Remove for good")
    expect(remove).to_be_disabled()
    dialog.get_by_role("textbox").fill("remove")
    remove.click()
    expect(page.get_by_role("row", name=re.compile("unwanted"))).to_have_count(0)
    expect(page.get_by_role("row", name=re.compile("kept"))).to_be_visible()
    until(lambda: run not in all_runs(call, experiment))
    assert stage(call, kept) == "deleted"


def test_what_was_deleted_lately_stays_when_the_trash_is_emptied_of_what_is_old(
    studio: Studio, call: Call, experiment: str
) -> None:
    run = deleted_run(call, experiment, "fresh")
    page = studio.open(TRASH)
    page.get_by_role("button", name="Empty", exact=True).click()
    dialog = page.get_by_role("dialog", name="Empty the trash?")
    expect(dialog).to_contain_text("deleted over 30 days ago")
    dialog.get_by_role("textbox").fill("remove")
    dialog.get_by_role("button", name="Remove for good").click()
    expect(page.get_by_text("Nothing was deleted that long ago")).to_be_visible()
    assert stage(call, run) == "deleted"


def test_what_cannot_be_restored_is_told_why(studio: Studio, call: Call) -> None:
    gone = str(call("POST", f"{M}/experiments/create", {"name": "whole"})["experiment_id"])
    deleted_run(call, gone, "of a deleted one")
    page = studio.open(f"{TRASH}?kind=run")
    page.get_by_role("checkbox", name="Choose of a deleted one").check()
    call("POST", f"{M}/experiments/delete", {"experiment_id": gone})
    page.get_by_role("button", name="Restore 1").click()
    expect(page.get_by_text(re.compile("1 stayed: .+"))).to_be_visible()


def test_kinds_are_in_the_address(studio: Studio, call: Call, experiment: str) -> None:
    deleted_run(call, experiment, "a run")
    page = studio.open(f"{TRASH}?kind=nonsense")
    expect(page.get_by_role("row", name=re.compile("a run"))).to_be_visible()
    page.get_by_text("Experiments", exact=True).last.click()
    expect(page).to_have_url(re.compile(r"\?kind=experiment$"))
    expect(page.get_by_role("row", name=re.compile("a run"))).to_have_count(0)


def test_what_somebody_deletes_meanwhile_appears(studio: Studio, call: Call, experiment: str) -> None:
    deleted_run(call, experiment, "early bird")
    page = studio.open(TRASH)
    expect(page.get_by_role("row", name=re.compile("early bird"))).to_be_visible()
    latecomer = page.get_by_role("row", name=re.compile("latecomer")).first
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while (
        time.monotonic() < deadline and not latecomer.is_visible()
    ):  # the first when the page does not listen yet
        deleted_run(call, experiment, "latecomer")
        page.wait_for_timeout(1_500)
    expect(latecomer).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_hostile_names_are_text_and_the_page_hinders_nobody(
    studio: Studio, call: Call, experiment: str, dark: bool
) -> None:
    deleted_run(call, experiment, HOSTILE)
    page = studio.open(TRASH, dark=dark, width=390)
    expect(page.get_by_title(shown(HOSTILE), exact=True).first).to_be_visible()
    expect(page).to_have_title("Trash · Runyard")
    assert page.evaluate(TOO_WIDE) <= 0
    assert axe_findings(page) == []

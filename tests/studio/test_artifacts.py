"""Artifacts of a run in a browser: found, shown by their kinds, sent, taken away; hostile ones, too."""

from __future__ import annotations

import io
import json
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from runyard.demo import documents
from tests.studio.browser import TIMEOUT_MS, Studio, axe_findings
from tests.studio.conftest import Call

M = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
HOSTILE = "<img src=x onerror=document.title=1>.txt"
ALERT = "<script>top.document.title = 'owned'; parent.document.title = 'owned'</script>"
HTML = f"<!doctype html><h1>A report</h1>{ALERT}<script>document.body.append('and its script ran')</script>"
MLMODEL = """artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
  sklearn:
    pickled_model: model.pkl
signature:
  inputs: '[{"type": "double", "name": "area", "required": true}]'
  outputs: '[{"type": "long", "required": true}]'
"""
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f00050001ff"
    "89993d1d0000000049454e44ae426082"
)
NOTEBOOK = {
    "metadata": {"language_info": {"name": "python"}},
    "cells": [
        {"cell_type": "markdown", "source": f"# Fit\n{ALERT}"},
        {
            "cell_type": "code",
            "source": "fit()",
            "execution_count": 4,
            "outputs": [{"output_type": "execute_result", "data": {"text/html": f"<b>0.93</b>{ALERT}"}}],
        },
    ],
}
FILES_OF_RUN: dict[str, bytes] = {
    "report.html": HTML.encode(),
    "report.pdf": documents.pdf("Report", ["one line"]),
    "readme.md": f"# Read me\n\n![dot](plots/dot.png)\n\n{ALERT}".encode(),
    "table.csv": ("name,value\n" + "".join(f'"row, {i}",{i}\n' for i in range(2_500))).encode(),
    "log_table.json": json.dumps({"columns": ["question", "score"], "data": [["why?", 0.5]]}).encode(),
    "config.json": b'{"lr": 0.1, "nested": {"deep": [1, 2]}}',
    "fit.ipynb": json.dumps(NOTEBOOK).encode(),
    "train.py": b"import numpy as np\n\ndef fit():\n    return 1\n",
    "large.txt": b"".join(b"line %06d\n" % i for i in range(60_000)),
    "weights.bin": bytes(range(256)),
    "empty.txt": b"",
    HOSTILE: b"harmless",
    "plots/dot.png": DOT,
    "model/MLmodel": MLMODEL.encode(),
}
expect.set_options(timeout=TIMEOUT_MS)


class Run:
    """A run with files. Its page is opened at a file or directory."""

    def __init__(self, call: Call, name: str, files: dict[str, bytes]) -> None:
        self._call = call
        made = call(
            "POST", f"{M}/runs/create", {"experiment_id": "0", "run_name": name, "start_time": now_ms()}
        )
        self.info = made["run"]["info"]
        self.id = str(self.info["run_id"])
        self.root = str(self.info["artifact_uri"]).removeprefix("mlflow-artifacts:/")
        for path, body in files.items():
            self.put(path, body)

    def put(self, path: str, body: bytes) -> None:
        self._call("PUT", f"{FILES}/{self.root}/{quote(path)}", body=body)

    def names(self) -> list[str]:
        """What lies at the top."""
        return [
            one["path"] for one in self._call("GET", f"{M}/artifacts/list?run_id={self.id}").get("files", [])
        ]

    def at(self, path: str = "") -> str:
        base = f"/workspaces/default/experiments/{self.info['experiment_id']}/runs/{self.id}?tab=artifacts"
        return f"{base}&path={quote(path)}" if path else base


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.fixture(scope="module")
def run(call: Call) -> Run:
    return Run(call, "of-files", FILES_OF_RUN)


@pytest.fixture
def page(studio: Studio, run: Run) -> Iterator[Page]:
    page = studio.open(run.at())
    expect(page.get_by_role("treeitem", name="report.html")).to_be_visible()
    yield page
    expect(page).to_have_title("of-files · Runyard")


def show(page: Page, name: str) -> None:
    page.get_by_role("treeitem", name=re.compile(rf"^{re.escape(name)}")).click()


def test_the_tree_is_walked_by_keys_and_the_address_says_where(page: Page) -> None:
    tree = page.get_by_role("tree", name="Files")
    tree.focus()
    page.keyboard.press("Home")
    expect(page).to_have_url(re.compile("path=model$"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("treeitem", name=re.compile("^MLmodel"))).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("path=model%2FMLmodel$"))
    expect(page.get_by_text("pickled_model")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("treeitem", name=re.compile("^MLmodel"))).to_have_count(0)


def test_pages_run_apart_from_studio(page: Page, studio: Studio) -> None:
    # What the page tries is told by the browser.
    studio.expected.append("Blocked a frame with origin")
    show(page, "report.html")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("and its script ran")).to_be_visible()
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    source = next(one for one in page.frames if one != page.main_frame)
    assert source.evaluate("self.origin") == "null"


def test_text_is_never_taken_for_a_page(page: Page) -> None:
    show(page, "readme.md")
    shown = page.get_by_role("region", name="readme.md")
    expect(shown.get_by_role("heading", name="Read me")).to_be_visible()
    expect(shown.get_by_role("img", name="dot")).to_have_js_property("naturalWidth", 1)
    expect(shown).to_contain_text("<script>")
    show(page, "fit.ipynb")
    cells = page.get_by_role("region", name="fit.ipynb")
    expect(cells.get_by_text("0.93")).to_be_visible()
    expect(cells.get_by_text("[4]")).to_be_visible()
    assert cells.locator("script, iframe").count() == 0
    show(page, "<img")
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    expect(page.get_by_text("harmless")).to_be_visible()


def test_tables_are_shown_in_parts(page: Page) -> None:
    show(page, "table.csv")
    table = page.get_by_role("region", name="table.csv")
    expect(table.get_by_role("row", name="1 row, 0 0")).to_be_visible()
    expect(page.get_by_text("The first 1,000 rows")).to_be_visible()
    assert table.get_by_role("row").count() < 100
    page.get_by_role("button", name="Show more").click()
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_text("2,500 rows", exact=True)).to_be_visible()
    table.focus()
    page.keyboard.press("End")
    expect(table.get_by_role("row", name="2500 row, 2499 2499")).to_be_visible()
    show(page, "log_table.json")
    expect(page.get_by_role("row", name="1 why? 0.5")).to_be_visible()
    page.get_by_role("button", name="Show the text").click()
    expect(page.get_by_text('"columns"')).to_be_visible()


def test_parquet_is_read_by_row_groups(studio: Studio, call: Call) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = 20_000
    table = arrow.table({"id": list(range(rows)), "text": [secrets.token_hex(32) for _ in range(rows)]})
    out = io.BytesIO()
    parquet.write_table(table, out, row_group_size=1_000, compression="snappy")
    run = Run(call, "columns", {"data.parquet": out.getvalue()})
    page = studio.open("/workspaces/default/experiments")
    read: list[int] = []
    page.on(
        "response",
        lambda got: read.append(int(got.headers.get("content-length", 0))) if "preview" in got.url else None,
    )
    page.goto(studio.base + run.at("data.parquet"))
    expect(page.get_by_text("The first 1,000 of 20,000 rows")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^1 0 [0-9a-f]{64}"))).to_be_visible()
    assert 0 < sum(read) < len(out.getvalue()) / 5


def test_parquet_of_every_common_codec_is_read(studio: Studio, call: Call) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"number": list(range(500)), "word": [f"word {number % 7}" for number in range(500)]})
    files = {}
    for codec in ("none", "snappy", "gzip", "zstd", "lz4"):
        out = io.BytesIO()
        parquet.write_table(table, out, compression=codec)
        files[f"{codec}.parquet"] = out.getvalue()
    run = Run(call, "codecs", files)
    page = studio.open(run.at("none.parquet"))
    for name in files:
        page.goto(studio.base + run.at(name))
        expect(page.get_by_role("row", name=re.compile("^4 3 word 3"))).to_be_visible()


def test_code_and_large_texts(page: Page) -> None:
    show(page, "train.py")
    expect(page.locator(".hljs-keyword", has_text="import")).to_be_visible()
    show(page, "large.txt")
    expect(page.get_by_text("The first 256 KiB of 703 KiB")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_text("The first 512 KiB of 703 KiB")).to_be_visible()
    show(page, "empty.txt")
    expect(page.get_by_text("This file is empty.")).to_be_visible()
    show(page, "weights.bin")
    expect(page.get_by_text("No preview")).to_be_visible()


def test_a_model_tells_what_it_takes_and_is_registered(page: Page, run: Run) -> None:
    show(page, "model")
    model = page.get_by_role("region", name="Model", exact=True)
    expect(model).to_contain_text(f'mlflow.pyfunc.load_model("runs:/{run.id}/model")')
    expect(model.get_by_role("row", name="area double")).to_be_visible()
    model.get_by_role("button", name="Register").click()
    page.get_by_role("combobox", name="Registered model").fill("areas")
    page.get_by_role("dialog").get_by_role("button", name="Register").click()
    expect(page.get_by_text("Registered version 1 of areas")).to_be_visible()


def test_files_are_sent_fetched_and_taken_away(studio: Studio, call: Call, tmp_path: Path) -> None:
    run = Run(call, "in-and-out", {"keep.txt": b"kept", "gone.txt": b"gone"})
    page = studio.open(run.at())
    sent = tmp_path / "sent & more.txt"
    sent.write_bytes(b"sent by hand")
    expect(page.get_by_role("treeitem", name="keep.txt")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload files").click()
    chooser.value.set_files(sent)
    expect(page.get_by_text("sent by hand")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == b"sent by hand"
    assert download.value.suggested_filename == sent.name
    for name in ("gone.txt", "keep.txt"):
        show(page, name)
        page.get_by_role("button", name="Delete file").click()
        expect(page.get_by_role("treeitem", name=name)).to_have_count(0)
    assert sorted(run.names()) == ["gone.txt", "keep.txt", sent.name]
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("treeitem", name="keep.txt")).to_be_visible()
    # Whoever leaves does not wait: what was deleted is deleted then.
    page.goto("about:blank")
    deadline = time.monotonic() + 10
    while "gone.txt" in run.names() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sorted(run.names()) == ["keep.txt", sent.name]


def test_files_are_dropped_on_the_page(studio: Studio, call: Call) -> None:
    run = Run(call, "dropped", {"data/first.txt": b"1"})
    page = studio.open(run.at("data"))
    expect(page.get_by_role("button", name="first.txt")).to_be_visible()
    moved = page.evaluate_handle(
        """() => { const all = new DataTransfer(); all.items.add(new File(['two'], 'second.txt')); return all }"""
    )
    files = page.get_by_role("region", name="Files")
    files.dispatch_event("dragover", {"dataTransfer": moved})
    expect(page.get_by_text("Drop files to upload them to data")).to_be_visible()
    files.dispatch_event("drop", {"dataTransfer": moved})
    expect(page.get_by_text("two", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("path=data%2Fsecond.txt"))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", ["table.csv", "train.py", "model"])
def test_axe_finds_no_hindrance(studio: Studio, run: Run, path: str, dark: bool) -> None:
    page = studio.open(run.at(path), dark=dark)
    expect(page.get_by_role("treeitem", selected=True)).to_be_visible()
    expect(page.locator("table, code").first).to_be_visible()
    assert axe_findings(page) == []


def test_a_file_that_is_not_there_is_told(studio: Studio, run: Run) -> None:
    page = studio.open(run.at("nowhere/at all.txt"))
    expect(page.get_by_text(re.compile("There is no such file|Not found"))).to_be_visible()
    narrow = studio.open(run.at("table.csv"), width=390)
    expect(narrow.get_by_role("row", name="1 row, 0 0")).to_be_visible()
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390


def test_nobody_reaches_files_beyond_the_run(call: Call, run: Run) -> None:
    with pytest.raises(HTTPError):
        call("GET", f"/api/v1/preview?run_id={run.id}&path=../../x")

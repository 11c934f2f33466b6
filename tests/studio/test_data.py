"""Datastores and their files, registered datasets: found, looked at, attached, uploaded, deleted."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.studio.browser import TIMEOUT_MS, WIDTH, Studio, axe_findings
from tests.studio.conftest import Call
from tests.studio.hostile import shown

V1 = "/api/v1"
STORE = f"{V1}/datastores/workspaceblobstore/file"
DATASTORES = "/workspaces/default/datastores"
DATASETS = "/workspaces/default/datasets"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> \u202egnp.exe " + "long" * 60
HOSTILE_FILE = "<img src=x onerror=1> \u202egnp.txt"
PAGE = """<h1>A report</h1><script>
try { parent.document.title = "owned" } catch (error) { document.body.append(" kept out") }
</script>"""
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="module", autouse=True)
def files(call: Call) -> None:
    """Some files in the default datastore, and datasets that name them."""
    texts = {
        "numbers.csv": "a,b\n1,2\n",
        "reports/first.html": PAGE,
        "reports/deep/empty.txt": "",
        "reports/deep/weights.bin": "\0",
    }
    for path, text in texts.items():
        call("PUT", f"{STORE}/{path}", body=text.encode())
    definition = {
        "paths": [{"datastore": "workspaceblobstore", "path": "reports/**/*.csv"}],
        "format": "delimited",
    }
    named = {"name": "leaves", "kind": "tabular", "definition": definition}
    call("POST", f"{V1}/datasets", {**named, "description": "Widths", "tags": {"team": "trees"}})
    further = {**definition, "steps": [{"op": "keep", "columns": ["width", "kind"]}]}
    call("POST", f"{V1}/datasets", {**named, "definition": further, "create_new_version": True})
    call("POST", f"{V1}/datasets", {**named, "name": "hostile", "description": HOSTILE})


def browse(studio: Studio, rest: str = "", *, width: int = WIDTH) -> Page:
    return studio.open(f"{DATASTORES}?name=workspaceblobstore{rest}", width=width)


def test_the_list_leads_into_folders_and_the_address_says_where(studio: Studio) -> None:
    page = studio.open(DATASTORES)
    expect(page.get_by_role("row", name=re.compile("^workspaceblobstore default"))).to_be_visible()
    page.get_by_role("link", name="workspaceblobstore").click()
    page.get_by_role("link", name="reports").click()
    page.get_by_role("link", name="deep").click()
    expect(page.get_by_role("button", name="weights.bin", exact=True)).to_be_visible()
    assert parse_qs(urlparse(page.url).query) == {"name": ["workspaceblobstore"], "path": ["reports/deep"]}
    page.get_by_role("navigation", name="Folder").get_by_role("link", name="reports").click()
    expect(page.get_by_role("button", name="first.html", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="weights.bin", exact=True)).to_be_visible()


def test_a_file_is_read_from_its_address_and_downloaded(studio: Studio) -> None:
    page = browse(studio, "&file=numbers.csv")
    drawer = page.get_by_role("dialog", name="numbers.csv")
    expect(drawer.get_by_role("columnheader", name="b")).to_be_visible()
    expect(drawer.get_by_role("cell", name="2", exact=True)).to_be_visible()
    with page.expect_download() as download:
        drawer.get_by_role("link", name="Download").click()
    assert download.value.path().read_text() == "a,b\n1,2\n"
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    assert "file" not in parse_qs(urlparse(page.url).query)


def test_a_page_among_the_files_has_no_part_in_studio(studio: Studio) -> None:
    page = browse(studio, "&path=reports&file=reports/first.html")
    report = page.frame_locator("iframe")
    expect(report.get_by_role("heading", name="A report")).to_be_visible()
    expect(report.get_by_text("kept out")).to_be_visible()
    expect(page).to_have_title("workspaceblobstore · Runyard")
    studio.expected = ["sandbox|Blocked a frame|Blocked script"]


def test_what_cannot_be_shown_is_told(studio: Studio) -> None:
    page = browse(studio, "&file=reports/deep/weights.bin")
    expect(page.get_by_text("No preview")).to_be_visible()
    studio.expected = [r"^416 "]
    page.goto(f"{studio.base}{DATASTORES}?name=workspaceblobstore&file=reports/deep/empty.txt")
    expect(page.get_by_text("This file is empty")).to_be_visible()


def test_files_are_uploaded_and_take_no_others_place_unasked(studio: Studio, call: Call) -> None:
    page = browse(studio, "&path=incoming")
    expect(page.get_by_text("Nothing is in this folder")).to_be_visible()
    upload = page.locator("input[type=file]")
    first, second = (
        FilePayload(name="note.txt", mimeType="text/plain", buffer=text) for text in (b"first", b"second")
    )
    upload.set_input_files([first])
    row = page.get_by_role("row", name=re.compile("^note.txt"))
    expect(row).to_contain_text("5 B")
    upload.set_input_files([second])
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_text("There is a file of this name already")).to_be_visible()
    expect(row).to_contain_text("5 B")
    uploads.get_by_role("button", name="Replace").click()
    expect(row).to_contain_text("6 B")
    uploads.get_by_role("button", name="Clear the list").click()
    expect(uploads).to_have_count(0)


def test_an_upload_that_is_refused_says_why(studio: Studio) -> None:
    page = browse(studio, "&path=refused")
    studio.expected = [r"^507 PUT"]
    answer = '{"error_code": "STORAGE_FULL", "message": "The disk is full."}'
    page.route("**/file/**", lambda route: route.fulfill(status=507, body=answer))
    page.locator("input[type=file]").set_input_files([FilePayload(name="x", mimeType="", buffer=b"x")])
    expect(page.get_by_role("region", name="Uploads").get_by_role("alert")).to_have_text("The disk is full.")


def test_a_folder_is_deleted_by_who_types_its_name(studio: Studio, call: Call) -> None:
    call("PUT", f"{STORE}/old/things/1.txt", body=b"1")
    page = browse(studio)
    page.get_by_role("button", name="Actions for old").click()
    page.get_by_role("menuitem", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete old?")
    expect(dialog).to_contain_text("nobody can bring it back")
    delete = dialog.get_by_role("button", name="Delete")
    expect(delete).to_be_disabled()
    dialog.get_by_role("textbox").fill("old")
    delete.click()
    expect(page.get_by_role("link", name="old", exact=True)).to_have_count(0)
    assert call("GET", f"{V1}/datastores/workspaceblobstore/files?path=old")["items"] == []


def test_a_datastore_is_attached_made_the_default_and_forgotten(studio: Studio, call: Call) -> None:
    page = studio.open(DATASTORES)
    page.get_by_role("button", name="Attach a datastore").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("pictures")
    dialog.get_by_label("Bucket").fill("images")
    studio.expected = [r"^400 POST .*/datastores$"]
    dialog.get_by_role("button", name="Attach").click()
    expect(dialog.get_by_role("alert")).to_contain_text("access_key_id")
    dialog.get_by_label("Access key id").fill("AK")
    dialog.get_by_label("Secret access key").fill("hush hush")
    dialog.get_by_role("switch", name="Look whether it can be reached first").click()
    dialog.get_by_role("button", name="Attach").click()
    row = page.get_by_role("row", name=re.compile("^pictures S3 s3:..images kept"))
    expect(row).to_be_visible()
    assert "hush" not in page.content()
    row.get_by_role("button", name="Actions for pictures").click()
    page.get_by_role("menuitem", name="Make it the default").click()
    expect(page.get_by_role("row", name=re.compile("^pictures default"))).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row", name=re.compile("^workspaceblobstore default"))).to_be_visible()
    row.get_by_role("button", name="Actions for pictures").click()
    page.get_by_role("menuitem", name="Unregister").click()
    page.get_by_role("dialog").get_by_role("button", name="Unregister").click()
    expect(row).to_have_count(0)
    assert "pictures" not in [one["name"] for one in call("GET", f"{V1}/datastores")["items"]]


def test_other_kinds_ask_for_what_they_need(studio: Studio) -> None:
    page = studio.open(DATASTORES)
    page.get_by_role("button", name="Attach a datastore").click()
    dialog = page.get_by_role("dialog")
    for kind, field in (("SFTP", "The host's public key"), ("Azure Blob Storage", "Container")):
        dialog.get_by_role("combobox", name="Kind").click()
        page.get_by_role("option", name=kind).click()
        expect(dialog.get_by_label(field)).to_be_visible()
        expect(dialog.get_by_label("Bucket")).to_have_count(0)


def test_any_address_shows_something(studio: Studio) -> None:
    studio.expected = [r"^404 GET .*/datastores/nowhere"]
    page = studio.open(f"{DATASTORES}?name=nowhere&path=/../..//a")
    expect(page.get_by_role("alert")).to_contain_text("nowhere")
    page = browse(studio, "&path=../../reports/./&file=")
    expect(page.get_by_role("button", name="first.html", exact=True)).to_be_visible()


def test_a_dataset_shows_its_versions_and_leads_to_its_files(studio: Studio) -> None:
    page = studio.open(DATASETS)
    page.get_by_role("button", name="leaves").click()
    drawer = page.get_by_role("dialog", name="leaves")
    expect(drawer.get_by_text("Keep the columns width, kind")).to_be_visible()
    drawer.get_by_role("combobox", name="Version").click()
    page.get_by_role("option", name="Version 1").click()
    expect(drawer.get_by_text("Keep the columns")).to_have_count(0)
    assert parse_qs(urlparse(page.url).query) == {"name": ["leaves"], "version": ["1"]}
    drawer.get_by_role("link", name="workspaceblobstore").click()
    expect(page.get_by_role("button", name="first.html", exact=True)).to_be_visible()


def test_data_that_runs_read_leads_to_those_runs(studio: Studio, call: Call) -> None:
    mlflow = "/api/2.0/mlflow"
    experiment = call("POST", f"{mlflow}/experiments/create", {"name": "trees"})["experiment_id"]
    for name in ("reads", "reads nothing"):
        made = call("POST", f"{mlflow}/runs/create", {"experiment_id": experiment, "run_name": name})
        if name == "reads":
            data = {"name": "it's bark", "digest": "d1", "source_type": "local", "source": "{}"}
            tags = [{"key": "mlflow.data.context", "value": "training"}]
            fields = {"run_id": made["run"]["info"]["run_id"], "datasets": [{"dataset": data, "tags": tags}]}
            call("POST", f"{mlflow}/runs/log-inputs", fields)
    page = studio.open(DATASETS)
    page.get_by_text("Used by runs", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?view=used$"))
    expect(page.get_by_role("row", name=re.compile("^it's bark d1 training trees"))).to_be_visible()
    page.get_by_role("link", name="Runs of trees that read it's bark d1").click()
    expect(page.get_by_role("link", name="reads", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="reads nothing")).to_have_count(0)


def test_a_dataset_is_archived_and_taken_back(studio: Studio, call: Call) -> None:
    page = studio.open(f"{DATASETS}?name=leaves")
    page.get_by_role("button", name="Archive", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="leaves")).to_have_count(0)
    page.get_by_text("Archived", exact=True).first.click()
    page.get_by_role("button", name="leaves").click()
    page.get_by_role("button", name="Take out of the archive").click()
    expect(page.get_by_text("leaves is in the list again")).to_be_visible()
    assert call("GET", f"{V1}/datasets/leaves")["archived"] is False


def test_a_dataset_is_unregistered_and_its_files_stay(studio: Studio, call: Call) -> None:
    definition = {"paths": [{"datastore": "workspaceblobstore", "path": "numbers.csv"}]}
    call("POST", f"{V1}/datasets", {"name": "short", "kind": "file", "definition": definition})
    page = studio.open(f"{DATASETS}?name=short")
    page.get_by_role("button", name="Unregister").click()
    page.get_by_role("dialog", name="Unregister short?").get_by_role("button", name="Unregister").click()
    expect(page.get_by_role("button", name="short")).to_have_count(0)
    found = call("GET", f"{V1}/datastores/workspaceblobstore/files?path=numbers.csv")
    assert [one["path"] for one in found["items"]] == ["numbers.csv"]


def test_the_keyboard_reaches_files(studio: Studio) -> None:
    page = browse(studio, "&path=reports")
    file = page.get_by_role("button", name="first.html", exact=True)
    file.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="first.html")).to_be_visible()
    page.keyboard.press("Escape")
    expect(file).to_be_focused()


def test_hostile_names_are_text_also_on_a_phone(studio: Studio, call: Call, tmp_path: Path) -> None:
    page = browse(studio, "&path=hostile", width=390)
    named = FilePayload(name=HOSTILE_FILE, mimeType="text/plain", buffer=b"kept as text <b>")
    page.locator("input[type=file]").set_input_files([named])
    file = page.get_by_role("button", name=shown(HOSTILE_FILE), exact=True)
    expect(file).to_be_visible()
    assert page.evaluate(TOO_WIDE) <= 0
    file.click()
    expect(page.get_by_role("dialog").get_by_text("kept as text <b>")).to_be_visible()
    page.goto(f"{studio.base}{DATASETS}?name=hostile")
    expect(page.get_by_role("dialog").get_by_text(shown(HOSTILE))).to_be_visible()
    expect(page).to_have_title("Datasets · Runyard")
    assert page.evaluate(TOO_WIDE) <= 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        DATASTORES,
        f"{DATASTORES}?name=workspaceblobstore",
        f"{DATASTORES}?name=workspaceblobstore&file=numbers.csv",
        f"{DATASETS}?name=leaves",
    ],
)
def test_pages_hinder_nobody(studio: Studio, path: str, dark: bool) -> None:
    page = studio.open(path, dark=dark)
    expect(page.get_by_role("row").or_(page.get_by_role("dialog")).first).to_be_visible()
    assert axe_findings(page) == []


def test_attaching_hinders_nobody(studio: Studio) -> None:
    page = studio.open(DATASTORES)
    page.get_by_role("button", name="Attach a datastore").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert axe_findings(page) == []

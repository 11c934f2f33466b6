"""Registered models and prompts: found, described, pointed at, compared, renamed, deleted."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from tests.studio.browser import TIMEOUT_MS, Studio, axe_findings
from tests.studio.conftest import Call

M = "/api/2.0/mlflow"
MODELS = "/workspaces/default/models"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> \u202egnp.exe " + "long" * 45
PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"
expect.set_options(timeout=TIMEOUT_MS)


def register(call: Call, name: str, *sources: tuple[str, str], **fields: object) -> None:
    """A model with a version per (run, source)."""
    call("POST", f"{M}/registered-models/create", {"name": name, **fields})
    for run, source in sources:
        call("POST", f"{M}/model-versions/create", {"name": name, "source": source, "run_id": run})


@pytest.fixture(scope="module", autouse=True)
def runs(call: Call) -> list[str]:
    """Two runs on one dataset; a model with a version of each, a prompt with two texts, a model with a bad name."""
    experiment = call("POST", f"{M}/experiments/create", {"name": "digits"})["experiment_id"]
    made = []
    for name, loss in (("steady", 0.5), ("bold", 0.25)):
        create = {"experiment_id": experiment, "run_name": name}
        run = str(call("POST", f"{M}/runs/create", create)["run"]["info"]["run_id"])
        metrics = [{"key": "loss", "value": loss, "timestamp": 1, "step": 0}]
        params = [{"key": "depth", "value": name}]
        call("POST", f"{M}/runs/log-batch", {"run_id": run, "metrics": metrics, "params": params})
        data = {"name": "mnist", "digest": "d1", "source_type": "local", "source": "{}"}
        call("POST", f"{M}/runs/log-inputs", {"run_id": run, "datasets": [{"dataset": data, "tags": []}]})
        made.append(run)
    register(
        call,
        "reader",
        *((run, f"runs:/{run}/model") for run in made),
        tags=[{"key": "team", "value": "vision"}],
    )
    call("POST", f"{M}/registered-models/alias", {"name": "reader", "alias": "champion", "version": "1"})
    call("POST", f"{M}/registered-models/create", {"name": "greeting", "tags": [PROMPT]})
    for text in ("Be kind.\nGreet {{name}}.", "Be kind.\nGreet {{name}} in one line."):
        tags = [PROMPT, {"key": "mlflow.prompt.text", "value": text}]
        call(
            "POST",
            f"{M}/model-versions/create",
            {"name": "greeting", "source": "prompt-template", "tags": tags},
        )
    register(call, HOSTILE, (made[0], f"runs:/{made[0]}/model"), description=HOSTILE)
    return made


def choose(page: Page, version: int, item: str) -> None:
    """An item of a version's menu."""
    page.get_by_role("button", name=f"Actions for version {version}", exact=True).click()
    page.get_by_role("menuitem", name=item, exact=True).click()


def row(page: Page, version: int) -> str:
    """The text of a version's line."""
    checkbox = page.get_by_role("checkbox", name=f"Choose version {version}", exact=True)
    return page.get_by_role("row").filter(has=checkbox).inner_text()


def test_models_are_searched_by_keys_and_the_address_says_so(studio: Studio) -> None:
    page = studio.open(MODELS)
    line = page.get_by_role("row", name=re.compile("^reader 2 champion → 1"))
    expect(line).to_contain_text("team: vision")
    expect(page.get_by_role("link", name="greeting")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("nothing like it")
    expect(page.get_by_text("No model has that name")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("READ")
    expect(line).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=READ$"))
    line.get_by_role("link", name="reader").click()
    expect(page.get_by_role("heading", level=1, name="reader")).to_be_visible()


def test_a_version_tells_what_it_came_from(studio: Studio, runs: list[str]) -> None:
    page = studio.open(f"{MODELS}/reader")
    chain = page.get_by_role("list", name="Where version 2 came from")
    expect(chain).to_contain_text("mnist")
    chain.get_by_role("link", name="bold").click()
    expect(page).to_have_url(re.compile(runs[1]))


def test_the_model_that_the_run_logged_stands_between(studio: Studio, call: Call, runs: list[str]) -> None:
    experiment = call("GET", f"{M}/runs/get?run_id={runs[0]}")["run"]["info"]["experiment_id"]
    fields = {"experiment_id": experiment, "name": "forest", "source_run_id": runs[0]}
    logged = call("POST", f"{M}/logged-models", fields)["model"]["info"]["model_id"]
    register(call, "logged")
    version = {"name": "logged", "source": f"models:/{logged}", "run_id": runs[0], "model_id": logged}
    call("POST", f"{M}/model-versions/create", version)
    page = studio.open(f"{MODELS}/logged")
    steps = page.get_by_role("list", name="Where version 1 came from").get_by_role("listitem")
    expect(steps).to_have_text(["mnist", "steady in digits", "logged model forest", "version 1"])


def test_an_alias_moves_and_moves_back(studio: Studio, call: Call) -> None:
    page = studio.open(f"{MODELS}/reader")
    choose(page, 2, "Point an alias here")
    page.get_by_role("dialog").get_by_role("textbox").fill("champion")
    page.keyboard.press("Enter")
    expect(page.get_by_text("champion is version 2 now")).to_be_visible()
    assert "champion" in row(page, 2) and "champion" not in row(page, 1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone")).to_be_visible()
    found = call("GET", f"{M}/registered-models/alias?name=reader&alias=champion")
    assert found["model_version"]["version"] == "1"


def test_stages_are_set_and_taken_back(studio: Studio) -> None:
    page = studio.open(f"{MODELS}/reader")
    choose(page, 1, "Production")
    expect(page.get_by_text("Version 1 is in Production now")).to_be_visible()
    assert "Production" in row(page, 1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone")).to_be_visible()
    assert "Production" not in row(page, 1)


def test_a_description_is_markdown_that_is_edited_in_place(studio: Studio) -> None:
    page = studio.open(f"{MODELS}/reader")
    notes = page.get_by_role("region", name="Description")
    notes.get_by_role("button").click()
    notes.get_by_role("textbox").fill("Reads **digits** <script>document.title='owned'</script>")
    page.keyboard.press("Control+Enter")
    expect(notes.locator("strong")).to_have_text("digits")
    expect(notes).to_contain_text("<script>document.title='owned'</script>")
    expect(page).to_have_title("reader · Runyard")


def test_versions_are_described_and_tagged(studio: Studio) -> None:
    page = studio.open(f"{MODELS}/reader")
    choose(page, 1, "Edit the description")
    page.get_by_role("dialog").get_by_role("textbox").fill("The first one")
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="The first one")).to_be_visible()
    choose(page, 1, "Edit tags")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Key").fill("checked")
    dialog.get_by_label("Value").fill("yes")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Remove the tag checked")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("checked: yes")).to_be_visible()


def test_two_versions_are_compared_by_their_runs(studio: Studio) -> None:
    page = studio.open(f"{MODELS}/reader")
    for version in (1, 2):
        page.get_by_role("checkbox", name=f"Choose version {version}", exact=True).check()
    page.get_by_role("button", name="Compare the runs of 2 versions").click()
    expect(page).to_have_url(re.compile(r"/compare\?"))
    for text in ("steady", "bold", "0.25"):
        expect(page.get_by_text(text).first).to_be_visible()


def test_the_code_that_loads_it_names_the_alias_or_the_number(studio: Studio) -> None:
    page = studio.open(f"{MODELS}/reader?tab=load")
    code = page.locator("pre")
    expect(code).to_contain_text('load_model("models:/reader@champion")')
    page.get_by_role("combobox", name="What to load").click()
    page.get_by_role("option", name="version 2", exact=True).click()
    expect(code).to_contain_text('load_model("models:/reader/2")')
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).click()
    assert "models:/reader/2" in page.evaluate("navigator.clipboard.readText()")


def test_the_history_is_of_this_model_alone(studio: Studio, call: Call) -> None:
    call("POST", f"{M}/registered-models/set-tag", {"name": "reader", "key": "owner", "value": "ada"})
    page = studio.open(f"{MODELS}/reader?tab=history")
    lines = page.get_by_role("table").get_by_role("row")
    expect(lines.nth(1)).to_contain_text("key: owner")
    expect(page.get_by_text("alias: champion").first).to_be_visible()
    expect(page.get_by_text("greeting")).to_have_count(0)


def test_prompts_are_apart_and_their_texts_are_compared(studio: Studio) -> None:
    page = studio.open(MODELS)
    page.get_by_text("Prompts", exact=True).click()
    page.get_by_role("link", name="greeting").click()
    page.get_by_role("tab", name="Text").click()
    expect(page.get_by_role("region", name="Text of version 2")).to_have_text(
        "Be kind.\nGreet {{name}} in one line."
    )
    page.get_by_role("combobox", name="Compared with").click()
    page.get_by_role("option", name="Version 1").click()
    changed = page.get_by_role("region", name="What changed since version 1")
    expect(changed).to_contain_text("removed: Greet {{name}}.")
    expect(changed).to_contain_text("added: Greet {{name}} in one line.")
    assert parse_qs(urlparse(page.url).query) == {"tab": ["text"], "against": ["1"]}
    page.get_by_role("tab", name="Load it").click()
    expect(page.locator("pre")).to_contain_text('load_prompt("prompts:/greeting/2")')


def test_a_model_is_made_renamed_and_deleted(studio: Studio) -> None:
    page = studio.open(MODELS)
    page.get_by_role("button", name="New model").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("reader")
    studio.expected = [r"^400 POST .*registered-models/create"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("already exists")
    page.get_by_role("dialog").get_by_role("textbox").fill("short lived")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(f"{studio.base}{MODELS}/short%20lived")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("shorter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="shorter")).to_be_visible()
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete shorter?")
    dialog.get_by_role("textbox").fill("shorter")
    dialog.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(f"{MODELS}$"))
    expect(page.get_by_role("link", name="reader")).to_be_visible()
    expect(page.get_by_role("link", name="shorter")).to_have_count(0)


def test_a_version_is_deleted_after_a_question(studio: Studio, call: Call, runs: list[str]) -> None:
    register(call, "twice", *((run, f"runs:/{run}/model") for run in runs))
    page = studio.open(f"{MODELS}/twice")
    choose(page, 2, "Delete")
    page.get_by_role("dialog", name="Delete version 2 of twice?").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("checkbox", name="Choose version 2")).to_have_count(0)
    expect(page.get_by_role("checkbox", name="Choose version 1")).to_be_visible()


def test_what_comes_later_has_its_place(studio: Studio) -> None:
    page = studio.open("/workspaces/default/later/endpoints")
    expect(page.get_by_role("heading", level=1, name="Endpoints")).to_be_visible()
    for name in ("Endpoints", "Monitors"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_text(f"{name} will be here")).to_be_visible()


def test_hostile_names_are_text_also_on_a_phone(studio: Studio) -> None:
    page = studio.open(MODELS, width=390)
    page.get_by_role("link", name=re.compile("^<img src=x")).click()
    expect(page.get_by_role("heading", level=1, name=re.compile("^<img src=x"))).to_be_visible()
    expect(page.get_by_role("region", name="Description")).to_contain_text("<img src=x onerror=")
    expect(page.get_by_role("checkbox", name="Choose version 1")).to_be_visible()
    expect(page).to_have_title(re.compile("^<img src=x"))
    assert page.evaluate(TOO_WIDE) <= 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", ["", "/reader", "/reader?tab=history", "/greeting?tab=text&against=1"])
def test_pages_hinder_nobody(studio: Studio, path: str, dark: bool) -> None:
    page = studio.open(MODELS + path, dark=dark)
    expect(
        page.get_by_role("table").or_(page.get_by_role("region", name=re.compile("^What changed"))).first
    ).to_be_visible()
    assert axe_findings(page) == []

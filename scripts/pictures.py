"""Takes the pictures of Studio that README and docs show: `python -m scripts.pictures` with demo data in a server of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from playwright.sync_api import Page, sync_playwright

from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import launch

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
DEMO = "/workspaces/demo"
SETTLED_MS = 2_500


class Picture(msgspec.Struct, frozen=True):
    """A page to show; `{run}` in the path is a finished run of the experiment."""

    name: str
    path: str
    dark: bool = False
    width: int = 1360
    height: int = 820


PICTURES = (
    Picture("overview", DEMO),
    Picture("runs", DEMO + "/experiments/{experiment}"),
    Picture("charts", DEMO + "/experiments/{experiment}?tab=charts", dark=True, height=1150),
    Picture("run", DEMO + "/experiments/{experiment}/runs/{run}"),
    Picture("compare", DEMO + "/compare?runs={runs}"),
)


def take(page: Page, base: str, picture: Picture, names: dict[str, str]) -> None:
    """One picture, once the page has come to rest."""
    page.goto(base + picture.path.format(**names))
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=FOLDER / f"{picture.name}.png")
    print(picture.name)


def names_of(server: ServerProcess) -> dict[str, str]:
    """The experiment with most to see, and runs of it."""
    found = server.call("GET", f"{DEMO}/api/2.0/mlflow/experiments/search?max_results=100")[1]
    experiment = next(one for one in found["experiments"] if one["name"] == "shapes-classification")
    asked = {
        "experiment_ids": [experiment["experiment_id"]],
        "filter": "attributes.status = 'FINISHED'",
        "max_results": 4,
    }
    runs = [
        run["info"]["run_id"]
        for run in server.call("POST", f"{DEMO}/api/2.0/mlflow/runs/search", asked)[1]["runs"]
    ]
    return {"experiment": experiment["experiment_id"], "run": runs[0], "runs": ",".join(runs)}


def main() -> None:
    """All pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = ServerProcess(Path(folder)).start()
        browser = launch(playwright)
        try:
            base = f"http://127.0.0.1:{server.port}"
            command = [sys.executable, "-m", "runyard", "demo", "data", "--server", base]
            subprocess.run(command, check=True)
            names = names_of(server)
            for picture in PICTURES:
                context = browser.new_context(
                    viewport={"width": picture.width, "height": picture.height},
                    color_scheme="dark" if picture.dark else "light",
                )
                take(context.new_page(), base, picture, names)
                context.close()
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()

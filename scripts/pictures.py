"""Takes the pictures of Studio that README and docs show: `python -m scripts.pictures [name …]`, with demo data and
submitted runs in a server of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from playwright.sync_api import Page, sync_playwright

from tests.acceptance.job_server import JobServer
from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import launch
from tests.studio.submitted import submit_files

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
DEMO = "/workspaces/demo"
SETTLED_MS = 2_500


class Picture(msgspec.Struct, frozen=True):
    """A page to show; `{run}` in the path is a finished run of the experiment, `{job}` one that was submitted."""

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
    Picture("compute", "/workspaces/default/compute?name=desk&tab=queue", height=640),
    Picture("job", "/workspaces/default/experiments/{jobs}/runs/{job}?tab=logs", dark=True, height=640),
)
TRAIN = """import sys, time

rate = float(sys.argv[2])
for epoch in range(1, 1000):
    print(f"\\033[32mepoch {epoch:3}\\033[0m  loss {1 / (1 + rate * epoch):.4f}", flush=True)
    time.sleep(0.1)
"""


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


def submitted(server: ServerProcess) -> dict[str, str]:
    """Runs on a compute target, some of which wait."""
    jobs = JobServer(server)
    jobs.compute("desk", limits={"max_running": 2, "max_running_per_person": 2})
    runs = [
        submit_files(
            jobs,
            "desk",
            {"train.py": TRAIN, "README.md": "# Rates\n"},
            "--rate",
            rate,
            run_name=f"rate-{rate}",
        )
        for rate in ("0.1", "0.2", "0.5", "1.0", "2.0")
    ]
    jobs.wait_log(runs[0], "epoch  30")
    jobs.wait(runs[-1], lambda job: job["waits"] != "")
    return {"job": runs[0], "jobs": jobs.job(runs[0])["experiment_id"]}


def main() -> None:
    """All pictures, or those that are named."""
    wanted = [one for one in PICTURES if not sys.argv[1:] or one.name in sys.argv[1:]]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = ServerProcess(Path(folder)).start()
        browser = launch(playwright)
        try:
            base = f"http://127.0.0.1:{server.port}"
            names: dict[str, str] = {}
            if any(one.path.startswith(DEMO) for one in wanted):
                command = [sys.executable, "-m", "runyard", "demo", "data", "--server", base]
                subprocess.run(command, check=True)
                names |= names_of(server)
            if any(not one.path.startswith(DEMO) for one in wanted):
                names |= submitted(server)
            for picture in wanted:
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

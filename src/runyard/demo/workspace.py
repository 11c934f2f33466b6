"""The demo's workspace: made once, filled, and marked when it is whole."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from runyard.client.transport import Connection
from runyard.demo import pictures
from runyard.demo.experiments import assistant, control, language, scratch, speech, sweep, tabular, vision
from runyard.demo.plan import ExperimentPlan
from runyard.demo.writing import Writer, Written
from runyard.errors import AlreadyExists

MARK = "runyard.demo"
WHOLE = "whole"
ABOUT = "Made-up work to look around in. Nothing here was trained; delete it whenever you like."


def planned(trials: int) -> list[ExperimentPlan]:
    """All experiments, ending about now.

    Args:
        trials: runs of the sweep.
    """
    now_ms = int(time.time() * 1000)
    made = [
        plan(now_ms)
        for plan in (vision.plan, tabular.plan, language.plan, speech.plan, control.plan, assistant.plan)
    ]
    return [*made, sweep.plan(now_ms, trials), scratch.plan(now_ms)]


def is_there(server: Connection, name: str) -> bool:
    """Whether the demo is there already, as a whole.

    Raises: AlreadyExists for a workspace of that name which is something else, or not whole.
    """
    tags = _tags_of(server, name)
    if tags is None:
        return False
    if tags.get(MARK) != WHOLE:
        raise AlreadyExists(
            f"There is a workspace {name!r} that is not, or not wholly, made by this command. Choose another name with "
            f"--workspace, or delete it: runyard workspace delete {name}"
        )
    return True


def _tags_of(server: Connection, name: str) -> Mapping[str, str] | None:
    """None when there is no such workspace that one may see."""
    token = None
    while True:
        page = server.get("/api/v1/workspaces", max_results=1000, page_token=token)
        for one in page["items"]:
            if one["name"] == name:
                return dict(one["tags"])
        token = page.get("next_page_token")
        if not token:
            return None


def make(
    server: Connection, name: str, plans: Sequence[ExperimentPlan], moved: Callable[[int], None]
) -> Written:
    """The workspace with all that was planned.

    Args:
        moved: told of every run and trace that is there.
    Raises: AlreadyExists.
    """
    fields = {"name": name, "friendly_name": "Demo", "description": ABOUT, "tags": {MARK: "begun"}}
    server.post("/api/v1/workspaces", fields)
    here = server.at(name)
    writer = Writer(here, _user(), moved)
    written = writer.write(plans)
    _datasets(writer)
    here.patch("/api/v1/workspace", {"tags": {MARK: WHOLE}})
    return written


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return "demo"


def _datasets(writer: Writer) -> None:
    rng = np.random.default_rng(19)
    shapes = {
        f"demo/shapes/{name}-{number}.png": pictures.png(pictures.shape(kind, rng, 64))
        for kind, name in enumerate(pictures.SHAPES)
        for number in range(4)
    }
    writer.dataset("shapes", "file", shapes, "demo/shapes/*.png", "Pictures of five shapes.")
    writer.dataset(
        "customers",
        "tabular",
        {"demo/customers.csv": tabular.customers()},
        "demo/customers.csv",
        "Customers, and whether they left.",
        format="delimited",
    )

"""The addresses that the SDK hands out open the pages that they are of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from runyard.sdk.workspace import Workspace
from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import Studio


@pytest.fixture
def workspace(server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The server's default workspace as the SDK finds it."""
    monkeypatch.setenv("RUNYARD_SERVER", f"http://127.0.0.1:{server.port}")
    return Workspace.get("default")


@pytest.mark.parametrize("name", ["iris", "a/b ? #c %2F", "<b>ü</b>"])
def test_addresses_of_an_experiment_and_of_its_run(
    studio: Studio, workspace: Workspace, call: Callable[..., Any], name: str
) -> None:
    call("POST", "/api/2.0/mlflow/experiments/create", {"name": name})
    experiment = workspace.experiments[name]
    run = experiment.start_logging(snapshot_directory=None, name=f"run of {name}")
    run.log("loss", 0.5)
    run.complete()
    assert experiment.get_portal_url().startswith(studio.base)
    page = studio.open(experiment.get_portal_url().removeprefix(studio.base))
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    page = studio.open(run.get_portal_url().removeprefix(studio.base))
    expect(page.get_by_role("heading", name=f"run of {name}", level=1)).to_be_visible()
    expect(page.get_by_text("loss", exact=True).first).to_be_visible()


def test_the_address_of_a_workspace(studio: Studio, workspace: Workspace) -> None:
    page = studio.open(workspace.portal_url.removeprefix(studio.base))
    expect(page).to_have_title(re.compile("default"))

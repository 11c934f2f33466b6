"""What all tests share: a place for what they log, and which files begin first where several processes take them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.compat.building import uv
from tests.components.runners import end_runners
from tests.components.senders import end_senders

ROOT = Path(__file__).parent
# How long an example takes says nothing on a machine that does other things, too.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
LONGEST = (
    "docs/test_blocks.py",
    "compat/test_client.py",
    "studio/test_runs_table.py",
    "compat/azureml/test_remote.py",
    "acceptance/test_jobs_ray.py",
    "transfer/test_real_mlflow.py",
    "acceptance/test_kill.py",
    "studio/test_compute.py",
    "acceptance/test_jobs_again.py",
    "acceptance/test_jobs_slurm.py",
    "studio/test_jobs.py",
    "compat/azureml/test_scripts.py",
    "studio/test_charts.py",
    "acceptance/test_jobs_ssh.py",
    "studio/test_access.py",
    "api/test_hostile_input.py",
    "compat/plugin/test_journal.py",
    "studio/test_artifacts.py",
    "runner/test_building.py",
    "compat/plugin/test_tokens.py",
    "studio/test_run_page.py",
    "acceptance/test_jobs_kill.py",
    "compat/plugin/test_scenarios.py",
    "studio/test_data.py",
    "acceptance/test_journal_kill.py",
    "runner/test_real_server.py",
    "studio/test_compare.py",
    "api/test_cross_workspace.py",
    "acceptance/test_jobs_local.py",
    "studio/test_security.py",
    "engines/test_slurm.py",
    "acceptance/test_jobs_servers.py",
    "studio/test_models.py",
    "api/test_datastores.py",
    "acceptance/test_relay_kill.py",
    "studio/test_home.py",
    "acceptance/test_sweeps.py",
    "studio/test_trash.py",
    "acceptance/test_power_loss_server.py",
)
"""Half a minute and more. One that began last would keep a single process busy while the others have nothing to do; two
browsers at once would keep each other waiting, so those stand between others."""


@pytest.fixture(scope="session", autouse=True)
def journal_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Journals of tests that name no folder; not those of whoever runs the tests."""
    home = tmp_path_factory.mktemp("journals")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNYARD_JOURNAL", str(home))
        yield home
    end_senders(home)
    end_runners(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session", autouse=True)
def uv_at_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Jobs on this machine find uv, which takes each new folder of jobs seconds to install."""
    found = uv()
    with pytest.MonkeyPatch.context() as patch:
        if found is not None and shutil.which("uv") is None:
            programs = tmp_path_factory.mktemp("programs")
            (programs / "uv").symlink_to(found)
            patch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{programs}")
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file's tests stay together, in one process and in their order."""
    if hasattr(config, "workerinput"):
        first = {ROOT / name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: first.get(item.path, len(first)))

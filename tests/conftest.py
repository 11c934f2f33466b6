"""What all tests share: a place for what they log, and which files begin first where several processes take them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components.senders import end_senders

ROOT = Path(__file__).parent
LONGEST = (
    "compat/test_client.py",
    "acceptance/test_kill.py",
    "acceptance/test_journal_kill.py",
    "acceptance/test_journal_network.py",
    "transfer/test_real_mlflow.py",
    "docs/test_blocks.py",
    "api/test_hostile_input.py",
    "compat/azureml/test_scripts.py",
    "compat/plugin/test_tokens.py",
    "compat/plugin/test_scenarios.py",
    "api/test_cross_workspace.py",
    "api/test_datastores.py",
)
"""Half a minute and more. One that began last would keep a single process busy while the others have nothing to do."""


@pytest.fixture(scope="session", autouse=True)
def journal_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Journals of tests that name no folder; not those of whoever runs the tests."""
    home = tmp_path_factory.mktemp("journals")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNYARD_JOURNAL", str(home))
        yield home
    end_senders(home)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file's tests stay together, in one process and in their order."""
    if hasattr(config, "workerinput"):
        first = {ROOT / name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: first.get(item.path, len(first)))

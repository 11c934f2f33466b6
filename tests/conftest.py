"""What all tests share: which files begin first where several processes take them."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
LONGEST = (
    "compat/test_client.py",
    "acceptance/test_kill.py",
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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file's tests stay together, in one process and in their order."""
    if hasattr(config, "workerinput"):
        first = {ROOT / name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: first.get(item.path, len(first)))

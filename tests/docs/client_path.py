"""The SDK as a user's environment has it beside mlflow, without installing."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tests.compat.plugin.installed import plugin_path

BORROWED = ("rich", "markdown_it", "mdurl", "pygments")


def client_path(directory: Path) -> str:
    """A PYTHONPATH with this checkout's `runyard`, its entry points, and what its client part depends on."""
    directory.mkdir()
    path = plugin_path(directory)
    for name in BORROWED:
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None
        (directory / name).symlink_to(Path(spec.origin).parent)
    return path

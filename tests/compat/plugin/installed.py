"""The plugin as an MLflow environment finds it, without building or installing: source, metadata, dependencies."""

from __future__ import annotations

import importlib.util
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tests.compat.environments import ROOT

BORROWED = ("msgspec", "rich", "markdown_it", "mdurl", "pygments")
FACTORIES = {
    "tracking_store": "tracking_store",
    "model_registry_store": "model_registry_store",
    "artifact_repository": "artifact_repository",
}


def plugin_path(directory: Path) -> str:
    """A PYTHONPATH that makes this checkout's `runyard` an installed distribution with its entry points.

    Args:
        directory: for what is made; dependencies of the client are borrowed from the interpreter that runs the tests,
            which is also the one that the client environments are made from.
    """
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    _distribution(directory, "runyard", groups)
    azure = {f"mlflow.{group}": _azure(factory) for group, factory in FACTORIES.items()}
    _distribution(directory, "names-of-azure", azure)
    for name in BORROWED:
        found = importlib.util.find_spec(name)
        assert found is not None and found.origin is not None
        link = directory / name
        if not link.exists():
            link.symlink_to(Path(found.origin).parent)
    return f"{directory}:{ROOT / 'src'}"  # in front of metadata that an editable installation left in src


def kept_environment() -> dict[str, str]:
    """The environment of a program that logs: nothing of ours or MLflow's from outside, little patience."""
    dropped = ("MLFLOW_", "RUNYARD_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}


def _azure(factory: str) -> dict[str, str]:
    """What the distribution of Azure ML's names registers."""
    return dict.fromkeys(("azureml", "adbazureml"), f"runyard.mlflow_plugin.entry_points:{factory}")


def _distribution(directory: Path, name: str, groups: Mapping[str, Mapping[str, str]]) -> None:
    about = directory / f"{name.replace('-', '_')}-0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0\n")
    lines = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *(f"{entry} = {target}" for entry, target in entries.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")

"""The plugin as an MLflow environment finds it, without building or installing: source, metadata, one dependency."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from tests.compat.environments import ROOT

METADATA = "Metadata-Version: 2.1\nName: runyard\nVersion: 0\n"


def plugin_path(directory: Path) -> str:
    """A PYTHONPATH that makes this checkout's `runyard` an installed distribution with its entry points.

    Args:
        directory: for what is made; msgspec is borrowed from the interpreter that runs the tests, which is also the one
            that the client environments are made from.
    """
    about = directory / "runyard-0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text(METADATA)
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    lines = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in entries.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
    borrowed = directory / "msgspec"
    if not borrowed.exists():
        borrowed.symlink_to(Path(msgspec.__file__).parent)
    return f"{directory}:{ROOT / 'src'}"  # in front of metadata that an editable installation left in src

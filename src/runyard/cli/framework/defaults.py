"""Where server, workspace and output format come from when no option names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runyard.cli.framework.exits import Failed
from runyard.client.config_file import find_config, read_config
from runyard.client.credentials import home
from runyard.errors import InvalidInput

KEYS: Mapping[str, str] = {
    "server": "address of the server, such as http://127.0.0.1:5000",
    "workspace": "name of the workspace",
    "output": "table, json, tsv or yaml",
}


def settings_file() -> Path:
    """The user's defaults."""
    return home() / "config.json"


def read() -> dict[str, str]:
    """The user's defaults; empty when there are none."""
    return _read(settings_file())


def write(values: Mapping[str, str]) -> None:
    """Keep the user's defaults, so that a crash leaves the old or the new ones."""
    path = settings_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(dict(values), indent=2) + "\n", encoding="utf-8")
    beside.replace(path)


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise Failed(f"{path} cannot be read as JSON: {exc}. Correct or delete it.") from exc
    if not isinstance(found, dict):
        raise Failed(f"{path} holds no JSON object. Correct or delete it.")
    return {str(name): value for name, value in found.items() if isinstance(value, str)}


@dataclass(frozen=True)
class FolderConfig:
    """What a folder's config.json says."""

    path: Path | None = None
    server: str = ""
    subscription: str = ""
    group: str = ""
    workspace: str = ""


def folder_config(start: str) -> FolderConfig:
    """The nearest configuration of a folder and its parents, found as the SDK finds it; an empty one when there is none.

    A config.json without the names of a workspace is another program's.
    """
    try:
        path = find_config(start)
        found = read_config(path)
    except InvalidInput:
        return FolderConfig()
    return FolderConfig(
        path, found.server or "", found.subscription_id, found.resource_group, found.workspace_name
    )

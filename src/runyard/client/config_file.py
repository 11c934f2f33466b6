"""config.json: where a folder's workspace is written down, and how it is found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from runyard.errors import InvalidInput

NAME = "config.json"
FOLDER = ".azureml"
OLD_FOLDER = "aml_config"
_SCOPE = ("subscriptions", "resourcegroups", "workspaces")


class WorkspaceConfig(msgspec.Struct, frozen=True):
    """What a config file says. The server is None in files that Azure ML wrote."""

    subscription_id: str
    resource_group: str
    workspace_name: str
    server: str | None = None


def find_config(path: str | Path | None = None, file_name: str | None = None) -> Path:
    """The config file that counts for a path.

    A file is taken as it is. For a directory (the current one by default), it and each of its parents are searched for
    `.azureml/config.json`, `.azureml/project.json`, `aml_config/config.json`, `aml_config/project.json` and
    `config.json`, in this order.

    Raises: InvalidInput, when there is none.
    """
    start = Path(path) if path is not None else Path.cwd()
    if start.is_file():
        return start
    for directory in (start.resolve(), *start.resolve().parents):
        for candidate in _candidates(directory, file_name):
            if candidate.is_file():
                return candidate
    raise InvalidInput(
        f"We could not find {file_name or NAME} in: {start.resolve()} or in its parent directories. Please provide "
        f"the full path to the config file or ensure that {file_name or NAME} exists in the parent directories."
    )


def _candidates(directory: Path, file_name: str | None) -> Iterator[Path]:
    names = (file_name,) if file_name else (NAME, "project.json")
    for folder in (FOLDER, OLD_FOLDER):
        for name in names:
            yield directory / folder / name
    yield directory / (file_name or NAME)


def read_config(file: Path) -> WorkspaceConfig:
    """What a config file says: subscription_id, resource_group and workspace_name, or Scope.

    Raises: InvalidInput, naming what is missing.
    """
    try:
        fields = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as exc:
        raise InvalidInput(f"The config file {file} cannot be read as JSON: {exc}") from exc
    if not isinstance(fields, dict):
        raise InvalidInput(f"The config file {file} must hold a JSON object.")
    named = _from_scope(str(fields["Scope"])) if fields.get("Scope") else fields
    subscription, group, name = (
        named.get(key) for key in ("subscription_id", "resource_group", "workspace_name")
    )
    if not all(isinstance(value, str) and value for value in (subscription, group, name)):
        raise InvalidInput(
            f"The config file {file} must have subscription_id, resource_group and workspace_name, or Scope."
        )
    server = fields.get("server")
    return WorkspaceConfig(str(subscription), str(group), str(name), str(server) if server else None)


def _from_scope(scope: str) -> Mapping[str, str]:
    """/subscriptions/S/resourceGroups/G/providers/P/workspaces/W by its names."""
    parts = scope.strip("/").split("/")
    found = {kind.lower(): name for kind, name in zip(parts[::2], parts[1::2], strict=False)}
    keys = zip(("subscription_id", "resource_group", "workspace_name"), _SCOPE, strict=True)
    return {key: found[kind] for key, kind in keys if kind in found}


def write_config_file(scope: str, server: str, path: str | Path | None, file_name: str | None) -> Path:
    """Write `.azureml/config.json` below path, or into `aml_config` where that is there already; returns the file."""
    root = Path(path) if path is not None else Path.cwd()
    folder = root / (OLD_FOLDER if (root / OLD_FOLDER).is_dir() else FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (file_name or NAME)
    config = {**_from_scope(scope), "Id": None, "Scope": scope, "server": server}
    file.write_text(json.dumps(config, indent=4) + "\n", encoding="utf-8")
    return file

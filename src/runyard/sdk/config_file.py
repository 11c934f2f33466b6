"""config.json for scripts: as `runyard.client.config_file` reads it, with Azure ML's class of error."""

from __future__ import annotations

from pathlib import Path

from runyard.client import config_file
from runyard.client.config_file import WorkspaceConfig, write_config_file
from runyard.errors import InvalidInput
from runyard.sdk.exceptions import UserErrorException

__all__ = ["WorkspaceConfig", "find_config", "read_config", "write_config_file"]


def find_config(path: str | Path | None = None, file_name: str | None = None) -> Path:
    """The config file that counts for a path.

    Raises: UserErrorException, when there is none.
    """
    try:
        return config_file.find_config(path, file_name)
    except InvalidInput as exc:
        raise UserErrorException(exc.message) from exc


def read_config(file: Path) -> WorkspaceConfig:
    """What a config file says.

    Raises: UserErrorException, naming what is missing.
    """
    try:
        return config_file.read_config(file)
    except InvalidInput as exc:
        raise UserErrorException(exc.message, exc) from exc

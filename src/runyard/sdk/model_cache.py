"""Models that lie on this machine."""

from __future__ import annotations

from pathlib import Path

from runyard.sdk.exceptions import UserErrorException

CACHE = "azureml-models"


def in_cache(name: str, version: int | None) -> Path | None:
    """A version's file or folder below the cache, or what has the model's name in the current directory."""
    home = Path(CACHE) / name
    numbers = [int(one.name) for one in home.glob("*") if one.name.isdecimal()] if home.is_dir() else []
    wanted = version if version is not None else max(numbers, default=None)
    if wanted is not None and (home / str(wanted)).is_dir():
        entries = [one for one in (home / str(wanted)).iterdir() if not one.name.startswith(".")]
        if len(entries) != 1:
            raise UserErrorException(
                f"{home / str(wanted)} holds {len(entries)} entries; a model is one file or folder. Remove it."
            )
        return entries[0]
    local = Path(name)
    return local if version is None and local.exists() else None

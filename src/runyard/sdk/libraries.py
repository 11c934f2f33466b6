"""Libraries that only some calls need."""

from __future__ import annotations

import importlib
from typing import Any

from runyard.sdk.exceptions import UserErrorException


def library(name: str, wanted_by: str) -> Any:
    """An installed library, imported when it is first needed.

    Raises: UserErrorException, saying what to install.
    """
    try:
        return importlib.import_module(name)
    except ImportError as exc:
        raise UserErrorException(
            f"{wanted_by} needs {name}, which is not installed. Run: pip install {name}", exc
        ) from exc

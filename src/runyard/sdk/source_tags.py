"""What a run says of its origin: who, which program. The tags are MLflow's."""

from __future__ import annotations

import getpass
import sys


def source_tags() -> dict[str, str]:
    """mlflow.user and mlflow.source.* of this program."""
    tags = {"mlflow.user": _user(), "mlflow.source.name": _program(), "mlflow.source.type": "LOCAL"}
    return {key: value for key, value in tags.items() if value}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _program() -> str:
    return sys.argv[0] if sys.argv and sys.argv[0] else "python"

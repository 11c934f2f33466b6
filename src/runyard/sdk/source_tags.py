"""What a run says of its origin: who, which program, which commit. The tags are MLflow's."""

from __future__ import annotations

import getpass
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

GIT_TIMEOUT_S = 2.0


class Git(NamedTuple):
    """Where a folder stands in git."""

    commit: str
    branch: str
    repository: str
    dirty: bool


def source_tags() -> dict[str, str]:
    """mlflow.user and mlflow.source.* of this program."""
    tags = {"mlflow.user": _user(), "mlflow.source.name": _program(), "mlflow.source.type": "LOCAL"}
    return {key: value for key, value in tags.items() if value}


def git_tags(git: Git | None) -> dict[str, str]:
    """MLflow's tags for a commit."""
    if git is None:
        return {}
    tags = {
        "mlflow.source.git.commit": git.commit,
        "mlflow.source.git.branch": git.branch,
        "mlflow.source.git.repoURL": git.repository,
    }
    return {key: value for key, value in tags.items() if value}


def git_properties(git: Git | None) -> dict[str, str]:
    """Azure ML's properties for a commit."""
    if git is None:
        return {}
    properties = {
        "azureml.git.repository_uri": git.repository,
        "azureml.git.branch": git.branch,
        "azureml.git.commit": git.commit,
        "azureml.git.dirty": str(git.dirty),
    }
    return {key: value for key, value in properties.items() if value}


def git_of(folder: Path) -> Git | None:
    """Where a folder stands in git; None outside of a repository or without git. Credentials in its URL are left out."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return None
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD") or ""
    repository = _without_user(_git(folder, "config", "--get", "remote.origin.url") or "")
    return Git(commit, branch, repository, bool(_git(folder, "status", "--porcelain", "-uno")))


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=GIT_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _without_user(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _program() -> str:
    return sys.argv[0] if sys.argv and sys.argv[0] else "python"

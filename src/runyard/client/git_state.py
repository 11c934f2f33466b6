"""Where a folder stands in git: repository, branch, commit, and what differs from it. The tags are MLflow's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

GIT_TIMEOUT_S = 2.0
DIFF_TIMEOUT_S = 20.0
DIFF_BYTES = 10 * 1024 * 1024


class Git(NamedTuple):
    """Where a folder stands in git."""

    commit: str
    branch: str
    repository: str
    dirty: bool


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
    """Where a folder stands in git; None outside of a repository or without git. Credentials in its URL are left out.

    The environment goes first (AZUREML_GIT_COMMIT, _BRANCH, _REPOSITORY_URI, _DIRTY): build machines often have no clone.
    """
    told = {
        word: os.environ.get(f"AZUREML_GIT_{word}", "")
        for word in ("COMMIT", "BRANCH", "REPOSITORY_URI", "DIRTY")
    }
    commit = told["COMMIT"] or _git(folder, "rev-parse", "HEAD")
    if not commit:
        return None
    branch = told["BRANCH"] or _git(folder, "rev-parse", "--abbrev-ref", "HEAD") or ""
    repository = told["REPOSITORY_URI"] or _git(folder, "config", "--get", "remote.origin.url") or ""
    dirty = (
        told["DIRTY"].lower() == "true"
        if told["DIRTY"]
        else bool(_git(folder, "status", "--porcelain", "-uno"))
    )
    return Git(commit, branch, _without_user(repository), dirty)


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


def git_diff(folder: Path) -> str | None:
    """What differs from the commit in a working tree, as a patch; None without git, without changes, and over 10 MiB.

    Files that git does not know are not in it.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "diff", "--no-ext-diff", "--no-color", "HEAD"],
            capture_output=True,
            timeout=DIFF_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0 or not done.stdout or len(done.stdout) > DIFF_BYTES:
        return None
    return done.stdout.decode("utf-8", "replace")

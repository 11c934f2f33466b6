"""Earlier states of this code, from the history of its repository."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
MIGRATIONS = "src/runyard/store/sql/migrations"


class NoHistory(RuntimeError):
    """The repository, or that part of its history, is not here."""


def before_the_newest_schema() -> str:
    """The earliest commit whose database the code of today takes over: no migration that it has was changed since.

    Raises: NoHistory.
    """
    today = _migrations("HEAD")
    found = _git("rev-parse", "HEAD")
    for commit in _git("log", "--format=%H", "--", MIGRATIONS).split():
        found = commit
        try:
            earlier = _migrations(f"{commit}^")
        except NoHistory:
            break
        if not earlier or any(today.get(name) != tree for name, tree in earlier.items()):
            break
    return found


def before(path: str) -> str:
    """The commit before a file was first there. Raises: NoHistory."""
    added = _git("log", "--diff-filter=A", "--format=%H", "--", path).split()
    if not added:
        raise NoHistory(f"{path} has always been there")
    return _git("rev-parse", f"{added[-1]}^")


def source_of(commit: str, place: Path) -> Path:
    """The `src` of a commit, below a folder. Raises: NoHistory."""
    _git("archive", "--format=tar", f"--output={place / 'src.tar'}", commit, "src")
    with tarfile.open(place / "src.tar") as archive:
        archive.extractall(place / commit, filter="data")
    return place / commit / "src"


def _migrations(commit: str) -> dict[str, str]:
    """The content of each migration, by its number."""
    lines = _git("ls-tree", f"{commit}:{MIGRATIONS}").splitlines()
    entries = [line.split() for line in lines]
    return {name: tree for _, kind, tree, name in entries if kind == "tree"}


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoHistory(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()

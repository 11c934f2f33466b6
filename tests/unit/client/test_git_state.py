"""Where a folder stands in git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runyard.client import git_state


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=e@localhost")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    git(tmp_path, "init")
    (tmp_path / "train.py").write_text("a = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_changes_since_the_commit_are_a_patch(tree: Path) -> None:
    assert git_state.git_diff(tree) is None
    (tree / "train.py").write_text("a = 2\n")
    patch = git_state.git_diff(tree)
    assert patch is not None
    assert "-a = 1\n+a = 2\n" in patch


def test_a_huge_patch_and_a_folder_without_git_have_none(
    tree: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tree / "train.py").write_text("b = 2\n" * 100)
    monkeypatch.setattr(git_state, "DIFF_BYTES", 100)
    assert git_state.git_diff(tree) is None
    assert git_state.git_diff(tmp_path_factory.mktemp("plain")) is None


def test_the_environment_may_say_where_a_folder_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert git_state.git_of(tmp_path) is None
    monkeypatch.setenv("AZUREML_GIT_COMMIT", "abc")
    monkeypatch.setenv("AZUREML_GIT_DIRTY", "True")
    monkeypatch.setenv("AZUREML_GIT_REPOSITORY_URI", "https://me:secret@example.org/a.git")
    found = git_state.git_of(tmp_path)
    assert found == git_state.Git("abc", "", "https://example.org/a.git", True)
    assert git_state.git_properties(found)["azureml.git.dirty"] == "True"

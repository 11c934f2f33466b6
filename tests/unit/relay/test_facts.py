"""What is said of a command before it runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runyard.relay import facts


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
    assert facts.git_diff(tree) is None
    (tree / "train.py").write_text("a = 2\n")
    patch = facts.git_diff(tree)
    assert patch is not None
    assert "-a = 1\n+a = 2\n" in patch


def test_a_huge_patch_and_a_folder_without_git_have_none(
    tree: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tree / "train.py").write_text("b = 2\n" * 100)
    monkeypatch.setattr(facts, "DIFF_BYTES", 100)
    assert facts.git_diff(tree) is None
    assert facts.git_diff(tmp_path_factory.mktemp("plain")) is None


def test_the_interpreter_of_a_command_is_found(tmp_path: Path) -> None:
    assert facts.python_of([sys.executable, "train.py"]) == sys.executable
    script = tmp_path / "tool"
    script.write_text(f"#!{sys.executable}\nprint(1)\n")
    script.chmod(0o755)
    assert facts.python_of([str(script)]) == sys.executable
    script.write_text("#!/bin/sh\n")
    assert facts.python_of([str(script)]) is None
    assert facts.python_of(["no-such-command"]) is None


def test_installed_packages_are_listed_under_the_version_of_python() -> None:
    text = facts.installed_packages(sys.executable)
    assert text is not None
    lines = text.splitlines()
    assert lines[0] == f"# Python {sys.version.split()[0]}"
    assert any(line.startswith("msgspec==") for line in lines)
    assert facts.installed_packages("/bin/false") is None

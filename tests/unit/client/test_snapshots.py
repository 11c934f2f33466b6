"""What a snapshot of a folder takes, and what it leaves out."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runyard.client import snapshots
from runyard.client.ignoring import left_out, parsed
from runyard.errors import InvalidInput


def tree(root: Path, *paths: str, **texts: str) -> Path:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    for name, text in texts.items():
        (root / name.replace("dot_", ".")).write_text(text)
    return root


def paths_in(root: Path) -> list[str]:
    return [file.path for file in snapshots.found_in(root).files]


@pytest.mark.parametrize(
    ("line", "taken", "out"),
    [
        ("*.csv", ["a.txt", "csv"], ["a.csv", "b/a.csv"]),
        ("/data", ["b/data/x"], ["data/x"]),
        ("data/", ["data2/x", "b/data"], ["data/x", "c/data/x"]),
        ("a/**/z", ["a/b/y", "z"], ["a/z", "a/b/c/z"]),
        ("**/tmp", ["tmpx"], ["tmp/x", "b/tmp/x"]),
        ("out/**", ["b/out/y"], ["out/x", "out/y/z"]),
        ("[ab]?.py", ["c1.py", "a.py"], ["a1.py", "b2.py"]),
        ("[!a].py", ["a.py"], ["b.py"]),
        (r"\#x", ["x"], ["#x"]),
        ("# no rule", ["a"], []),
    ],
)
def test_one_rule(line: str, taken: list[str], out: list[str], tmp_path: Path) -> None:
    tree(tmp_path, *taken, *out, dot_gitignore=line)
    assert paths_in(tmp_path) == sorted([*taken, ".gitignore"])


def test_a_name_that_is_no_text_is_named_unless_it_is_left_out(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).touch()
    with pytest.raises(InvalidInput, match=r"caf\\udce9.txt.*no UTF-8"):
        paths_in(tmp_path)
    tree(tmp_path, dot_amlignore="caf*")
    assert paths_in(tmp_path) == [".amlignore"]


def test_later_rules_and_those_of_inner_folders_go_first(tmp_path: Path) -> None:
    tree(tmp_path, "a.log", "keep.log", "in/b.log", "in/c.txt", dot_gitignore="*.log\n!keep.log\n")
    (tmp_path / "in" / ".gitignore").write_text("!b.log\nc.txt\n")
    assert paths_in(tmp_path) == [".gitignore", "in/.gitignore", "in/b.log", "keep.log"]


def test_amlignore_counts_instead_of_gitignore(tmp_path: Path) -> None:
    tree(tmp_path, "data.csv", "model.pkl", dot_gitignore="*.pkl\n", dot_amlignore="*.csv\n")
    assert paths_in(tmp_path) == [".amlignore", ".gitignore", "model.pkl"]


def test_history_caches_and_virtual_environments_are_never_taken(tmp_path: Path) -> None:
    tree(tmp_path, ".git/HEAD", "__pycache__/a.pyc", "env/pyvenv.cfg", "env/bin/python", "train.py")
    assert paths_in(tmp_path) == ["train.py"]


def test_what_a_server_or_a_login_keeps_is_never_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "runyard-data/secret.key", "runyard-data/runyard.db", "mine/credentials.json", "train.py")
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "mine"))
    assert paths_in(tmp_path) == ["train.py"]
    with pytest.raises(InvalidInput, match="no sources"):
        snapshots.found_in(tmp_path / "runyard-data")


def test_links_are_taken_as_what_they_lead_to_and_loops_end(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", "train.py", "lib/a.py")
    tree(tmp_path, "other.py")
    (root / "linked.py").symlink_to(tmp_path / "other.py")
    (root / "gone.py").symlink_to(tmp_path / "nowhere")
    (root / "lib" / "again").symlink_to(root)
    assert paths_in(root) == ["lib/a.py", "linked.py", "train.py"]


def test_files_have_their_hash_size_and_mode(tmp_path: Path) -> None:
    tree(tmp_path, "run.sh")
    (tmp_path / "run.sh").chmod(0o755)
    (file,) = snapshots.hashed(snapshots.found_in(tmp_path)).files
    assert file.entry() == {
        "path": "run.sh",
        "sha256": hashlib.sha256(b"run.sh").hexdigest(),
        "size": 6,
        "executable": True,
    }


def test_a_mistaken_folder_is_refused_with_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, *(f"data/{number}" for number in range(4)), "train.py")
    monkeypatch.setattr(snapshots, "MOST_FILES", 3)
    with pytest.raises(InvalidInput, match=r"most of it in data/ \(4 files.*\.amlignore"):
        snapshots.found_in(tmp_path)
    with pytest.raises(InvalidInput, match="not there"):
        snapshots.found_in(tmp_path / "nothing")


NAMES = st.sampled_from(["a", "b", "ab", "a.py", "b.txt"])
PATTERNS = st.sampled_from(
    ["a", "/a", "a/", "*.py", "**/b", "a/**", "a/*", "a/**/b", "!a", "!b.txt", "[ab]", "?", "*", "!*.py"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PATTERNS, max_size=4), st.lists(NAMES, min_size=1, max_size=3))
def test_rules_mean_what_they_mean_to_git(lines: list[str], parts: list[str]) -> None:
    rules = list(parsed(lines))
    ours = any(
        left_out("/".join(parts[: depth + 1]), depth < len(parts) - 1, rules) for depth in range(len(parts))
    )
    assert ours == git_ignores(lines, parts)


def git_ignores(lines: list[str], parts: list[str]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        (Path(folder) / ".gitignore").write_text("\n".join(lines) + "\n")
        file = Path(folder).joinpath(*parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        command = ["git", "-C", folder, "check-ignore", "-q", "/".join(parts)]
        return subprocess.run(command).returncode == 0

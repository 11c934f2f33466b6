"""What a command becomes, and how it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runyard.client.submission import command_definition, shown
from runyard.errors import InvalidInput


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["python3", "a b.py", "x y"], {"script": "a b.py", "arguments": ["x y"]}),
        (["python", "-m", "a"], {"command": ["python", "-m", "a"]}),
        (["./my program"], {"command": ["./my program"]}),
        (["/opt/my program"], {"command": ["/opt/my program"]}),
    ],
)
def test_commands(words: list[str], found: dict[str, Any], tmp_path: Path) -> None:
    for name in ("a b.py", "my program"):
        (tmp_path / name).touch()
    assert command_definition(words, tmp_path) == found


def test_a_command_in_one_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="-- python train.py --alpha 1$"):
        command_definition(["python train.py --alpha 1"], tmp_path)


@pytest.mark.parametrize(
    ("definition", "line"),
    [
        ({"script": "a b.py", "arguments": ["--x", 1]}, "'a b.py' --x 1"),
        ({"command": ["echo", "a b"]}, "echo 'a b'"),
        ({"environment": {"name": "e"}}, ""),
    ],
)
def test_what_a_job_runs_in_one_line(definition: dict[str, Any], line: str) -> None:
    assert shown(definition) == line

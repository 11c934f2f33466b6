"""What is said of a command before it runs."""

from __future__ import annotations

import sys
from pathlib import Path

from runyard.relay import facts


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

"""Completion scripts, and what they offer."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from runyard.cli.main import main
from tests.cli.command_line import CommandLine


@pytest.mark.parametrize(
    ("shell", "mark"), [("bash", "complete -o"), ("zsh", "#compdef"), ("fish", "complete --")]
)
def test_each_shell_has_its_script(cli: CommandLine, shell: str, mark: str) -> None:
    script = cli.ok("completion", shell)
    assert mark in script and "_RUNYARD_COMPLETE" in script


@pytest.mark.parametrize(
    ("words", "begun", "offered"),
    [
        ([], "wor", {"workspace"}),
        (["run"], "me", {"metrics"}),
        (["run", "list"], "--met", {"--metrics"}),
        (["run", "list", "-o"], "j", {"json"}),
    ],
)
def test_commands_options_and_choices_are_offered(words: list[str], begun: str, offered: set[str]) -> None:
    found = ShellComplete(main, {}, "runyard", "_RUNYARD_COMPLETE").get_completions(words, begun)
    assert {item.value for item in found} == offered

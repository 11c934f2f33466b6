"""Every command explains itself."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from runyard.cli.azml import main as azml
from runyard.cli.framework.command import Command
from runyard.cli.framework.exits import MEANINGS
from runyard.cli.framework.lazy import LazyGroup
from runyard.cli.main import COMMANDS, main


def commands(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    context = click.Context(command, info_name=name, parent=parent, max_content_width=100, terminal_width=100)
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            inner = command.get_command(context, word)
            assert inner is not None
            yield from commands(inner, word, context)


EVERY = list(commands(main, "runyard"))
LEAVES = [one for one in EVERY if not isinstance(one[1], click.Group)]


def ids(found: list[tuple[str, click.Command, click.Context]]) -> list[str]:
    return [path for path, _, _ in found]


@pytest.mark.parametrize(("path", "command", "context"), LEAVES, ids=ids(LEAVES))
def test_every_command_has_an_example_of_itself(
    path: str, command: click.Command, context: click.Context
) -> None:
    assert isinstance(command, Command)
    assert f"{path}" in command.example.replace("\\\n", " ")
    assert "\nExample" in command.get_help(context)


@pytest.mark.parametrize(("path", "command", "context"), LEAVES, ids=ids(LEAVES))
def test_the_examples_of_a_command_are_right(
    path: str, command: click.Command, context: click.Context
) -> None:
    """Its own options, spelled as they are, and arguments of the right number."""
    assert isinstance(command, Command)
    for line in command.example.replace("\\\n", " ").strip().splitlines():
        words = shlex.split(line, comments=True)
        if words[: len(path.split())] != path.split() or any(
            word in ("|", ">") or "$(" in word for word in words
        ):
            continue
        rest = words[len(path.split()) :]
        made = command.make_context(path, list(rest), resilient_parsing=False) if _files_aside(rest) else None
        assert made is None or made.command is command


def _files_aside(words: list[str]) -> bool:
    """Examples that name files can only be parsed where the files are."""
    return not any("." in word or "/" in word for word in words) and "upload" not in words


@pytest.mark.parametrize(("path", "command", "context"), EVERY, ids=ids(EVERY))
def test_everything_says_what_it_is(path: str, command: click.Command, context: click.Context) -> None:
    assert command.help and command.help.strip().endswith((".", "MLflow."))
    for param in command.get_params(context):
        if isinstance(param, click.Option) and not param.hidden:
            assert param.help, f"{path} {param.opts}"
    text = command.get_help(context)
    assert "None" not in re.sub(r"None of", "", text) and "TEXT" not in re.findall(r"--path (\S+)", text)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_a_command_in_the_list_is_its_own(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None and command.help is not None
    own = command.help.strip().splitlines()[0].rstrip(".")
    assert (
        own.startswith(COMMANDS[name].summary.rstrip("."))
        or COMMANDS[name].summary.rstrip(".")[:20] == own[:20]
    )


def test_the_help_names_every_exit_code() -> None:
    text = main.get_help(click.Context(main, info_name="runyard"))
    for code, meaning in MEANINGS.items():
        assert re.search(rf"^  {code} +{re.escape(meaning)}", text, re.MULTILINE)


def test_azml_has_the_groups_of_azure_under_its_own_name() -> None:
    assert isinstance(azml, LazyGroup)
    shown = [(path, command.get_help(context)) for path, command, context in commands(azml, "azml")]
    names = {path.split()[1] for path, _ in shown if " " in path}
    groups = "workspace folder experiment run environment computetarget datastore dataset model"
    assert names == set(groups.split())
    assert not [path for path, text in shown if re.search(r"^  runyard ", text, re.MULTILINE)]

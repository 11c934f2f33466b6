"""The reference is what the code says, and everything that can be set or called is in the docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from runyard.cli.main import main
from runyard.cli.up import up
from runyard.client.journal.folder import HOME_VARIABLE
from runyard.server.settings import ENVIRONMENT_PREFIX, Settings
from scripts.reference import FOLDER, pages

ROOT = Path(__file__).parents[2]
TEXT = "\n".join(
    page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
)
CREDENTIALS = list(ROOT.glob("src/runyard/artifacts/cloud/*.py"))
VARIABLE = re.compile(r'"((?:AWS|AZURE|GOOGLE|MLFLOW)_[A-Z0-9_]+)"')


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            inner = command.get_command(context, word)
            assert inner is not None, f"{name} {word}"
            yield from commands(inner, f"{name} {word}")


def test_the_reference_is_up_to_date() -> None:
    stale = [name for name, text in pages().items() if (FOLDER / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run `make docs`"


def test_the_reference_has_no_page_that_nobody_makes() -> None:
    assert {page.name for page in FOLDER.iterdir()} == set(pages())


@pytest.mark.parametrize("name", [name for name, _ in commands(main, "runyard")])
def test_every_command_is_in_the_docs(name: str) -> None:
    assert f"`{name}`" in TEXT or f"{name} " in TEXT


def test_every_flag_is_in_the_docs() -> None:
    flags = {
        flag
        for _, command in commands(main, "runyard")
        for option in command.params
        if isinstance(option, click.Option)
        for flag in option.opts
    }
    assert [flag for flag in sorted(flags) if flag not in TEXT] == []


def test_every_setting_is_in_the_docs_and_has_a_flag_unless_it_is_secret() -> None:
    names = {field.name for field in fields(Settings)}
    assert [name for name in names if f"`{ENVIRONMENT_PREFIX}{name.upper()}`" not in TEXT] == []
    assert names - {option.name for option in up.params} == {
        *("secret_key", "previous_secret_keys", "oidc_client_secret")
    }


def test_every_variable_that_a_datastore_reads_is_in_the_docs() -> None:
    read = {name for file in CREDENTIALS for name in VARIABLE.findall(file.read_text(encoding="utf-8"))}
    assert len(read) > 10
    assert sorted(name for name in read if f"`{name}`" not in TEXT) == []


def test_every_variable_of_the_journal_is_in_the_docs() -> None:
    text = (ROOT / "src/runyard/client/journal/settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"((?:RUNYARD|MLFLOW|REQUESTS)_[A-Z_]+)"', text)) | {HOME_VARIABLE}
    assert len(read) > 8
    assert sorted(name for name in read if f"`{name}`" not in TEXT) == []


def test_every_link_between_pages_leads_somewhere() -> None:
    pages_ = [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")]
    broken = []
    for page in pages_:
        for target in _links(page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def _links(text: str) -> Iterator[str]:
    """Targets of links; what stands in code is none."""
    for part in re.sub(r"`[^`\n]*`", "", text).split("](")[1:]:
        target = part.partition(")")[0].partition("#")[0]
        if target and "://" not in target:
            yield target

"""Groups that load a command's module when the command is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click


class Lazy(NamedTuple):
    """Where a command is, and its line in the list of commands."""

    module: str
    name: str
    summary: str
    hidden: bool = False


class LazyGroup(click.Group):
    """A group whose commands are loaded one at a time, so that none pays for another's imports."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were given: it is the order of a reader's questions."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command's module."""
        if cmd_name not in self.lazy:
            return None
        if cmd_name not in self.commands:
            where = self.lazy[cmd_name]
            self.commands[cmd_name] = getattr(importlib.import_module(where.module), where.name)
        return self.commands[cmd_name]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        rows = [(name, lazy.summary) for name, lazy in self.lazy.items() if not lazy.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

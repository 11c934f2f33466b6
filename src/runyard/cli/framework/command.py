"""The command class: examples in the help, options that every command has, errors as one sentence."""

from __future__ import annotations

import enum
import sys
import traceback
from typing import Any

import click

from runyard.cli.framework.exits import failed, leave_quietly
from runyard.cli.framework.output import FORMATS
from runyard.cli.framework.session import Given, Session

COMMON = "runyard.cli.given"  # where a context keeps the values of the common options
PROGRAM = "runyard"


class Reach(enum.IntEnum):
    """How far a command reaches, and so which of the common options it has."""

    NOTHING = 0  # no output of records
    LOCAL = 1  # no server
    SERVER = 2
    PLACE = 3  # a subscription or resource group
    WORKSPACE = 4


class CommonOption(click.Option):
    """An option that the session takes; command functions do not see it."""

    def __init__(self, *names: str, reach: Reach = Reach.LOCAL, **kwargs: Any) -> None:
        super().__init__(names, expose_value=False, callback=_keep, **kwargs)
        self.reach = reach


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None and value is not False:
        ctx.meta.setdefault(COMMON, {})[param.name] = value


def common_options(reach: Reach) -> list[click.Parameter]:
    """The options of a command that reaches so far. The hidden ones are how Azure ML spells them."""
    options = [
        CommonOption(
            "--workspace",
            "-w",
            reach=Reach.WORKSPACE,
            metavar="NAME",
            help="The workspace. [default: of the folder's config, else of `runyard config`, else the server's]",
        ),
        CommonOption("--workspace-name", "workspace", reach=Reach.WORKSPACE, hidden=True),
        CommonOption(
            "--resource-group",
            "-g",
            reach=Reach.PLACE,
            metavar="NAME",
            help="The resource group.",
        ),
        CommonOption(
            "--subscription",
            reach=Reach.PLACE,
            metavar="NAME",
            help="The subscription that the group is in.",
        ),
        CommonOption("--subscription-id", "subscription", reach=Reach.PLACE, hidden=True),
        CommonOption(
            "--path",
            "config_folder",
            reach=Reach.WORKSPACE,
            type=click.Path(),
            metavar="DIR",
            hidden=True,
        ),
        CommonOption(
            "--server",
            reach=Reach.SERVER,
            metavar="URL",
            help="The server. [default: RUNYARD_SERVER, else as for the workspace, else http://127.0.0.1:5000]",
        ),
        CommonOption(
            "--output",
            "-o",
            type=click.Choice(FORMATS),
            metavar="|".join(FORMATS),
            help="How to print the result. [default: table]",
        ),
        CommonOption("--query", metavar="JMESPATH", help="Print a part of the result, see jmespath.org."),
        CommonOption("--debug", is_flag=True, reach=Reach.NOTHING, help="Print where an error came from."),
    ]
    return [option for option in options if option.reach <= reach]


class Command(click.Command):
    """A command of ours.

    Args:
        example: lines of a shell that use it.
        reach: which common options it has.
    """

    def __init__(self, *args: Any, example: str = "", reach: Reach = Reach.WORKSPACE, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example
        self.reach = reach
        taken = {name for param in self.params for name in param.opts}
        self.params += [option for option in common_options(reach) if not taken & set(option.opts)]

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; whatever it raises becomes one sentence and an exit code."""
        given = Given(**ctx.meta.get(COMMON, {}))
        program = ctx.find_root().info_name or PROGRAM
        try:
            ctx.obj = Session(given, program)
            return super().invoke(ctx)
        except BrokenPipeError:
            leave_quietly()
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            if given.debug:
                traceback.print_exc(file=sys.stderr)
            raise
        except Exception as exc:
            if given.debug:
                traceback.print_exc(file=sys.stderr)
            origin = ctx.obj.origin(exc) if isinstance(ctx.obj, Session) else ""
            raise failed(exc, origin) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A command's own options before those that all have."""
        own: list[tuple[str, str]] = []
        common: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            row = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if row is not None:
                (common if isinstance(param, CommonOption) or "--help" in param.opts else own).append(row)
        for title, rows in (("Options", own), ("Common options", common)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """How it is used."""
        super().format_epilog(ctx, formatter)
        lines = self.example.strip().splitlines()
        if lines:
            program = ctx.find_root().info_name or PROGRAM
            with formatter.section("Example" if len(lines) == 1 else "Examples"):
                for line in lines:
                    shown = line.strip()
                    if program == "azml" and shown.startswith(PROGRAM + " "):
                        shown = program + shown[len(PROGRAM) :]
                    formatter.write(f"{' ' * formatter.current_indent}{shown}\n")


class Group(click.Group):
    """A group of our commands, listed in the order in which they are defined."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Not sorted: what is used most stands first."""
        return list(self.commands)


Group.group_class = Group

"""The outermost command: version, exit codes, what happens on Ctrl-C and when a reader goes away."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from runyard.cli.framework.exits import DONE, INTERRUPTED, MEANINGS, leave_quietly
from runyard.cli.framework.lazy import Lazy, LazyGroup
from runyard.cli.framework.output import note
from runyard.version import __version__

VARIABLES = {
    "RUNYARD_SERVER": "address of the server",
    "RUNYARD_WORKSPACE": "name of the workspace",
    "RUNYARD_TOKEN": "access token, instead of a login",
    "RUNYARD_OUTPUT": "table, json, tsv or yaml",
    "RUNYARD_HOME": "folder of defaults and logins [default: ~/.runyard]",
}


class Root(LazyGroup):
    """`runyard` and `azml`."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, and leave with the exit code that says how it went."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        code = DONE
        try:
            found = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            code = found if isinstance(found, int) else DONE
            sys.stdout.flush()
        except click.ClickException as exc:
            exc.show()
            code = exc.exit_code
        except (click.Abort, KeyboardInterrupt):
            note("\nInterrupted.")
            code = INTERRUPTED
        except BrokenPipeError:
            leave_quietly()
        sys.exit(code)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What holds for every command."""
        with formatter.section("Environment"):
            formatter.write_dl(list(VARIABLES.items()))
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in MEANINGS.items()])
        super().format_epilog(ctx, formatter)


def root(name: str, commands: Mapping[str, Lazy], summary: str, epilog: str = "") -> Root:
    """A command with lazily loaded commands."""
    made = Root(
        name,
        lazy=commands,
        help=summary,
        epilog=epilog or None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    return click.version_option(__version__, prog_name=name)(made)

"""`runyard exec`: run a command as a run."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from runyard.cli.framework.command import Command
from runyard.cli.framework.exits import USAGE, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.client.journal.recorder import drain_all
from runyard.relay.execution import CannotStart, Execution
from runyard.relay.opening import opened


@click.command(
    "exec",
    cls=Command,
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False},
    example="""
    runyard exec -- python train.py --lr 0.1
    runyard exec --experiment digits --name first --tag team=vision -- ./train.sh
    runyard exec --offline -- Rscript train.R
    """,
)
@click.argument(
    "command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARGUMENT]..."
)
@click.option(
    "--experiment",
    "-e",
    metavar="NAME",
    help="The experiment; it is made if it is not there. [default: Default]",
)
@click.option("--name", metavar="NAME", help="Name of the run. [default: one is made up]")
@click.option(
    "--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag of the run; several may be given."
)
@click.option("--offline", is_flag=True, help="Send nothing; `runyard sync` will.")
@click.pass_obj
def execute(
    session: Session,
    command: tuple[str, ...],
    experiment: str | None,
    name: str | None,
    tags: tuple[str, ...],
    offline: bool,
) -> NoReturn:
    """Run a command as a run, and keep what it prints, where it came from and how it ended.

    The command finds a relay and its run in its environment, so that MLflow in it logs to the same run, whether the
    server answers or not; a command that knows nothing of MLflow is kept just as well. Output, exit code, git commit and
    uncommitted changes, and the installed Python packages are kept with the run. Ends with the command's own exit code.
    """
    execution = Execution(command, experiment, name, dict(map(_pair, tags)))
    recorder = opened(session.server, session.place, offline=offline)
    try:
        code, run_id = execution.run(recorder)
    except CannotStart as exc:
        raise Failed(str(exc), exc.exit_code) from None
    finally:
        drain_all()
    note(f"Runyard: run {run_id} has ended with exit code {code}.")
    sys.exit(code)


def _pair(text: str) -> tuple[str, str]:
    key, mark, value = text.partition("=")
    if not (key and mark):
        raise Failed(f"The tag {text!r} is no KEY=VALUE.", USAGE)
    return key, value

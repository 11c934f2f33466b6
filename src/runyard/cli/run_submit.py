"""`runyard run submit`: run a command on a compute target, or on this machine, from any folder."""

from __future__ import annotations

from typing import Any

import click

from runyard.cli import submitting
from runyard.cli.framework.command import Command
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import PAIR, SECONDS
from runyard.client.submission import HERE

DEFAULT_EXPERIMENT = "Default"


@click.command(
    "submit",
    cls=Command,
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False},
    example="""
    runyard run submit -- python train.py --alpha 0.3
    runyard run submit --target cluster --requirements requirements.txt --follow -- python train.py
    runyard run submit -t cluster --environment sklearn:2 --nodes 2 --processes 4 --gpus 1 -- python train.py
    runyard run submit --target cluster --dry-run -- ./train.sh
    """,
)
@click.argument(
    "command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARGUMENT]..."
)
@click.option(
    "--target", "-t", default=HERE, metavar="NAME", help="The compute target. [default: local, this machine]"
)
@click.option(
    "--experiment", "--experiment-name", "-e", default=DEFAULT_EXPERIMENT, metavar="NAME",
    help="The experiment; it is made if it is not there. [default: Default]",
)  # fmt: skip
@click.option("--name", metavar="NAME", help="Name of the run. [default: one is made up]")
@submitting.sources_options
@click.option("--nodes", type=click.IntRange(1), metavar="N", help="Machines. [default: 1]")
@click.option(
    "--processes", type=click.IntRange(1), metavar="N", help="Processes on each machine. [default: 1]"
)
@click.option(
    "--communicator",
    type=click.Choice(sorted(submitting.COMMUNICATORS)),
    help="Which variables tell several processes of one another. [default: pytorch]",
)
@click.option("--cpus", type=click.IntRange(1), metavar="N", help="Processors that each machine must give.")
@click.option("--memory-mb", type=click.IntRange(1), metavar="N", help="Memory that each machine must give.")
@click.option("--gpus", type=click.IntRange(1), metavar="N", help="GPUs that each machine must give.")
@click.option(
    "--max-seconds",
    type=SECONDS,
    metavar="TIME",
    help="Stop it after so long: 3600, 90m, 12h. [default: 30d]",
)
@click.option(
    "--priority", type=click.IntRange(-100, 100), default=0, metavar="N", help="Greater first, -100 to 100."
)
@click.option("--tag", "tags", type=PAIR, multiple=True, help="A tag of the run; several may be given.")
@click.option("--env", "variables", type=PAIR, multiple=True, help="A variable for the command; no secrets.")
@click.option(
    "--dry-run", is_flag=True, help="Print what the target's engine would be given, and do nothing."
)
@click.option("--wait", is_flag=True, help="Wait for its end; the exit code says how it ended.")
@click.option("--follow", "-f", is_flag=True, help="The same, and print its logs as they grow.")
@click.pass_obj
def submit(session: Session, /, command: tuple[str, ...], target: str, dry_run: bool, **given: Any) -> None:
    """Submit a command, with the files of a folder, to a compute target or to this machine.

    The files go along but those that .amlignore or .gitignore leave out. MLflow in the command logs to the run that is
    made. It goes on when this command, this machine or the server stops.
    """
    what = submitting.submission_of(command, target, given, priority=given["priority"], dry_run=dry_run)
    made = submitting.sent(session, what)
    if dry_run:
        click.echo(made.request)
        return
    if not (given["wait"] or given["follow"]):
        session.record(submitting.record(session, made), submitting.SUBMITTED)
        return
    note(f"Run {made.run_id}: {submitting.page_of(session, made.job)}")
    job = submitting.finished(session, made.run_id, follow=given["follow"])
    if not given["follow"]:
        session.record({**job, "page": submitting.page_of(session, job)}, submitting.SUBMITTED)
    submitting.leave_as(job)

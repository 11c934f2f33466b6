"""`runyard run cancel`, `resubmit` and `priority`, and `runyard job`."""

from __future__ import annotations

import time
from typing import Any

import click

from runyard.cli import submitting
from runyard.cli.framework.command import Command, Group
from runyard.cli.framework.exits import MISSING, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import named
from runyard.cli.shapes import experiments, jobs, runs
from runyard.cli.sweep_watching import tell
from runyard.client.submission import PATH, SWEEP
from runyard.client.submission import resubmit as submit_again

WHICH = named("run_id", "-r", "--run", what="id of the run")
RUN_ENDED = ("FINISHED", "FAILED", "KILLED")


@click.command(cls=Command, example="runyard run cancel 0123456789abcdef0123456789abcdef")
@WHICH
@click.option("--experiment-name", "-e", hidden=True)
@click.pass_obj
def cancel(session: Session, /, run_id: str, **_: Any) -> None:
    """Stop a submitted run on its target; mark another one that has not ended as canceled."""
    found = runs.message(session, run_id)
    if found["info"]["status"] in RUN_ENDED:
        raise Failed(f"Run {run_id} has ended already: it is {found['info']['status']}.")
    if jobs.find(session, run_id) is not None:
        job = session.here.post(f"{jobs.one(run_id)}/cancel", {}, retry=True)
        note(f"Run {run_id} is {job['state']}.")
        return
    end = time.time_ns() // 1_000_000
    session.here.post(f"{runs.PATH}/update", {"run_id": run_id, "status": "KILLED", "end_time": end})
    note(f"Canceled run {run_id}.")


@click.command(
    cls=Command,
    example="""
    runyard run resubmit 0123456789abcdef0123456789abcdef
    runyard run resubmit 0123456789abcdef0123456789abcdef --target cluster --follow
    """,
)
@click.argument("run_id", metavar="RUN")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENT...]")
@click.option("--target", "-t", metavar="NAME", help="Another compute target.")
@click.option("--name", metavar="NAME", help="Name of the new run.")
@click.option("--follow", "-f", is_flag=True, help="Print its logs as they grow, until its end.")
@click.pass_obj
def resubmit(
    session: Session,
    run_id: str,
    arguments: tuple[str, ...],
    target: str | None,
    name: str | None,
    follow: bool,
) -> None:
    """Submit a run again as a new one: the same source, environment and arguments, unless others are given.

    A sweep is tried again as a whole; `sweep resubmit` changes more of it.
    """
    sweep = _submitted(session, run_id)["kind"] == SWEEP
    changes = {"target": target, "run_name": name, "arguments": list(arguments) or None}
    made = submit_again(session.here, run_id, changes, sweep=sweep)
    if sweep:
        tell(session, made, wait=False, follow=follow)
        return
    if not follow:
        session.record(submitting.record(session, made), submitting.SUBMITTED)
        return
    note(f"Run {made.run_id}: {submitting.page_of(session, made.job)}")
    submitting.leave_as(submitting.finished(session, made.run_id, follow=True))


@click.command(cls=Command, example="runyard run priority 0123456789abcdef0123456789abcdef 10")
@click.argument("run_id", metavar="RUN")
@click.argument("priority", type=click.IntRange(-100, 100))
@click.pass_obj
def priority(session: Session, run_id: str, priority: int) -> None:
    """Let a waiting run start before others, or after them: greater first, -100 to 100."""
    _submitted(session, run_id)
    session.record(session.here.patch(jobs.one(run_id), {"priority": priority}), jobs.CARD)


@click.group(cls=Group)
def job() -> None:
    """Jobs: runs that were submitted, and where they are."""


@job.command("list", example="runyard job list\nrunyard job list --target cluster --active -o json")
@click.option("--target", "-t", metavar="NAME", help="On this compute target.")
@click.option(
    "--state", type=click.Choice(jobs.STATES, case_sensitive=False), metavar="STATE", help="Such as Queued."
)
@click.option("--experiment", "--experiment-name", "-e", metavar="NAME", help="In this experiment.")
@click.option("--by", "submitted_by", metavar="NAME", help="Submitted by this person.")
@click.option("--parent", metavar="RUN", help="Below this run.")
@click.option("--active", is_flag=True, help="Those that have not ended.")
@click.option(
    "--last", type=click.IntRange(0), default=20, metavar="N", help="At most N; 0 is all. [default: 20]"
)
@click.pass_obj
def list_jobs(
    session: Session, /, experiment: str | None, last: int, parent: str | None, **given: Any
) -> None:
    """List submitted runs, the newest first."""
    query = {
        "experiment_id": experiments.find(session, experiment)["experiment_id"] if experiment else None,
        "parent_run_id": parent,
        "active": True if given.pop("active") else None,
        **given,
    }
    asked = {key: value for key, value in query.items() if value is not None}
    session.rows(session.pages(PATH, limit=last, **asked), jobs.LIST, none="No jobs.")


@job.command(example="runyard job show 0123456789abcdef0123456789abcdef")
@WHICH
@click.pass_obj
def show(session: Session, run_id: str) -> None:
    """Show the job of a submitted run: its state, and why it waits or failed."""
    session.record(_submitted(session, run_id), jobs.CARD)


@job.command(example="runyard job tail 0123456789abcdef0123456789abcdef")
@WHICH
@click.pass_obj
def tail(session: Session, run_id: str) -> None:
    """Print what the target's engine kept of a job, from before its script began."""
    _submitted(session, run_id)
    click.echo(session.here.read(f"{jobs.one(run_id)}/tail").decode("utf-8", "replace"), nl=False)


def _submitted(session: Session, run_id: str) -> dict[str, Any]:
    found = jobs.find(session, run_id)
    if found is None:
        raise Failed(
            f"There is no submitted run {run_id!r} here; `{session.program} job list` shows them.", MISSING
        )
    return found

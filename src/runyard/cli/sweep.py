"""`runyard sweep`: many runs of one command with different parameters."""

from __future__ import annotations

from typing import Any

import click

from runyard.cli import submitting
from runyard.cli.framework.command import Group
from runyard.cli.framework.exits import USAGE, Failed
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import PAIR, SECONDS, named
from runyard.cli.shapes import jobs
from runyard.cli.shapes.sweep_words import PARAMETER, POLICY
from runyard.cli.sweep_watching import show as show_trials
from runyard.cli.sweep_watching import tell, watch
from runyard.client.local_sweeps import is_local
from runyard.client.submission import HERE
from runyard.client.submission import resubmit as submit_again

DEFAULT_EXPERIMENT = "Default"
GOALS = {"min": "minimize", "max": "maximize", "minimize": "minimize", "maximize": "maximize"}
WHICH = named("run_id", "-r", "--run", what="id of the sweep's run")
TRIALS = click.IntRange(1, 1000)
AT_ONCE = click.IntRange(1, 100)
MAX_SECONDS = click.option(
    "--max-seconds", type=SECONDS, metavar="TIME", help="End the sweep after so long: 90m, 12h."
)
WAIT = click.option("--wait", is_flag=True, help="Wait for its end; the exit code says how it ended.")
FOLLOW = click.option(
    "--follow", "-f", is_flag=True, help="The same, and print what becomes of its trials while they run."
)


@click.group(cls=Group)
def sweep() -> None:
    """Sweeps: many runs of one command with different parameters."""


@sweep.command(
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False},
    example="""
    runyard sweep submit -t cluster --metric loss --trials 30 --param 'lr=loguniform(-9, -2)' \\
        --param 'batch=choice(16, 32, 64)' -- python train.py
    runyard sweep submit -t cluster --metric accuracy --goal max --sampling grid --trials 100 \\
        --param 'depth=choice(2, 4, 8)' --param 'kind=choice("gini", "entropy")' --wait -- python train.py
    runyard sweep submit -t cluster --metric loss --sampling bayesian --trials 50 --at-once 4 \\
        --param 'dropout=uniform(0, 0.5)' --policy 'bandit(slack_factor=0.1, delay=5)' -- python train.py
    """,
)
@click.argument(
    "command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARGUMENT]..."
)
@click.option(
    "--target", "-t", required=True, metavar="NAME",
    help="The compute target; local: this machine, while this command runs.",
)  # fmt: skip
@click.option(
    "--param", "space", type=PARAMETER, multiple=True, required=True, metavar="NAME=KIND(...)",
    help="A parameter and what it may be; several may be given. The command gets it as --NAME VALUE.",
)  # fmt: skip
@click.option("--metric", required=True, metavar="NAME", help="The metric whose best value counts.")
@click.option(
    "--goal",
    type=click.Choice(sorted(GOALS)),
    default="min",
    metavar="GOAL",
    help="min or max. [default: min]",
)
@click.option(
    "--sampling", type=click.Choice(["grid", "random", "bayesian"]), default="random",
    help="How parameters are chosen. [default: random]",
)  # fmt: skip
@click.option("--trials", type=TRIALS, required=True, metavar="N", help="At most so many trials.")
@click.option(
    "--at-once",
    type=AT_ONCE,
    metavar="N",
    help="So many at once. [default: as many as may be; on this machine 1]",
)
@MAX_SECONDS
@click.option(
    "--policy", type=POLICY, metavar="KIND(...)",
    help="Stop hopeless trials: median, truncation(20) or bandit(slack_factor=0.1); each takes interval=N and delay=N.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Makes the same choices again.")
@click.option(
    "--experiment", "--experiment-name", "-e", default=DEFAULT_EXPERIMENT, metavar="NAME",
    help="The experiment; it is made if it is not there. [default: Default]",
)  # fmt: skip
@click.option("--name", metavar="NAME", help="Name of the sweep's run. [default: one is made up]")
@submitting.sources_options
@click.option("--cpus", type=click.IntRange(1), metavar="N", help="Processors that each trial needs.")
@click.option("--memory-mb", type=click.IntRange(1), metavar="N", help="Memory that each trial needs.")
@click.option("--gpus", type=click.IntRange(1), metavar="N", help="GPUs that each trial needs.")
@click.option("--tag", "tags", type=PAIR, multiple=True, help="A tag of the sweep's run.")
@click.option("--env", "variables", type=PAIR, multiple=True, help="A variable for the command; no secrets.")
@WAIT
@FOLLOW
@click.pass_obj
def submit(
    session: Session, /, command: tuple[str, ...], target: str, wait: bool, follow: bool, **given: Any
) -> None:
    """Submit a sweep: a command, with the files of a folder, is run again and again with other parameters.

    Parameters are choice(A, B, ...), randint(UPPER), uniform(MIN, MAX), loguniform(MIN, MAX) of the logarithm,
    normal(MU, SIGMA), lognormal(MU, SIGMA), and with a step as last value quniform, qloguniform, qnormal, qlognormal.
    """
    of_trials = {**given, "max_seconds": None}
    what = submitting.submission_of(command, target, of_trials, sweep=_config(given))
    tell(session, submitting.sent(session, what), wait=wait, follow=follow)


@sweep.command(
    example="""
    runyard sweep resubmit HD_0b1f6f1e-6a0f-4c89-9f3e-0c8f3c1e2d11
    runyard sweep resubmit HD_0b1f6f1e-6a0f-4c89-9f3e-0c8f3c1e2d11 --trials 60 --seed 2 --target cluster --wait
    """
)
@click.argument("run_id", metavar="RUN")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENT...]")
@click.option("--target", "-t", metavar="NAME", help="Another compute target.")
@click.option("--metric", metavar="NAME", help="Another metric whose best value counts.")
@click.option("--trials", type=TRIALS, metavar="N", help="At most so many trials.")
@click.option("--at-once", type=AT_ONCE, metavar="N", help="So many at once.")
@MAX_SECONDS
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Another one: other choices.")
@click.option("--name", metavar="NAME", help="Name of the new sweep's run.")
@WAIT
@FOLLOW
@click.pass_obj
def resubmit(
    session: Session, /, run_id: str, arguments: tuple[str, ...], wait: bool, follow: bool, **given: Any
) -> None:
    """Submit a sweep again as a new one: the same in all that is not given. The same seed makes the same choices."""
    changes = {
        "target": given["target"],
        "run_name": given["name"],
        "arguments": list(arguments) or None,
        "metric": given["metric"],
        "max_total": given["trials"],
        "max_concurrent": given["at_once"],
        "max_seconds": given["max_seconds"],
        "seed": given["seed"],
    }
    made = submit_again(session.here, run_id, changes, sweep=True)
    tell(session, made, wait=wait, follow=follow)


@sweep.command(example="runyard sweep resume HD_0b1f6f1e-6a0f-4c89-9f3e-0c8f3c1e2d11")
@WHICH
@FOLLOW
@click.pass_obj
def resume(session: Session, /, run_id: str, follow: bool) -> None:
    """Go on with a sweep of the target `local` whose command was ended before it: start its trials here, and wait."""
    job = jobs.get(session, run_id)
    if not is_local(job):
        raise Failed(
            f"Run {run_id} is no sweep of the target {HERE!r}: it needs nobody to go on with it.", USAGE
        )
    watch(session, job, follow=follow)


@sweep.command(example="runyard sweep show HD_0b1f6f1e-6a0f-4c89-9f3e-0c8f3c1e2d11")
@WHICH
@click.pass_obj
def show(session: Session, /, run_id: str) -> None:
    """Show the trials of a sweep, the best first."""
    show_trials(session, run_id)


def _config(given: dict[str, Any]) -> dict[str, Any]:
    """What is tried, as POST /sweeps takes it."""
    found = {
        "space": dict(given["space"]),
        "metric": given["metric"],
        "goal": GOALS[given["goal"]],
        "sampling": given["sampling"],
        "max_total": given["trials"],
        "max_concurrent": given["at_once"],
        "max_seconds": given["max_seconds"],
        "policy": given["policy"],
        "seed": given["seed"],
    }
    return {key: value for key, value in found.items() if value is not None}

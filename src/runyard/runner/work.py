"""The course of a job on its machine.

    begin → sources → environment → processes → outputs, logs → end

All that can fail ends in an Outcome, which is written down here and told to the server.
"""

from __future__ import annotations

import os
import time
from typing import Any

from . import processes
from .cancel import Cancel
from .course import Course
from .exchange import Away, Exchange, Refused, Stopped
from .job_file import JobFile, keep_token, say
from .ranks import NODE_RANK, node_rank
from .reporting import AnotherRuns, Reporter, claim
from .signals import when_ended
from .state_file import ENDED, StateFile
from .supervision import Outcome

ANOTHER, AWAY, REFUSED, CANCELED = 75, 69, 77, 143


def work(job: JobFile) -> int:
    """Do a job. Returns the exit code: that of the script, or one that says why there was none."""
    job.place.make_private()
    if job.node is not None:
        os.environ[NODE_RANK[0]] = str(job.node)
    rank = node_rank()
    cancel = Cancel()
    when_ended(
        lambda: cancel.hurry("The job was ended on its machine, by its engine or by an administrator.")
    )
    processes.adopt()
    state = StateFile(job, rank)
    state.change()
    say(f"{_now()} job {job.run_id} at {job.server}, process {os.getpid()}, rank {rank}")
    try:
        job, reporter, orders = _begin(job, rank, cancel)
    except AnotherRuns as exc:
        say(f"{_now()} {exc}")
        return ANOTHER
    except (Away, Refused, Stopped) as exc:
        say(f"{_now()} {exc}")
        state.change(
            phase=ENDED, state="Failed", code="EngineError", reason=str(exc) or "Ended before it began."
        )
        return REFUSED if isinstance(exc, Refused) else AWAY
    if orders.cancel:
        state.change(phase=ENDED, state="Canceled", code="Canceled", reported=True)
        return CANCELED
    outcome = Course(job, orders, reporter, state, cancel, rank).run()
    say(f"{_now()} {outcome.state} {outcome.message}")
    return _exit_code(outcome)


def _begin(job: JobFile, rank: int, cancel: Cancel) -> Any:
    exchange = Exchange(job.server, job.workspace, job.token, job.ca_file)
    cancel.when_hurried(exchange.stop_waiting)
    if not job.token:
        job = keep_token(job, claim(exchange, job.run_id, job.code))
        exchange.token = job.token
    reporter = Reporter(exchange, job.run_id, rank, cancel)
    return job, reporter, reporter.begin()


def _exit_code(outcome: Outcome) -> int:
    if outcome.state == "Completed":
        return 0
    if outcome.state == "Canceled":
        return CANCELED
    if outcome.signal:
        return 128 + outcome.signal
    return outcome.exit_code or 1


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")

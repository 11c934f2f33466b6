"""Sweeps: many runs of one script with different parameters."""

from __future__ import annotations

import msgspec

from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.jobs import Again
from runyard.services.jobs_submission import Submission, Submitted
from runyard.services.sweeps import SweepAgain, SweepService, SweepSubmission
from runyard.wire.api.jobs import JobMessage
from runyard.wire.api.sweeps import ResubmitSweep, SubmitSweep, SubmittedSweep, SweepMessage, SweepOfRun
from runyard.wire.mlflow.runs import RunMessage

BODY_LIMIT = 4 * 1024 * 1024
ONE = "/sweeps/{run_id}"
OF_JOB = (
    *("target", "definition", "experiment_id", "experiment_name", "run_id", "run_name", "tags", "properties"),
    *("snapshot_id", "priority", "parent_run_id", "dry_run"),
)


def routes(service: SweepService) -> list[Route]:
    """All of them."""

    async def submit(ctx: Context, body: SubmitSweep) -> SubmittedSweep:
        """Submit a sweep: a run for all of it, below which a run for each trial is made with the parameters that it tries.

        Trials are called with `--name value` after the script's arguments; their parameters are also the tag
        `hyperparameters`, and params of their runs once they have ended, where the script has not logged them itself.
        The same again with the same `run_id` answers the same sweep.
        """
        job = Submission(**{name: getattr(body, name) for name in OF_JOB})
        return _told(await service.submit(ctx, SweepSubmission(job, body.config(), body.seed)))

    async def resubmit(ctx: Context, body: ResubmitSweep) -> SubmittedSweep:
        """Submit the same once more, as a new sweep; what is given replaces what it was. The same seed tries the same."""
        job = Again(body.target, body.experiment_id, body.arguments, body.run_name)
        again = SweepAgain(job, body.metric, body.max_total, body.max_concurrent, body.max_seconds, body.seed)
        return _told(await service.resubmit(ctx, body.run_id, again))

    async def get(ctx: Context, body: SweepOfRun) -> SweepMessage:
        """Get a sweep with its trials and the best of them."""
        found = await service.get(ctx, body.run_id)
        return SweepMessage.of(body.run_id, found.sweep.config, found.trials, found.best, found.note)

    return [
        *api("POST", "/sweeps", SubmitSweep, submit, "jobs/write", decides=True, body_limit=BODY_LIMIT),
        *api(
            "POST",
            f"{ONE}/resubmit",
            ResubmitSweep,
            resubmit,
            "jobs/write",
            decides=True,
            body_limit=BODY_LIMIT,
        ),
        *api("GET", ONE, SweepOfRun, get, "runs/read"),
    ]


def _told(made: Submitted) -> SubmittedSweep:
    if made.job is None:
        return SubmittedSweep(request=made.request)
    run = msgspec.json.decode(made.run, type=RunMessage)
    return SubmittedSweep(run, JobMessage.of(made.job, {}))

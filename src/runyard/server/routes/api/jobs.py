"""Jobs: submitted, seen, changed and canceled by people; begun, told of and ended by their runners."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runyard.entities.access import ANONYMOUS, SELF
from runyard.server.files import ATTACHED
from runyard.server.routing import OWN, Route, api, raw
from runyard.services.context import Context
from runyard.services.jobs import READ, Again, JobService, Listing
from runyard.services.jobs_runner import JobRunnerService, Runner
from runyard.services.jobs_submission import Submission, Submitted
from runyard.services.jobs_submitting import WRITE, JobSubmitter
from runyard.wire.api.jobs import (
    BeatenJob,
    BeatJob,
    BeginJob,
    BegunJob,
    ChangeJob,
    ClaimedToken,
    ClaimToken,
    EndJob,
    JobMessage,
    JobOfRun,
    JobPage,
    ListJobs,
    ResubmitJob,
    SubmitJob,
    SubmittedMessage,
)
from runyard.wire.mlflow.runs import RunMessage

EMPTY: dict[str, Any] = {}
BODY_LIMIT = 2 * 1024 * 1024
RUNNER_LIMIT = 256 * 1024
TEXT = {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "content-security-policy": ATTACHED,
    "cache-control": "no-store",
}
ONE = "/jobs/{run_id}"


def routes(service: JobService, submitter: JobSubmitter, runner: JobRunnerService) -> list[Route]:
    """All of them."""
    return [*_submitting(service, submitter), *_of_people(service), *_of_runners(runner)]


def _submitting(service: JobService, submitter: JobSubmitter) -> list[Route]:
    async def submit(ctx: Context, body: SubmitJob) -> SubmittedMessage:
        """Submit a run to a compute target; the same again with the same `run_id` answers the same job.

        An experiment that is only named and not there is made. With target `local` nothing starts it: the caller does,
        with the answered token. With `dry_run` nothing is made, and the answer is what the engine would be handed.
        """
        asked = Submission(**{name: getattr(body, name) for name in Submission.__struct_fields__})
        return await _told(service, await submitter.submit(ctx, asked))

    async def resubmit(ctx: Context, body: ResubmitJob) -> SubmittedMessage:
        """Submit the same once more, as a new run; what is given replaces what it was."""
        again = Again(body.target, body.experiment_id, body.arguments, body.run_name)
        return await _told(service, await service.resubmit(ctx, body.run_id, again))

    return [
        *api("POST", "/jobs", SubmitJob, submit, WRITE, decides=True, body_limit=BODY_LIMIT),
        *api("POST", f"{ONE}/resubmit", ResubmitJob, resubmit, WRITE, decides=True, body_limit=BODY_LIMIT),
    ]


def _of_people(service: JobService) -> list[Route]:
    async def listing(ctx: Context, body: ListJobs) -> JobPage:
        """List jobs, newest first. `state` may be given several times; `active` leaves out those that have ended.

        Without `nested`, those below another run's, such as the trials of a sweep, are left out.
        """
        asked = Listing(
            body.target,
            body.state,
            body.experiment_id,
            body.submitted_by,
            body.parent_run_id,
            body.active,
            body.nested,
        )
        page = await service.list(ctx, asked, max_results=body.max_results, page_token=body.page_token)
        return JobPage.of(page, await service.positions(page.items))

    async def get(ctx: Context, body: JobOfRun) -> JobMessage:
        """Get the job of a run."""
        return await _message(service, await service.get(ctx, body.run_id))

    async def change(ctx: Context, body: ChangeJob) -> JobMessage:
        """Change the priority of a job that waits in the queue: -100 to 100, the greatest first."""
        return await _message(service, await service.set_priority(ctx, body.run_id, body.priority))

    async def cancel(ctx: Context, body: JobOfRun) -> JobMessage:
        """Cancel a job with all jobs below it. Its state tells when it has stopped; one that has ended stays as it is."""
        return await _message(service, await service.cancel(ctx, body.run_id))

    async def take(ctx: Context, body: JobOfRun) -> ClaimedToken:
        """Get the token of a job of the target `local` that waits, to run it on the caller's machine: a sweep's trial.

        Only whoever submitted it gets it, until a runner has begun.
        """
        return ClaimedToken(await service.take(ctx, body.run_id))

    async def tail(ctx: Context, request: Request) -> Response:
        """Read the end of what the engine kept of a job's output: from before its runner began, and beside it."""
        text = await service.tail(ctx, request.path_params["run_id"])
        return Response(text, headers=TEXT)

    return [
        *api("GET", "/jobs", ListJobs, listing, READ, filtered=True),
        *api("GET", ONE, JobOfRun, get, READ),
        *api("PATCH", ONE, ChangeJob, change, WRITE),
        *api("POST", f"{ONE}/cancel", JobOfRun, cancel, WRITE),
        *api("POST", f"{ONE}/take", JobOfRun, take, WRITE),
        *raw("GET", f"{OWN}{ONE}/tail", tail, READ),
    ]


def _of_runners(service: JobRunnerService) -> list[Route]:
    async def claim(_: Context, body: ClaimToken) -> ClaimedToken:
        """Get a job's access token for the code that its engine was given; each code is good once."""
        return ClaimedToken(await service.claim(body.run_id, body.code))

    async def begin(ctx: Context, body: BeginJob) -> BegunJob:
        """Begin a job, with its own token: the answer is all that its runner needs to know.

        While another attempt is alive it is refused with RESOURCE_ALREADY_EXISTS. `cancel`: there is nothing to do.
        """
        runner = Runner(body.attempt, body.rank, body.host, body.platform, body.python, body.server)
        orders = await service.begin(ctx, body.run_id, runner)
        if orders.job is None or orders.workspace is None:
            return BegunJob(orders.interval_s, cancel=True)
        return BegunJob.of(
            orders.interval_s,
            orders.job,
            orders.environment_hash,
            orders.experiment_name,
            orders.workspace,
            orders.env,
        )

    async def beat(ctx: Context, body: BeatJob) -> BeatenJob:
        """Tell that a job's runner is alive, and in which state: Preparing, Running or Finalizing. `cancel`: it is to stop."""
        return BeatenJob(*await service.beat(ctx, body.run_id, body.attempt, body.rank, body.state))

    async def end(ctx: Context, body: EndJob) -> dict[str, Any]:
        """Tell how a job ended: Completed, Failed with an error, or Canceled. Its token is good for nothing after that."""
        await service.end(ctx, body.run_id, body.attempt, body.rank, body.state, body.error)
        return EMPTY

    quiet: dict[str, Any] = {"audit": False, "body_limit": RUNNER_LIMIT}
    return [
        *api("POST", f"{ONE}/claim", ClaimToken, claim, ANONYMOUS, body_limit=RUNNER_LIMIT),
        *api("POST", f"{ONE}/begin", BeginJob, begin, SELF, **quiet),
        *api("POST", f"{ONE}/beat", BeatJob, beat, SELF, **quiet),
        *api("POST", f"{ONE}/end", EndJob, end, SELF, **quiet),
    ]


async def _told(service: JobService, done: Submitted) -> SubmittedMessage:
    if done.job is None:
        return SubmittedMessage(request=done.request)
    run = msgspec.json.decode(done.run, type=RunMessage)
    return SubmittedMessage(run, await _message(service, done.job), done.token)


async def _message(service: JobService, job: Any) -> JobMessage:
    return JobMessage.of(job, await service.positions([job]))

"""What the token of a job may do with jobs: tell of its own, and nothing else."""

from __future__ import annotations

from runyard.errors import NotAllowed, NotFound, shown
from runyard.services.context import Context

MANAGE = "compute/write"
NEEDED = ("jobs/write", "runs/write")  # of whoever submits a job, where its run is


def refuse_job(ctx: Context) -> None:
    """Raises: NotAllowed for a job's own token: work that is submitted outlives it, and so would what it may do."""
    if ctx.who.job:
        raise NotAllowed(
            f"This is the token of the job of run {ctx.who.job}: it submits, cancels and changes no jobs. Do that with a "
            "login of your own, from where the job was submitted."
        )


def require_priority(ctx: Context, priority: int, *, old: int = 0, own: bool = True) -> None:
    """Whoever submits may let their jobs wait for others'; going before others is for whoever runs the targets.

    Raises: NotAllowed.
    """
    if ctx.grants.permits(MANAGE) or (own and priority <= max(old, 0)):
        return
    raise NotAllowed(
        f"{ctx.principal.name} may not do {MANAGE} here, so may only lower the priority of jobs of their own, from 0 on. "
        "Whoever manages compute targets can raise it."
    )


def require_own(ctx: Context, run_id: str) -> None:
    """Raises: NotFound unless the request comes with the token of this run's job; NotAllowed with none of a job."""
    if not ctx.who.job:
        raise NotAllowed(
            f"Only the runner of a job tells how far it is, with the job's token. {ctx.principal.name} can cancel it."
        )
    if ctx.who.job != run_id:
        raise NotFound(f"The token is of the job of run {ctx.who.job}, not of {shown(run_id, 300)}.")

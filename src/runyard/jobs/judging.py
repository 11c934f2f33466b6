"""What follows from what an engine says of a job. Pure: states and times go in, what to do comes out.

The runner's word counts before the engine's: it ends its job itself. The engine is believed where the runner gave none,
after a while in which its last word may still arrive.
"""

from __future__ import annotations

import enum

import msgspec

from runyard.engines.contracts import EngineState, Phase
from runyard.entities.job import Job, JobError, JobState
from runyard.jobs.texts import plain_state

GRACE_MS = 10_000  # for the runner's last word
ALIVE_MS = 60_000  # after a beat another attempt may be at work, whatever the engine says of this one
SETTLES_MS = 20_000  # after the engine took it, before it may not know it
TOLD_MS = 15_000  # that a runner has to hear from its beat that it is to end
AGAIN_MS = 60_000  # between two tries to stop one
SILENT_START_MS = 60_000  # between the start of a runner and a hint that it does not reach this server
LOST_TRIES = 3
GONE = "The machine or the engine has lost the job: it is not known there any more."
SILENT_END = "The runner ended without saying how the job ended."


class Do(enum.Enum):
    """What to do about a job."""

    NOTHING = "nothing"
    END = "end"
    CANCEL = "cancel"
    REQUEUE = "requeue"
    EXPLAIN = "explain"


class Verdict(msgspec.Struct, frozen=True):
    """What to do: with `state` and `error` of an END, `text` for EXPLAIN and REQUEUE.

    Attributes:
        anyway: whatever sign of life its runner gives meanwhile.
    """

    do: Do
    state: JobState = JobState.FAILED
    error: JobError | None = None
    text: str = ""
    anyway: bool = False


class Memory(msgspec.Struct):
    """What was seen of a job before, in this process. Times in ms; 0: never."""

    over_ms: int = 0  # since when the engine has said that it ended, is not known or has lost a node
    started_ms: int = 0  # since when the engine has said that it runs
    canceled_ms: int = 0  # when the engine was last told to stop it


NOTHING = Verdict(Do.NOTHING)


def judge(job: Job, state: EngineState, seen: Memory, now_ms: int) -> Verdict:
    """What is to be done, and `seen` is brought up to date."""
    state = plain_state(state)
    over = state.phase in (Phase.ENDED, Phase.UNKNOWN)
    broken = state.phase is Phase.RUNNING and bool(state.code)
    seen.over_ms = (seen.over_ms or now_ms) if over or broken else 0
    if state.phase is Phase.RUNNING:
        seen.started_ms = seen.started_ms or now_ms
    if broken and job.cancel_ms is None:
        waited = now_ms - seen.over_ms >= GRACE_MS
        return Verdict(Do.END, error=error_of(state), anyway=True) if waited else NOTHING
    if not over:
        return _cancel(job, seen, now_ms) if job.cancel_ms is not None else _explain(job, state, seen, now_ms)
    if not _is_over(job, state, seen, now_ms):
        return NOTHING
    if job.cancel_ms is not None or state.code == "Canceled":
        text = "" if job.cancel_ms is not None else f"It was canceled at its engine: {state.reason}"
        return Verdict(Do.END, JobState.CANCELED, JobError("Canceled", text) if text else None)
    if state.phase is Phase.UNKNOWN:
        if not job.attempt and job.tries < LOST_TRIES:
            return Verdict(Do.REQUEUE, text=GONE)
        return Verdict(Do.END, error=JobError("NodeLost", state.reason or GONE))
    if state.exit_code == 0 and not state.code and job.attempt:
        return Verdict(Do.END, JobState.COMPLETED)
    return Verdict(Do.END, error=error_of(state))


def error_of(state: EngineState) -> JobError:
    """The error of one that has ended, in the engine's words."""
    code = state.code or "EngineError"
    reason = state.reason or SILENT_END
    return JobError(code, reason, state.exit_code, state.signal)


def _is_over(job: Job, state: EngineState, seen: Memory, now_ms: int) -> bool:
    """Whether the runner had its time, and no other attempt is at work."""
    if job.cancel_ms is not None and not job.attempt:
        return True
    if state.phase is Phase.UNKNOWN and now_ms - (job.submitted_ms or now_ms) < SETTLES_MS:
        return False
    if now_ms - seen.over_ms < GRACE_MS:
        return False
    beat_ms = job.beat_ms or 0
    return beat_ms <= seen.over_ms or now_ms - beat_ms > ALIVE_MS


def _cancel(job: Job, seen: Memory, now_ms: int) -> Verdict:
    """The engine stops at once what has not begun; a runner hears of it by its beat, and is stopped when it does not end."""
    hears = bool(job.attempt) and now_ms - (job.cancel_ms or 0) < TOLD_MS
    if hears or now_ms - seen.canceled_ms < AGAIN_MS:
        return NOTHING
    seen.canceled_ms = now_ms
    return Verdict(Do.CANCEL)


def _explain(job: Job, state: EngineState, seen: Memory, now_ms: int) -> Verdict:
    if job.attempt:
        return NOTHING
    if state.phase is Phase.WAITING and state.reason:
        return Verdict(Do.EXPLAIN, text=f"Waits at {job.target}: {state.reason}")
    if state.phase is Phase.RUNNING and now_ms - seen.started_ms > SILENT_START_MS:
        return Verdict(
            Do.EXPLAIN,
            text="Its runner was started and has not reached this server yet. The job's own output says more; "
            "`server_url` of the compute target says how its machines reach the server.",
        )
    return NOTHING

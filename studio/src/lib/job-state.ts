/** How far a job is, and what that means. Pure. */

export const JOB_STATES = [
  "NotStarted",
  "Starting",
  "Queued",
  "Preparing",
  "Running",
  "Finalizing",
  "CancelRequested",
  "NotResponding",
  "Completed",
  "Failed",
  "Canceled",
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** As people call it. */
export const STATE_WORDS: Record<JobState, string> = {
  NotStarted: "Waiting",
  Starting: "Starting",
  Queued: "Queued",
  Preparing: "Preparing",
  Running: "Running",
  Finalizing: "Finalizing",
  CancelRequested: "Canceling",
  NotResponding: "Not responding",
  Completed: "Completed",
  Failed: "Failed",
  Canceled: "Canceled",
};

/** What happens in it, in a sentence. */
const STATE_TEXTS: Record<JobState, string> = {
  NotStarted: "In the queue of this server.",
  Starting: "It is being handed to the compute target.",
  Queued: "The compute target has it and waits for a machine.",
  Preparing: "On its machine: the sources are fetched and the environment is made.",
  Running: "The script runs.",
  Finalizing: "The script is done; its outputs are uploaded.",
  CancelRequested: "It was asked to stop.",
  NotResponding:
    "There was no sign of life for a while. It goes on by itself when the machine is heard again.",
  Completed: "The script ended without an error.",
  Failed: "",
  Canceled: "It was stopped before it was done.",
};

/** The same of a sweep, whose trials are what runs. */
const SWEEP_TEXTS: Partial<Record<JobState, string>> = {
  Running: "Its trials run, or wait for their turn.",
  CancelRequested: "Its trials were asked to stop.",
  Completed: "All its trials have ended.",
  Canceled: "It was stopped with the trials that it had.",
};

/** The target of runs whose own machine starts them: no compute target of the workspace. */
export const SUBMITTER = "local";

/** What happens in its state, in a sentence. */
export function stateText({
  state,
  kind,
  target,
}: {
  state: JobState;
  kind: string;
  target: string;
}): string {
  if (target === SUBMITTER && kind !== "sweep" && (state === "NotStarted" || state === "Queued"))
    return "The machine that submitted it has not begun it yet.";
  return (kind === "sweep" ? SWEEP_TEXTS[state] : undefined) ?? STATE_TEXTS[state] ?? "";
}

export const ended = (state: JobState): boolean =>
  state === "Completed" || state === "Failed" || state === "Canceled";
/** Whether it waits for its turn, here or with the engine. */
export const waiting = (state: JobState): boolean =>
  state === "NotStarted" || state === "Starting" || state === "Queued";
/** Whether its machine is at work. */
export const working = (state: JobState): boolean => !ended(state) && !waiting(state);
export const cancelable = (state: JobState): boolean => !ended(state) && state !== "CancelRequested";

export type Look = "waiting" | "running" | "finished" | "failed" | "stopped" | "silent";
export function lookOf(state: JobState): Look {
  if (waiting(state)) return "waiting";
  if (state === "Completed") return "finished";
  if (state === "Failed") return "failed";
  if (state === "Canceled" || state === "CancelRequested") return "stopped";
  return state === "NotResponding" ? "silent" : "running";
}

export interface Step {
  name: string;
  /** done, now, next; or where it ended badly: failed, stopped. */
  place: "done" | "now" | "next" | "failed" | "stopped";
}

const STEPS = ["Waiting", "Queued", "Preparing", "Running", "Finalizing", "Completed"] as const;

/** The way of a job, as far as it can be told: what ended early ends where its times say that it was. */
export function stepsOf(job: {
  state: JobState;
  submitted_ms: number | null;
  started_ms: number | null;
  host: string;
  error: { code: string } | null;
}): Step[] {
  const at = placeOf(job);
  const bad = job.state === "Failed" ? "failed" : job.state === "Canceled" ? "stopped" : null;
  return STEPS.map((name, i) => {
    if (i < at) return { name, place: "done" };
    if (i > at) return { name, place: "next" };
    return { name, place: bad ?? (job.state === "Completed" ? "done" : "now") };
  });
}

function placeOf(job: Parameters<typeof stepsOf>[0]): number {
  switch (job.state) {
    case "NotStarted":
      return 0;
    case "Starting":
    case "Queued":
      return 1;
    case "Preparing":
      return 2;
    case "Running":
      return 3;
    case "Finalizing":
      return 4;
    case "Completed":
      return 5;
    default:
  }
  // Canceled, failed or silent: as far as its times tell.
  if (job.error?.code === "EnvironmentError" || job.error?.code === "SnapshotError") return 2;
  if (job.started_ms !== null) return 3;
  if (job.host !== "") return 2;
  return job.submitted_ms !== null ? 1 : 0;
}

interface Told {
  title: string;
  /** What one can do about it. */
  hint: string;
}

const ERRORS: Record<string, Told> = {
  UserError: {
    title: "The script failed",
    hint: "Its last lines are in the log.",
  },
  EnvironmentError: {
    title: "The environment could not be made",
    hint: "The build log says which package. Change the environment and submit again.",
  },
  SnapshotError: {
    title: "The sources could not be fetched",
    hint: "Submit again; when it happens again, ask who looks after the server.",
  },
  OutOfMemory: {
    title: "It needed more memory than there was",
    hint: "Ask for more memory, or take less data at once.",
  },
  TimeOut: {
    title: "It ran longer than it may",
    hint: "Give it more time when you submit, as far as the target's limit goes.",
  },
  NodeLost: {
    title: "Its machine went away",
    hint: "Resubmit it: the script itself did nothing wrong.",
  },
  NotResponding: {
    title: "Nothing was heard of it any more",
    hint: "Its machine or the network between may have gone. Resubmit it.",
  },
  EngineError: {
    title: "The compute target could not run it",
    hint: "The target's own words are above. Check the target, then resubmit.",
  },
  SubmitError: {
    title: "The compute target did not take it",
    hint: "Check the target and its settings, then resubmit.",
  },
};

/** An error as a heading and what to do. */
export const errorWords = (code: string): Told => ERRORS[code] ?? { title: code || "It failed", hint: "" };

/** What is wrong in few words: that the program failed, and its exit code, are told beside it. */
export const reasonOf = (error: { message: string }): string =>
  error.message.replace(/^User program failed with /, "").replace(/ \(exit code \d+\)$/, "");

const SIGNALS: Record<number, string> = {
  2: "SIGINT",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};

/** How the script ended: its exit code, or the signal that ended it. */
export function exitWords(error: { exit_code?: number | null; signal?: number | null }): string {
  if (error.signal) return `ended by signal ${error.signal}${named(SIGNALS[error.signal])}`;
  if (error.exit_code !== null && error.exit_code !== undefined) return `exit code ${error.exit_code}`;
  return "";
}
const named = (name: string | undefined) => (name ? ` (${name})` : "");

/** What is on its machines first, then what the engine has, then the queue in its order. */
export function inQueueOrder<
  T extends { state: JobState; queue_position: number | null; priority: number; created_ms: number },
>(jobs: readonly T[]): T[] {
  const rank = (job: T) => (working(job.state) ? 0 : job.state === "NotStarted" ? 2 : 1);
  const place = (job: T) => job.queue_position ?? Number.POSITIVE_INFINITY;
  return [...jobs].sort((a, b) => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b);
    if (place(a) !== place(b)) return place(a) < place(b) ? -1 : 1;
    return b.priority - a.priority || a.created_ms - b.created_ms;
  });
}

/** How long it ran or has been running; before that, how long it has waited. Milliseconds. */
export function timeOf(
  job: { created_ms: number; started_ms: number | null; ended_ms: number | null },
  now: number,
): { kind: "ran" | "waited"; ms: number } {
  const until = job.ended_ms ?? now;
  return job.started_ms === null
    ? { kind: "waited", ms: Math.max(0, until - job.created_ms) }
    : { kind: "ran", ms: Math.max(0, until - job.started_ms) };
}

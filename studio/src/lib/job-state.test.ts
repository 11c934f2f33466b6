import { expect, test } from "vitest";
import {
  cancelable,
  errorWords,
  exitWords,
  inQueueOrder,
  JOB_STATES,
  type JobState,
  lookOf,
  STATE_WORDS,
  SUBMITTER,
  stateText,
  stepsOf,
  timeOf,
  waiting,
  working,
} from "@/lib/job-state";

const job = (state: JobState, more: object = {}) => ({
  state,
  submitted_ms: null,
  started_ms: null,
  host: "",
  error: null,
  queue_position: null as number | null,
  priority: 0,
  created_ms: 0,
  ...more,
});
const now = (state: JobState, more: object = {}) =>
  stepsOf(job(state, more)).find((one) => one.place !== "done" && one.place !== "next");

test("every state waits, works or has ended, and has a word and a look", () => {
  for (const state of JOB_STATES) {
    expect(STATE_WORDS[state]).not.toBe("");
    expect(lookOf(state)).toBeTypeOf("string");
    expect(waiting(state) && working(state)).toBe(false);
  }
  expect(JOB_STATES.filter(cancelable)).not.toContain("CancelRequested");
  expect(JOB_STATES.filter(cancelable)).toContain("NotResponding");
});

test("every state has a sentence, that of a sweep or of another machine its own", () => {
  for (const state of JOB_STATES.filter((one) => one !== "Failed"))
    for (const kind of ["script", "sweep"]) expect(stateText({ state, kind, target: "gpu" })).not.toBe("");
  for (const state of ["NotStarted", "Queued"] as const)
    expect(stateText({ state, kind: "script", target: SUBMITTER })).toContain("The machine");
  expect(stateText({ state: "Running", kind: "sweep", target: "gpu" })).toContain("trials");
});

test("a job is at one step of its way", () => {
  expect(now("NotStarted")).toEqual({ name: "Waiting", place: "now" });
  expect(now("Preparing")).toEqual({ name: "Preparing", place: "now" });
  expect(stepsOf(job("Completed")).every((one) => one.place === "done")).toBe(true);
});

test("what ended early ends where it was", () => {
  expect(now("Failed", { started_ms: 5 })).toEqual({ name: "Running", place: "failed" });
  expect(now("Failed", { started_ms: 5, error: { code: "EnvironmentError" } })?.name).toBe("Preparing");
  expect(now("Canceled")).toEqual({ name: "Waiting", place: "stopped" });
  expect(now("Canceled", { submitted_ms: 4 })?.name).toBe("Queued");
  expect(now("NotResponding", { submitted_ms: 4, host: "n1" })).toEqual({ name: "Preparing", place: "now" });
});

test("the queue is in order, after what runs and what the engine has", () => {
  const jobs = [
    job("NotStarted", { created_ms: 9, queue_position: 2, id: "third" }),
    job("NotStarted", { created_ms: 1, priority: -5, id: "last" }),
    job("NotStarted", { created_ms: 10, queue_position: 1, id: "second" }),
    job("Queued", { id: "first" }),
    job("Running", { id: "runs" }),
  ];
  const order = inQueueOrder(jobs).map((one) => (one as unknown as { id: string }).id);
  expect(order).toEqual(["runs", "first", "second", "third", "last"]);
});

test("errors are told apart, and unknown ones are told as they are", () => {
  expect(errorWords("OutOfMemory").title).toContain("memory");
  expect(errorWords("Odd").title).toBe("Odd");
  expect(exitWords({ exit_code: 3 })).toBe("exit code 3");
  expect(exitWords({ exit_code: null, signal: 9 })).toBe("ended by signal 9 (SIGKILL)");
  expect(exitWords({ signal: 64 })).toBe("ended by signal 64");
  expect(exitWords({})).toBe("");
  expect(exitWords({ exit_code: 0 })).toBe("exit code 0");
});

test("times count from the start, before that from the submission", () => {
  expect(timeOf({ created_ms: 10, started_ms: null, ended_ms: null }, 40)).toEqual({
    kind: "waited",
    ms: 30,
  });
  expect(timeOf({ created_ms: 10, started_ms: 20, ended_ms: 25 }, 40)).toEqual({ kind: "ran", ms: 5 });
});

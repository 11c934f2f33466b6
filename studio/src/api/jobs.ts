/** Runs that were submitted: what is to be done, where, and how far it is. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, get, json, post, request } from "@/api/http";
import type { JobState } from "@/lib/job-state";

export interface JobDefinition {
  script?: string;
  arguments?: string[];
  command?: string[];
  environment?: Record<string, unknown>;
  environment_variables?: Record<string, string>;
  node_count?: number;
  process_count?: number;
  communicator?: string;
  resources?: { cpus?: number; memory_mb?: number; gpus?: number };
  max_seconds?: number;
  outputs?: string[];
  watch?: string[];
}

export interface JobError {
  code: string;
  message: string;
  exit_code?: number | null;
  signal?: number | null;
}

export interface Job {
  run_id: string;
  run_name: string;
  experiment_id: string;
  target: string;
  /** script, sweep (others are below it), build (an environment only). */
  kind: string;
  state: JobState;
  /** Why it has not started, for people. */
  waits: string;
  priority: number;
  definition: JobDefinition;
  snapshot_id: string;
  submitted_by: string;
  created_ms: number;
  submitted_ms: number | null;
  started_ms: number | null;
  ended_ms: number | null;
  beat_ms: number | null;
  cancel_ms: number | null;
  engine_id: string;
  host: string;
  error: JobError | null;
  parent_run_id: string;
  queue_position: number | null;
}

export interface JobFilter {
  target?: string;
  state?: JobState;
  submitted_by?: string;
  parent_run_id?: string;
  active?: boolean;
  /** false: none below another run's, such as trials of a sweep. */
  nested?: boolean;
}

export interface Resubmission {
  target?: string;
  arguments?: string[];
  run_name?: string;
}

/** What a submission makes. */
export interface Made {
  run: { info: { run_id: string; experiment_id: string; run_name: string } };
  job: Job;
}

interface Page {
  items: Job[];
  next_page_token?: string | null;
}

export const TARGET_TAG = "runyard.target";
export const KIND_TAG = "runyard.runType";
const ROWS = 100;
/** So many jobs of a queue are put in order: as many as the server answers at once. */
const MOST_QUEUED = 1_000;

const one = (workspace: string, run: string, rest = "") =>
  address(workspace, `/api/v1/jobs/${encodeURIComponent(run)}${rest}`);
const list = (workspace: string, filter: JobFilter, max: number, token: string) =>
  address(workspace, "/api/v1/jobs", {
    target: filter.target || null,
    state: filter.state ?? null,
    submitted_by: filter.submitted_by || null,
    parent_run_id: filter.parent_run_id || null,
    active: filter.active ? true : null,
    nested: filter.nested ?? null,
    max_results: max,
    page_token: token || null,
  });

/** Newest first. */
export const jobsQuery = (workspace: string, filter: JobFilter) =>
  infiniteQueryOptions({
    queryKey: ["jobs", workspace, filter],
    queryFn: ({ pageParam, signal }) => get<Page>(list(workspace, filter, ROWS, pageParam), signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

/** All that is not done on a target, in order: what runs, then what waits for the engine, then the queue. */
export const queueQuery = (workspace: string, target: string) =>
  queryOptions({
    queryKey: ["jobs", workspace, "queue", target],
    queryFn: async ({ signal }) => {
      const page = await get<Page>(list(workspace, { target, active: true }, MOST_QUEUED, ""), signal);
      return { jobs: page.items, more: Boolean(page.next_page_token) };
    },
  });

export const jobQuery = (workspace: string, run: string) =>
  queryOptions({
    queryKey: ["job", workspace, run],
    queryFn: ({ signal }) => get<Job>(one(workspace, run), signal),
  });

/** What the engine kept of a job's output from before the runner began. */
export const tailQuery = (workspace: string, run: string) =>
  queryOptions({
    queryKey: ["job tail", workspace, run],
    queryFn: async ({ signal }) => {
      const response = await request("GET", one(workspace, run, "/tail"), {
        signal,
        headers: { Accept: "*/*" },
      });
      return await response.text();
    },
  });

export const cancelJob = (workspace: string, run: string) => post<Job>(one(workspace, run, "/cancel"), {});
export const setPriority = (workspace: string, run: string, priority: number) =>
  json<Job>("PATCH", one(workspace, run), { body: { priority } });
/** The same once more, as a new run. */
export const resubmitJob = (workspace: string, run: string, changes: Resubmission) =>
  post<Made>(one(workspace, run, "/resubmit"), changes);

/** Sweeps: one run for each set of parameters, below one that belongs to them all. */
import { queryOptions } from "@tanstack/react-query";
import { address, get, post } from "@/api/http";
import type { Made, Resubmission } from "@/api/jobs";
import type { JobState } from "@/lib/job-state";

export interface SweepConfig {
  space?: Record<string, { kind?: string } & Record<string, unknown>>;
  sampling?: string;
  metric?: string;
  goal?: string;
  max_total?: number;
  max_concurrent?: number;
  max_seconds?: number;
  policy?: { kind?: string } & Record<string, unknown>;
}

/** What is to be different when a sweep is submitted once more. */
export interface SweepResubmission extends Resubmission {
  max_total?: number;
  max_concurrent?: number;
}

export interface Trial {
  run_id: string;
  number: number;
  parameters: Record<string, unknown>;
  state: JobState;
  /** The best of its values so far. */
  metric: number | null;
  best: boolean;
  /** Why the sweep itself canceled it. */
  stopped: "" | "policy" | "time";
}

export interface Sweep {
  config: SweepConfig;
  trials: Trial[];
  best_run_id: string | null;
  /** What people should know of it, such as that no trial logs the metric. */
  note?: string;
}

const one = (workspace: string, run: string, rest = "") =>
  address(workspace, `/api/v1/sweeps/${encodeURIComponent(run)}${rest}`);

export const sweepQuery = (workspace: string, run: string) =>
  queryOptions({
    queryKey: ["sweep", workspace, run],
    queryFn: ({ signal }) => get<Sweep>(one(workspace, run), signal),
  });

/** The same once more, as a new sweep. */
export const resubmitSweep = (workspace: string, run: string, changes: SweepResubmission) =>
  post<Made>(one(workspace, run, "/resubmit"), changes);

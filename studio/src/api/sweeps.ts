/** Sweeps: one run for each set of parameters, below one that belongs to them all. */
import { queryOptions } from "@tanstack/react-query";
import { address, get } from "@/api/http";
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
}

export const sweepQuery = (workspace: string, run: string) =>
  queryOptions({
    queryKey: ["sweep", workspace, run],
    queryFn: ({ signal }) =>
      get<Sweep>(address(workspace, `/api/v1/sweeps/${encodeURIComponent(run)}`), signal),
  });

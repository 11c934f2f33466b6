/** A workspace at a glance. */
import { queryOptions } from "@tanstack/react-query";
import { address, get } from "@/api/http";
import type { RunStatus } from "@/components/Status";

export interface RunBrief {
  run_id: string;
  experiment_id: string;
  name: string;
  status: RunStatus;
  start_ms: number | null;
  end_ms: number | null;
}

/** Counts are null where there are more than are counted. */
export interface Overview {
  experiments: number;
  whole: boolean;
  runs: number | null;
  runs_by_status: Partial<Record<RunStatus, number | null>>;
  latest: RunBrief[];
  running: RunBrief[];
  failed: RunBrief[];
}

export const overviewQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["overview", workspace],
    queryFn: ({ signal }) => get<Overview>(address(workspace, "/api/v1/overview"), signal),
  });

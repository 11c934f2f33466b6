/** What charts are told about runs. The runs of pages/runs/shown-runs.ts are such runs. */
import type { RunStatus } from "@/components/Status";

export interface ChartRun {
  runId: string;
  experimentId: string;
  name: string;
  color: string;
  status: RunStatus;
  /** NaN: none. */
  startMs: number;
}

export interface ChartGroup {
  name: string;
  color: string;
  runIds: string[];
}

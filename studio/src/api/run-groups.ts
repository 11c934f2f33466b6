/** Runs in groups by params and tags: how many, and mean and deviation of their metrics. */
import { address, packed } from "@/api/http";
import type { MetricColumn } from "@/api/runs";

export interface GroupBy {
  kind: "param" | "tag";
  key: string;
}

export interface GroupsAsked {
  experiment_ids: string[];
  filter?: string;
  view?: "active" | "deleted" | "all";
  by: GroupBy[];
  metrics: MetricColumn[];
  max_results: number;
  page_token?: string | null;
}

/** Of one metric in one group; null: no run of the group has it. */
export interface GroupMetric {
  mean: number | null;
  std: number | null;
  min: number | null;
  max: number | null;
}

export interface RunGroup {
  /** Of what is grouped by; null: the runs have none. */
  values: (string | null)[];
  n: number;
  /** Finds its runs. */
  filter: string;
  /** In the order asked for. */
  metrics: GroupMetric[];
}

export interface GroupsPage {
  groups: RunGroup[];
  next: string | null;
}

/** Groups, the largest first. */
export async function runGroups(
  workspace: string,
  asked: GroupsAsked,
  signal?: AbortSignal,
): Promise<GroupsPage> {
  return packed<GroupsPage>(address(workspace, "/api/v1/runs/groups"), asked, signal);
}

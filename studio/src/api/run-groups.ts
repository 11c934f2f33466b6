/** Runs in groups by params and tags: how many, and mean and deviation of their metrics. */
import { numbers, texts, values, type WireColumn } from "@/api/columns";
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
  /** Finds its runs; null: no filter can say it. */
  filter: string | null;
  /** In the order asked for. */
  metrics: GroupMetric[];
}

export interface GroupsPage {
  groups: RunGroup[];
  next: string | null;
  /** How many groups and runs there are; null: not known. */
  total: number | null;
  runs: number | null;
}

interface Wire {
  n: number;
  values: WireColumn[];
  count: WireColumn;
  filter: (string | null)[];
  metrics: Record<"mean" | "std" | "min" | "max", WireColumn>[];
  total: number | null;
  runs: number | null;
  next_page_token: string | null;
}

/** Groups of the runs that a filter finds. */
export async function runGroups(
  workspace: string,
  asked: GroupsAsked,
  signal?: AbortSignal,
): Promise<GroupsPage> {
  const answer = await packed<Wire>(address(workspace, "/api/v1/runs/groups"), asked, signal);
  return { groups: groupsOf(answer), next: answer.next_page_token, total: answer.total, runs: answer.runs };
}

function groupsOf(answer: Wire): RunGroup[] {
  const names = answer.values.map(texts);
  const sizes = numbers(answer.count);
  const metrics = answer.metrics.map((one) => ({
    mean: values(one.mean),
    std: values(one.std),
    min: values(one.min),
    max: values(one.max),
  }));
  return answer.filter.map((filter, i) => ({
    values: names.map((column) => column[i] ?? null),
    n: sizes[i] ?? 0,
    filter,
    metrics: metrics.map((one) => ({
      mean: one.mean[i] ?? null,
      std: one.std[i] ?? null,
      min: one.min[i] ?? null,
      max: one.max[i] ?? null,
    })),
  }));
}

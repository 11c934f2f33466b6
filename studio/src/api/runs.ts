/** Runs: one by MLflow's routes, many by Studio's packed tables. */

import { numbers, texts, values, type WireColumn } from "@/api/columns";
import { address, packed, post } from "@/api/http";
import { type RunStatus, STATUS } from "@/components/Status";

export type Stat = "last" | "min" | "max" | "first" | "mean" | "count";
export interface MetricColumn {
  key: string;
  stat: Stat;
}

/** Which columns of runs are wanted beside what all runs have. */
export interface WantedColumns {
  info: boolean;
  metrics?: MetricColumn[];
  params?: string[];
  tags?: string[];
  /** Every key that the rows have, beside those that are named. */
  all_metrics?: boolean;
  all_params?: boolean;
  all_tags?: boolean;
  /** Characters; longer texts come cut. */
  text_limit?: number;
}

export interface RunsAsked {
  experiment_ids: string[];
  filter?: string;
  order_by?: string[];
  view?: "active" | "deleted" | "all";
  max_results: number;
  page_token?: string | null;
  rows: number;
  columns: WantedColumns;
}

interface WireTable {
  n: number;
  handle: WireColumn;
  run_id: WireColumn;
  experiment_id: WireColumn;
  name: WireColumn;
  status: WireColumn;
  user: WireColumn;
  start_ms: WireColumn;
  end_ms: WireColumn;
  stage: WireColumn;
  version: WireColumn;
  parent: WireColumn;
  children: WireColumn;
  metric_columns: MetricColumn[];
  metrics: WireColumn[];
  param_keys: string[];
  params: WireColumn[];
  tag_keys: string[];
  tags: WireColumn[];
  left_out?: number;
}

/** One run as a table shows it; `metrics`, `params` and `tags` are in the order in which they were asked for. */
export interface RunRow {
  /** Its number in tables of this server. */
  handle: number;
  runId: string;
  experimentId: string;
  name: string;
  status: RunStatus;
  user: string;
  /** NaN: none. */
  startMs: number;
  endMs: number;
  deleted: boolean;
  /** The run that it is nested in. */
  parent: string | null;
  /** How many runs are nested in it, deleted ones included. */
  children: number;
  /** Grows with every change. */
  version: number;
  /** null: none; NaN is a value. */
  metrics: (number | null)[];
  params: (string | null)[];
  tags: (string | null)[];
}

export interface RunsPage {
  /** Of all runs of the page, in order; by these their columns can be asked for. */
  handles: number[];
  next: string | null;
  total: number | null;
  /** Of the first runs. */
  rows: RunRow[];
  keys: ColumnKeys;
}

/** What the columns of rows are, in order. */
export interface ColumnKeys {
  metrics: MetricColumn[];
  params: string[];
  tags: string[];
}

/** The order of runs, and the columns of the first ones. */
export async function runsTable(
  workspace: string,
  asked: RunsAsked,
  signal?: AbortSignal,
): Promise<RunsPage> {
  const answer = await packed<{
    rows: WireColumn;
    next_page_token: string | null;
    total: number | null;
    table: WireTable;
  }>(address(workspace, "/api/v1/runs/table"), asked, signal);
  return {
    handles: Array.from(numbers(answer.rows)),
    next: answer.next_page_token,
    total: answer.total,
    rows: rowsOf(answer.table),
    keys: keysOf(answer.table),
  };
}

const keysOf = (table: WireTable): ColumnKeys => ({
  metrics: table.metric_columns,
  params: table.param_keys,
  tags: table.tag_keys,
});

/** The columns of some runs; those that are gone are left out. */
export async function runRows(
  workspace: string,
  which: { handles: number[] } | { run_ids: string[] },
  columns: WantedColumns,
  signal?: AbortSignal,
): Promise<RunRow[]> {
  const answer = await packed<{ table: WireTable }>(
    address(workspace, "/api/v1/runs/rows"),
    { ...which, columns },
    signal,
  );
  return rowsOf(answer.table);
}

/** The columns of some runs, with what they are: for those who ask for all keys. */
export async function runColumns(
  workspace: string,
  which: { handles: number[] } | { run_ids: string[] },
  columns: WantedColumns,
  signal?: AbortSignal,
): Promise<{ rows: RunRow[]; keys: ColumnKeys; leftOut: number }> {
  const answer = await packed<{ table: WireTable }>(
    address(workspace, "/api/v1/runs/rows"),
    { ...which, columns },
    signal,
  );
  return { rows: rowsOf(answer.table), keys: keysOf(answer.table), leftOut: answer.table.left_out ?? 0 };
}

/** Exported for its test. */
export function rowsOf(table: WireTable): RunRow[] {
  if (table.n === 0) return [];
  const ids = texts(table.run_id);
  const handles = numbers(table.handle);
  const experiments = texts(table.experiment_id);
  const names = texts(table.name);
  const status = numbers(table.status);
  const users = texts(table.user);
  const starts = numbers(table.start_ms);
  const ends = numbers(table.end_ms);
  const stages = numbers(table.stage);
  const parents = texts(table.parent);
  const children = numbers(table.children);
  const versions = numbers(table.version);
  const metrics = table.metrics.map(values);
  const params = table.params.map(texts);
  const tags = table.tags.map(texts);
  return ids.map((id, i) => ({
    handle: handles[i] ?? -1,
    runId: id ?? "",
    experimentId: experiments[i] ?? "",
    name: names[i] ?? "",
    status: STATUS[status[i] as keyof typeof STATUS] ?? "SCHEDULED",
    user: users[i] ?? "",
    startMs: starts[i] ?? Number.NaN,
    endMs: ends[i] ?? Number.NaN,
    deleted: stages[i] === 1,
    parent: parents[i] ?? null,
    children: children[i] ?? 0,
    version: versions[i] ?? 0,
    metrics: metrics.map((column) => column[i] ?? null),
    params: params.map((column) => column[i] ?? null),
    tags: tags.map((column) => column[i] ?? null),
  }));
}

const BASE = "/ajax-api/2.0/mlflow/runs";

export const deleteRun = (workspace: string, run_id: string) =>
  post(address(workspace, `${BASE}/delete`), { run_id });
export const restoreRun = (workspace: string, run_id: string) =>
  post(address(workspace, `${BASE}/restore`), { run_id });
export const renameRun = (workspace: string, run_id: string, run_name: string) =>
  post(address(workspace, `${BASE}/update`), { run_id, run_name });
export const setRunTag = (workspace: string, run_id: string, key: string, value: string) =>
  post(address(workspace, `${BASE}/set-tag`), { run_id, key, value });
export const deleteRunTag = (workspace: string, run_id: string, key: string) =>
  post(address(workspace, `${BASE}/delete-tag`), { run_id, key });

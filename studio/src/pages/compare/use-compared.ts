/** The runs that are compared, with all that they have. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { useLive } from "@/api/live";
import { type ColumnKeys, type RunRow, runColumns, type WantedColumns } from "@/api/runs";
import { runsKey } from "@/lib/chart-lines";
import { colorOf } from "@/lib/colors";
import { COLOR_TAG } from "@/lib/run-columns";
import type { CompareSearch } from "@/pages/compare/search";

/** So many are shown beside one another; more than these below one another. */
export const MOST_BESIDE = 20;
const WHOLE_TEXTS = 2_000;
const SHORT_TEXTS = 200;
/** What changes is read again not more often than this. */
const OFTEN_MS = 3_000;
const OFTEN_OF_MANY_MS = 15_000;
const MANY = 100;

export interface ComparedRun {
  runId: string;
  /** Its number on this server. */
  handle: number;
  experimentId: string;
  /** Never empty: the id stands for a name that is. */
  name: string;
  status: RunRow["status"];
  color: string;
  startMs: number;
  row: RunRow;
}

export interface Compared {
  runs: readonly ComparedRun[];
  keys: ColumnKeys;
  /** Runs that are gone, or not open to the reader. */
  missing: number;
  /** Keys beyond those that are shown. */
  leftOut: number;
}

export function useCompared(workspace: string, search: CompareSearch) {
  const { runs: ids, numbers } = search;
  const asked = ids.length + numbers.length;
  const which = `${runsKey(ids)} ${runsKey(numbers.map(String))}`;
  const key = useMemo(() => ["compared", workspace, which], [workspace, which]);
  const found = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => read(workspace, ids, numbers, signal),
    enabled: asked > 0,
    staleTime: 10_000,
    structuralSharing: false,
  });
  useChanges(workspace, key, found.data);
  return found;
}

const NO_KEYS: ColumnKeys = { metrics: [], params: [], tags: [] };

async function read(
  workspace: string,
  ids: string[],
  numbers: number[],
  signal: AbortSignal,
): Promise<Compared> {
  const asked = ids.length + numbers.length;
  const columns: WantedColumns = {
    info: true,
    tags: [COLOR_TAG],
    all_metrics: true,
    all_params: true,
    all_tags: true,
    text_limit: asked <= MOST_BESIDE ? WHOLE_TEXTS : SHORT_TEXTS,
  };
  const parts = await Promise.all([
    ids.length > 0 ? runColumns(workspace, { run_ids: ids }, columns, signal) : null,
    numbers.length > 0 ? runColumns(workspace, { handles: numbers }, columns, signal) : null,
  ]);
  const [first, second] = parts.filter((one) => one !== null);
  const keys = first && second ? together(first.keys, second.keys) : (first?.keys ?? NO_KEYS);
  const seen = new Set<string>();
  const runs: ComparedRun[] = [];
  for (const part of [first, second])
    for (const old of part?.rows ?? []) {
      if (seen.has(old.runId)) continue;
      seen.add(old.runId);
      const row = part === undefined || part.keys === keys ? old : moved(old, part.keys, keys);
      runs.push(comparedRun(row, keys));
    }
  return {
    runs,
    keys,
    missing: asked - runs.length,
    leftOut: parts.reduce((n, one) => n + (one?.leftOut ?? 0), 0),
  };
}

function comparedRun(row: RunRow, keys: ColumnKeys): ComparedRun {
  const chosen = row.tags[keys.tags.indexOf(COLOR_TAG)];
  return {
    runId: row.runId,
    handle: row.handle,
    experimentId: row.experimentId,
    name: row.name || row.runId,
    status: row.status,
    color: chosen && /^#[0-9a-f]{6}$/i.test(chosen) ? chosen : colorOf(row.runId),
    startMs: row.startMs,
    row,
  };
}

const merged = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

function together(a: ColumnKeys, b: ColumnKeys): ColumnKeys {
  const metrics = merged(
    a.metrics.map((one) => one.key),
    b.metrics.map((one) => one.key),
  );
  return {
    metrics: metrics.map((key) => ({ key, stat: "last" })),
    params: merged(a.params, b.params),
    tags: merged(a.tags, b.tags),
  };
}

/** A row in the columns of all rows. */
function moved(row: RunRow, from: ColumnKeys, to: ColumnKeys): RunRow {
  const place = <T>(names: string[], values: readonly (T | null)[], wanted: string[]): (T | null)[] => {
    const byName = new Map(names.map((name, i) => [name, values[i] ?? null]));
    return wanted.map((name) => byName.get(name) ?? null);
  };
  const names = (keys: ColumnKeys) => keys.metrics.map((one) => one.key);
  return {
    ...row,
    metrics: place(names(from), row.metrics, names(to)),
    params: place(from.params, row.params, to.params),
    tags: place(from.tags, row.tags, to.tags),
  };
}

/** Reads anew when one of the runs has changed, after a while. */
function useChanges(workspace: string, key: readonly unknown[], compared: Compared | undefined): void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const ids = useMemo(() => new Set(compared?.runs.map((one) => one.runId)), [compared]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLive(workspace, (change) => {
    if (change.type === "experiments" || ids.size === 0) return;
    const ours =
      change.type === "resumed" || change.many.length > 0 || change.runs.some((one) => ids.has(one.run_id));
    if (!ours) return;
    timer.current ??= setTimeout(
      () => {
        timer.current = undefined;
        client.invalidateQueries({ queryKey: key, exact: true }, { cancelRefetch: false });
      },
      ids.size > MANY ? OFTEN_OF_MANY_MS : OFTEN_MS,
    );
  });
}

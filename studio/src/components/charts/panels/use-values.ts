/** One value per run for charts: what they ask for of all runs, in one request. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { type MetricColumn, type RunRow, runRows } from "@/api/runs";
import type { ChartRun } from "@/components/charts/types";
import type { Drawn } from "@/components/charts/use-series";
import { runsKey } from "@/lib/chart-lines";
import { type Column, numberColumn, refName, refOf, textColumn } from "@/lib/chart-values";

export interface Values {
  /** By what was asked for; runs in their order. */
  columns: ReadonlyMap<string, Column>;
  waiting: boolean;
  error: unknown;
  again: () => void;
}

const STATS = { m: "last", min: "min", max: "max" } as const;

/** `refs`: as refOf reads them; others are passed over. */
export function useValues(
  drawn: Drawn,
  runs: readonly ChartRun[],
  refs: readonly string[],
  active: boolean,
): Values {
  const { workspace, onPoints } = drawn;
  const client = useQueryClient();
  const wanted = [...new Set(refs)].filter((one) => refOf(one) !== null).sort();
  const names = JSON.stringify(wanted);
  const ids = useMemo(() => runs.map((one) => one.runId), [runs]);
  const key = useMemo(() => ["chart values", workspace, runsKey(ids), names], [workspace, ids, names]);
  const found = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => columnsOf(workspace, ids, wanted, signal),
    enabled: active && wanted.length > 0 && ids.length > 0,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    staleTime: 20_000,
  });
  useEffect(
    () =>
      active
        ? onPoints((changed) => {
            if (changed === "all" || ids.some((id) => changed.has(id)))
              client.invalidateQueries({ queryKey: key, exact: true }, { cancelRefetch: false });
          })
        : undefined,
    [active, onPoints, client, key, ids],
  );
  return {
    columns: found.data ?? NONE,
    waiting: found.isPending && wanted.length > 0,
    error: found.data ? null : found.error,
    again: () => found.refetch(),
  };
}

const NONE: ReadonlyMap<string, Column> = new Map();

async function columnsOf(
  workspace: string,
  ids: string[],
  refs: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Column>> {
  const metrics: MetricColumn[] = [];
  const params: string[] = [];
  const tags: string[] = [];
  const cells = new Map<string, (row: RunRow) => number | string | null>();
  for (const text of refs) {
    const { kind, key } = refOf(text)!;
    if (kind === "p") {
      const at = params.push(key) - 1;
      cells.set(text, (row) => row.params[at] ?? null);
    } else if (kind === "t") {
      const at = tags.push(key) - 1;
      cells.set(text, (row) => row.tags[at] ?? null);
    } else {
      const at = metrics.push({ key, stat: STATS[kind] }) - 1;
      cells.set(text, (row) => row.metrics[at] ?? null);
    }
  }
  const rows = await runRows(
    workspace,
    { run_ids: ids },
    { info: true, metrics, params, tags, text_limit: 200 },
    signal,
  );
  const byId = new Map(rows.map((row) => [row.runId, row]));
  const made = new Map<string, Column>();
  for (const [text, cell] of cells) {
    const values = ids.map((id) => {
      const row = byId.get(id);
      return row ? cell(row) : null;
    });
    const kind = refOf(text)!.kind;
    made.set(
      text,
      kind === "p" || kind === "t"
        ? textColumn(refName(text), values as (string | null)[])
        : numberColumn(refName(text), values as (number | null)[]),
    );
  }
  return made;
}

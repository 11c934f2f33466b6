/** Points for a chart, read when it is in view and read anew where runs go on. */
import { keepPreviousData, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";
import { chartGroups, chartSeries, type Part } from "@/api/charts";
import type { ChartGroup, ChartRun } from "@/components/charts/types";
import { useSame } from "@/components/charts/use-same";
import { type Line, merged, type Series } from "@/lib/chart-data";
import { type Look, linesOf, runsKey } from "@/lib/chart-lines";
import type { Smoothing } from "@/lib/chart-state";

/** The runs of charts, prepared once for all of them. */
export interface Drawn {
  workspace: string;
  runIds: readonly string[];
  /** Changes with the ids only. */
  key: string;
  looks: ReadonlyMap<string, Look>;
  /** null: each run is drawn by itself. */
  groups: readonly ChartGroup[] | null;
  /** Which runs have new points, called at most every other second. */
  onPoints: (tell: (runIds: ReadonlySet<string> | "all") => void) => () => void;
}

export const groupKey = (name: string): string => `group:${name}`;

export function useDrawn(
  workspace: string,
  runs: readonly ChartRun[],
  groups: readonly ChartGroup[] | null,
  onPoints: Drawn["onPoints"],
): Drawn {
  return useMemo(() => {
    const runIds = runs.map((one) => one.runId);
    const looks = new Map<string, Look>(
      groups
        ? groups.map(({ name, color }) => [name, { runId: groupKey(name), experimentId: "", name, color }])
        : runs.map((one) => [one.runId, one]),
    );
    const key = groups
      ? `g${runsKey(groups.flatMap(({ name, runIds: ids }) => [`=${name}`, ...ids]))}`
      : runsKey(runIds);
    return { workspace, runIds, key, looks, groups, onPoints };
  }, [workspace, runs, groups, onPoints]);
}

const KEPT_MS = 45_000;

export interface ChartData {
  lines: Line[];
  /** Nothing is there yet. */
  waiting: boolean;
  /** What is shown is of another part or of other runs. */
  old: boolean;
  error: unknown;
  again: () => void;
}

/** Lines of metrics; `active`: whether somebody sees them. */
export function useSeries(
  drawn: Drawn,
  metrics: readonly string[],
  part: Part,
  smooth: { strength: number; how: Smoothing },
  active: boolean,
): ChartData {
  const client = useQueryClient();
  const { workspace, runIds, key, groups, looks, onPoints } = drawn;
  const names = useSame(metrics);
  const keyOf = useCallback(
    (metric: string) =>
      ["chart", workspace, metric, part.x, part.start, part.end, part.buckets, key] as const,
    [workspace, part.x, part.start, part.end, part.buckets, key],
  );
  const found = useQueries({
    queries: metrics.map((metric) => ({
      queryKey: keyOf(metric),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        groups
          ? chartGroups(workspace, groups, metric, part, true, key, signal)
          : chartSeries(workspace, runIds, metric, part, key, signal),
      enabled: active,
      gcTime: KEPT_MS,
      staleTime: 20_000,
      placeholderData: keepPreviousData,
      structuralSharing: false,
    })),
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the part is in the keys
  useEffect(() => {
    if (!active) return;
    return onPoints(async (changed) => {
      const ids = changed === "all" ? runIds : runIds.filter((id) => changed.has(id));
      if (ids.length === 0) return;
      for (const metric of names) {
        const queryKey = keyOf(metric);
        if (groups || ids.length > runIds.length / 2) {
          client.invalidateQueries({ queryKey, exact: true }, { cancelRefetch: false });
          continue;
        }
        const had = client.getQueryData<Series[]>(queryKey);
        if (!had) continue;
        // What cannot be read now is read with the next change.
        const fresh = await chartSeries(workspace, ids, metric, part, runsKey(ids)).catch(() => null);
        if (fresh) client.setQueryData<Series[]>(queryKey, (now) => merged(now ?? had, fresh, runIds));
      }
    });
  }, [active, onPoints, keyOf, names, groups, runIds]);

  const answers = useSame(found.map((one) => one.data));
  const lines = useMemo(
    () =>
      linesOf(
        answers.flatMap((one) => one ?? []),
        looks,
        names,
        { strength: smooth.strength, how: smooth.how },
        groups !== null,
      ),
    [answers, looks, names, smooth.strength, smooth.how, groups],
  );
  return {
    lines,
    waiting: found.some((one) => one.isPending),
    old: found.some((one) => one.isPlaceholderData),
    error: found.find((one) => one.error && !one.data)?.error ?? null,
    again: () => {
      for (const one of found) one.refetch();
    },
  };
}

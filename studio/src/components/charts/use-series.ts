/** Points for a chart, read when it is in view and read anew where runs go on. */
import { type QueryClient, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef } from "react";
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
const FRESH_MS = 20_000;

interface Answer {
  /** The runs that were asked for; not all have the metric. */
  ids: readonly string[];
  series: Series[];
}

/**
 * What is known of runs from charts of the same metric and part with other runs, so that showing one run more reads one
 * run and hiding one reads nothing. undefined: the run does not have the metric.
 */
function known(client: QueryClient, key: readonly unknown[]): Map<string, Series | undefined> {
  const made = new Map<string, Series | undefined>();
  const found = client.getQueryCache().findAll({ queryKey: key.slice(0, -1) });
  for (const { state } of found.sort((a, b) => a.state.dataUpdatedAt - b.state.dataUpdatedAt)) {
    const answer = state.data as Answer | undefined;
    if (!answer || state.isInvalidated || Date.now() - state.dataUpdatedAt > FRESH_MS) continue;
    const series = new Map(answer.series.map((one) => [one.runId, one]));
    for (const id of answer.ids) made.set(id, series.get(id));
  }
  return made;
}

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
  // What nobody sees is not held: it is dropped after a while, and read anew when somebody comes back.
  const found = useQueries({
    queries: (active ? metrics : []).map((metric) => ({
      queryKey: keyOf(metric),
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Answer> => {
        if (groups)
          return { ids: [], series: await chartGroups(workspace, groups, metric, part, true, key, signal) };
        const had = known(client, keyOf(metric));
        const missing = runIds.filter((id) => !had.has(id));
        const fresh = await chartSeries(workspace, missing, metric, part, runsKey(missing), signal);
        const old = [...had.values()].flatMap((one) => one ?? []);
        return { ids: runIds, series: merged(old, fresh, runIds) };
      },
      gcTime: KEPT_MS,
      staleTime: FRESH_MS,
      structuralSharing: false,
    })),
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the part is in the keys
  useEffect(() => {
    if (!active) return;
    const update = async (metric: string, ids: readonly string[]) => {
      const queryKey = keyOf(metric);
      const had = client.getQueryData<Answer>(queryKey);
      if (groups || !had || ids.length > runIds.length / 2) {
        // What is under way may have begun before the newest points came.
        const busy = client.isFetching({ queryKey, exact: true }) > 0;
        await client.invalidateQueries({ queryKey, exact: true }, { cancelRefetch: false });
        if (busy) await client.invalidateQueries({ queryKey, exact: true }, { cancelRefetch: false });
        return;
      }
      // What cannot be read now is read with the next change.
      const fresh = await chartSeries(workspace, ids, metric, part, runsKey(ids)).catch(() => null);
      if (fresh)
        client.setQueryData<Answer>(queryKey, (now = had) => ({
          ids: now.ids,
          series: merged(now.series, fresh, runIds),
        }));
    };
    return onPoints((changed) => {
      const ids = changed === "all" ? runIds : runIds.filter((id) => changed.has(id));
      if (ids.length > 0) for (const metric of names) void update(metric, ids);
    });
  }, [active, onPoints, keyOf, names, groups, runIds]);

  const before = useRef<{ x: string; answers: Map<string, Answer> }>({ x: part.x, answers: new Map() });
  if (!active || before.current.x !== part.x) before.current = { x: part.x, answers: new Map() };
  const held = before.current.answers;
  const answers = useSame(
    found.map((one, i) => {
      if (one.data) held.set(names[i]!, one.data);
      return one.data ?? (one.error ? undefined : held.get(names[i]!));
    }),
  );
  const lines = useMemo(
    () =>
      linesOf(
        answers.flatMap((one) => one?.series ?? []),
        looks,
        names,
        { strength: smooth.strength, how: smooth.how },
        groups !== null,
      ),
    [answers, looks, names, smooth.strength, smooth.how, groups],
  );
  return {
    lines,
    waiting: !active || answers.some((one, i) => !one && !found[i]?.error),
    old: found.some((one, i) => !one.data && answers[i] !== undefined),
    error: found.find((one) => one.error && !one.data)?.error ?? null,
    again: () => {
      for (const one of found) one.refetch();
    },
  };
}

/** The charts of the runs that are compared, over one another. */
import { useMemo } from "react";
import { ChartBoard } from "@/components/charts/ChartBoard";
import type { ChartRun } from "@/components/charts/types";
import type { Compared } from "@/pages/compare/use-compared";

export default function Charts({ workspace, compared }: { workspace: string; compared: Compared }) {
  const { runs, keys } = compared;
  // Lines are drawn anew only where what is drawn has changed, and not with each value.
  const looks = JSON.stringify(
    runs.map(({ runId, experimentId, name, color, status, startMs }) => ({
      runId,
      experimentId,
      name,
      color,
      status,
      startMs: Number.isNaN(startMs) ? null : startMs,
    })),
  );
  const drawn = useMemo(
    () =>
      (JSON.parse(looks) as (Omit<ChartRun, "startMs"> & { startMs: number | null })[]).map((one) => ({
        ...one,
        startMs: one.startMs ?? Number.NaN,
      })) as ChartRun[],
    [looks],
  );
  const names = JSON.stringify(keys.metrics.map((one) => one.key));
  const metrics = useMemo<string[]>(() => JSON.parse(names), [names]);
  const text = JSON.stringify([...new Set(runs.map((one) => one.experimentId))]);
  const experimentIds = useMemo<string[]>(() => JSON.parse(text), [text]);
  return <ChartBoard workspace={workspace} runs={drawn} metrics={metrics} experimentIds={experimentIds} />;
}

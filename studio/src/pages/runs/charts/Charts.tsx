/** The charts of the runs that the table of an experiment shows. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { keysQuery } from "@/api/run-keys";
import { ChartBoard } from "@/components/charts/ChartBoard";
import { Broken, Empty, Waiting } from "@/components/states";
import { useShownRuns } from "@/pages/runs/shown-runs";

export function Charts() {
  const { workspace, experimentIds, runs, groups, waiting } = useShownRuns();
  const keys = useQuery(keysQuery(workspace, experimentIds, ["metric"]));
  const metrics = useMemo(() => keys.data?.items.map((one) => one.key) ?? null, [keys.data]);
  if (keys.error && !keys.data) return <Broken error={keys.error} again={() => keys.refetch()} />;
  if (runs.length === 0)
    return waiting ? (
      <Waiting />
    ) : (
      <Empty title="No run is shown">Show runs in the table, or loosen the filter.</Empty>
    );
  return (
    <ChartBoard
      workspace={workspace}
      runs={runs}
      groups={groups}
      metrics={metrics}
      experimentIds={experimentIds}
      legend={groups !== null}
    />
  );
}

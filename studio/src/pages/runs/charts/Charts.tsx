/** The charts of the runs that the table of an experiment shows. */
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { useLive } from "@/api/live";
import { keysQuery } from "@/api/run-keys";
import { ChartBoard } from "@/components/charts/ChartBoard";
import { useChartsState } from "@/components/charts/use-charts-state";
import { Broken, Empty, Waiting } from "@/components/states";
import { useShownRuns } from "@/pages/runs/shown-runs";

/** Runs that go on may log new metrics; their names are looked for not more often than this. */
const NEW_NAMES_MS = 10_000;

export function Charts() {
  const { workspace, experimentIds, runs, groups, waiting } = useShownRuns();
  const { keys, metrics, more } = useMetricNames(workspace, experimentIds);
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
    >
      {more && (
        <Text size="xs" className="quiet">
          There are more than {metrics?.length} metrics. Find others by the beginning of their names.
        </Text>
      )}
    </ChartBoard>
  );
}

/** The first thousand names, and those that begin with what is looked for. */
function useMetricNames(workspace: string, experimentIds: string[]) {
  const [{ find }] = useChartsState();
  const keys = useQuery(keysQuery(workspace, experimentIds, ["metric"]));
  const more = keys.data?.next_page_token != null;
  const looked = useRef(0);
  useLive(workspace, (change) => {
    const points = change.type === "runs" && change.runs.some((one) => one.kinds.includes("points"));
    if (!points || Date.now() - looked.current < NEW_NAMES_MS) return;
    looked.current = Date.now();
    keys.refetch();
  });
  const prefix = find.trim();
  const others = useQuery({
    ...keysQuery(workspace, experimentIds, ["metric"], prefix),
    enabled: more && prefix !== "",
  });
  const metrics = useMemo(() => {
    if (!keys.data) return null;
    const found = [...keys.data.items, ...(more && prefix ? (others.data?.items ?? []) : [])];
    return [...new Set(found.map((one) => one.key))];
  }, [keys.data, others.data, more, prefix]);
  return { keys, metrics, more };
}

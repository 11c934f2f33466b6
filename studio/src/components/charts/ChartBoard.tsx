/** Charts of runs: sections of metrics, and charts that somebody added. What it shows is in the address, in `c`. */
import { useElementSize } from "@mantine/hooks";
import { lazy, type ReactNode, Suspense, useCallback, useMemo, useState } from "react";
import classes from "@/components/charts/charts.module.css";
import { Crosshair } from "@/components/charts/crosshair";
import { Filling } from "@/components/charts/Filling";
import { Legend } from "@/components/charts/Legend";
import type { Shared } from "@/components/charts/MetricChart";
import { MetricSection } from "@/components/charts/MetricSection";
import { AddPanel } from "@/components/charts/panels/AddPanel";
import { Toolbar } from "@/components/charts/Toolbar";
import type { ChartGroup, ChartRun } from "@/components/charts/types";
import { useChartsState } from "@/components/charts/use-charts-state";
import { usePoints } from "@/components/charts/use-points";
import { groupKey, useDrawn } from "@/components/charts/use-series";
import { sections } from "@/lib/chart-sections";

const Panels = lazy(() => import("@/components/charts/panels/Panels"));
const AT_LEAST = { s: 250, m: 360, l: 620 } as const;
const GAP = 10;

export interface ChartBoardProps {
  workspace: string;
  /** What is drawn; the same array while nothing of it changes. At most 1,000. */
  runs: readonly ChartRun[];
  groups?: readonly ChartGroup[] | null;
  /** Names of metrics; null: not known yet. */
  metrics: readonly string[] | null;
  /** Where the names of params and tags for charts that one adds come from; without: none can be added. */
  experimentIds?: readonly string[];
  /** Names the runs above the charts; where a list of them stands beside, it needs not. */
  legend?: boolean;
  /** Above the charts. */
  children?: ReactNode;
}

export function ChartBoard(props: ChartBoardProps) {
  const { workspace, runs, groups = null, metrics, experimentIds, legend = true, children } = props;
  const [state, change] = useChartsState();
  const [crosshair] = useState(() => new Crosshair());
  const { ref, width } = useElementSize<HTMLDivElement>();
  const onPoints = usePoints(workspace);
  const inGroups = groups !== null && !state.single ? groups : null;
  const drawn = useDrawn(workspace, runs, inGroups, onPoints);
  const found = useMemo(
    () => sections(metrics ?? [], state.find, state.pinned),
    [metrics, state.find, state.pinned],
  );
  const linkOf = useCallback(
    (runId: string, experimentId: string) =>
      runId.startsWith("group:")
        ? null
        : `/workspaces/${encodeURIComponent(workspace)}/experiments/${experimentId}/runs/${runId}`,
    [workspace],
  );
  const columns = Math.max(1, Math.floor((width + GAP) / (AT_LEAST[state.size] + GAP)));
  const shared: Shared = {
    drawn,
    state,
    change,
    crosshair,
    columns,
    width: Math.floor((width - GAP * (columns - 1)) / columns),
    linkOf,
  };
  const entries = inGroups
    ? inGroups.map(({ name, color }) => ({ runId: groupKey(name), name, color }))
    : runs;
  return (
    <div ref={ref} className={classes.board}>
      <Toolbar
        state={state}
        change={change}
        metrics={metrics ?? []}
        grouped={groups !== null}
        add={
          experimentIds && (
            <AddPanel
              workspace={workspace}
              experimentIds={experimentIds}
              panels={state.panels}
              change={change}
            />
          )
        }
      />
      {children}
      {legend && <Legend entries={entries} />}
      {width > 0 && (
        <>
          {experimentIds && state.panels.length > 0 && (
            <Suspense fallback={<div className={classes.waiting} />}>
              <Panels shared={shared} runs={runs} experimentIds={experimentIds} />
            </Suspense>
          )}
          {found.map((section) => (
            <MetricSection key={section.name} section={section} shared={shared} alone={found.length === 1} />
          ))}
        </>
      )}
      {metrics === null ? (
        <div className={classes.waiting}>
          <Filling waiting />
        </div>
      ) : (
        found.length === 0 && (
          <div className={classes.waiting}>
            <Filling
              empty={
                metrics.length === 0
                  ? "These runs have logged no metrics."
                  : `No metric of ${metrics.length} is called so.`
              }
              {...(state.find ? { act: { text: "Show all", run: () => change({ find: "" }) } } : {})}
            />
          </div>
        )
      )}
    </div>
  );
}

/** The charts that somebody added, above all others. */
import { useMemo } from "react";
import classes from "@/components/charts/charts.module.css";
import type { Shared } from "@/components/charts/MetricChart";
import { BarPanel } from "@/components/charts/panels/BarPanel";
import { BoxPanel } from "@/components/charts/panels/BoxPanel";
import { DifferencePanel } from "@/components/charts/panels/DifferencePanel";
import { ImagesPanel } from "@/components/charts/panels/ImagesPanel";
import type { Names } from "@/components/charts/panels/KeyPicker";
import { LinesPanel } from "@/components/charts/panels/LinesPanel";
import { ParallelPanel } from "@/components/charts/panels/ParallelPanel";
import { ScatterPanel } from "@/components/charts/panels/ScatterPanel";
import type { ChartRun } from "@/components/charts/types";

const DRAWN = {
  line: LinesPanel,
  bar: BarPanel,
  scatter: ScatterPanel,
  parallel: ParallelPanel,
  contour: ScatterPanel,
  box: BoxPanel,
  images: ImagesPanel,
  difference: DifferencePanel,
} as const;

export default function Panels({
  shared,
  runs,
  experimentIds,
}: {
  shared: Shared;
  runs: readonly ChartRun[];
  experimentIds: readonly string[];
}) {
  const { workspace } = shared.drawn;
  const names = useMemo<Names>(() => ({ workspace, experimentIds }), [workspace, experimentIds]);
  return (
    <section
      className={classes.grid}
      style={{ gridTemplateColumns: `repeat(${shared.columns}, minmax(0, 1fr))` }}
      aria-label="Added charts"
    >
      {shared.state.panels.map((panel) => {
        const Drawn = DRAWN[panel.kind];
        return <Drawn key={panel.id} shared={shared} panel={panel} names={names} runs={runs} />;
      })}
    </section>
  );
}

/** Several metrics of all runs in one chart. */
import { useMemo } from "react";
import { MetricChart } from "@/components/charts/MetricChart";
import { KeysPicker, type Names } from "@/components/charts/panels/KeyPicker";
import { PanelFrame, PanelItems, type PanelProps, usePanel } from "@/components/charts/panels/PanelFrame";
import { refName, refOf } from "@/lib/chart-values";

export function LinesPanel({ shared, panel, names }: PanelProps & { names: Names }) {
  const { setOf, move, remove } = usePanel({ shared, panel });
  const metrics = useMemo(
    () =>
      panel.of.flatMap((one) => {
        const ref = refOf(one);
        return ref?.kind === "m" ? [ref.key] : [];
      }),
    [panel.of],
  );
  const picker = (
    <KeysPicker names={names} choice="metric" label="Metrics" value={panel.of} onChange={setOf} />
  );
  const title = panel.of.map(refName).join(", ") || "Lines";
  if (metrics.length === 0)
    return (
      <PanelFrame
        shared={shared}
        panel={panel}
        title={title}
        pickers={picker}
        ready={false}
        hint="Choose metrics to draw together."
        text=""
      >
        {() => null}
      </PanelFrame>
    );
  return (
    <MetricChart
      shared={shared}
      name={`#${panel.id}`}
      metrics={metrics}
      title={title}
      above={picker}
      more={<PanelItems move={move} remove={remove} />}
    />
  );
}

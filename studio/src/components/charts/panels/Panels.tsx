import type { Shared } from "@/components/charts/MetricChart";
import type { ChartRun } from "@/components/charts/types";
import type { ChangeCharts } from "@/components/charts/use-charts-state";
import type { Panel } from "@/lib/chart-state";

export function AddPanel(_: { panels: readonly Panel[]; change: ChangeCharts }) {
  return null;
}
export function Panels(_: { shared: Shared; runs: readonly ChartRun[]; experimentIds: readonly string[] }) {
  return null;
}

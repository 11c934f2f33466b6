/** One metric of all runs, or several in one chart: read when it comes into view. */
import { lazy, type ReactNode, Suspense, useRef, useState } from "react";
import { ChartCard } from "@/components/charts/ChartCard";
import type { Crosshair } from "@/components/charts/crosshair";
import { Filling } from "@/components/charts/Filling";
import { useInView } from "@/components/charts/in-view";
import type { LineChartHandle } from "@/components/charts/LineChart";
import { RangeDialog } from "@/components/charts/RangeDialog";
import { SeriesTable } from "@/components/charts/SeriesTable";
import { SettingsItems } from "@/components/charts/SettingsItems";
import type { ChangeCharts } from "@/components/charts/use-charts-state";
import { useLineChart } from "@/components/charts/use-line-chart";
import { type Drawn, useSeries } from "@/components/charts/use-series";
import { countsOf } from "@/lib/chart-data";
import { countsText } from "@/lib/chart-export";
import { areSingle, asked } from "@/lib/chart-lines";
import { type ChartsState, HEIGHTS, withSettings } from "@/lib/chart-state";
import { axisName } from "@/lib/chart-ticks";

const SinglePoints = lazy(() => import("@/components/charts/SinglePoints"));

export const HIGH = { s: 190, m: HEIGHTS.usual, l: 380 } as const;

/** What all charts of a board share. */
export interface Shared {
  drawn: Drawn;
  state: ChartsState;
  change: ChangeCharts;
  crosshair: Crosshair;
  /** Columns of the grid, and the width of one, in pixels. */
  columns: number;
  width: number;
  linkOf: (runId: string, experimentId: string) => string | null;
}

export function MetricChart({
  shared,
  name,
  metrics,
  title,
  onPin,
  pinned = false,
  more,
  above,
}: {
  shared: Shared;
  /** Under which its settings are kept. */
  name: string;
  metrics: readonly string[];
  title: string;
  onPin?: () => void;
  pinned?: boolean;
  /** Items before those of every chart. */
  more?: ReactNode;
  /** Between the title and the chart. */
  above?: ReactNode;
}) {
  const { drawn, state, change, crosshair, columns, width, linkOf } = shared;
  const [card, seen] = useInView<HTMLElement>();
  const chart = useRef<LineChartHandle>(null);
  const [asking, setAsking] = useState(false);
  const LineChart = useLineChart();
  const own = state.each[name] ?? {};
  const wide = Math.min(own.wide ?? 1, columns);
  const height = own.high ?? HIGH[state.size];
  const set = (part: Partial<typeof own>) => change({ each: withSettings(state, name, part).each });
  const drawnLines = drawn.groups ? drawn.groups.length : drawn.runIds.length;
  const part = { x: state.x, ...asked(state.zoom, width * wide, drawnLines * metrics.length) };
  const smooth = { strength: state.smooth, how: state.how };
  const { lines, waiting, old, error, again } = useSeries(drawn, metrics, part, smooth, seen);
  const counts = countsOf(lines);
  const what = drawn.groups ? "group" : "run";
  const text = lines.length > 0 ? countsText(counts, metrics.length > 1 ? "line" : what) : "";
  return (
    <ChartCard
      ref={card}
      title={title}
      height={height}
      wide={wide}
      columns={columns}
      foot={<span title={text}>{old ? `${text} · reading…` : text}</span>}
      above={above}
      pinned={pinned}
      {...(onPin ? { onPin } : {})}
      onSize={set}
      menu={
        <>
          {more}
          <SettingsItems
            own={own}
            set={set}
            lines={lines}
            title={title}
            x={state.x}
            png={() => chart.current?.png() ?? Promise.resolve(null)}
            zoomed={state.zoom !== null}
            unzoom={() => change({ zoom: null })}
            onRange={() => setAsking(true)}
          />
        </>
      }
    >
      {lines.length === 0 ? (
        <Filling
          waiting={waiting}
          error={error}
          again={again}
          empty={
            state.zoom ? "No points in this part of the axis." : `No ${what} that is shown has points here.`
          }
          {...(state.zoom ? { act: { text: "Show all", run: () => change({ zoom: null }) } } : {})}
        />
      ) : own.table ? (
        <SeriesTable lines={lines} caption={title} />
      ) : areSingle(lines) ? (
        <Suspense fallback={<Filling waiting />}>
          <SinglePoints lines={lines} name={title} height={height} />
        </Suspense>
      ) : (
        seen &&
        (LineChart ? (
          <LineChart
            ref={chart}
            lines={lines}
            x={state.x}
            logX={state.logX && state.x !== "time"}
            logY={own.log ?? false}
            y={own.y}
            calm={state.calm}
            zoom={state.zoom}
            height={height}
            label={`${title} by ${axisName(state.x).toLowerCase()}: ${text}${old ? ", being read" : ""}`}
            crosshair={crosshair}
            onZoom={(zoom) => change({ zoom })}
            linkOf={linkOf}
          />
        ) : (
          <Filling waiting />
        ))
      )}
      {asking && (
        <RangeDialog
          title={title}
          range={own.y ?? [null, null]}
          onClose={() => setAsking(false)}
          onDone={(y) => set({ y })}
        />
      )}
    </ChartCard>
  );
}

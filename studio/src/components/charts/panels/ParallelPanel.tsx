/** Params and metrics as parallel axes, a line per run; pulled along an axis one keeps the runs that pass there. */
import { type PointerEvent, useMemo, useRef, useState } from "react";
import { KeysPicker, type Names } from "@/components/charts/panels/KeyPicker";
import { PanelFrame, type PanelProps, usePanel } from "@/components/charts/panels/PanelFrame";
import classes from "@/components/charts/panels/panels.module.css";
import { type Area, area, Drawing } from "@/components/charts/panels/Svg";
import { useValues } from "@/components/charts/panels/use-values";
import { ValuesTable } from "@/components/charts/panels/ValuesTable";
import { pointAtRun, usePointedRun } from "@/components/charts/pointed-run";
import type { ChartRun } from "@/components/charts/types";
import { csv } from "@/lib/chart-export";
import { type Brush, passes, placesOf } from "@/lib/chart-parallel";
import { axisOf, heat, type ValueAxis } from "@/lib/chart-scales";
import { type Column, textOf } from "@/lib/chart-values";

const ROOM = { left: 46, right: 46, top: 26, bottom: 10 };
const LONGEST = 12;
const CHARACTER = 6.6;

/** Room for the numbers or words of the first and the last axis. */
function roomOf(columns: readonly Column[]) {
  const of = (column: Column | undefined) => {
    const longest = Math.max(4, ...(column?.categories ?? []).map((one) => Math.min(LONGEST, one.length)));
    return Math.max(ROOM.left, longest * CHARACTER + 10);
  };
  return { ...ROOM, left: of(columns[0]), right: of(columns[columns.length - 1]) };
}

export function ParallelPanel({
  shared,
  panel,
  names,
  runs,
}: PanelProps & { names: Names; runs: readonly ChartRun[] }) {
  const { setOf } = usePanel({ shared, panel });
  const values = useValues(shared.drawn, runs, panel.of, true);
  const columns = useMemo(
    () => panel.of.flatMap((one) => values.columns.get(one) ?? []),
    [panel.of, values.columns],
  );
  const last = columns[columns.length - 1];
  return (
    <PanelFrame
      shared={shared}
      panel={panel}
      title={last ? `Parallel coordinates: ${last.name}` : "Parallel coordinates"}
      pickers={
        <KeysPicker
          names={names}
          choice="value"
          label="Axes, the last one gives the colour"
          value={panel.of}
          onChange={setOf}
        />
      }
      values={values}
      ready={panel.of.length > 1}
      hint="Choose two axes or more. The last one gives the colour."
      text={`${runs.length} runs. Pull along an axis to keep the runs that pass there.`}
      csv={() =>
        csv(
          ["run_id", "run", ...columns.map((one) => one.name)],
          runs.map((run, i) => [run.runId, run.name, ...columns.map((one) => textOf(one, i, String))]),
        )
      }
      table={<ValuesTable runs={runs} columns={columns} />}
    >
      {({ height, width }) =>
        columns.length > 1 && <Lines runs={runs} columns={columns} width={width} height={height} />
      }
    </PanelFrame>
  );
}

function Lines({
  runs,
  columns,
  width,
  height,
}: {
  runs: readonly ChartRun[];
  columns: readonly Column[];
  width: number;
  height: number;
}) {
  const pointed = usePointedRun();
  const [brushes, setBrushes] = useState<readonly Brush[]>([]);
  const room = useMemo(() => roomOf(columns), [columns]);
  const at = area(width, height, room);
  const axes = useMemo(() => columns.map((one) => axisOf(one, at.height / 40)), [columns, at.height]);
  const left = (n: number) => at.x(columns.length < 2 ? 0.5 : n / (columns.length - 1));
  const found = useMemo(
    () =>
      runs.flatMap((run, i) => {
        const places = placesOf(columns, axes, i);
        return places ? [{ run, places }] : [];
      }),
    [runs, columns, axes],
  );
  const kept = found.filter((one) => passes(one.places, brushes));
  const path = (places: readonly number[]) =>
    places.map((place, n) => `${n ? "L" : "M"}${left(n).toFixed(1)},${at.y(place).toFixed(1)}`).join("");
  const on = found.find((one) => one.run.runId === pointed);
  const label = `Parallel coordinates of ${columns.map((one) => one.name).join(", ")}: ${kept.length} of ${runs.length} runs`;
  return (
    <Drawing width={width} height={height} label={label}>
      <g fill="none" strokeWidth={1.2}>
        {kept.length < found.length &&
          found.map(({ run, places }) => <path key={run.runId} d={path(places)} stroke="var(--ry-line)" />)}
        {kept.map(({ run, places }) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the same runs can be reached in the table
          <path
            key={run.runId}
            d={path(places)}
            stroke={heat(places[places.length - 1]!)}
            strokeOpacity={on && on.run !== run ? 0.2 : 0.75}
            onMouseEnter={() => pointAtRun(run.runId)}
            onMouseLeave={() => pointAtRun(null)}
          >
            <title>{run.name}</title>
          </path>
        ))}
        {on && (
          <path
            d={path(on.places)}
            stroke="var(--mantine-color-text)"
            strokeWidth={2.5}
            pointerEvents="none"
          />
        )}
      </g>
      {columns.map((column, n) => (
        <Axis
          key={column.name}
          column={column}
          axis={axes[n]!}
          at={at}
          left={left(n)}
          side={n === 0 ? "start" : n === columns.length - 1 ? "end" : "middle"}
          most={Math.max(5, Math.floor(at.width / columns.length / 6.4))}
          brush={brushes[n] ?? null}
          onBrush={(brush) => setBrushes(columns.map((_, i) => (i === n ? brush : (brushes[i] ?? null))))}
        />
      ))}
    </Drawing>
  );
}

function Axis({
  column,
  axis,
  at,
  left,
  side,
  most,
  brush,
  onBrush,
}: {
  column: Column;
  axis: ValueAxis;
  at: Area;
  left: number;
  side: "start" | "middle" | "end";
  most: number;
  brush: Brush;
  onBrush: (brush: Brush) => void;
}) {
  const start = useRef<number | null>(null);
  const place = (event: PointerEvent<SVGRectElement>) => {
    const svg = event.currentTarget.ownerSVGElement!.getBoundingClientRect();
    return 1 - (event.clientY - svg.top - ROOM.top) / at.height;
  };
  const name = column.name.length > most ? `${column.name.slice(0, most - 1)}…` : column.name;
  const x = side === "start" ? 2 : side === "end" ? left + ROOM.right - 2 : left;
  return (
    <g className={classes.over}>
      <line className={classes.axis} x1={left} x2={left} y1={at.y(0)} y2={at.y(1)} />
      <text className={classes.label} x={x} y={13} textAnchor={side}>
        <title>{column.name}</title>
        {name}
      </text>
      {axis.ticks.map((tick) => (
        <text
          key={tick.at}
          x={left + (side === "end" ? 5 : -5)}
          y={at.y(tick.at) + 4}
          textAnchor={side === "end" ? "start" : "end"}
        >
          {tick.text.slice(0, LONGEST)}
        </text>
      ))}
      {brush && (
        <rect
          x={left - 5}
          width={10}
          y={at.y(brush[1])}
          height={at.y(brush[0]) - at.y(brush[1])}
          fill="var(--mantine-primary-color-filled)"
          fillOpacity={0.35}
        />
      )}
      <rect
        x={left - 9}
        width={18}
        y={at.y(1)}
        height={at.height}
        fill="transparent"
        cursor="ns-resize"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = place(event);
          onBrush(null);
        }}
        onPointerMove={(event) => {
          if (start.current === null) return;
          const now = place(event);
          onBrush([Math.min(start.current, now), Math.max(start.current, now)]);
        }}
        onPointerUp={() => {
          start.current = null;
        }}
      >
        <title>{`${column.name}: pull to keep runs, click to keep all (${axis.ticks.map((tick) => tick.text).join(", ")})`}</title>
      </rect>
    </g>
  );
}

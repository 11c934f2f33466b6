/** Two values of each run against one another, a third one as colour; or a surface through the third one. */
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { KeyPicker, type Names } from "@/components/charts/panels/KeyPicker";
import { PanelFrame, type PanelProps, usePanel } from "@/components/charts/panels/PanelFrame";
import classes from "@/components/charts/panels/panels.module.css";
import { Surface } from "@/components/charts/panels/Surface";
import { type Area, Axes, area, Drawing, ROOM } from "@/components/charts/panels/Svg";
import { useValues } from "@/components/charts/panels/use-values";
import { ValuesTable } from "@/components/charts/panels/ValuesTable";
import { pointAtRun, usePointedRun } from "@/components/charts/pointed-run";
import type { ChartRun } from "@/components/charts/types";
import { csv } from "@/lib/chart-export";
import { axisOf, heat, type ValueAxis } from "@/lib/chart-scales";
import { type Column, textOf } from "@/lib/chart-values";
import { number } from "@/lib/format";

export function ScatterPanel({
  shared,
  panel,
  names,
  runs,
}: PanelProps & { names: Names; runs: readonly ChartRun[] }) {
  const { setOf } = usePanel({ shared, panel });
  const surface = panel.kind === "contour";
  const [x = "", y = "", z = ""] = panel.of;
  const values = useValues(shared.drawn, runs, [x, y, z], true);
  const columns = [x, y, z].map((one) => values.columns.get(one));
  const [cx, cy, cz] = columns;
  const there = columns.filter((one): one is Column => one !== undefined);
  const rows = () =>
    runs.map((run, i) => [run.runId, run.name, ...there.map((one) => textOf(one, i, String))]);
  const set = (place: number) => (next: string) => setOf([x, y, z].with(place, next));
  return (
    <PanelFrame
      shared={shared}
      panel={panel}
      title={
        cx && cy
          ? `${cz && surface ? `${cz.name}: ` : ""}${cy.name} by ${cx.name}`
          : surface
            ? "Contour"
            : "Scatter"
      }
      pickers={
        <>
          <KeyPicker names={names} choice="value" label="X" value={x} onChange={set(0)} />
          <KeyPicker names={names} choice="value" label="Y" value={y} onChange={set(1)} />
          <KeyPicker
            names={names}
            choice="value"
            label={surface ? "Height" : "Colour"}
            value={z}
            optional={!surface}
            onChange={set(2)}
          />
        </>
      }
      values={values}
      ready={x !== "" && y !== "" && (z !== "" || !surface)}
      hint={
        surface
          ? "Choose what stands on both axes, and what the surface shows."
          : "Choose what stands on both axes."
      }
      text={cx && cy ? pointsText(cx, cy, runs.length) : ""}
      csv={() => csv(["run_id", "run", ...there.map((one) => one.name)], rows())}
      table={<ValuesTable runs={runs} columns={there} />}
    >
      {({ height, width }) =>
        cx &&
        cy && (
          <Points
            runs={runs}
            x={cx}
            y={cy}
            z={cz}
            surface={surface}
            width={width}
            height={height}
            linkOf={shared.linkOf}
          />
        )
      }
    </PanelFrame>
  );
}

function pointsText(x: Column, y: Column, all: number): string {
  const n = x.numbers.reduce(
    (sum, one, i) => sum + (Number.isFinite(one) && Number.isFinite(y.numbers[i]!) ? 1 : 0),
    0,
  );
  return n === all ? `${n} runs` : `${n} of ${all} runs have both`;
}

function Points({
  runs,
  x,
  y,
  z,
  surface,
  width,
  height,
  linkOf,
}: {
  runs: readonly ChartRun[];
  x: Column;
  y: Column;
  z: Column | undefined;
  surface: boolean;
  width: number;
  height: number;
  linkOf: (runId: string, experimentId: string) => string | null;
}) {
  const at = area(width, height, z ? { ...ROOM, right: 60 } : ROOM);
  const xAxis = useMemo(() => axisOf(x, at.width / 80), [x, at.width]);
  const yAxis = useMemo(() => axisOf(y, at.height / 44), [y, at.height]);
  const zAxis = useMemo(() => (z ? axisOf(z, 4, 0) : null), [z]);
  const label = `${y.name} by ${x.name}${z ? `, ${z.name} as ${surface ? "surface" : "colour"}` : ""}: ${pointsText(x, y, runs.length)}`;
  return (
    <Drawing width={width} height={height} label={label}>
      {surface && z && zAxis && <Surface at={at} x={x} y={y} z={z} axes={[xAxis, yAxis, zAxis]} />}
      <Axes at={at} x={xAxis} y={yAxis} xName={x.name} yName={y.name} grid={!surface} />
      <Dots
        runs={runs}
        columns={[x, y, z]}
        axes={[xAxis, yAxis, zAxis]}
        at={at}
        small={surface}
        linkOf={linkOf}
      />
      {z && zAxis && <Scale axis={zAxis} at={at} name={z.name} />}
    </Drawing>
  );
}

function Dots({
  runs,
  columns: [x, y, z],
  axes: [xAxis, yAxis, zAxis],
  at,
  small,
  linkOf,
}: {
  runs: readonly ChartRun[];
  columns: [Column, Column, Column | undefined];
  axes: [ValueAxis, ValueAxis, ValueAxis | null];
  at: Area;
  small: boolean;
  linkOf: (runId: string, experimentId: string) => string | null;
}) {
  const pointed = usePointedRun();
  const navigate = useNavigate();
  return (
    <g>
      {runs.map((run, i) => {
        const px = at.x(xAxis.at(x.numbers[i]!));
        const py = at.y(yAxis.at(y.numbers[i]!));
        if (!Number.isFinite(px) || !Number.isFinite(py)) return null;
        const value = z?.numbers[i] ?? Number.NaN;
        const color = z && zAxis ? heat(zAxis.at(value)) : run.color;
        const on = pointed === run.runId;
        const to = linkOf(run.runId, run.experimentId);
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the same runs can be reached in the table
          <circle
            key={run.runId}
            className={classes.point}
            cx={px}
            cy={py}
            r={on ? 7 : small ? 3 : 4.5}
            fill={color}
            fillOpacity={on ? 1 : 0.85}
            stroke={on ? "var(--mantine-color-text)" : "var(--ry-panel)"}
            onMouseEnter={() => pointAtRun(run.runId)}
            onMouseLeave={() => pointAtRun(null)}
            onClick={() => to && navigate({ to })}
          >
            <title>
              {[
                run.name,
                ...[x, y, z].flatMap((one) => (one ? [`${one.name}: ${textOf(one, i, number)}`] : [])),
              ].join("\n")}
            </title>
          </circle>
        );
      })}
    </g>
  );
}

const BAR = 10;
const SHADES = 24;

/** Which colour stands for which value. */
function Scale({ axis, at, name }: { axis: ValueAxis; at: Area; name: string }) {
  const left = at.x(1) + 10;
  return (
    <g aria-hidden>
      <title>{name}</title>
      {Array.from({ length: SHADES }, (_, i) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: shades never change
          key={i}
          x={left}
          y={at.y((i + 1) / SHADES)}
          width={BAR}
          height={at.height / SHADES + 0.5}
          fill={heat((i + 0.5) / SHADES)}
        />
      ))}
      {axis.ticks.map((tick) => (
        <text key={tick.at} x={left + BAR + 3} y={at.y(tick.at) + 4}>
          {tick.text.slice(0, 6)}
        </text>
      ))}
    </g>
  );
}

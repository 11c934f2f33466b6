/** One value of each run as bars, greatest first; or the mean of runs with the same value of a param or tag. */

import { KeyPicker, type Names } from "@/components/charts/panels/KeyPicker";
import { PanelFrame, type PanelProps, usePanel } from "@/components/charts/panels/PanelFrame";
import classes from "@/components/charts/panels/panels.module.css";
import { Axes, area, Drawing } from "@/components/charts/panels/Svg";
import { useValues } from "@/components/charts/panels/use-values";
import { pointAtRun, usePointedRun } from "@/components/charts/pointed-run";
import type { ChartRun } from "@/components/charts/types";
import { type Bar, barsOf } from "@/lib/chart-bars";
import { csv } from "@/lib/chart-export";
import { axisOf } from "@/lib/chart-scales";
import { number } from "@/lib/format";

const MOST = 60;
const NAME = 120;

export function BarPanel({
  shared,
  panel,
  names,
  runs,
}: PanelProps & { names: Names; runs: readonly ChartRun[] }) {
  const { setOf } = usePanel({ shared, panel });
  const [value = "", by = ""] = panel.of;
  const values = useValues(shared.drawn, runs, [value, by], true);
  const column = values.columns.get(value);
  const groups = by ? values.columns.get(by) : undefined;
  const bars = column ? barsOf(column, groups, runs, number) : [];
  const what = by ? "groups" : "runs";
  return (
    <PanelFrame
      shared={shared}
      panel={panel}
      title={column ? `${column.name}${groups ? ` by ${groups.name}` : ""}` : "Bars"}
      pickers={
        <>
          <KeyPicker
            names={names}
            choice="value"
            label="Value"
            value={value}
            onChange={(next) => setOf([next, by])}
          />
          <KeyPicker
            names={names}
            choice="group"
            label="Group by"
            value={by}
            optional
            onChange={(next) => setOf([value, next])}
          />
        </>
      }
      values={values}
      ready={value !== ""}
      hint="Choose a value to compare."
      text={
        bars.length > MOST
          ? `the first ${MOST} of ${bars.length} ${what}`
          : `${bars.length} ${what}${by ? ", mean and standard deviation" : ""}`
      }
      csv={() =>
        csv(
          [by ? "group" : "run", column?.name ?? "value", "deviation", "runs"],
          bars.map((one) => [one.name, one.value, one.deviation, one.n]),
        )
      }
      table={<BarTable bars={bars} name={column?.name ?? ""} />}
    >
      {({ height, width }) => (
        <Bars bars={bars.slice(0, MOST)} width={width} height={height} name={column?.name ?? ""} />
      )}
    </PanelFrame>
  );
}

function Bars({ bars, width, height, name }: { bars: Bar[]; width: number; height: number; name: string }) {
  const pointed = usePointedRun();
  const named = bars.length <= height / 10.5;
  const at = area(width, height, { left: named ? NAME : 12, right: 46, top: 4, bottom: 20 });
  const axis = axisOf(
    {
      name,
      numbers: Float64Array.from(
        bars.flatMap((one) => [one.value - one.deviation, one.value + one.deviation]),
      ),
      categories: null,
      wide: false,
    },
    4,
    0.03,
    true,
  );
  const each = at.height / Math.max(1, bars.length);
  const thick = Math.max(1, Math.min(22, each * 0.72));
  const zero = at.x(axis.at(0));
  return (
    <Drawing
      width={width}
      height={height}
      label={`${name}: ${bars
        .map((one) => `${one.name} ${number(one.value)}`)
        .slice(0, 10)
        .join(", ")}`}
    >
      <Axes at={at} x={axis} y={{ at: () => 0, value: () => 0, ticks: [] }} xName="" yName="" />
      {bars.map((bar, i) => {
        const middle = at.y(1) + each * (i + 0.5);
        const end = at.x(axis.at(bar.value));
        const far = pointed !== null && bar.runId !== null && pointed !== bar.runId;
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the same runs can be reached in the table
          <g
            key={bar.key}
            className={far ? classes.dim : undefined}
            onMouseEnter={() => pointAtRun(bar.runId)}
            onMouseLeave={() => pointAtRun(null)}
          >
            <title>{`${bar.name}: ${number(bar.value)}${bar.n > 1 ? ` ± ${number(bar.deviation)} (${bar.n} runs)` : ""}`}</title>
            <rect x={0} y={middle - each / 2} width={width} height={each} fill="transparent" />
            <rect
              x={Math.min(zero, end)}
              y={middle - thick / 2}
              width={Math.max(1, Math.abs(end - zero))}
              height={thick}
              fill={bar.color}
              rx={1.5}
            />
            {bar.deviation > 0 && (
              <line
                x1={at.x(axis.at(bar.value - bar.deviation))}
                x2={at.x(axis.at(bar.value + bar.deviation))}
                y1={middle}
                y2={middle}
                stroke="var(--mantine-color-text)"
              />
            )}
            {named && (
              <>
                <text x={NAME - 6} y={middle + 4} textAnchor="end">
                  {bar.name.length > 18 ? `${bar.name.slice(0, 17)}…` : bar.name}
                </text>
                <text x={Math.max(zero, end) + 5} y={middle + 4}>
                  {bar.deviation > 0 ? "" : number(bar.value)}
                </text>
              </>
            )}
          </g>
        );
      })}
    </Drawing>
  );
}

function BarTable({ bars, name }: { bars: Bar[]; name: string }) {
  return (
    <section className={classes.figures} aria-label={`${name} as a table`}>
      <table className="plain numeric">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">{name}</th>
            <th scope="col">Deviation</th>
            <th scope="col">Runs</th>
          </tr>
        </thead>
        <tbody>
          {bars.slice(0, 200).map((bar) => (
            <tr key={bar.key}>
              <th scope="row">{bar.name}</th>
              <td>{number(bar.value)}</td>
              <td>{bar.n > 1 ? number(bar.deviation) : ""}</td>
              <td>{bar.n}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

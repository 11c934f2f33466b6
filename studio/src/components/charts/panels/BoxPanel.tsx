/** How a value is spread, by the values of a param or tag. */
import { useMemo } from "react";
import { KeyPicker, type Names } from "@/components/charts/panels/KeyPicker";
import { PanelFrame, type PanelProps, usePanel } from "@/components/charts/panels/PanelFrame";
import classes from "@/components/charts/panels/panels.module.css";
import { Axes, area, Drawing } from "@/components/charts/panels/Svg";
import { useValues } from "@/components/charts/panels/use-values";
import type { ChartRun } from "@/components/charts/types";
import { type Box, boxOf } from "@/lib/chart-box";
import { csv } from "@/lib/chart-export";
import { axisOf } from "@/lib/chart-scales";
import { type Column, grouped } from "@/lib/chart-values";
import { number } from "@/lib/format";

const MOST = 24;

interface Named {
  name: string;
  box: Box;
}

export function BoxPanel({
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
  const boxes = useMemo(() => (column ? boxesOf(column, groups) : []), [column, groups]);
  return (
    <PanelFrame
      shared={shared}
      panel={panel}
      title={column ? `${column.name}${groups ? ` by ${groups.name}` : ""}` : "Boxes"}
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
      hint="Choose a value, and a param or tag to group by."
      text={`${boxes.reduce((sum, one) => sum + one.box.n, 0)} runs: quartiles, whiskers up to 1.5 times the box`}
      csv={() =>
        csv(
          ["group", "runs", "low", "quarter", "median", "three_quarters", "high", "mean"],
          boxes.map(({ name, box }) => [
            name,
            box.n,
            box.low,
            box.quarter,
            box.median,
            box.threeQuarters,
            box.high,
            box.mean,
          ]),
        )
      }
      table={<BoxTable boxes={boxes} />}
    >
      {({ height, width }) =>
        column && (
          <Boxes boxes={boxes} column={column} by={groups?.name ?? ""} width={width} height={height} />
        )
      }
    </PanelFrame>
  );
}

function boxesOf(column: Column, groups: Column | undefined): Named[] {
  const parts = groups
    ? grouped(groups, MOST, number)
    : [{ name: "all runs", rows: Array.from(column.numbers, (_, i) => i) }];
  return parts.flatMap(({ name, rows }) => {
    const box = boxOf(rows.map((i) => column.numbers[i]!));
    return box ? [{ name, box }] : [];
  });
}

function Boxes({
  boxes,
  column,
  by,
  width,
  height,
}: {
  boxes: Named[];
  column: Column;
  by: string;
  width: number;
  height: number;
}) {
  const at = area(width, height);
  const y = axisOf(column, at.height / 44);
  const x = axisOf({
    name: by,
    numbers: new Float64Array(),
    categories: boxes.map((one) => one.name),
    wide: false,
  });
  const thick = Math.min(48, (at.width / Math.max(1, boxes.length)) * 0.6);
  const place = (value: number) => at.y(y.at(value));
  const label = `${column.name}: ${boxes.map(({ name, box }) => `${name} median ${number(box.median)}`).join(", ")}`;
  return (
    <Drawing width={width} height={height} label={label}>
      <Axes at={at} x={x} y={y} xName={by} yName={column.name} />
      {boxes.map(({ name, box }, i) => {
        const middle = at.x(x.at(i));
        const color = "var(--mantine-primary-color-filled)";
        return (
          <g key={name} stroke={color} strokeWidth={1.3}>
            <title>{`${name}: median ${number(box.median)}, half of ${box.n} runs between ${number(box.quarter)} and ${number(box.threeQuarters)}`}</title>
            <line x1={middle} x2={middle} y1={place(box.low)} y2={place(box.quarter)} />
            <line x1={middle} x2={middle} y1={place(box.threeQuarters)} y2={place(box.high)} />
            <rect
              x={middle - thick / 2}
              width={thick}
              y={place(box.threeQuarters)}
              height={Math.max(1, place(box.quarter) - place(box.threeQuarters))}
              fill={color}
              fillOpacity={0.2}
              rx={2}
            />
            <line
              x1={middle - thick / 2}
              x2={middle + thick / 2}
              y1={place(box.median)}
              y2={place(box.median)}
              strokeWidth={2.5}
            />
            {box.far.map((value, n) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: equal values have no other name
              <circle key={n} cx={middle} cy={place(value)} r={2.5} fill="none" />
            ))}
          </g>
        );
      })}
    </Drawing>
  );
}

function BoxTable({ boxes }: { boxes: Named[] }) {
  return (
    <section className={classes.figures} aria-label="Boxes as a table">
      <table className="plain numeric">
        <thead>
          <tr>
            {["Group", "Runs", "Lowest", "Quarter", "Median", "Three quarters", "Highest"].map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {boxes.map(({ name, box }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{box.n}</td>
              {[box.low, box.quarter, box.median, box.threeQuarters, box.high].map((value, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
                <td key={i}>{number(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

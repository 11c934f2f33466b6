/** One value of each run as bars, greatest first; or the mean of runs with the same value of a param or tag. */

import { Bars } from "@/components/charts/panels/Bars";
import { KeyPicker, type Names } from "@/components/charts/panels/KeyPicker";
import { PanelFrame, type PanelProps, usePanel } from "@/components/charts/panels/PanelFrame";
import classes from "@/components/charts/panels/panels.module.css";
import { useValues } from "@/components/charts/panels/use-values";
import type { ChartRun } from "@/components/charts/types";
import { type Bar, barsOf } from "@/lib/chart-bars";
import { csv } from "@/lib/chart-export";
import { number } from "@/lib/format";

const MOST = 60;

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

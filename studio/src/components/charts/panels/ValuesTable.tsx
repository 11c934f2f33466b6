/** Values of runs as a table, in the place of a chart. */
import classes from "@/components/charts/panels/panels.module.css";
import type { ChartRun } from "@/components/charts/types";
import { type Column, textOf } from "@/lib/chart-values";
import { number } from "@/lib/format";

const MOST = 200;

export function ValuesTable({ runs, columns }: { runs: readonly ChartRun[]; columns: readonly Column[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.figures} aria-label="Values as a table" tabIndex={0}>
      <table className="plain numeric">
        <thead>
          <tr>
            <th scope="col">Run</th>
            {columns.map((column) => (
              <th scope="col" key={column.name}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.slice(0, MOST).map((run, i) => (
            <tr key={run.runId}>
              <th scope="row">{run.name}</th>
              {columns.map((column) => (
                <td key={column.name}>{textOf(column, i, number)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

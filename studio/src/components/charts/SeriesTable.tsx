/** The lines of a chart as a table. */
import classes from "@/components/charts/charts.module.css";
import type { Line } from "@/lib/chart-data";
import { summaries } from "@/lib/chart-export";
import { count, number } from "@/lib/format";

const MOST = 200;

export function SeriesTable({ lines, caption }: { lines: readonly Line[]; caption: string }) {
  const rows = summaries(lines.slice(0, MOST));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.scroll} tabIndex={0} aria-label={`${caption} as a table`}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Last</th>
            <th scope="col">Min</th>
            <th scope="col">Max</th>
            <th scope="col">Points</th>
          </tr>
        </thead>
        <tbody className="numeric">
          {rows.map((one) => (
            <tr key={one.key}>
              <th scope="row">
                <span className={classes.swatch} style={{ background: one.color }} />
                {one.label}
              </th>
              <td>{number(one.last)}</td>
              <td>{number(one.min)}</td>
              <td>{number(one.max)}</td>
              <td>{count(one.points)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {lines.length > MOST && (
        <p className="quiet">
          The first {MOST} of {lines.length}. CSV has all.
        </p>
      )}
    </section>
  );
}

/** What a chart shows as a file or as a table. Pure. */
import type { Counts, Line } from "@/lib/chart-data";
import { line } from "@/lib/csv";
import { count } from "@/lib/format";

type Cell = string | number | null | undefined;

export function csv(header: readonly string[], rows: Iterable<readonly Cell[]>): string {
  const lines = [line(header)];
  for (const row of rows) lines.push(line(row));
  return lines.join("");
}

/** Everything that is drawn: one row per point or bucket. */
export function linesCsv(lines: readonly Line[], x: string): string {
  function* rows(): Generator<Cell[]> {
    for (const { series, smooth, label, runId } of lines)
      for (let i = 0; i < series.x.length; i++)
        yield [
          runId,
          label,
          series.metric,
          series.x[i],
          series.xLast[i],
          series.last[i],
          series.min[i],
          series.max[i],
          series.mean[i],
          series.count ? series.count[i] : 1,
          smooth ? smooth[i] : null,
        ];
  }
  const header = [
    "run_id",
    "run",
    "metric",
    x,
    `${x}_last`,
    "last",
    "min",
    "max",
    "mean",
    "points",
    "smoothed",
  ];
  return csv(header, rows());
}

export interface Summary {
  key: string;
  label: string;
  color: string;
  last: number;
  min: number;
  max: number;
  points: number;
}

/** One row per line: what its drawn part comes to. */
export function summaries(lines: readonly Line[]): Summary[] {
  return lines.map(({ key, label, color, series }) => {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < series.x.length; i++) {
      if (series.min[i]! < min) min = series.min[i]!;
      if (series.max[i]! > max) max = series.max[i]!;
    }
    const none = min > max;
    return {
      key,
      label,
      color,
      last: series.last[series.last.length - 1] ?? Number.NaN,
      min: none ? Number.NaN : min,
      max: none ? Number.NaN : max,
      points: series.stored,
    };
  });
}

const many = (n: number, word: string): string => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

/** How many points are shown, of how many. */
export function countsText(counts: Counts, what: "run" | "group" | "line"): string {
  const { drawn, inRange, stored, exact } = counts;
  const lines = many(counts.lines, what);
  if (what === "group") return `${lines} · mean ± standard deviation`;
  if (exact && inRange === stored) return `${lines} · all ${many(stored, "point")}`;
  const of = inRange < stored ? `${count(inRange)} of ${many(stored, "point")}` : many(stored, "point");
  return exact ? `${lines} · ${of}, each drawn` : `${lines} · ${of} in ${count(drawn)} ranges, min to max`;
}

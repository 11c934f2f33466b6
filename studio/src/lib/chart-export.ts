/** What a chart shows as a file or as a table. Pure. */
import type { Counts, Line } from "@/lib/chart-data";
import { count } from "@/lib/format";

type Cell = string | number | null | undefined;

/** A cell of CSV. Texts that a spreadsheet would take for a formula are marked as texts. */
export function cell(value: Cell): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isNaN(value) ? "NaN" : String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(header: readonly string[], rows: Iterable<readonly Cell[]>): string {
  const lines = [header.map(cell).join(",")];
  for (const row of rows) lines.push(row.map(cell).join(","));
  return `${lines.join("\r\n")}\r\n`;
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
  const lines = many(counts.lines, what);
  if (what === "group") return `${lines}, mean and standard deviation`;
  if (counts.exact && counts.drawn === counts.stored) return `${lines}, all ${many(counts.stored, "point")}`;
  const of =
    counts.inRange < counts.stored
      ? `${count(counts.inRange)} of ${many(counts.stored, "point")}`
      : many(counts.stored, "point");
  if (counts.exact) return `${lines}, ${of}, each drawn`;
  return `${lines}, ${of} drawn as ${count(counts.drawn)} with their min, max and last`;
}

/** Series made ready to be drawn: names, colours, smoothing. Pure. */
import type { Bar } from "@/lib/chart-bars";
import type { Line, Series } from "@/lib/chart-data";
import { ema, gaussian } from "@/lib/chart-smooth";
import type { Smoothing } from "@/lib/chart-state";

export interface Look {
  runId: string;
  experimentId: string;
  name: string;
  color: string;
}

const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4]];

/** The same series is smoothed once for each strength and width. */
const kept = new WeakMap<Series, { key: string; values: Float64Array }>();

function smoothed(series: Series, strength: number, how: Smoothing, width: number): Float64Array {
  const key = `${how} ${strength} ${width}`;
  const old = kept.get(series);
  if (old?.key === key) return old.values;
  const values = how === "gauss" ? gaussian(series, strength, width) : ema(series, strength, width);
  kept.set(series, { key, values });
  return values;
}

/** Lines in the order of the runs; several metrics of one run differ by their dashes and say which they are. */
export function linesOf(
  series: readonly Series[],
  looks: ReadonlyMap<string, Look>,
  metrics: readonly string[],
  smooth: { strength: number; how: Smoothing },
  band = false,
): Line[] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { x, xLast } of series) {
    if (x.length === 0) continue;
    low = Math.min(low, x[0]!);
    high = Math.max(high, xLast[xLast.length - 1]!);
  }
  const width = high - low;
  return series.flatMap((one) => {
    const look = looks.get(one.runId);
    if (!look || one.x.length === 0) return [];
    const place = Math.max(0, metrics.indexOf(one.metric));
    return [
      {
        key: `${one.runId}\u0000${one.metric}`,
        runId: look.runId,
        experimentId: look.experimentId,
        label: metrics.length > 1 ? `${look.name} · ${one.metric}` : look.name,
        color: look.color,
        dash: DASHES[place % DASHES.length]!,
        band,
        series: one,
        smooth: smooth.strength > 0 ? smoothed(one, smooth.strength, smooth.how, width) : null,
      },
    ];
  });
}

/** A short text that is another one for other runs or another order; so that a thousand ids are not compared each time. */
export function runsKey(ids: readonly string[]): string {
  let a = 2166136261;
  let b = 5381;
  for (const id of ids) {
    for (let i = 0; i < id.length; i++) {
      const code = id.charCodeAt(i);
      a = Math.imul(a ^ code, 16777619);
      b = (Math.imul(b, 33) + code) | 0;
    }
    a = Math.imul(a ^ 31, 16777619);
  }
  return `${ids.length}-${(a >>> 0).toString(36)}-${(b >>> 0).toString(36)}`;
}

/** What is asked for when a part of the axis is looked at: somewhat more, so that one may move a little. */
export function asked(
  zoom: readonly [number, number] | null,
  width: number,
  series: number,
): { start: number | null; end: number | null; buckets: number } {
  const fair = Math.floor(MOST_BUCKETS / Math.max(1, series));
  const buckets = Math.max(LEAST_BUCKETS, Math.min(fair, Math.ceil(Math.max(width, 300) / 100) * 100));
  if (!zoom) return { start: null, end: null, buckets };
  const room = (zoom[1] - zoom[0]) * BESIDE;
  const more = Math.ceil(buckets * (1 + 2 * BESIDE));
  return { start: zoom[0] - room, end: zoom[1] + room, buckets: Math.max(buckets, Math.min(fair, more)) };
}

const BESIDE = 0.2;
const MOST_BUCKETS = 100_000;
const LEAST_BUCKETS = 150;

/** Whether each line is one point, so that nothing could be seen of a line. */
export const areSingle = (lines: readonly Line[]): boolean =>
  lines.length > 0 &&
  lines.every((line) => line.series.stored === 1 && line.series.last.length === 1 && !line.band);

/** The value of each line that is one point, greatest first. */
export const barsOfLines = (lines: readonly Line[]): Bar[] =>
  lines
    .map((line) => ({
      key: line.key,
      runId: line.runId,
      name: line.label,
      color: line.color,
      value: line.series.last[0]!,
      deviation: 0,
      n: 1,
    }))
    .filter((one) => Number.isFinite(one.value))
    .sort((a, b) => b.value - a.value);

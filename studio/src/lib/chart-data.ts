/** Points of runs as charts draw them: buckets of an axis, and what is where among them. Pure. */

/** One metric of one run. Arrays of one length, by ascending x; where `exact`, each bucket is one point. */
export interface Series {
  runId: string;
  metric: string;
  /** All points there are, and those in the range asked for. */
  stored: number;
  inRange: number;
  exact: boolean;
  /** First and last place of each bucket. */
  x: Float64Array;
  xLast: Float64Array;
  last: Float64Array;
  min: Float64Array;
  max: Float64Array;
  mean: Float64Array;
  /** Points per bucket, and how many of them are NaN; null: one each. */
  count: ArrayLike<number> | null;
  nans: ArrayLike<number> | null;
  /** Of groups: how many runs each bucket is made of. */
  runs?: ArrayLike<number>;
}

/** A series with its looks. */
export interface Line {
  /** Different for each line of a chart. */
  key: string;
  runId: string;
  experimentId: string;
  label: string;
  color: string;
  dash: readonly number[];
  /** Fills between min and max, as of a group of runs. */
  band: boolean;
  series: Series;
  /** One value per bucket that stands for it, smoothed; null: the last values are drawn as they are. */
  smooth: Float64Array | null;
}

export type Span = [number, number];

/** The first place whose value is not below x. */
export function lowerBound(sorted: Float64Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bucket that holds x or lies nearest to it; -1: there is none. */
export function nearest(series: Series, x: number): number {
  const { x: first, xLast } = series;
  if (first.length === 0) return -1;
  const after = lowerBound(first, x);
  if (after < first.length && first[after] === x) return after;
  const before = after - 1;
  if (before < 0) return 0;
  if (after === first.length || x <= xLast[before]!) return before;
  return x - xLast[before]! <= first[after]! - x ? before : after;
}

/** From the first to the last place of all lines; null: nothing is there. `positive`: only places above zero. */
export function xSpan(lines: readonly Line[], positive = false): Span | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { series } of lines) {
    const n = series.x.length;
    if (n === 0) continue;
    const start = positive ? lowerBound(series.x, Number.MIN_VALUE) : 0;
    if (start < n) low = Math.min(low, series.x[start]!);
    high = Math.max(high, series.xLast[n - 1]!);
  }
  if (low > high) return null;
  return low === high ? around(low) : [low, high];
}

const around = (value: number): Span => {
  const half = value === 0 ? 1 : Math.abs(value) * 0.05;
  return [value - half, value + half];
};

/** Share of values at each end that a calm axis leaves out. */
const FAR = 0.01;

/** The values that lines have within a range of x. */
export function ySpan(lines: readonly Line[], range: Span, log: boolean, calm: boolean): Span {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const all: number[] = [];
  const see = (value: number) => {
    if (!Number.isFinite(value) || (log && value <= 0)) return;
    if (value < low) low = value;
    if (value > high) high = value;
    if (calm) all.push(value);
  };
  for (const { series } of lines) {
    const start = lowerBound(series.xLast, range[0]);
    for (let i = start; i < series.x.length && series.x[i]! <= range[1]; i++) {
      see(series.min[i]!);
      see(series.max[i]!);
    }
  }
  if (calm && all.length > 20) {
    const sorted = Float64Array.from(all).sort();
    low = sorted[Math.floor(sorted.length * FAR)]!;
    high = sorted[Math.ceil(sorted.length * (1 - FAR)) - 1]!;
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (low === high) return log ? [low / 2, low * 2] : around(low);
  if (log) {
    const room = (high / low) ** 0.04;
    return [low / room, high * room];
  }
  const room = (high - low) * 0.04;
  return [low - room, high + room];
}

export interface Counts {
  lines: number;
  /** Buckets drawn, and the points that they stand for. */
  drawn: number;
  inRange: number;
  stored: number;
  exact: boolean;
}

export function countsOf(lines: readonly Line[]): Counts {
  const counts: Counts = { lines: lines.length, drawn: 0, inRange: 0, stored: 0, exact: true };
  for (const { series } of lines) {
    counts.drawn += series.x.length;
    counts.inRange += series.inRange;
    counts.stored += series.stored;
    counts.exact &&= series.exact;
  }
  return counts;
}

/** What a line has at a place, for the tooltip. */
export interface Reading {
  line: Line;
  at: number;
  x: number;
  /** What the line is drawn at. */
  value: number;
}

/** The lines' values at x, greatest first, NaN last; lines that end before or begin after it by more than `slack` are left out. */
export function readings(lines: readonly Line[], x: number, slack: number): Reading[] {
  const found: Reading[] = [];
  for (const line of lines) {
    const { series } = line;
    const at = nearest(series, x);
    if (at < 0 || series.x[at]! - x > slack || x - series.xLast[at]! > slack) continue;
    const value = line.smooth ? line.smooth[at]! : series.last[at]!;
    found.push({ line, at, x: series.x[at]!, value });
  }
  return found.sort((a, b) => rank(b.value) - rank(a.value));
}

const rank = (value: number) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value);

/** The lines with newer series of some runs in the place of what they had. */
export function merged(old: readonly Series[], fresh: readonly Series[], order: readonly string[]): Series[] {
  const place = new Map(order.map((id, i) => [id, i]));
  const made = new Map(old.map((one) => [one.runId, one]));
  for (const one of fresh) made.set(one.runId, one);
  return [...made.values()]
    .filter((one) => place.has(one.runId))
    .sort((a, b) => place.get(a.runId)! - place.get(b.runId)!);
}

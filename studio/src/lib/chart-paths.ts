/** From places and values to pixels. Pure. */
import { lowerBound, type Series, type Span } from "@/lib/chart-data";

/** One axis: from what it shows to pixels. */
export interface Scale {
  span: Span;
  log: boolean;
  /** Where it begins, and how far it goes; negative: upwards. */
  from: number;
  size: number;
}

/** Pixel of a value; NaN where a logarithmic scale has none. */
export function place(scale: Scale, value: number): number {
  const { span, log, from, size } = scale;
  if (!log) return from + ((value - span[0]) / (span[1] - span[0])) * size;
  if (value <= 0) return Number.NaN;
  const low = Math.log(span[0]);
  return from + ((Math.log(value) - low) / (Math.log(span[1]) - low)) * size;
}

/** The value at a pixel. */
export function valueAt(scale: Scale, pixel: number): number {
  const { span, log, from, size } = scale;
  const share = (pixel - from) / size;
  if (!log) return span[0] + share * (span[1] - span[0]);
  return span[0] * (span[1] / span[0]) ** share;
}

/** The buckets that lie in a span, and one beyond each end so that lines go on to the edge. */
export function within(series: Series, span: Span): [number, number] {
  const from = Math.max(0, lowerBound(series.xLast, span[0]) - 1);
  const to = Math.min(series.x.length, lowerBound(series.x, span[1]) + 1);
  return [from, Math.max(from, to)];
}

/** Clamps what lies far outside, so that canvas arithmetic stays exact. */
const near = (pixel: number) => Math.max(-32_000, Math.min(pixel, 32_000));

/**
 * Corners of a line, x and y in turn; NaN, NaN where it breaks. Of many points in one column of pixels the first, the
 * lowest, the highest and the last are kept: the line looks the same.
 */
export function corners(series: Series, values: Float64Array, x: Scale, y: Scale): Float64Array {
  const [from, to] = within(series, x.span);
  const made = new Float64Array((to - from) * 2 + 8);
  const dense = to - from > Math.abs(x.size) * 4;
  let n = 0;
  const put = (px: number, py: number) => {
    made[n++] = px;
    made[n++] = py;
  };
  let column = Number.NaN;
  let low = 0;
  let high = 0;
  let first = 0;
  let end = 0;
  let at = 0;
  const flush = () => {
    if (Number.isNaN(column)) return;
    put(at, first);
    if (low !== first || high !== first) {
      put(at, low);
      put(at, high);
      put(at, end);
    }
    column = Number.NaN;
  };
  for (let i = from; i < to; i++) {
    const px = near(place(x, (series.x[i]! + series.xLast[i]!) / 2));
    const value = values[i]!;
    const py = Number.isFinite(value) ? near(place(y, value)) : Number.NaN;
    if (Number.isNaN(px) || Number.isNaN(py)) {
      flush();
      if (n > 0 && !Number.isNaN(made[n - 1]!)) put(Number.NaN, Number.NaN);
      continue;
    }
    if (!dense) {
      put(px, py);
      continue;
    }
    const here = Math.floor(px);
    if (here !== column) {
      flush();
      column = here;
      at = px;
      first = low = high = end = py;
    } else {
      if (py < low) low = py;
      if (py > high) high = py;
      end = py;
    }
  }
  flush();
  return made.subarray(0, n);
}

/** Strokes from the least to the greatest value of buckets, one per column of pixels: x, top, bottom in turn. */
export function strokes(series: Series, x: Scale, y: Scale): Float64Array {
  const [from, to] = within(series, x.span);
  const made = new Float64Array((to - from) * 3);
  let n = 0;
  let column = Number.NaN;
  for (let i = from; i < to; i++) {
    const low = series.min[i]!;
    const high = series.max[i]!;
    if (!Number.isFinite(low) || !Number.isFinite(high) || low === high) continue;
    const px = Math.floor(near(place(x, (series.x[i]! + series.xLast[i]!) / 2)));
    const top = near(place(y, high));
    const low_ = place(y, low);
    const bottom = Number.isNaN(low_) ? 32_000 : near(low_);
    if (Number.isNaN(px) || Number.isNaN(top)) continue;
    if (px === column) {
      made[n - 2] = Math.min(made[n - 2]!, top);
      made[n - 1] = Math.max(made[n - 1]!, bottom);
      continue;
    }
    column = px;
    made[n++] = px;
    made[n++] = top;
    made[n++] = bottom;
  }
  return made.subarray(0, n);
}

export interface Mark {
  x: number;
  what: "NaN" | "∞" | "−∞";
}

/** Where values are no numbers, at most one mark of a kind per column of pixels. */
export function marks(series: Series, x: Scale): Mark[] {
  const [from, to] = within(series, x.span);
  const made: Mark[] = [];
  const column = { NaN: -1, "∞": -1, "−∞": -1 };
  const put = (px: number, what: Mark["what"]) => {
    if (column[what] === Math.round(px)) return;
    column[what] = Math.round(px);
    made.push({ x: px, what });
  };
  for (let i = from; i < to; i++) {
    const nan = series.nans ? series.nans[i]! > 0 : Number.isNaN(series.last[i]!);
    const up = series.max[i] === Number.POSITIVE_INFINITY;
    const down = series.min[i] === Number.NEGATIVE_INFINITY;
    if (!nan && !up && !down) continue;
    const px = place(x, series.x[i]!);
    if (Number.isNaN(px)) continue;
    if (nan) put(px, "NaN");
    if (up) put(px, "∞");
    if (down) put(px, "−∞");
  }
  return made;
}

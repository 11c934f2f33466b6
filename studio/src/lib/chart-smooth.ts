/** Smoothing of series whose points are not evenly spread and may be buckets of many. Pure. */
import type { Series } from "@/lib/chart-data";

/** One unit of distance of the moving average: this part of the axis. */
const UNITS = 1_000;
/** The widest gaussian reaches this part of the axis. */
const WIDEST = 0.15;
const REACH = 3;

/** What a bucket counts for: its mean, as much as it has points that are numbers. */
function weight(series: Series, i: number): number {
  if (!series.count) return 1;
  return series.count[i]! - (series.nans ? series.nans[i]! : 0);
}

function value(series: Series, i: number): number {
  return series.exact ? series.last[i]! : series.mean[i]!;
}

/**
 * Exponential moving average whose memory fades with the distance in x, not with the number of points, so that
 * dense and sparse parts, and the same part seen from near and far, are smoothed alike. Without bias at the beginning.
 * NaN and infinite values are passed over and stay what they are.
 *
 * `strength`: 0 to 0.999; `width`: of the axis, in x.
 */
export function ema(series: Series, strength: number, width: number): Float64Array {
  const n = series.x.length;
  const made = new Float64Array(n);
  const keep = Math.min(Math.sqrt(strength), 0.9995);
  const unit = width > 0 ? width / UNITS : 1;
  let sum = 0;
  let all = 0;
  let before = Number.NaN;
  for (let i = 0; i < n; i++) {
    const own = value(series, i);
    if (!Number.isFinite(own)) {
      made[i] = own;
      continue;
    }
    const place = (series.x[i]! + series.xLast[i]!) / 2;
    const fade = Number.isNaN(before) ? 1 : keep ** ((place - before) / unit);
    const counts = weight(series, i);
    sum = sum * fade + own * counts;
    all = all * fade + counts;
    before = place;
    made[i] = sum / all;
  }
  return made;
}

/** Mean under a bell around each point; `strength` 0 to 1 of the widest bell, `width`: of the axis, in x. */
export function gaussian(series: Series, strength: number, width: number): Float64Array {
  const n = series.x.length;
  const made = new Float64Array(n);
  const sigma = strength * WIDEST * width;
  const places = Float64Array.from(series.x, (x, i) => (x + series.xLast[i]!) / 2);
  let from = 0;
  for (let i = 0; i < n; i++) {
    const own = value(series, i);
    const x = places[i]!;
    if (!Number.isFinite(own) || sigma <= 0) {
      made[i] = own;
      continue;
    }
    while (places[from]! < x - REACH * sigma) from += 1;
    let sum = 0;
    let all = 0;
    for (let j = from; j < n && places[j]! <= x + REACH * sigma; j++) {
      const one = value(series, j);
      if (!Number.isFinite(one)) continue;
      const distance = (places[j]! - x) / sigma;
      const part = Math.exp(-0.5 * distance * distance) * weight(series, j);
      sum += one * part;
      all += part;
    }
    made[i] = all > 0 ? sum / all : own;
  }
  return made;
}

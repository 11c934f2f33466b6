/** What a box shows of numbers. Pure. */
export interface Box {
  n: number;
  /** Ends of the whiskers: the farthest values within 1.5 times the box's height of it. */
  low: number;
  high: number;
  quarter: number;
  median: number;
  threeQuarters: number;
  mean: number;
  /** Values beyond the whiskers. */
  far: number[];
}

/** The value below which a share of sorted numbers lies, between two of them by their distance. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(sorted.length - 1, below + 1)]!;
  return low + (high - low) * (place - below);
}

const REACH = 1.5;

/** null: no number is finite. */
export function boxOf(values: Iterable<number>): Box | null {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return null;
  const quarter = quantile(sorted, 0.25);
  const threeQuarters = quantile(sorted, 0.75);
  const reach = (threeQuarters - quarter) * REACH;
  const inside = sorted.filter((one) => one >= quarter - reach && one <= threeQuarters + reach);
  const far = sorted.filter((one) => one < quarter - reach || one > threeQuarters + reach);
  return {
    n: sorted.length,
    low: inside[0]!,
    high: inside[inside.length - 1]!,
    quarter,
    median: quantile(sorted, 0.5),
    threeQuarters,
    mean: sorted.reduce((sum, one) => sum + one, 0) / sorted.length,
    far: Array.from(far),
  };
}

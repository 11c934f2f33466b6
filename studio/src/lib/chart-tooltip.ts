/** Which rows a tooltip has room for. Pure. */
import type { Reading } from "@/lib/chart-data";

/** At most so many rows, in order, around the nearest one; without one the first. */
export function aroundNearest(
  readings: readonly Reading[],
  nearest: Reading | null,
  most: number,
): { rows: Reading[]; before: number; after: number } {
  const place = nearest ? readings.findIndex((one) => one.line.key === nearest.line.key) : 0;
  const last = Math.max(0, readings.length - most);
  const before = Math.min(last, Math.max(0, place - Math.floor(most / 2)));
  const rows = readings.slice(before, before + most);
  return { rows, before, after: readings.length - before - rows.length };
}

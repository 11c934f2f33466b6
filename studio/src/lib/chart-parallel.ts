/** Lines across parallel axes. Pure. */
import type { ValueAxis } from "@/lib/chart-scales";
import type { Column } from "@/lib/chart-values";

/** Of one axis, 0 to 1: only lines that pass through it are wanted. */
export type Brush = readonly [number, number] | null;

/** The places of a run on all axes; null: it has no value on one of them. */
export function placesOf(columns: readonly Column[], axes: readonly ValueAxis[], i: number): number[] | null {
  const places = columns.map((column, n) => axes[n]!.at(column.numbers[i]!));
  return places.every(Number.isFinite) ? places : null;
}

export function passes(places: readonly number[], brushes: readonly Brush[]): boolean {
  return brushes.every((brush, n) => !brush || (places[n]! >= brush[0] && places[n]! <= brush[1]));
}

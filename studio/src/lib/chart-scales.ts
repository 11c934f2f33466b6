/** Axes of charts of one value per run: where a value lies between 0 and 1, and what stands beside the axis. Pure. */
import { logTick, tick } from "@/lib/chart-ticks";
import type { Column } from "@/lib/chart-values";

export interface AxisTick {
  at: number;
  text: string;
}

export interface ValueAxis {
  /** 0 to 1 of a value; NaN where it has no place. */
  at: (value: number) => number;
  /** The value at a place. */
  value: (at: number) => number;
  ticks: AxisTick[];
}

/** Round numbers about evenly between two ends. */
export function roundTicks(low: number, high: number, about: number): { values: number[]; distance: number } {
  const rough = (high - low) / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(rough));
  const distance = ([1, 2, 2.5, 5, 10].find((n) => n * power >= rough * 0.999) ?? 10) * power;
  const values: number[] = [];
  for (let n = Math.ceil(low / distance - 1e-9); n * distance <= high + distance * 1e-9; n++)
    values.push(n * distance + 0);
  return { values, distance };
}

function ends(numbers: Iterable<number>, log: boolean): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const one of numbers) {
    if (!Number.isFinite(one) || (log && one <= 0)) continue;
    low = Math.min(low, one);
    high = Math.max(high, one);
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (low === high)
    return log ? [low / 2, low * 2] : [low - (Math.abs(low) * 0.05 || 1), low + (Math.abs(low) * 0.05 || 1)];
  return [low, high];
}

/** An axis for a column. `room`: share left empty at both ends; `zero`: the axis begins or ends at 0. */
export function axisOf(column: Column, about = 5, room = 0.04, zero = false): ValueAxis {
  if (column.categories) return categoryAxis(column.categories);
  if (column.wide && !zero) return logAxis(ends(column.numbers, true), room);
  let [low, high] = ends(column.numbers, false);
  if (zero) {
    low = Math.min(0, low);
    high = Math.max(0, high);
  }
  const more = (high - low) * room;
  const from = zero && low === 0 ? 0 : low - more;
  const to = zero && high === 0 ? 0 : high + more;
  const { values, distance } = roundTicks(from, to, about);
  const at = (value: number) => (value - from) / (to - from);
  return {
    at,
    value: (share) => from + share * (to - from),
    ticks: values.map((value) => ({ at: at(value), text: tick(value, distance) })),
  };
}

function categoryAxis(categories: readonly string[]): ValueAxis {
  const n = Math.max(1, categories.length);
  const at = (value: number) => (value + 0.5) / n;
  const every = Math.ceil(n / 12);
  return {
    at,
    value: (share) => Math.min(n - 1, Math.max(0, Math.floor(share * n))),
    ticks: categories.flatMap((text, i) => (i % every === 0 ? [{ at: at(i), text }] : [])),
  };
}

function logAxis([low, high]: [number, number], room: number): ValueAxis {
  const a = Math.log10(low);
  const b = Math.log10(high);
  const from = a - (b - a) * room;
  const to = b + (b - a) * room;
  const at = (value: number) => (value > 0 ? (Math.log10(value) - from) / (to - from) : Number.NaN);
  const every = Math.max(1, Math.ceil((to - from) / 6));
  const ticks: AxisTick[] = [];
  for (let power = Math.ceil(from); power <= to; power += every)
    ticks.push({ at: at(10 ** power), text: logTick(10 ** power) });
  return { at, value: (share) => 10 ** (from + share * (to - from)), ticks };
}

const STOPS = ["#443983", "#31688e", "#21918c", "#35a765", "#8fb52b", "#d9a400"];

/** A colour between dark violet and amber, for 0 to 1; grey where there is no value. */
export function heat(share: number): string {
  if (Number.isNaN(share)) return "#868e96";
  const [r, g, b] = heatRgb(share);
  return `rgb(${r},${g},${b})`;
}

export function heatRgb(share: number): [number, number, number] {
  const place = Math.min(0.9999, Math.max(0, share)) * (STOPS.length - 1);
  const i = Math.floor(place);
  const part = place - i;
  const channel = (at: number) => {
    const one = Number.parseInt(STOPS[i]!.slice(at, at + 2), 16);
    const next = Number.parseInt(STOPS[i + 1]!.slice(at, at + 2), 16);
    return Math.round(one + (next - one) * part);
  };
  return [channel(1), channel(3), channel(5)];
}

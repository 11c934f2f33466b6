/** Numbers, times and spans along axes. Pure. */

import type { XAxis } from "@/lib/chart-state";
import { duration, moment, number } from "@/lib/format";

const S = 1_000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;
/** Distances of ticks on an axis of relative time, in ms. */
export const RELATIVE_STEPS = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * S),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * M),
  ...[1, 2, 3, 6, 12].map((n) => n * H),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * D),
];

/** A number on an axis whose ticks are so far apart: no more digits than needed. */
export function tick(value: number, distance: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e12 || (size < 1e-4 && distance < 1e-4))
    return value
      .toExponential(digitsFor(value, distance))
      .replace("-", "−")
      .replace("e+", "e")
      .replace("e-", "e−");
  const units: [number, string][] = [
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ];
  for (const [from, unit] of units) {
    if (size < from) continue;
    const base = unit === "k" ? 1e3 : from;
    return plain(value / base, distance / base) + unit;
  }
  return plain(value, distance);
}

function digitsFor(value: number, distance: number): number {
  if (!(distance > 0)) return 2;
  return Math.max(0, Math.min(6, Math.ceil(Math.log10(Math.abs(value)) - Math.log10(distance))));
}

function plain(value: number, distance: number): string {
  return value.toFixed(distance > 0 ? decimals(distance) : 4).replace("-", "−");
}

/** Digits after the point that a distance of ticks needs: 0.25 two, 0.5 one, 20 none. */
function decimals(distance: number): number {
  let digits = Math.max(0, Math.min(12, Math.ceil(-Math.log10(distance) - 1e-9)));
  while (digits < 12) {
    const scaled = distance * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) break;
    digits += 1;
  }
  return digits;
}

/** A power of ten on a logarithmic axis, and what lies between. */
export function logTick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) return String(Number(value.toPrecision(6)));
  return value.toExponential().replace("e+", "e").replace("e-", "e−");
}

/** A time since the start of a run, short. */
export function relativeTick(ms: number): string {
  const sign = ms < 0 ? "−" : "";
  const size = Math.abs(ms);
  if (size < S) return `${sign}${Math.round(size)}ms`;
  if (size < M) return `${sign}${Number((size / S).toFixed(1))}s`;
  const parts: [number, string][] = [
    [D, "d"],
    [H, "h"],
    [M, "m"],
    [S, "s"],
  ];
  const first = parts.findIndex(([unit]) => size >= unit);
  const [unit, name] = parts[first]!;
  const whole = Math.floor(size / unit);
  const rest = parts[first + 1];
  const left = rest ? Math.round((size - whole * unit) / rest[0]) : 0;
  return `${sign}${whole}${name}${rest && left ? ` ${left}${rest[1]}` : ""}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number) => String(n).padStart(2, "0");

/** Times in the reader's zone, as short as their distance allows; below the first one, and where it changes, the day or year. */
export function timeTicks(times: readonly (number | null)[], distance: number): string[] {
  let before = "";
  return times.map((ms) => {
    if (ms === null) return "";
    const at = new Date(ms);
    const day = `${MONTHS[at.getMonth()]} ${at.getDate()}`;
    const year = String(at.getFullYear());
    if (distance >= 360 * D) return year;
    const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
    const seconds = `${clock}:${two(at.getSeconds())}`;
    const [text, under] =
      distance >= 28 * D
        ? [MONTHS[at.getMonth()]!, year]
        : distance >= D
          ? [day, year]
          : distance >= M
            ? [clock, day]
            : distance >= S
              ? [seconds, day]
              : [`${seconds}.${String(at.getMilliseconds()).padStart(3, "0")}`, day];
    if (under === before) return text;
    before = under;
    return `${text}\n${under}`;
  });
}

/** A place on the x axis in words. */
export function placeText(x: XAxis, value: number): string {
  if (x === "time") return moment(value);
  if (x === "relative")
    return `${value < 0 ? "−" : ""}${duration(Math.abs(value)) || "0 ms"} after the start`;
  if (x === "step") return `step ${number(Math.round(value))}`;
  return `${x.slice(7)} ${number(value)}`;
}

/** What an axis shows. */
export function axisName(x: XAxis): string {
  if (x === "time") return "Time";
  if (x === "relative") return "Time since the start";
  return x === "step" ? "Step" : x.slice(7);
}

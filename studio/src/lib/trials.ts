/** Trials of a sweep as a table, and the charts that show them. Pure. */
import { AT_FIRST, chartsParam, type Panel } from "@/lib/chart-state";
import { number } from "@/lib/format";

export interface TrialLike {
  run_id: string;
  parameters: Record<string, unknown>;
  metric: number | null;
}

/** All parameters, in the order of the space, then those that only trials have. */
export function parameterNames(
  space: Record<string, unknown> | undefined,
  trials: readonly TrialLike[],
): string[] {
  const names = new Set(Object.keys(space ?? {}));
  for (const trial of trials) for (const name of Object.keys(trial.parameters)) names.add(name);
  return [...names];
}

export type Order = { by: "metric" | "started" | `p.${string}`; down: boolean };

/** In another order; what has no value comes last, also the other way round. */
export function sortedTrials<T extends TrialLike>(trials: readonly T[], order: Order): T[] {
  const of = (trial: T): unknown =>
    order.by === "metric"
      ? trial.metric
      : order.by === "started"
        ? null
        : trial.parameters[order.by.slice(2)];
  const sign = order.down ? -1 : 1;
  if (order.by === "started") return order.down ? [...trials].reverse() : [...trials];
  return [...trials].sort((a, b) => {
    const x = of(a);
    const y = of(b);
    const none = (one: unknown) => one === null || one === undefined || Number.isNaN(one);
    if (none(x) || none(y)) return Number(none(x)) - Number(none(y));
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return sign * String(x).localeCompare(String(y), "en", { numeric: true });
  });
}

/** The best first. */
export const firstOrder = (goal: string | undefined): Order => ({
  by: "metric",
  down: (goal ?? "").toLowerCase().startsWith("max"),
});

export const shownValue = (value: unknown): string =>
  typeof value === "number"
    ? number(value)
    : value === null || value === undefined
      ? ""
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);

/** What a range or a choice of the space is, in a line. */
export function rangeText(raw: Record<string, unknown>): string {
  const { kind, flag: _, ...rest } = raw;
  const values = Object.entries(rest).map(([name, value]) =>
    Array.isArray(value)
      ? value.map(shownValue).join(", ")
      : Object.keys(rest).length === 1
        ? shownValue(value)
        : `${name} ${shownValue(value)}`,
  );
  return [String(kind ?? ""), values.join(", ")].filter(Boolean).join(": ");
}

/** Charts of an experiment that show the trials across their parameters, as their address has it. */
export function trialCharts(names: readonly string[], metric: string): Record<string, unknown> {
  const of = [...names.slice(0, 12).map((name) => `p:${name}`), ...(metric ? [`m:${metric}`] : [])];
  const panels: Panel[] = [{ id: "p1", kind: "parallel", of }];
  return chartsParam({ ...AT_FIRST, panels }) ?? {};
}

/** Series for tests. */
import type { Line, Series } from "@/lib/chart-data";

/** Exact points; x is 0, 1, 2 … where none is given. */
export function points(values: readonly number[], x?: readonly number[]): Series {
  const places = Float64Array.from(x ?? values.map((_, i) => i));
  const made = Float64Array.from(values);
  return {
    runId: "a",
    metric: "loss",
    stored: made.length,
    inRange: made.length,
    exact: true,
    x: places,
    xLast: places,
    last: made,
    min: made,
    max: made,
    mean: made,
    count: null,
    nans: null,
  };
}

export function line(series: Series, more: Partial<Line> = {}): Line {
  return {
    key: series.runId,
    runId: series.runId,
    experimentId: "0",
    label: series.runId,
    color: "#2f7ed8",
    dash: [],
    band: false,
    series,
    smooth: null,
    ...more,
  };
}

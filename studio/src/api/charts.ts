/** Points of many runs for charts: charts/series and charts/groups. */
import { numbers, type WireColumn } from "@/api/columns";
import { address, packed } from "@/api/http";
import { type Ask, batched } from "@/lib/chart-batch";
import type { Series } from "@/lib/chart-data";
import type { XAxis } from "@/lib/chart-state";

/** The part of an axis that is asked for; null: as far as there are points. */
export interface Part {
  x: XAxis;
  start: number | null;
  end: number | null;
  buckets: number;
}

interface WireSeries {
  run: number;
  metric: number;
  stored: number;
  in_range: number;
  exact: boolean;
  x: WireColumn;
  last: WireColumn;
  x_last?: WireColumn;
  min?: WireColumn;
  max?: WireColumn;
  mean?: WireColumn;
  count?: WireColumn;
  nans?: WireColumn;
}

interface WireChart {
  runs: string[];
  metrics: string[];
  series: WireSeries[];
}

interface WireBand {
  group: number;
  metric: number;
  x: WireColumn;
  mean: WireColumn;
  min: WireColumn;
  max: WireColumn;
  std: WireColumn;
  n: WireColumn;
}

interface WireBands {
  groups: string[];
  metrics: string[];
  bands: WireBand[];
}

const floats = (column: WireColumn): Float64Array => numbers(column) as Float64Array;

/** Exported for its test. */
export function seriesOf(chart: WireChart): Series[] {
  return chart.series.map((one) => {
    const x = floats(one.x);
    const last = floats(one.last);
    return {
      runId: chart.runs[one.run] ?? "",
      metric: chart.metrics[one.metric] ?? "",
      stored: one.stored,
      inRange: one.in_range,
      exact: one.exact,
      x,
      xLast: one.x_last ? floats(one.x_last) : x,
      last,
      min: one.min ? floats(one.min) : last,
      max: one.max ? floats(one.max) : last,
      mean: one.mean ? floats(one.mean) : last,
      count: one.count ? numbers(one.count) : null,
      nans: one.nans ? numbers(one.nans) : null,
    };
  });
}

/** Bands as series: the mean is their last value, and the group's name stands for a run. Exported for its test. */
export function bandsOf(answer: WireBands, deviation: boolean): Series[] {
  return answer.bands.map((one) => {
    const x = floats(one.x);
    const mean = floats(one.mean);
    const std = floats(one.std);
    return {
      runId: answer.groups[one.group] ?? "",
      metric: answer.metrics[one.metric] ?? "",
      stored: x.length,
      inRange: x.length,
      exact: false,
      x,
      xLast: x,
      last: mean,
      min: deviation ? mean.map((value, i) => value - std[i]!) : floats(one.min),
      max: deviation ? mean.map((value, i) => value + std[i]!) : floats(one.max),
      mean,
      count: null,
      nans: null,
      runs: numbers(one.n),
    };
  });
}

function wirePart({ x, start, end, buckets }: Part) {
  const metric = x.startsWith("metric:") ? x.slice(7) : null;
  // Steps and times are whole: what lies between two of them belongs to the part.
  const whole = metric === null;
  return {
    x: metric === null ? x : "step",
    x_metric: metric,
    start: start === null ? null : whole ? Math.floor(start) : start,
    end: end === null ? null : whole ? Math.ceil(end) : end,
    buckets,
  };
}

/** Series of one request; what it costs grows with the runs times metrics. */
const MOST_SERIES = 200;
const MOST_METRICS = 50;

interface Runs {
  workspace: string;
  runIds: readonly string[];
  part: Part;
}

const askSeries = batched<Runs, Series[]>(
  ({ runIds }) => Math.max(1, Math.min(MOST_METRICS, Math.floor(MOST_SERIES / Math.max(1, runIds.length)))),
  async ({ workspace, runIds, part }, metrics, signal) => {
    const answer = await packed<WireChart>(
      address(workspace, "/api/v1/charts/series"),
      { run_ids: runIds, metrics, ...wirePart(part) },
      signal,
    );
    return byMetric(seriesOf(answer), metrics);
  },
);

/** One metric of runs. Charts that ask at the same time share requests. */
export function chartSeries(
  workspace: string,
  runIds: readonly string[],
  metric: string,
  part: Part,
  runsKey: string,
  signal?: AbortSignal,
): Promise<Series[]> {
  if (runIds.length === 0) return Promise.resolve([]);
  return ask(askSeries, { workspace, runIds, part }, metric, [workspace, runsKey, part], signal);
}

export interface GroupAsked {
  name: string;
  runIds: readonly string[];
}
interface Groups {
  workspace: string;
  groups: readonly GroupAsked[];
  part: Part;
  deviation: boolean;
}

const askGroups = batched<Groups, Series[]>(
  ({ groups }) => {
    const runs = groups.reduce((sum, one) => sum + one.runIds.length, 0);
    return Math.max(1, Math.min(MOST_METRICS, Math.floor(MOST_SERIES / Math.max(1, runs))));
  },
  async ({ workspace, groups, part, deviation }, metrics, signal) => {
    const answer = await packed<WireBands>(
      address(workspace, "/api/v1/charts/groups"),
      {
        groups: groups.map(({ name, runIds }) => ({ name, run_ids: runIds })),
        metrics,
        ...wirePart(part),
      },
      signal,
    );
    return byMetric(bandsOf(answer, deviation), metrics);
  },
);

/** One metric of groups of runs: means, and bands of deviation or of all there is. */
export function chartGroups(
  workspace: string,
  groups: readonly GroupAsked[],
  metric: string,
  part: Part,
  deviation: boolean,
  groupsKey: string,
  signal?: AbortSignal,
): Promise<Series[]> {
  const asked = groups.filter((one) => one.runIds.length > 0).slice(0, 200);
  if (asked.length === 0) return Promise.resolve([]);
  const about = { workspace, groups: asked, part, deviation };
  return ask(askGroups, about, metric, [workspace, groupsKey, part, deviation], signal);
}

function ask<About>(
  through: Ask<About, Series[]>,
  about: About,
  metric: string,
  key: unknown,
  signal: AbortSignal | undefined,
): Promise<Series[]> {
  return through(JSON.stringify(key), about, metric, signal);
}

function byMetric(series: readonly Series[], metrics: readonly string[]): Map<string, Series[]> {
  const found = new Map<string, Series[]>(metrics.map((metric) => [metric, []]));
  for (const one of series) found.get(one.metric)?.push(one);
  return found;
}

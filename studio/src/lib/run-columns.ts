/** Columns of a table of runs, by short ids that stand in addresses: a.user, m.min.val/loss, p.lr, t.team. Pure. */
import type { MetricColumn, Stat, WantedColumns } from "@/api/runs";

export type ShownStat = Stat | "best";
export type Column =
  | { id: string; kind: "attribute"; key: Attribute }
  | { id: string; kind: "metric"; key: string; stat: ShownStat }
  | { id: string; kind: "param" | "tag"; key: string };

export const ATTRIBUTES = {
  name: { title: "Run", order: "run_name", width: 260 },
  status: { title: "Status", order: "status", width: 110 },
  start: { title: "Started", order: "start_time", width: 110 },
  end: { title: "Ended", order: "end_time", width: 110 },
  duration: { title: "Duration", order: null, width: 112 },
  user: { title: "User", order: "user_id", width: 110 },
  experiment: { title: "Experiment", order: null, width: 180 },
  id: { title: "Run id", order: "run_id", width: 260 },
} as const;
export type Attribute = keyof typeof ATTRIBUTES;

export const STATS: Record<ShownStat, string> = {
  last: "last",
  best: "best",
  min: "minimum",
  max: "maximum",
  mean: "mean",
  first: "first",
  count: "points",
};

/** Longer texts come cut. */
export const TEXT_LIMIT = 300;
export const NAME = "a.name";
/** MLflow's own page keeps the colour of a run in this tag. */
export const COLOR_TAG = "mlflow.runColor";
export const PARENT_TAG = "mlflow.parentRunId";

export const attributeId = (key: Attribute): string => `a.${key}`;
export const metricId = (key: string, stat: ShownStat = "last"): string => `m.${stat}.${key}`;
export const paramId = (key: string): string => `p.${key}`;
export const tagId = (key: string): string => `t.${key}`;

/** The column of an id; null for what is none. */
export function columnOf(id: string): Column | null {
  const rest = id.slice(2);
  if (rest === "") return null;
  if (id.startsWith("a."))
    return Object.hasOwn(ATTRIBUTES, rest) ? { id, kind: "attribute", key: rest as Attribute } : null;
  if (id.startsWith("p.")) return { id, kind: "param", key: rest };
  if (id.startsWith("t.")) return { id, kind: "tag", key: rest };
  const dot = rest.indexOf(".");
  const stat = rest.slice(0, dot);
  if (!id.startsWith("m.") || dot < 1 || !Object.hasOwn(STATS, stat) || dot === rest.length - 1) return null;
  return { id, kind: "metric", stat: stat as ShownStat, key: rest.slice(dot + 1) };
}

/** What a person reads above the column. */
export function titleOf(column: Column): string {
  if (column.kind === "attribute") return ATTRIBUTES[column.key].title;
  return column.key.startsWith("mlflow.") ? column.key.slice("mlflow.".length) : column.key;
}

/** What a metric's column shows, where that is not the last value: "min", "best (max)". */
export function statOf(column: Column): string {
  if (column.kind !== "metric" || column.stat === "last") return "";
  if (column.stat === "best") return `best (${better(column.key)})`;
  return column.stat === "count" ? "points" : column.stat;
}

export const isNumeric = (column: Column): boolean => column.kind === "metric";

export const widthOf = (column: Column): number =>
  column.kind === "attribute" ? ATTRIBUTES[column.key].width : column.kind === "metric" ? 128 : 130;

const LESS =
  /loss|err(or)?s?\b|mse|mae|mape|rmse|rmsle|perplexity|ppl|nll|latency|duration|(^|[_/. -])(time|seconds|wer|cer|fid|brier|regret|entropy|kl)([_/. -]|$)/i;

/** Whether less of a metric is better, by its name: losses, errors and times are. */
export const better = (key: string): "min" | "max" => (LESS.test(key) ? "min" : "max");

/** As the server counts: best is the smallest or the largest. */
export const statAsked = (stat: ShownStat, key: string): Stat => (stat === "best" ? better(key) : stat);

/** The columns as the server is asked for them; the colour comes along always. */
export function wantedOf(columns: readonly Column[]): WantedColumns {
  const metrics = new Map<string, MetricColumn>();
  const params: string[] = [];
  const tags = [COLOR_TAG];
  for (const column of columns) {
    if (column.kind === "metric") {
      const stat = statAsked(column.stat, column.key);
      metrics.set(metricId(column.key, stat), { key: column.key, stat });
    } else if (column.kind === "param") params.push(column.key);
    else if (column.kind === "tag" && !tags.includes(column.key)) tags.push(column.key);
  }
  return { info: true, metrics: [...metrics.values()], params, tags, text_limit: TEXT_LIMIT };
}

/** The id under which a column's cells are kept: best is the same as min or max. */
export const cellId = (column: Column): string =>
  column.kind === "metric" ? metricId(column.key, statAsked(column.stat, column.key)) : column.id;

const USUAL = 10;

/** The columns of a table that nobody arranged: what its first runs have, params that differ first. */
export function usualColumns(
  metrics: readonly string[],
  params: readonly { key: string; differs: boolean }[],
  withExperiment: boolean,
): string[] {
  const shown = metrics.filter((key) => !key.startsWith("system/"));
  const byUse = [...params.filter((one) => one.differs), ...params.filter((one) => !one.differs)];
  return [
    ...(withExperiment ? [attributeId("experiment")] : []),
    attributeId("status"),
    attributeId("start"),
    attributeId("duration"),
    ...shown.slice(0, USUAL).map((key) => metricId(key)),
    ...byUse.slice(0, USUAL).map((one) => paramId(one.key)),
    attributeId("user"),
  ];
}

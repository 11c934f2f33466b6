/** The lines of a comparison from what runs have. */
import type { RunRow } from "@/api/runs";
import { type Cell, type Line, type LineKind, lineOf } from "@/lib/compare-lines";
import { duration, moment, number } from "@/lib/format";
import { COLOR_TAG } from "@/lib/run-columns";
import type { Compared } from "@/pages/compare/use-compared";

export const KIND_NAMES: Record<LineKind, string> = {
  info: "Run",
  metric: "Metrics",
  param: "Params",
  tag: "Tags",
};

const STARTED = "Started";
const DURATION = "Duration";
const WORDS = {
  RUNNING: "Running",
  SCHEDULED: "Scheduled",
  FINISHED: "Finished",
  FAILED: "Failed",
  KILLED: "Killed",
};
/** Tags that say again what stands elsewhere. */
const ELSEWHERE = new Set([COLOR_TAG, "mlflow.runName", "mlflow.user", "mlflow.parentRunId"]);

/** What a machine did is told last. */
const isOfMachine = (line: Line): boolean => line.key.startsWith("system/");
const known = (value: number): Cell => (Number.isNaN(value) ? null : value);

export function linesOf(
  { runs, keys }: Compared,
  turned: ReadonlySet<string>,
  experimentName: (id: string) => string,
): Line[] {
  const of = (kind: LineKind, key: string, cell: (row: RunRow) => Cell | undefined) =>
    lineOf(
      kind,
      key,
      runs.map(({ row }) => cell(row) ?? null),
      turned,
    );
  const metrics = keys.metrics.map(({ key }, i) => of("metric", key, (row) => row.metrics[i]));
  return [
    of("info", "Status", (row) => WORDS[row.status]),
    of("info", "Experiment", (row) => experimentName(row.experimentId)),
    of("info", "User", (row) => row.user || null),
    of("info", STARTED, (row) => known(row.startMs)),
    of("info", DURATION, (row) => known(row.endMs - row.startMs)),
    of("info", "Nested in", (row) => row.parent),
    ...metrics.filter((one) => !isOfMachine(one)),
    ...metrics.filter(isOfMachine),
    ...keys.params.map((key, i) => of("param", key, (row) => row.params[i])),
    ...keys.tags.flatMap((key, i) => (ELSEWHERE.has(key) ? [] : [of("tag", key, (row) => row.tags[i])])),
  ];
}

/** A cell as it is read. */
export function shown(line: Line, cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (line.kind === "info") return line.key === STARTED ? day(cell) : duration(cell);
  return number(cell);
}

/** All of a cell, for those who stay on it. */
export function whole(line: Line, cell: Cell): string {
  if (cell === null) return "No value";
  if (line.kind === "info" && typeof cell === "number" && line.key === STARTED) return moment(cell);
  return line.kind === "info" ? shown(line, cell) : String(cell);
}

const day = (ms: number): string =>
  new Date(ms).toLocaleString(undefined, {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  });

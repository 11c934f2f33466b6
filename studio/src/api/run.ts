/** One run: the tags that mean something, and what beside its page is asked of it. */
import { queryOptions } from "@tanstack/react-query";
import type { Entry, FileSource } from "@/api/artifacts";
import type { Metric, RunDocument } from "@/api/run-page";
import { runRows, runsTable } from "@/api/runs";
import { kindOf } from "@/lib/file-kind";

export const NOTE = "mlflow.note.content";
/** What people should know of a sweep. */
export const SWEEP_NOTE = "runyard.sweep.note";
/** A sweep's best trial so far, and its value of the sweep's metric. */
export const BEST_RUN = "runyard.sweep.bestRun";
export const BEST_METRIC = "runyard.sweep.bestMetric";

export const tagOf = (run: RunDocument, key: string): string =>
  run.data.tags?.find((tag) => tag.key === key)?.value ?? "";

/** What was measured of the machine. */
export const isSystem = (key: string): boolean => key.startsWith("system/");

/** MLflow spells NaN as text, and infinity as the greatest number. */
export function metricValue({ value }: Pick<Metric, "value">): number {
  const found = typeof value === "number" ? value : Number(value);
  return Math.abs(found) === Number.MAX_VALUE ? Math.sign(found) * Number.POSITIVE_INFINITY : found;
}

export interface Extremes {
  min: number | null;
  max: number | null;
  count: number | null;
}

const MOST_METRICS = 300;

/** The least, the greatest and the number of points, of the first metrics. */
export const extremesQuery = (
  workspace: string,
  run: string,
  metrics: readonly string[],
  version: number,
) => {
  const keys = metrics.slice(0, MOST_METRICS);
  return queryOptions({
    queryKey: ["run extremes", workspace, run, keys, version],
    queryFn: async ({ signal }) => {
      const columns = keys.flatMap((key) => [
        { key, stat: "min" as const },
        { key, stat: "max" as const },
        { key, stat: "count" as const },
      ]);
      const rows = await runRows(workspace, { run_ids: [run] }, { info: true, metrics: columns }, signal);
      const found = rows[0]?.metrics ?? [];
      const at = (place: number) => found[place] ?? null;
      return new Map<string, Extremes>(
        keys.map((key, i) => [key, { min: at(3 * i), max: at(3 * i + 1), count: at(3 * i + 2) }]),
      );
    },
    enabled: keys.length > 0,
    placeholderData: (before) => before,
  });
};

/** The newest runs of an experiment, newest first. */
export const neighboursQuery = (workspace: string, experiment: string) =>
  queryOptions({
    queryKey: ["run neighbours", workspace, experiment],
    queryFn: async ({ signal }) => {
      const page = await runsTable(
        workspace,
        { experiment_ids: [experiment], max_results: 500, rows: 500, columns: { info: true } },
        signal,
      );
      return page.rows.map((row) => row.runId);
    },
    staleTime: 30_000,
  });

const MOST_CODE = 500;
const CODE_DEPTH = 4;

/** The files of the code: all below `code/`, patches and lists of packages at the top. Changes come first. */
export const codeQuery = (source: FileSource) =>
  queryOptions({
    queryKey: ["code", source.key],
    queryFn: async ({ signal }) => {
      const found: Entry[] = [];
      const top = await source.list("", signal);
      found.push(...top.filter((one) => !one.isDir && isCode(one.path)));
      let folders = top.filter((one) => one.isDir && /^(code|snapshot|source|src)$/.test(one.path));
      for (let depth = 0; depth < CODE_DEPTH && folders.length > 0 && found.length < MOST_CODE; depth++) {
        const lists = await Promise.all(folders.slice(0, 20).map((one) => source.list(one.path, signal)));
        const all = lists.flat();
        found.push(...all.filter((one) => !one.isDir));
        folders = all.filter((one) => one.isDir);
      }
      const rank = (one: Entry) => (kindOf(one.path) === "diff" ? 0 : 1);
      return found.slice(0, MOST_CODE).sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
    },
    staleTime: 10_000,
  });

const isCode = (path: string): boolean =>
  kindOf(path) === "diff" ||
  /^(requirements.*\.txt|conda\.ya?ml|environment\.ya?ml|python_env\.yaml|.*\.lock|.*\.py)$/.test(path);

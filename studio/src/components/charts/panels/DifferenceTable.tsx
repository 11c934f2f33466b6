/** Params and metrics of runs side by side; what differs is marked. */
import { Switch } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { keysQuery } from "@/api/run-keys";
import { runRows } from "@/api/runs";
import board from "@/components/charts/charts.module.css";
import { Filling } from "@/components/charts/Filling";
import classes from "@/components/charts/panels/panels.module.css";
import type { ChartRun } from "@/components/charts/types";
import { type DifferenceRow, differenceRow, wantedRows } from "@/lib/chart-difference";
import { runsKey } from "@/lib/chart-lines";
import { number } from "@/lib/format";

export const MOST_COMPARED = 30;
const MOST_KEYS = 450;

export function DifferenceTable({
  workspace,
  experimentIds,
  runs,
  linkOf,
}: {
  workspace: string;
  experimentIds: readonly string[];
  runs: readonly ChartRun[];
  linkOf: (runId: string, experimentId: string) => string | null;
}) {
  const [only, setOnly] = useState(true);
  const first = useMemo(() => runs.slice(0, MOST_COMPARED), [runs]);
  const ids = useMemo(() => first.map((one) => one.runId), [first]);
  const keys = useQuery(keysQuery(workspace, experimentIds as string[], ["metric", "param"]));
  const params = useMemo(() => named(keys.data?.items, "param"), [keys.data]);
  const metrics = useMemo(() => named(keys.data?.items, "metric"), [keys.data]);
  const found = useQuery({
    queryKey: ["differences", workspace, runsKey(ids), params, metrics],
    queryFn: ({ signal }) =>
      runRows(
        workspace,
        { run_ids: ids },
        { info: true, params, metrics: metrics.map((key) => ({ key, stat: "last" })) },
        signal,
      ),
    enabled: keys.data !== undefined && ids.length > 0,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => {
    const byId = new Map((found.data ?? []).map((row) => [row.runId, row]));
    const cells = (
      of: (row: NonNullable<ReturnType<typeof byId.get>>) => string | number | null | undefined,
    ) =>
      ids.map((id) => {
        const row = byId.get(id);
        return row ? (of(row) ?? null) : null;
      });
    return [
      ...params.map((key, i) =>
        differenceRow(
          "param",
          key,
          cells((row) => row.params[i]),
        ),
      ),
      ...metrics.map((key, i) =>
        differenceRow(
          "metric",
          key,
          cells((row) => row.metrics[i]),
        ),
      ),
    ];
  }, [found.data, ids, params, metrics]);
  const wanted = wantedRows(rows, only && first.length > 1);
  if (!found.data)
    return (
      <Filling
        waiting={found.isPending && !keys.error}
        error={keys.error ?? found.error}
        again={() => (keys.error ? keys.refetch() : found.refetch())}
      />
    );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={board.scroll} aria-label="Differences" tabIndex={0}>
      <Switch
        size="xs"
        mb={6}
        label="Only what differs"
        checked={only}
        onChange={(event) => setOnly(event.currentTarget.checked)}
      />
      <table className={`plain numeric ${classes.differ}`}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            {first.map((run) => (
              <th scope="col" key={run.runId} title={run.name}>
                <span className={board.swatch} style={{ background: run.color }} />
                <Link to={linkOf(run.runId, run.experimentId) ?? "."}>{run.name}</Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {wanted.map((row) => (
            <Row key={`${row.kind} ${row.key}`} row={row} runs={first} />
          ))}
        </tbody>
      </table>
      {wanted.length === 0 && <Filling empty="These runs differ in no param and no metric." />}
    </section>
  );
}

function named(items: readonly { kind: string; key: string }[] | undefined, kind: string): string[] {
  return (items ?? []).flatMap((one) => (one.kind === kind ? [one.key] : [])).slice(0, MOST_KEYS);
}

function Row({ row, runs }: { row: DifferenceRow; runs: readonly ChartRun[] }) {
  return (
    <tr>
      <th scope="row" title={row.key}>
        {row.key}
      </th>
      {row.cells.map((cell, i) => {
        const text = cell === null ? "–" : typeof cell === "number" ? number(cell) : cell;
        const other = row.differs && !Object.is(cell, row.cells[0]);
        return (
          <td key={runs[i]?.runId} className={other ? board.differs : undefined} title={String(cell ?? "")}>
            {text}
          </td>
        );
      })}
    </tr>
  );
}

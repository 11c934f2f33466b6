/** The model of a page's runs, asked for what the address says, and kept up to date. */
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { type Change, useLive } from "@/api/live";
import { runGroups } from "@/api/run-groups";
import { runRows, runsTable } from "@/api/runs";
import { useNow } from "@/components/Moment";
import { useSay } from "@/components/notices";
import { type Column, columnOf } from "@/lib/run-columns";
import { and, asFilter, ofStatus, orderBy, since, topLevel } from "@/lib/run-filter";
import { useColumns } from "@/pages/runs/columns/use-columns";
import { RunsModel } from "@/pages/runs/data/model";
import type { ChangeSearch, RunsSearch } from "@/pages/runs/search";

export interface RunsOf {
  workspace: string;
  /** Empty: all of the workspace. */
  experimentIds: string[];
}

/** The server's filter for what was chosen in the bar above the table. */
export function filterOf(search: RunsSearch, now: number): string {
  return and(
    asFilter(search.filter),
    ofStatus(search.status),
    since(search.since, now),
    search.nested && search.by.length === 0 ? topLevel : "",
  );
}

/** The runs and the columns: what is usual comes from the runs, what is read from the columns. */
export function useRunsTable(of: RunsOf, search: RunsSearch, change: ChangeSearch, width: number) {
  const [usual, setUsual] = useState<readonly string[] | null>(null);
  const columns = useColumns(search, change, usual, width);
  const model = useRunsModel(of, search, columns.layout.columns);
  useEffect(() => {
    if (model.usual !== usual) setUsual(model.usual);
  });
  return { model, columns };
}

function useRunsModel({ workspace, experimentIds }: RunsOf, search: RunsSearch, columns: readonly Column[]) {
  const say = useSay();
  const told = useRef(0);
  const make = () =>
    new RunsModel(
      {
        page: (asked, signal) => runsTable(workspace, asked, signal),
        rows: (which, wanted, signal) => runRows(workspace, which, wanted, signal),
        groups: (asked, signal) => runGroups(workspace, asked, signal),
      },
      experimentIds.length === 0,
      (error) => {
        if (Date.now() - told.current > 15_000) say.error(error);
        told.current = Date.now();
      },
    );
  const [model] = useState(make);
  useEffect(() => () => model.close(), [model]);
  useSyncExternalStore(model.subscribe, model.snapshot);

  const now = useNow();
  const filter = filterOf(search, now);
  const question = useMemo(
    () => ({
      experiment_ids: experimentIds,
      filter,
      order_by: orderBy(search.sort),
      view: search.view,
    }),
    [experimentIds, filter, search.sort, search.view],
  );
  const by = useMemo(
    () =>
      search.by.flatMap((id) => {
        const column = columnOf(id);
        return column?.kind === "param" || column?.kind === "tag"
          ? [{ kind: column.kind, key: column.key }]
          : [];
      }),
    [search.by],
  );
  // Other columns of the same runs are no other question, but for means of groups.
  const asked = JSON.stringify([
    question,
    by,
    by.length > 0 ? columns.filter((one) => one.kind === "metric").map((one) => one.id) : [],
  ]);
  const explicit = search.columns === null && by.length === 0 ? null : columns;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `asked` says all that matters
  useEffect(
    () => model.ask({ question, by, columns: explicit, arranged: search.columns !== null }),
    [model, asked],
  );
  useEffect(() => model.choose(explicit), [model, explicit]);
  useRunsLive(model, workspace, experimentIds);
  return model;
}

const LEAST_MS = 1_500;

/** Changes are gathered; the slower the server, the rarer it is asked. */
function useRunsLive(model: RunsModel, workspace: string, experimentIds: readonly string[]): void {
  const state = useRef({
    stale: new Set<string>(),
    order: false,
    timer: null as ReturnType<typeof setTimeout> | null,
    wait: LEAST_MS,
  });
  const here = (id: string) => experimentIds.length === 0 || experimentIds.includes(id);
  const flush = async () => {
    const now = state.current;
    const began = performance.now();
    const { stale, order } = now;
    now.stale = new Set();
    now.order = false;
    try {
      model.rows.stale(stale);
      if (order || model.followsPoints) await model.refresh();
    } finally {
      now.wait = Math.max(LEAST_MS, 10 * (performance.now() - began));
      now.timer = null;
      if (now.stale.size > 0 || now.order) now.timer = setTimeout(flush, now.wait);
    }
  };
  useLive(workspace, (change: Change) => {
    const now = state.current;
    if (change.type === "experiments") return;
    if (change.type === "resumed" || change.many.some(here)) {
      now.order = true;
      for (const id of model.rows.inSight()) now.stale.add(id);
    }
    if (change.type === "runs") {
      const ours = change.runs.filter((one) => here(one.experiment_id));
      for (const one of ours) {
        if (one.kinds.includes("created") || one.kinds.includes("deleted")) now.order = true;
        if (one.kinds.includes("deleted") && !one.kinds.includes("created")) model.deleted(one.run_id);
        now.stale.add(one.run_id);
      }
    }
    if ((now.stale.size > 0 || now.order) && now.timer === null) now.timer = setTimeout(flush, now.wait / 2);
  });
  useEffect(
    () => () => {
      if (state.current.timer !== null) clearTimeout(state.current.timer);
    },
    [],
  );
}

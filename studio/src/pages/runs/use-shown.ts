/** The runs that charts show: the first of the table, without those that were hidden, with those that were added. */
import { useCallback, useEffect, useMemo, useRef } from "react";
import { runRows } from "@/api/runs";
import { RUN_COLORS } from "@/lib/colors";
import { COLOR_TAG, columnOf } from "@/lib/run-columns";
import type { RunsModel } from "@/pages/runs/data/model";
import type { Row } from "@/pages/runs/data/rows";
import type { ChangeSearch, RunsSearch } from "@/pages/runs/search";
import { MOST_SHOWN, type ShownGroup, type ShownRun, type ShownRuns } from "@/pages/runs/shown-runs";
import { colorOfRow } from "@/pages/runs/table/cells";
import { groupName } from "@/pages/runs/table/GroupRow";
import type { RunsOf } from "@/pages/runs/use-runs";

const MOST_GROUPS = 20;

export interface Shown {
  value: ShownRuns;
  isVisible: (handle: number) => boolean;
  turn: (handle: number) => void;
}

/** @param drawn charts are on the page: the rows of all shown runs are needed. */
export function useShown(
  model: RunsModel,
  of: RunsOf,
  search: RunsSearch,
  change: ChangeSearch,
  filter: string,
  drawn: boolean,
): Shown {
  const version = model.snapshot();
  const hidden = useMemo(() => new Set(search.hidden), [search.hidden]);
  const also = useMemo(() => new Set(search.also), [search.also]);
  useAlso(model, of, search.also);

  const members = useMembers(model, search, drawn);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that the order changed
  const first = useMemo(() => {
    const found = members ? members.flatMap((one) => one.handles) : model.tree.firstRuns(search.top);
    return new Set(found);
  }, [model, version, search.top, members]);
  useEffect(() => {
    if (drawn) model.need([...first]);
  }, [model, first, drawn]);

  const isVisible = (handle: number): boolean => {
    const runId = model.rows.get(handle)?.runId;
    if (runId === undefined) return first.has(handle);
    // Of groups, charts show all runs but those that were hidden.
    if (members) return !hidden.has(runId);
    return also.has(runId) || (first.has(handle) && !hidden.has(runId));
  };
  const setVisible = useCallback(
    (runId: string, visible: boolean) => {
      const without = (ids: readonly string[]) => ids.filter((id) => id !== runId);
      const byPlace = members !== null || first.has(model.rows.find(runId)?.handle ?? -1);
      change({
        hidden: visible || !byPlace ? without(search.hidden) : [...without(search.hidden), runId],
        also: visible && !byPlace ? [...without(search.also), runId] : without(search.also),
      });
    },
    [change, search.hidden, search.also, first, members, model],
  );

  const rows = new Map<string, Row>();
  for (const handle of first) {
    const row = model.rows.get(handle);
    if (row && !hidden.has(row.runId)) rows.set(row.runId, row);
  }
  for (const id of also) {
    const row = model.rows.find(id);
    if (row) rows.set(id, row);
  }
  const runs = useSame([...rows.values()].slice(0, MOST_SHOWN).map(shownOf));
  const groups = useSame(
    members?.map(
      ({ name, color, handles }): ShownGroup => ({
        name,
        color,
        runIds: handles.flatMap((one) => {
          const id = model.rows.get(one)?.runId;
          return id !== undefined && rows.has(id) ? [id] : [];
        }),
      }),
    ) ?? null,
  );
  const total = model.total;
  const waiting = model.waiting || (model.list === null && model.groups === null);
  const value = useMemo<ShownRuns>(() => {
    const byId = new Map(runs.map((one) => [one.runId, one]));
    return {
      workspace: of.workspace,
      experimentIds: of.experimentIds,
      filter,
      runs,
      total,
      hidden,
      colorOf: (id) => byId.get(id)?.color ?? RUN_COLORS[0],
      nameOf: (id) => byId.get(id)?.name ?? id,
      groups,
      waiting,
      setVisible,
    };
  }, [of.workspace, of.experimentIds, filter, runs, total, hidden, groups, waiting, setVisible]);
  const turn = (handle: number) => {
    const row = model.rows.get(handle);
    if (row) setVisible(row.runId, !isVisible(handle));
  };
  return { value, isVisible, turn };
}

function shownOf(row: Row): ShownRun {
  return {
    runId: row.runId,
    experimentId: row.experimentId,
    name: row.name || row.runId,
    status: row.status,
    color: colorOfRow(row),
    startMs: row.startMs,
    endMs: row.endMs,
  };
}

/** The same value as before while it says the same. */
function useSame<T>(value: T): T {
  const kept = useRef({ value, text: "" });
  const text = JSON.stringify(value);
  if (kept.current.text !== text) kept.current = { value, text };
  return kept.current.value;
}

/** Runs that were added by hand may be far down, or found by no filter. */
function useAlso(model: RunsModel, of: RunsOf, also: readonly string[]): void {
  const { workspace } = of;
  useEffect(() => {
    const missing = also.filter((id) => /^[0-9a-f]{32}$/.test(id) && !model.rows.find(id));
    if (missing.length === 0) return;
    const abort = new AbortController();
    const tags = [COLOR_TAG];
    runRows(workspace, { run_ids: missing }, { info: true, tags }, abort.signal).then(
      (found) => model.bring(found, { metrics: [], params: [], tags }),
      () => undefined,
    );
    return () => abort.abort();
  }, [model, workspace, also]);
}

/** The runs of the first groups; null: the table is not grouped. */
function useMembers(model: RunsModel, search: RunsSearch, drawn: boolean) {
  const version = model.snapshot();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that groups or runs came
  return useMemo(() => {
    if (search.by.length === 0 || model.groups === null) return null;
    const by = search.by.flatMap((id) => columnOf(id) ?? []);
    const each = Math.max(1, Math.floor(MOST_SHOWN / Math.min(MOST_GROUPS, model.groups.groups.length || 1)));
    return model.groups.groups.slice(0, MOST_GROUPS).map((group, i) => ({
      name: groupName(by, group),
      color: RUN_COLORS[i % RUN_COLORS.length]!,
      handles: drawn ? (model.members(i)?.handles.slice(0, each) ?? []) : [],
    }));
  }, [model, version, search.by, drawn]);
}
